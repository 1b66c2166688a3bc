"""What is read off the columns of a segment, kept as long as it is there: a segment never changes."""

from __future__ import annotations

import bisect
import heapq
import itertools
import threading
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from whoosh.codec.whoosh3 import LENGTHS_COLUMN, _lenfield
from whoosh.reading import EmptyReader, MultiReader, SegmentReader

__all__ = [
    "Kept",
    "close_readers",
    "first_of",
    "ids_of",
    "lengths_of",
    "numbers_of",
    "numbers_with",
    "read_again",
    "values_of",
]

_ATTRIBUTE: Final = "_hyperhost_kept"
_IDS: Final = "_hyperhost_ids"
_TRIES: Final = 10
_PAUSE_S: Final = 0.05
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


def read_again(opened: Any, old: Any) -> Any:
    """A reader of an index as it is on the disk now.

    Args:
        opened: The index.
        old: A searcher of how it was, which is of no use any more; segments that are still there are read on.
            ``None`` for none.
    """
    known = {_name(part.reader()): part.reader() for part, _ in old.leaf_searchers()} if old else {}
    try:
        for tries in itertools.count(1):
            try:
                found = opened._read_toc()
                for segment in found.segments:
                    if (name := (segment.segment_id(), segment.deleted_count())) not in known:
                        known[name] = SegmentReader(opened.storage, found.schema, segment)
            except OSError:  # it was written meanwhile, and what is not used any more is removed
                if tries == _TRIES:
                    raise
                time.sleep(_PAUSE_S)
            else:
                break
    except BaseException:
        _close(known.values())
        raise
    readers = [known.pop((each.segment_id(), each.deleted_count())) for each in found.segments]
    _close(known.values())
    if not readers:
        return EmptyReader(found.schema)
    return readers[0] if len(readers) == 1 else MultiReader(readers)


def close_readers(searcher: Any) -> None:
    """Let go of the files of a searcher."""
    _close(part.reader() for part, _ in searcher.leaf_searchers())


def _close(readers: Iterable[Any]) -> None:
    for reader in readers:
        if not getattr(reader, "is_closed", False):
            reader.close()


def _name(reader: Any) -> tuple[str, int]:
    """What a segment is recognised by: of what it holds, documents are only ever taken away."""
    segment = reader.segment()
    return ("", 0) if segment is None else (segment.segment_id(), segment.deleted_count())


def numbers_of(reader: Any, field: str) -> array[float]:
    """All numbers of a field by document; what has none is no number."""
    kept = _kept(reader)
    key = f"n_{field}"
    if key not in kept:
        column = reader.column_reader(key, translate=False)
        kept[key] = array("d", (column[number] for number in range(reader.doc_count_all())))
    found: array[float] = kept[key]
    return found


def lengths_of(reader: Any, field: str) -> bytes:
    """The lengths of a field by document, each as the byte that whoosh makes of it."""
    kept = _kept(reader)
    key = f"l_{field}"
    if key not in kept:
        count = reader.doc_count_all()
        column = reader._perdoc._cached_reader(_lenfield(field), LENGTHS_COLUMN)
        stored = b"" if column is None else bytes(column._dbfile.get(column._basepos, column._count))
        kept[key] = stored.ljust(count, b"\0")  # the last ones are left out where they are 0
    found: bytes = kept[key]
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
        # To open the column takes as long as many searches. It reads from this reader's own file.
        column = reader.__dict__.get(_IDS)
        if column is None:
            column = reader.__dict__[_IDS] = reader.column_reader("id", translate=False)
        if count < _MANY:
            return column
        kept["id"] = [column[number] for number in range(reader.doc_count_all())]
    return kept["id"]


def numbers_with(searcher: Any, artifact_id: str) -> Iterator[int]:
    """The documents of an artifact, numbered over all segments: none or one."""
    wanted = artifact_id.encode()
    for part, offset in searcher.leaf_searchers():
        reader = part.reader()
        if not reader.doc_count_all():
            continue
        if reader.doc_count_all() < _MANY:
            kept = _kept(reader)
            if "numbers" not in kept:  # while changes flow, all of many small segments are asked for each
                ids = ids_of(reader, _MANY)
                kept["numbers"] = {each: number for number, each in enumerate(ids)}
            number = kept["numbers"].get(wanted)
            if number is not None and not reader.is_deleted(number):
                yield number + offset
        else:
            for number in part.document_numbers(id=artifact_id):
                yield number + offset


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
