"""One version: SemVer 2.0.0 (https://semver.org)."""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn, TypeAlias

from hyperhost.errors import VersionError

__all__ = [
    "IDENTIFIERS",
    "LARGEST",
    "LONGEST",
    "NUMBER",
    "Key",
    "Version",
    "identifiers_key",
    "parse",
    "read",
]

Key: TypeAlias = tuple[Any, ...]
"""Where a version stands: ``(major, minor, patch, 2)``, or ``(major, minor, patch, tag, value, …)``
with tag 0 before each number and 1 before each word of a pre-release. Tuples compare as versions do:
numbers below words, words by ASCII, fewer identifiers below more, pre-releases below their release."""

LARGEST: Final = 2**53 - 1
"""The largest number of a version, as in npm."""
LONGEST: Final = 256
"""The most characters of a version, as in npm."""

# Possessive throughout: what was matched is never given back, so the time is linear in the text.
NUMBER: Final = r"(?>0|[1-9][0-9]*+)"
_IDENTIFIER: Final = r"(?>[0-9]*+[A-Za-z-][0-9A-Za-z-]*+|0|[1-9][0-9]*+)"
IDENTIFIERS: Final = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*+"
_VERSION: Final = re.compile(
    rf"({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({IDENTIFIERS}))?+(?:\+([0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+))?+"
)
_RELEASE: Final = 2
_SHORT: Final = len("1.1.") + 15  # characters that no number above the largest one fits in
_HINT: Final = "write it as '1.2.3' or '2.0.0-rc.1'"


class Version:
    """One version. Made by :func:`parse`; immutable, ordered as SemVer says, build metadata ignored.

    Two versions that differ in build metadata only are equal, and have one hash.

    Attributes:
        key: Where it stands among all versions; compares faster than the version itself.
        build: Build metadata without its plus sign, empty when there is none.
    """

    __slots__ = ("build", "key")

    key: Key
    build: str

    def __init__(self, key: Key, build: str = "") -> None:
        _set_key(self, key)
        _set_build(self, build)

    @property
    def major(self) -> int:
        """The first number."""
        number: int = self.key[0]
        return number

    @property
    def minor(self) -> int:
        """The second number."""
        number: int = self.key[1]
        return number

    @property
    def patch(self) -> int:
        """The third number."""
        number: int = self.key[2]
        return number

    @property
    def prerelease(self) -> tuple[int | str, ...]:
        """Identifiers of the pre-release, in order; empty for a release."""
        return self.key[4::2]

    @property
    def is_prerelease(self) -> bool:
        """Whether it is a pre-release."""
        return bool(self.key[3] != _RELEASE)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a version cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a version cannot be changed: {name}")

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.key < other.key if isinstance(other, Version) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.key <= other.key if isinstance(other, Version) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.key > other.key if isinstance(other, Version) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.key >= other.key if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        text = f"{self.key[0]}.{self.key[1]}.{self.key[2]}"
        if self.key[3] != _RELEASE:
            text += "-" + ".".join(map(str, self.key[4::2]))
        return f"{text}+{self.build}" if self.build else text

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"

    def __reduce__(self) -> tuple[type[Version], tuple[Key, str]]:
        return Version, (self.key, self.build)


# What an assignment would call if it were allowed; twice as fast as object.__setattr__.
_set_key = Version.__dict__["key"].__set__
_set_build = Version.__dict__["build"].__set__


def parse(text: str) -> Version:
    """The version that ``text`` is: SemVer 2.0.0 and nothing else.

    Takes a microsecond or two; nothing is cached.

    Raises:
        VersionError: it is none, has more than 256 characters, or a number above 2**53 - 1.
    """
    match = _VERSION.fullmatch(text) if isinstance(text, str) and len(text) <= LONGEST else None
    if match is None:
        raise _no_version(text)
    major, minor, patch, prerelease, build = match.groups()
    numbers = (int(major), int(minor), int(patch))
    if len(text) > _SHORT and max(numbers) > LARGEST:
        raise VersionError(f"{_shown(text)} has a number above 2**53 - 1", hint="use a smaller number")
    if prerelease is None:
        return Version((*numbers, _RELEASE), build or "")
    return Version(numbers + identifiers_key(prerelease), build or "")


def read(version: str | Version) -> Version:
    """The version, read as npm does: a ``v`` in front of it and whitespace around it are no part of it.

    Raises:
        VersionError: it is none.
    """
    if isinstance(version, Version):
        return version
    if isinstance(version, str) and len(version) <= LONGEST:
        stripped = version.strip(" \t\n\r\f\v")
        return parse(stripped[1:] if stripped[:1] == "v" else stripped)
    raise _no_version(version)


def identifiers_key(prerelease: str) -> Key:
    """The part of a key that stands for identifiers joined by dots."""
    key: list[int | str] = []
    for identifier in prerelease.split("."):
        if identifier.isdigit():
            key += (0, int(identifier))
        else:
            key += (1, identifier)
    return tuple(key)


def _no_version(text: object) -> VersionError:
    if isinstance(text, str) and len(text) > LONGEST:
        return VersionError(
            f"{_shown(text)} is no version: it has {len(text):,} characters",
            hint=f"the most is {LONGEST}",
        )
    return VersionError(f"{_shown(text)} is no version of SemVer 2.0.0", hint=_HINT)


def _shown(text: object) -> str:
    if not isinstance(text, str):
        return f"a value of type {type(text).__name__}"
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
