"""The name of a new plugin, and the spellings of it that a project needs."""

from __future__ import annotations

import keyword
import re
import sys
from typing import Final

from hyperhost.errors import BuildError
from hyperhost.host.manifest_reader import PLUGIN_ID

__all__ = ["camel", "check_name", "snake", "suggestion"]

_TAKEN: Final = frozenset(
    [
        "bindings",
        "builtin_plugins",
        "componentize_py_async_support",
        "componentize_py_runtime",
        "componentize_py_types",
        "hyperhost",
        "node_modules",
        "pluggy",
        "plugin",
        "pytest",
        "src",
        "tests",
        "wit",
        "wit_world",
    ]
)
"""Modules and directories that generated projects use themselves."""

_RUST: Final = frozenset(
    [
        "abstract",
        "become",
        "box",
        "const",
        "crate",
        "do",
        "dyn",
        "enum",
        "extern",
        "final",
        "fn",
        "impl",
        "let",
        "loop",
        "macro",
        "match",
        "mod",
        "move",
        "mut",
        "override",
        "priv",
        "pub",
        "ref",
        "self",
        "static",
        "struct",
        "super",
        "trait",
        "type",
        "typeof",
        "unsafe",
        "unsized",
        "use",
        "virtual",
        "where",
    ]
)
"""Rust's own words, as far as they are none of Python's, and names of crates that come with it."""


def check_name(name: str, language: str = "python", *, native: bool = False) -> str:
    """``name``, if a project may have it.

    Args:
        name: Becomes the id of the plugin and, with underscores, the name of modules.
        language: What it is written in.
        native: It becomes a package that Python imports beside all others.

    Raises:
        BuildError: it is not kebab-case, or means something else to Python or to the language.
    """
    if not PLUGIN_ID.fullmatch(name):
        raise BuildError(
            f"{name[:80]!r} is no name for a plugin: it takes 1 to 64 characters in kebab-case",
            hint=f"for example {suggestion(name)!r}",
        )
    module = snake(name)
    why = ""
    if keyword.iskeyword(module) or (language == "rust" and (module in _RUST or module == "core")):
        why = f"is a word of {'Rust' if not keyword.iskeyword(module) else 'Python'}"
    elif module in _TAKEN:
        why = "is the name of something that the project uses itself"
    elif native and module in sys.stdlib_module_names:
        why = "is a module of Python, which the plugin would hide"
    if why:
        raise BuildError(f"{name!r} {why}", hint=f"choose another name, for example {f'acme-{name}'!r}")
    return name


def suggestion(name: str) -> str:
    """The valid name that is most like ``name``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    found = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    if not found:
        return "secret-scan"
    if not found[0].isalpha():
        found = f"plugin-{found}"
    return found[:64].rstrip("-")


def snake(name: str) -> str:
    """``secret-scan`` → ``secret_scan``."""
    return name.replace("-", "_")


def camel(name: str) -> str:
    """``secret-scan`` and ``secret_scan`` → ``SecretScan``."""
    return "".join(part.capitalize() for part in re.split(r"[-_]", name))
