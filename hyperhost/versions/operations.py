"""Questions about versions and constraints, asked of text.

Versions are read as npm does: a ``v`` in front and whitespace around are no part of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from hyperhost.versions.constraint import Constraint
from hyperhost.versions.sets import VersionSet
from hyperhost.versions.version import Key, Version, read

__all__ = ["compare", "intersects", "max_satisfying", "min_satisfying", "satisfies", "sort_key", "subset"]

_Constraint: TypeAlias = "str | Mapping[str, str] | Constraint | VersionSet"


def compare(one: str | Version, other: str | Version) -> int:
    """-1 if the first version is lower, 1 if it is higher, 0 if they differ in build metadata at most.

    Raises:
        VersionError: one of them is no version.
    """
    first, second = read(one).key, read(other).key
    return (first > second) - (first < second)


def sort_key(version: str | Version) -> Key:
    """What to sort versions by, as in ``sorted(texts, key=sort_key)``.

    Raises:
        VersionError: it is no version.
    """
    return read(version).key


def satisfies(version: str | Version, constraint: _Constraint, include_prerelease: bool = False) -> bool:
    """Whether a version satisfies a constraint, by npm's rules.

    Args:
        version: The version.
        constraint: Text or an object; the text is parsed once and kept when it is short.
        include_prerelease: Whether pre-releases count as any other version. If not, one satisfies
            only where the constraint names a pre-release of the same release. Without effect on
            what is parsed already.

    Raises:
        VersionError: it is no version.
        ConstraintError: the constraint cannot be read.
    """
    return _set(constraint, include_prerelease).contains(version)


def max_satisfying(
    versions: Iterable[str | Version], constraint: _Constraint, include_prerelease: bool = False
) -> str | None:
    """The highest version that satisfies a constraint, as it was given; the first of equal ones.

    Raises:
        VersionError: one of them is no version.
        ConstraintError: the constraint cannot be read.
    """
    found = _satisfying(versions, constraint, include_prerelease)
    return str(max(found, key=lambda pair: pair[0])[1]) if found else None


def min_satisfying(
    versions: Iterable[str | Version], constraint: _Constraint, include_prerelease: bool = False
) -> str | None:
    """The lowest version that satisfies a constraint, as it was given; the first of equal ones.

    Raises:
        VersionError: one of them is no version.
        ConstraintError: the constraint cannot be read.
    """
    found = _satisfying(versions, constraint, include_prerelease)
    return str(min(found, key=lambda pair: pair[0])[1]) if found else None


def subset(one: _Constraint, other: _Constraint, include_prerelease: bool = False) -> bool:
    """Whether every version that satisfies the first constraint satisfies the second.

    Raises:
        ConstraintError: one of them cannot be read.
    """
    return _set(one, include_prerelease).issubset(_set(other, include_prerelease))


def intersects(one: _Constraint, other: _Constraint, include_prerelease: bool = False) -> bool:
    """Whether there could be a version that satisfies both constraints.

    Raises:
        ConstraintError: one of them cannot be read.
    """
    return not _set(one, include_prerelease).isdisjoint(_set(other, include_prerelease))


def _set(constraint: _Constraint, include_prerelease: bool) -> VersionSet:
    if isinstance(constraint, VersionSet):
        return constraint
    if isinstance(constraint, Constraint):
        return constraint.set
    return Constraint.parse(constraint, include_prerelease).set


def _satisfying(
    versions: Iterable[str | Version], constraint: _Constraint, include_prerelease: bool
) -> list[tuple[Version, str | Version]]:
    wanted = _set(constraint, include_prerelease)
    parsed = [(read(version), version) for version in versions]
    return [pair for pair in parsed if wanted.contains(pair[0])]
