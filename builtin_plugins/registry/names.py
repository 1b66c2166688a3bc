"""Rules for names, namespaces and versions (SPEC sections 2 to 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hyperhost.contracts import Visibility
from hyperhost.errors import RefusalError, VersionError
from hyperhost.offering import invalid
from hyperhost.versions import parse

__all__ = [
    "SCOPES",
    "Scope",
    "check_coordinates",
    "check_labels",
    "check_name",
    "check_namespace",
    "check_text",
    "check_version",
    "parents",
]

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EMAIL = re.compile(
    r"[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?"
    r"@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
)
_LABEL_KEY = re.compile(r"[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?")
_MAX_NAME: Final = 128
_MAX_PATH: Final = 255
_MAX_DEPTH: Final = 16
_MAX_TEXT: Final = 10_000
_MAX_LABELS: Final = 64
_MAX_LABEL: Final = 63
_MAX_LABEL_VALUE: Final = 255


@dataclass(frozen=True, slots=True)
class Scope:
    """What the first label of a namespace decides.

    Attributes:
        name: ``global``, ``system``, ``library``, ``organization``, ``user`` or ``local``.
        visibility: Of namespaces that do not say otherwise.
        configurable: Whether they may say otherwise.
        artifacts: Most artifacts, ``None`` without limit.
        single: There is exactly one label behind the first.
    """

    name: str
    visibility: Visibility
    configurable: bool = False
    artifacts: int | None = None
    single: bool = False


SCOPES: Final = {
    "pkg": Scope("global", Visibility.PUBLIC, single=True),
    "hyper": Scope("system", Visibility.PUBLIC),
    "lib": Scope("library", Visibility.PUBLIC, artifacts=1_000, single=True),
    "org": Scope("organization", Visibility.PUBLIC, configurable=True, artifacts=5_000),
    "user": Scope("user", Visibility.PRIVATE, artifacts=100, single=True),
    "local": Scope("local", Visibility.PRIVATE),
}
"""Scope by the first label of a path."""


@lru_cache(maxsize=4096)
def check_name(name: str) -> str:
    """``name``, if an artifact may be called so.

    Raises:
        RefusalError: it is not in kebab-case (lower case letters, digits and single hyphens between
            them; a digit may come first), or longer than 128 characters.
    """
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise invalid(
            "name",
            "kebab-case",
            f"{name[:80]!r} is no name",
            f"write at most {_MAX_NAME} characters in kebab-case, as in 'secret-scan' or '7zip'",
        )
    return name


@lru_cache(maxsize=4096)
def check_namespace(path: str) -> Scope:
    """The scope of a namespace, if its path is one.

    Raises:
        RefusalError: it is no path; says which label is wrong.
    """
    first, _, rest = path.partition(".")
    scope = SCOPES.get(first)
    if len(path) > _MAX_PATH:
        raise _no_path(path, f"it has at most {_MAX_PATH} characters")
    if scope is None or not rest:
        raise _no_path(path, f"it begins with one of {', '.join(f'{key}.' for key in SCOPES)}")
    if scope.name == "user":
        if not _EMAIL.fullmatch(rest) or ".." in rest:
            raise _no_path(path, "behind 'user.' stands an e-mail address in lower case")
        return scope
    labels = rest.split(".")
    if scope.single and len(labels) > 1:
        raise _no_path(path, f"behind '{first}.' stands one label")
    if len(labels) >= _MAX_DEPTH:
        raise _no_path(path, f"it has at most {_MAX_DEPTH} labels")
    for label in labels:
        if len(label) > _MAX_LABEL or not _NAME.fullmatch(label):
            raise _no_path(path, f"{label[:40]!r} is not lower case letters, digits and single hyphens")
    return scope


def parents(path: str) -> list[str]:
    """The namespaces above a path, the nearest first; the first label alone is none of them."""
    if path.startswith("user."):
        return []
    labels = path.split(".")
    return [".".join(labels[:count]) for count in range(len(labels) - 1, 1, -1)]


@lru_cache(maxsize=4096)
def check_version(version: str, field: str = "version") -> str:
    """``version``, if it is SemVer 2.0.0 (https://semver.org).

    Args:
        version: Text.
        field: What is at fault when it is none.

    Raises:
        RefusalError: it is not, has more than 256 characters or a number above 2**53 - 1.
    """
    try:
        parse(version)
    except VersionError as error:
        raise invalid(field, "semver", f"{version[:80]!r} is no SemVer version", error.hint) from None
    return version


def check_coordinates(text: str, field: str) -> tuple[str, str]:
    """Namespace and name, if the text is ``namespace/name``.

    Args:
        text: Text.
        field: What is at fault when it is not.

    Raises:
        RefusalError: it is not.
    """
    path, _, name = text.partition("/")
    try:
        check_namespace(path)
        return path, check_name(name)
    except RefusalError as refusal:
        raise invalid(
            field,
            "coordinates",
            f"{text[:120]!r} is no namespace/name: {refusal.reason}",
            refusal.hint or "write it as in 'org.acme/auth'",
        ) from None


def check_labels(labels: dict[str, str], field: str = "labels") -> None:
    """Check labels: at most 64, keys in kebab-case with dots and slashes, values of at most 255.

    Raises:
        RefusalError: one of them is not.
    """
    if len(labels) > _MAX_LABELS:
        raise invalid(field, "count", f"there are {len(labels)} labels", f"the most is {_MAX_LABELS}")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            raise invalid(
                field,
                "key",
                f"{key[:80]!r} is no key of a label",
                "as in 'team' or 'acme.test/tier'",
            )
        if len(value) > _MAX_LABEL_VALUE or not value.isprintable():
            raise invalid(
                f"{field}.{key}", "value", "the value is too long or not printable", "at most 255 characters"
            )


def check_text(text: str, field: str, most: int = _MAX_TEXT) -> None:
    """Check the length of a text, in characters.

    Raises:
        RefusalError: it is too long.
    """
    if len(text) > most:
        raise invalid(field, "length", f"{field} has {len(text)} characters", f"the most is {most:,}")


def _no_path(path: str, hint: str) -> Exception:
    return invalid("namespace", "path", f"{path[:80]!r} is no namespace", hint)
