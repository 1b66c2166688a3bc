"""What a capability reaches: the part after its kind, parsed and comparable.

A scope knows its canonical text, which other scopes it covers, and what it has in common with
one (`meet`). Scopes of different classes never cover each other. Parsing raises ``ValueError``
with a reason and the form that would be right; the grammar turns it into a typed error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Everything",
    "Names",
    "Paths",
    "Scope",
    "parse_env",
    "parse_kebab",
    "parse_path",
    "parse_secret",
    "parse_target",
]

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MAX_NAME = 64
_SECRET_NAME = re.compile(r"[A-Za-z0-9]+(?:[._/-]+[A-Za-z0-9]+)*")
_SECRET_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_MAX_SECRET = 200


class Scope(Protocol):
    """The target of a capability."""

    @property
    def text(self) -> str:
        """Canonical text, empty when the kind takes no target."""
        ...

    def covers(self, other: Scope) -> bool:
        """Whether everything that ``other`` allows is allowed by this scope too."""
        ...

    def meet(self, other: Scope) -> Scope | None:
        """What both scopes allow, or ``None`` when that is nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Everything:
    """Scope of a kind without targets, such as ``log``."""

    @property
    def text(self) -> str:
        """Always empty."""
        return ""

    def covers(self, other: Scope) -> bool:
        """Whether ``other`` belongs to a kind without targets, too."""
        return isinstance(other, Everything)

    def meet(self, other: Scope) -> Scope | None:
        """The same scope."""
        return self if isinstance(other, Everything) else None


@dataclass(frozen=True, slots=True)
class Names:
    """One name, or with ``open_ended`` every name that begins with it (``APP_*``, ``*``)."""

    name: str
    open_ended: bool = False

    @property
    def text(self) -> str:
        """The name, followed by ``*`` when open ended."""
        return self.name + "*" if self.open_ended else self.name

    def covers(self, other: Scope) -> bool:
        """Whether each name in ``other`` is in this scope."""
        if not isinstance(other, Names):
            return False
        if self.open_ended:
            return other.name.startswith(self.name)
        return not other.open_ended and other.name == self.name

    def meet(self, other: Scope) -> Scope | None:
        """The narrower of the two, if one covers the other (prefixes never overlap otherwise)."""
        return self if other.covers(self) else other if self.covers(other) else None


@dataclass(frozen=True, slots=True)
class Paths:
    """An absolute path and everything below it, compared on whole components."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The path with single slashes and no trailing one."""
        return "/" + "/".join(self.parts)

    def covers(self, other: Scope) -> bool:
        """Whether ``other`` is this path or lies below it."""
        return isinstance(other, Paths) and other.parts[: len(self.parts)] == self.parts

    def meet(self, other: Scope) -> Scope | None:
        """The deeper of the two, if one lies below the other."""
        return self if other.covers(self) else other if self.covers(other) else None


def parse_env(text: str) -> Names:
    """An environment variable name, ``PREFIX*`` or ``*``.

    Raises:
        ValueError: anything else.
    """
    name, open_ended = (text[:-1], True) if text.endswith("*") else (text, False)
    if not _ENV_NAME.fullmatch(name) and not (open_ended and not name):
        raise ValueError(
            f"{text!r} is no variable name; use letters, digits and '_', with at most one '*' at the end"
        )
    return Names(name, open_ended)


def parse_secret(text: str) -> Names:
    """A name of a secret, ``PREFIX*`` or ``*``.

    Raises:
        ValueError: anything else.
    """
    name, open_ended = (text[:-1], True) if text.endswith("*") else (text, False)
    known = _SECRET_PREFIX.fullmatch(name) if open_ended and name else _SECRET_NAME.fullmatch(name)
    if len(name) > _MAX_SECRET or not (known or (open_ended and not name)):
        raise ValueError(
            f"{text[:80]!r} is no name of a secret; use letters and digits, one of . _ / - in between, "
            "and at most one '*' at the end"
        )
    return Names(name, open_ended)


def parse_kebab(text: str) -> Names:
    """A kebab-case name of at most 64 characters.

    Raises:
        ValueError: anything else.
    """
    if len(text) > _MAX_NAME or not _KEBAB.fullmatch(text):
        raise ValueError(
            f"{text!r} is no kebab-case name of at most {_MAX_NAME} characters, such as 'team-notes'"
        )
    return Names(text)


def parse_target(text: str) -> Names:
    """The target of a registered kind: any printable text, or ``*`` for all targets.

    Raises:
        ValueError: empty, with unprintable characters, or with spaces at an end.
    """
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError(f"{text!r} is empty, unprintable, or begins or ends with a space")
    return Names("", open_ended=True) if text == "*" else Names(text)


def parse_path(text: str) -> Paths:
    """An absolute POSIX path; repeated slashes and ``.`` components are dropped.

    Case and Unicode form are kept as written, because file systems differ in what they equate.

    Raises:
        ValueError: relative, ``~``, a ``..`` component, a glob, or characters no path may have.
    """
    if text.startswith("~"):
        raise ValueError(
            f"{text!r} begins with '~', which means something else to each user; write the absolute path"
        )
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is no absolute path; begin it with '/'")
    if any(ch < " " or ch == "\x7f" or "\ud800" <= ch <= "\udfff" for ch in text):
        raise ValueError(f"{text!r} has control characters or is not valid Unicode")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ValueError(f"{text!r} has a '..' component; write the path it leads to")
    if parts and parts[-1] in ("*", "**"):
        raise ValueError(
            f"{text!r} ends in a glob, but a path covers everything below it; leave out '/{parts[-1]}'"
        )
    return Paths(parts)
