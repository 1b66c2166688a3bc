"""The next version."""

from __future__ import annotations

import re
from typing import Final

from hyperhost.errors import VersionError
from hyperhost.versions.version import IDENTIFIERS, Version, identifiers_key, parse, read

__all__ = ["increment"]

_IDENTIFIERS: Final = re.compile(IDENTIFIERS)
_PARTS: Final = ("major", "minor", "patch", "premajor", "preminor", "prepatch", "prerelease", "release")


def increment(
    version: str | Version, part: str, identifier: str = "", identifier_base: str | None = "0"
) -> str:
    """The next version, by npm's rules; without build metadata.

    Args:
        version: Where to start.
        part: ``major``, ``minor`` and ``patch`` give the next release that changes this number or
            one before it; from a pre-release of such a release, that release.
            ``premajor``, ``preminor`` and ``prepatch`` give the first pre-release of the next release.
            ``prerelease`` gives the next pre-release, of a release the first one of the next patch.
            ``release`` gives the release of a pre-release.
        identifier: What pre-releases begin with, for example ``rc``; one with another beginning
            is replaced.
        identifier_base: The number that pre-releases begin to count at, ``0`` or ``1``; ``None``
            for no number at all.

    Raises:
        VersionError: it is no version; there is no such part; the identifier is none; there is no
            next one, because numbers end at 2**53 - 1, because the version is no pre-release, or
            because without a number the pre-release would stay the same.
    """
    start = read(version)
    if part not in _PARTS:
        raise VersionError(f"a version has no part {part!r}", hint=f"use one of {', '.join(_PARTS)}")
    if identifier_base not in ("0", "1", None):
        raise VersionError(f"pre-releases cannot begin at {identifier_base!r}", hint="use '0', '1' or None")
    numbers = _numbers(start, part)
    if not part.startswith("pre"):
        return _text(numbers)
    if identifier and not _IDENTIFIERS.fullmatch(identifier):
        raise VersionError(
            f"{identifier[:80]!r} cannot begin a pre-release", hint="use letters, digits, '-' and dots"
        )
    if not identifier and identifier_base is None:
        raise VersionError(
            "a pre-release needs an identifier or a number", hint="give an identifier, or count from '0'"
        )
    before = start.prerelease if part == "prerelease" else ()
    return _text(numbers, _prerelease(before, identifier, identifier_base))


def _numbers(start: Version, part: str) -> tuple[int, int, int]:
    major, minor, patch = start.major, start.minor, start.patch
    is_prerelease = start.is_prerelease
    match part:
        case "release" if not is_prerelease:
            raise VersionError(f"{start} is no pre-release", hint="increment 'patch', 'minor' or 'major'")
        case "major" if is_prerelease and minor == patch == 0:
            return major, 0, 0
        case "minor" if is_prerelease and patch == 0:
            return major, minor, 0
        case "major" | "premajor":
            return major + 1, 0, 0
        case "minor" | "preminor":
            return major, minor + 1, 0
        case "prepatch":
            return major, minor, patch + 1
    return major, minor, patch if is_prerelease else patch + 1


def _prerelease(before: tuple[int | str, ...], identifier: str, base: str | None) -> tuple[int | str, ...]:
    """The identifiers that follow others."""
    counted = _counted(before, base or "0")
    if not identifier:
        return counted
    begin = identifiers_key(identifier)[1::2]
    first = begin if base is None else (*begin, int(base))
    if before == begin and base is None:
        raise VersionError(
            f"the pre-release {identifier!r} is there already",
            hint="count from '0', or use another identifier",
        )
    # As npm does: what comes behind the identifier counts on only if it begins with a number.
    continues = counted[: len(begin)] == begin and isinstance(next(iter(counted[len(begin) :]), None), int)
    return counted if continues else first


def _counted(before: tuple[int | str, ...], base: str) -> tuple[int | str, ...]:
    """Identifiers with the last number counted up, or with one put behind them."""
    for index in range(len(before) - 1, -1, -1):
        number = before[index]
        if isinstance(number, int):
            return (*before[:index], number + 1, *before[index + 1 :])
    return (*before, int(base))


def _text(numbers: tuple[int, int, int], prerelease: tuple[int | str, ...] = ()) -> str:
    text = ".".join(map(str, numbers)) + ("-" if prerelease else "") + ".".join(map(str, prerelease))
    return str(parse(text))  # refuses what became too large or too long
