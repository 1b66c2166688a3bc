"""What is read off the columns of a segment, kept as long as it is there: a segment never changes."""

from __future__ import annotations

import bisect
import heapq
import itertools
import threading
from array import array
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["Kept", "first_of", "ids_of", "numbers_of", "values_of"]

_ATTRIBUTE: Final = "_hyperhost_kept"
_MANY: Final = 2_000
"""From so many documents on all ids of a segment are read at once."""


class Kept:
    """Columns by segment, for all searchers of one index."""

    def __init__(self) -> None:
        self._segments: dict[str, dict[str, Any]] = {}
        self._guard = threading.Lock()

    def attach(self, searcher: Any) -> None:
        """Let a new searcher use what others have read; forget what is of no use any more."""
        alive: dict[str, dict[str, Any]] = {}
        with self._guard:
            for part, _ in searcher.leaf_searchers():
                segment = getattr(part.reader(), "segment", lambda: None)()
                key = segment.segment_id() if segment is not None else ""
                alive[key] = self._segments.get(key, {})
                setattr(part.reader(), _ATTRIBUTE, alive[key])
            self._segments = alive


def numbers_of(reader: Any, field: str) -> array[float]:
    """All numbers of a field by document; what has none is no number."""
    kept = _kept(reader)
    key = f"n_{field}"
    if key not in kept:
        column = reader.column_reader(key, translate=False)
        kept[key] = array("d", (column[number] for number in range(reader.doc_count_all())))
    found: array[float] = kept[key]
    return found


def values_of(reader: Any, field: str) -> list[bytes]:
    """All values of a facet by document, joined."""
    kept = _kept(reader)
    key = f"f_{field}"
    if key not in kept:
        column = reader.column_reader(key, translate=False)
        shared: dict[bytes, bytes] = {}
        values = (column[number] for number in range(reader.doc_count_all()))
        kept[key] = [shared.setdefault(value, value) for value in values]
    found: list[bytes] = kept[key]
    return found


def ids_of(reader: Any, count: int) -> Any:
    """Ids by document, as bytes; ``count`` says how many are wanted."""
    kept = _kept(reader)
    if "id" not in kept:
        column = reader.column_reader("id", translate=False)
        if count < _MANY:
            return column
        kept["id"] = [column[number] for number in range(reader.doc_count_all())]
    return kept["id"]


def first_of(reader: Any, numbers: Sequence[int], behind: bytes, count: int) -> list[int]:
    """The documents with the least ids of some, of those behind an id.

    Args:
        reader: Of the segment.
        numbers: The documents.
        behind: The id.
        count: How many are wanted at most.
    """
    if len(numbers) < _MANY:
        ids = ids_of(reader, len(numbers))
        named = ((ids[number], number) for number in numbers)
        return [number for _, number in heapq.nsmallest(count, (each for each in named if each[0] > behind))]
    kept = _kept(reader)
    if "order" not in kept:
        ids = ids_of(reader, reader.doc_count_all() + _MANY)
        ordered = sorted(range(len(ids)), key=ids.__getitem__)
        kept["order"] = [ids[number] for number in ordered], ordered
    sorted_ids, ordered = kept["order"]
    there = set(numbers)
    rest = itertools.islice(ordered, bisect.bisect_right(sorted_ids, behind), None)
    return list(itertools.islice((number for number in rest if number in there), count))


def _kept(reader: Any) -> dict[str, Any]:
    found: dict[str, Any] = reader.__dict__.setdefault(_ATTRIBUTE, {})
    return found
