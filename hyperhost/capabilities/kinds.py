"""The kinds of capability that every host has, each with its form, its parser and its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hyperhost.capabilities.http import DEFAULT_METHODS, HttpScope, parse_http
from hyperhost.capabilities.scopes import Names, Scope, parse_env, parse_kebab, parse_path, parse_secret

__all__ = ["BUILTIN_KINDS", "Kind", "RegisteredWords"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the grammar.

    Attributes:
        name: What a capability of this kind begins with.
        form: How to write it, for error messages.
        words: Phrase for a person, made from the scope: "read files under /data".
        parse: Makes a scope from the text after ``name:``; ``None`` when the kind takes no target.
    """

    name: str
    form: str
    words: Callable[[Scope], str]
    parse: Callable[[str], Scope] | None = None


@dataclass(frozen=True, slots=True)
class RegisteredWords:
    """Words of a kind that was registered, made from its target.

    Attributes:
        describe: Text that may hold ``{target}``, or a callable that gets the target.
    """

    describe: str | Callable[[str], str]

    def __call__(self, scope: Scope) -> str:
        """The words for ``scope``."""
        target = scope.text
        if callable(self.describe):
            return self.describe(target)
        return self.describe.replace("{target}", "anything" if target == "*" else target)


def _constant(words: str) -> Callable[[Scope], str]:
    return lambda scope: words


def _env_words(scope: Scope) -> str:
    if isinstance(scope, Names) and scope.open_ended:
        return (
            f"read environment variables beginning with {scope.name}"
            if scope.name
            else "read all environment variables"
        )
    return f"read the environment variable {scope.text}"


def _secret_words(scope: Scope) -> str:
    if isinstance(scope, Names) and scope.open_ended:
        return f"read secrets whose names begin with {scope.name}" if scope.name else "read all secrets"
    return f"read the secret {scope.text}"


def _http_words(scope: Scope) -> str:
    if not isinstance(scope, HttpScope):
        return "make requests"
    if scope.methods is None:
        methods = "any"
    elif scope.methods == DEFAULT_METHODS:
        methods = "GET and HEAD"
    else:
        names = sorted(scope.methods)
        methods = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    host = f"any host directly under {scope.host[2:]}" if scope.host.startswith("*.") else scope.host
    port = "" if scope.port is None else f" on port {scope.port}"
    path = f" under /{'/'.join(scope.path)}" if scope.path else ""
    return f"make {methods} requests to {host}{port}{path}"


BUILTIN_KINDS: Final = (
    Kind("log", "log", _constant("write messages to its log")),
    Kind("config", "config", _constant("read its own configuration")),
    Kind("clock", "clock", _constant("tell the time")),
    Kind("random", "random", _constant("draw random numbers")),
    Kind("env", "env:NAME", _env_words, parse_env),
    Kind("secrets", "secrets:NAME", _secret_words, parse_secret),
    Kind("kv", "kv", _constant("keep its own data")),
    Kind(
        "kv:shared",
        "kv:shared:NAME",
        lambda scope: f"read and change the data store {scope.text}, shared with other plugins",
        parse_kebab,
    ),
    Kind("fs.read", "fs.read:/PATH", lambda scope: f"read files under {scope.text}", parse_path),
    Kind("fs.write", "fs.write:/PATH", lambda scope: f"write files under {scope.text}", parse_path),
    Kind("content:read", "content:read", _constant("read the content it is called for")),
    Kind("http", "http:HOST[:PORT][/PATH][#METHOD,METHOD]", _http_words, parse_http),
)
