"""Sets of points on a line, written as the places where membership changes.

A set is a strictly increasing tuple of keys: the first begins an interval (itself included), the
second ends it (itself excluded), the third begins the next, and so on; an odd number of keys leaves
the last interval open above. Every set has one such tuple, so equal sets are equal tuples.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import TypeAlias

from hyperhost.versions.version import Key

__all__ = ["Boundaries", "complement", "contains", "intersection", "intervals", "union", "union_all"]

Boundaries: TypeAlias = tuple[Key, ...]


def contains(one: Boundaries, key: Key) -> bool:
    """Whether a point is in a set. Takes time logarithmic in the number of intervals."""
    return bisect_right(one, key) & 1 == 1


def complement(one: Boundaries, lowest: Key) -> Boundaries:
    """Every point that is not in a set; ``lowest`` is the lowest point there is."""
    return one[1:] if one and one[0] == lowest else (lowest, *one)


def union(one: Boundaries, other: Boundaries) -> Boundaries:
    """Every point that is in one of two sets. Takes linear time, as :func:`intersection` does."""
    if not one or one == other:
        return other
    return _combine(one, other, 1) if other else one


def intersection(one: Boundaries, other: Boundaries) -> Boundaries:
    """Every point that is in both of two sets."""
    if one == other:
        return one
    return _combine(one, other, 2) if one and other else ()


def union_all(sets: Iterable[Boundaries]) -> Boundaries:
    """Every point that is in one of many sets. Takes time ``n log n`` in their boundaries."""
    changes = sorted(
        (key, -1 if index & 1 else 1) for boundaries in sets for index, key in enumerate(boundaries)
    )
    merged: list[Key] = []
    depth = 0
    for index, (key, change) in enumerate(changes):
        depth += change
        if index + 1 < len(changes) and changes[index + 1][0] == key:
            continue
        if (depth > 0) != (len(merged) & 1 == 1):
            merged.append(key)
    return tuple(merged)


def intervals(one: Boundaries) -> list[tuple[Key, Key | None]]:
    """Begin and end of each interval, in order; the end of one that is open above is ``None``."""
    ends = [*one[1::2], None]
    return list(zip(one[::2], ends, strict=False))


def _combine(one: Boundaries, other: Boundaries, needed: int) -> Boundaries:
    """Where the number of sets that a point is in changes from less than ``needed``, or to it."""
    merged: list[Key] = []
    i = j = 0
    while i < len(one) and j < len(other):
        if one[i] < other[j]:
            key = one[i]
            i += 1
        elif other[j] < one[i]:
            key = other[j]
            j += 1
        else:
            key = one[i]
            i += 1
            j += 1
        if ((i & 1) + (j & 1) >= needed) != (len(merged) & 1 == 1):
            merged.append(key)
    # One is used up and stays as it is: the rest of the other counts where that decides.
    if (i if i == len(one) else j) & 1 == needed - 1:
        merged += one[i:] or other[j:]
    return tuple(merged)
