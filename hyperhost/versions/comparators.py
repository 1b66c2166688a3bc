"""What comparators mean: npm's ranges as intervals.

Releases and pre-releases are two lines of points, because a constraint admits pre-releases by a
rule of their own. On both lines there is a next point (the release after 1.2.3 is 1.2.4, the
pre-release after ``alpha`` is ``alpha.0``), so every bound is one *cut*: a place on each line that
divides what is below from what is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from hyperhost.versions.boundaries import Boundaries, union_all
from hyperhost.versions.version import LARGEST, Key

__all__ = [
    "FIRST_PRERELEASE",
    "FIRST_RELEASE",
    "LOWEST",
    "Comparator",
    "Operand",
    "beyond",
    "following",
    "overflows",
    "spans",
]

Cut: TypeAlias = tuple[Key, Key]
"""The first release and the first pre-release above it, as keys."""

LOWEST: Final[Key] = (0, 0)
"""Identifiers of the lowest pre-release of a release: ``0``."""
FIRST_RELEASE: Final[Key] = (0, 0, 0)
FIRST_PRERELEASE: Final[Key] = FIRST_RELEASE + LOWEST
_TOP: Final[Key] = (math.inf,)
_BOTTOM_CUT: Final[Cut] = (FIRST_RELEASE, FIRST_PRERELEASE)
_TOP_CUT: Final[Cut] = (_TOP, _TOP)


@dataclass(frozen=True, slots=True)
class Operand:
    """A version, or the beginning of one.

    Attributes:
        numbers: The numbers that are given, up to three; those from the first ``x`` on are not.
        prerelease: Identifiers, as part of a key; empty when there are none.
        text: As it was written, for messages and for writing it again.
    """

    numbers: tuple[int, ...]
    prerelease: Key
    text: str

    @property
    def is_full(self) -> bool:
        """Whether it is one version."""
        return len(self.numbers) == 3


@dataclass(frozen=True, slots=True)
class Comparator:
    """An operator and what it is applied to.

    Attributes:
        operator: ``^ ~ >= <= > < =``, or ``from`` and ``to`` for the sides of a hyphen range.
        operand: What it is applied to.
    """

    operator: str
    operand: Operand

    def cuts(self, include_prerelease: bool) -> tuple[Cut, Cut]:
        """Where it begins and where it ends; must not be one that :func:`overflows`."""
        operator, operand = self.operator, self.operand
        if not operand.numbers:
            return (_TOP_CUT, _TOP_CUT) if operator in ("<", ">") else (_BOTTOM_CUT, _TOP_CUT)
        if operator in ("^", "~"):
            return _low(operand, include_prerelease), _below(beyond(operator, operand.numbers))
        if operand.is_full:
            return self._full_cuts(include_prerelease)
        return self._partial_cuts(include_prerelease)

    def _partial_cuts(self, include_prerelease: bool) -> tuple[Cut, Cut]:
        numbers = self.operand.numbers
        match self.operator:
            case "=":
                return _low(self.operand, include_prerelease), _below(beyond("=", numbers))
            case ">":
                first = beyond("=", numbers)
                return _below(first) if include_prerelease else _at(first), _TOP_CUT
            case "<":
                return _BOTTOM_CUT, _below(_padded(numbers))
            case "<=" | "to":
                return _BOTTOM_CUT, _below(beyond("=", numbers))
            case _:
                return _low(self.operand, include_prerelease), _TOP_CUT

    def _full_cuts(self, include_prerelease: bool) -> tuple[Cut, Cut]:
        triple, prerelease = _padded(self.operand.numbers), self.operand.prerelease
        match self.operator:
            case "=":
                return _at(triple, prerelease), _after(triple, prerelease)
            case ">":
                return _after(triple, prerelease), _TOP_CUT
            case "<":
                return _BOTTOM_CUT, _at(triple, prerelease)
            case "<=" | "to":
                return _BOTTOM_CUT, _after(triple, prerelease)
            case "from" if include_prerelease and not prerelease:
                return _below(triple), _TOP_CUT
            case _:
                return _low(self.operand, include_prerelease), _TOP_CUT


def spans(
    alternatives: Iterable[Iterable[Comparator]], include_prerelease: bool
) -> tuple[Boundaries, Boundaries]:
    """The releases and the pre-releases that satisfy all comparators of one alternative.

    Takes time ``n log n`` in the number of comparators.

    Args:
        alternatives: Comparators of each, which must all hold.
        include_prerelease: Whether pre-releases count as any other version. If not, one must be of a
            release that has a pre-release named in the same alternative.
    """
    releases: list[Boundaries] = []
    prereleases: list[Boundaries] = []
    for comparators in alternatives:
        low, high, named = _BOTTOM_CUT, _TOP_CUT, set()
        for comparator in comparators:
            begin, end = comparator.cuts(include_prerelease)
            low, high = max(low, begin), min(high, end)
            if comparator.operand.prerelease and comparator.operand.is_full:
                named.add(comparator.operand.numbers)
        releases.append(_interval(low[0], high[0]))
        if include_prerelease:
            prereleases.append(_interval(low[1], high[1]))
            continue
        for triple in named:
            begin, end = _below(triple), _at(triple)
            prereleases.append(_interval(max(low[1], begin[1]), min(high[1], end[1])))
    return union_all(releases), union_all(prereleases)


def overflows(comparator: Comparator) -> bool:
    """Whether its other bound would have a number above the largest there may be."""
    operator, numbers = comparator.operator, comparator.operand.numbers
    if not numbers or operator in ("from", ">=", "<") or (len(numbers) == 3 and operator not in ("^", "~")):
        return False
    return max(beyond(operator if operator in ("^", "~") else "=", numbers)) > LARGEST


def following(triple: Key) -> Key:
    """The release after a release; a key above all of them after the last."""
    major, minor, patch = triple
    if patch < LARGEST:
        return major, minor, patch + 1
    if minor < LARGEST:
        return major, minor + 1, 0
    return (major + 1, 0, 0) if major < LARGEST else _TOP


def _at(triple: Key, prerelease: Key = ()) -> Cut:
    """The cut right below a version."""
    if prerelease:
        return triple, triple + prerelease
    return triple, _first(following(triple))


def _after(triple: Key, prerelease: Key = ()) -> Cut:
    """The cut right above a version."""
    if prerelease:
        return triple, triple + prerelease + LOWEST
    return following(triple), _first(following(triple))


def _below(triple: Key) -> Cut:
    """The cut below a release and all its pre-releases."""
    return triple, _first(triple)


def _first(triple: Key) -> Key:
    return triple if triple == _TOP else triple + LOWEST


def _low(operand: Operand, include_prerelease: bool) -> Cut:
    """The cut that an operand begins at."""
    triple = _padded(operand.numbers)
    if operand.prerelease and operand.is_full:
        return _at(triple, operand.prerelease)
    if include_prerelease:
        return _at(triple) if operand.is_full else _below(triple)
    # npm reads ">=0.0.0" as "any version", so that a pre-release of 0.0.0 named beside it counts.
    return _at(triple) if triple != FIRST_RELEASE else _BOTTOM_CUT


def _padded(numbers: tuple[int, ...]) -> tuple[int, int, int]:
    major, minor, patch = (*numbers, 0, 0)[:3]
    return major, minor, patch


def beyond(operator: str, numbers: tuple[int, ...]) -> tuple[int, int, int]:
    """The first release beyond ``^``, ``~`` or an x-range of what is given."""
    if operator == "^":
        # Up to the first number that is not zero, or the last that is given.
        kept = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        kept = min(len(numbers), 2) - 1
    return _padded((*numbers[:kept], numbers[kept] + 1))


def _interval(low: Key, high: Key) -> Boundaries:
    if low >= high:
        return ()
    return (low, high) if high != _TOP else (low,)
