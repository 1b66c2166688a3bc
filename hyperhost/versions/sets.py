"""Sets of versions, on which union, intersection and complement are exact."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NoReturn

from hyperhost.versions.boundaries import (
    Boundaries,
    complement,
    contains,
    intersection,
    intervals,
    union,
    union_all,
)
from hyperhost.versions.comparators import FIRST_PRERELEASE, FIRST_RELEASE, LOWEST, following, spans
from hyperhost.versions.reading import read_alternatives
from hyperhost.versions.text import canonical
from hyperhost.versions.version import Key, Version, read

__all__ = ["VersionSet"]


class VersionSet:
    """A set of versions; immutable. ``& | - ~ <= < >= > == in`` mean what they mean of sets.

    It knows which releases are in it and which pre-releases, so that npm's rule for pre-releases
    stays exact under every operation. Build metadata is no part of it. Operations on two sets take
    time linear in their intervals, :meth:`contains` logarithmic.
    """

    __slots__ = ("_prereleases", "_releases")

    _releases: Boundaries
    _prereleases: Boundaries

    def __init__(self, releases: Boundaries = (), prereleases: Boundaries = ()) -> None:
        object.__setattr__(self, "_releases", releases)
        object.__setattr__(self, "_prereleases", prereleases)

    @classmethod
    def any(cls) -> VersionSet:
        """Every version, pre-releases included; the constraint ``*`` has releases only."""
        return cls((FIRST_RELEASE,), (FIRST_PRERELEASE,))

    @classmethod
    def none(cls) -> VersionSet:
        """No version."""
        return cls()

    @classmethod
    def exact(cls, version: str | Version) -> VersionSet:
        """One version.

        Raises:
            VersionError: it is none.
        """
        found = read(version)
        if found.is_prerelease:
            return cls((), (found.key, found.key + LOWEST))
        after = following(found.key[:3])
        return cls((found.key[:3], after) if len(after) == 3 else (found.key[:3],), ())

    @classmethod
    def parse(cls, text: str, include_prerelease: bool = False) -> VersionSet:
        """The set that a text means: a constraint, or what ``str`` gives for any set.

        Beyond constraints it takes alternatives that begin with ``pre:``; they have pre-releases only.

        Raises:
            ConstraintError: it cannot be read.
        """
        plain, marked = read_alternatives(text, marks=True)
        releases, prereleases = spans(plain, include_prerelease)
        return cls(releases, union(prereleases, spans(marked, True)[1]))

    @classmethod
    def union(cls, sets: Iterable[VersionSet]) -> VersionSet:
        """Every version in one of many sets. Takes time ``n log n`` in all their intervals."""
        every = list(sets)
        return cls(union_all(one._releases for one in every), union_all(one._prereleases for one in every))

    @property
    def is_empty(self) -> bool:
        """Whether no version is in it."""
        return not self._releases and not self._prereleases

    def contains(self, version: str | Version) -> bool:
        """Whether a version is in it.

        Raises:
            VersionError: it is none.
        """
        found = read(version)
        return contains(self._prereleases if found.is_prerelease else self._releases, found.key)

    def among(self, keys: Sequence[Key], prereleases: int = 0) -> int:
        """Which of many versions are in it. Takes time logarithmic in their number for each interval.

        Args:
            keys: ``Version.key`` of each, in ascending order.
            prereleases: The positions of those that are pre-releases, as bits: bit 0 is the first.

        Returns:
            The positions of those in the set, as bits.
        """
        releases, others = _positions(self._releases, keys), _positions(self._prereleases, keys)
        return releases & ~prereleases | others & prereleases

    def issubset(self, other: VersionSet) -> bool:
        """Whether every version in this set is in the other."""
        return self & other == self

    def isdisjoint(self, other: VersionSet) -> bool:
        """Whether no version is in both."""
        return (self & other).is_empty

    def __contains__(self, version: str | Version) -> bool:
        return self.contains(version)

    def __and__(self, other: VersionSet) -> VersionSet:
        return VersionSet(
            intersection(self._releases, other._releases),
            intersection(self._prereleases, other._prereleases),
        )

    def __or__(self, other: VersionSet) -> VersionSet:
        return VersionSet(
            union(self._releases, other._releases), union(self._prereleases, other._prereleases)
        )

    def __sub__(self, other: VersionSet) -> VersionSet:
        return self & ~other

    def __invert__(self) -> VersionSet:
        return VersionSet(
            complement(self._releases, FIRST_RELEASE), complement(self._prereleases, FIRST_PRERELEASE)
        )

    def __le__(self, other: VersionSet) -> bool:
        return self.issubset(other)

    def __lt__(self, other: VersionSet) -> bool:
        return self != other and self.issubset(other)

    def __ge__(self, other: VersionSet) -> bool:
        return other.issubset(self)

    def __gt__(self, other: VersionSet) -> bool:
        return other < self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VersionSet):
            return NotImplemented
        return self._releases == other._releases and self._prereleases == other._prereleases

    def __hash__(self) -> int:
        return hash((self._releases, self._prereleases))

    def __bool__(self) -> bool:
        return not self.is_empty

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a set of versions cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a set of versions cannot be changed: {name}")

    def __str__(self) -> str:
        return canonical(self._releases, self._prereleases)

    def __repr__(self) -> str:
        return f"VersionSet.parse({str(self)!r})"

    def __reduce__(self) -> tuple[type[VersionSet], tuple[Boundaries, Boundaries]]:
        return VersionSet, (self._releases, self._prereleases)


def _positions(boundaries: Boundaries, keys: Sequence[Key]) -> int:
    found = 0
    for begin, end in intervals(boundaries):
        high = len(keys) if end is None else bisect_left(keys, end)
        found |= (1 << high) - (1 << bisect_left(keys, begin, 0, high))
    return found
