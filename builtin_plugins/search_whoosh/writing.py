"""Writing to a whoosh index: where its files go, and which of its segments are merged."""

from __future__ import annotations

import bisect
import itertools
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.filedb.structfile import BufferFile, StructFile
from whoosh.reading import SegmentReader
from whoosh.util import fib
from whoosh.writing import SegmentWriter

from hyperhost.query import FlatDocument

from .schema import row
from .segments import numbers_with

__all__ = ["MEMORY_MB", "Directory", "Memory", "write"]

MEMORY_MB: Final = 64
_WHOLE: Final = ".seg"
_FEW: Final = 5
"""Segments of which merging is worth while."""
_LARGE: Final = 2_000
"""Documents of a segment that is kept in several files."""
_SEGMENTS: Final = 60
"""Segments that are searched one after another until they are merged, while changes flow."""
_AT_ONCE: Final = 500
"""Documents that are merged then, in about 100 ms."""


class Memory(RamStorage):  # type: ignore[misc]  # whoosh has no types
    """Whoosh's own sorts in a directory of one name for all processes of the machine, and removes it."""

    def temp_storage(self, name: str | None = None) -> Any:
        """Where large runs are sorted."""
        return Memory()

    def destroy(self) -> None:
        """Take it away; memory goes by itself."""


class Directory(FileStorage):  # type: ignore[misc]  # whoosh has no types
    """A directory. Parts of a small segment are in memory until they are put together into one file.

    Whoosh writes some forty of them, and looks for each again and again.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.parts: dict[str, bytes] = {}
        self.in_memory = False
        """Whether parts that are written now are."""
        self._whole: set[str] = set()
        """Segments that are one file, so that their parts are none."""

    def create_file(self, name: str, **options: Any) -> Any:
        """A file to be written."""
        if not self.in_memory or name.endswith(_WHOLE) or ".toc" in name:
            return super().create_file(name, **options)

        def close(file: Any) -> None:
            self.parts[name] = file.file.getvalue()

        self._whole.add(name.partition(".")[0])
        return StructFile(BytesIO(), name=name, onclose=close)

    def open_file(self, name: str, **options: Any) -> Any:
        """A file to be read."""
        if name in self.parts:
            return BufferFile(memoryview(self.parts[name]), name=name)
        if name.endswith(_WHOLE):
            self._whole.add(name.removesuffix(_WHOLE))
            # Whoosh would copy it into memory as well, and leave it open where it is damaged.
            return BufferFile(Path(self._fpath(name)).read_bytes(), name=name)
        return super().open_file(name, **options)

    def list(self) -> list[str]:
        """Names of all files."""
        return [*super().list(), *self.parts]

    def file_exists(self, name: str) -> bool:
        """Whether there is a file."""
        if name in self.parts:
            return True
        segment, dot, end = name.partition(".")
        return (dot + end == _WHOLE or segment not in self._whole) and super().file_exists(name)

    def file_length(self, name: str) -> int:
        """Bytes of a file."""
        return len(self.parts[name]) if name in self.parts else super().file_length(name)

    def file_modified(self, name: str) -> float:
        """When a file was written; whoosh keeps it and makes nothing of it."""
        return -1 if name in self.parts else super().file_modified(name)

    def delete_file(self, name: str) -> None:
        """Remove a file."""
        if self.parts.pop(name, None) is None:
            self._whole.discard(name.removesuffix(_WHOLE))
            super().delete_file(name)

    def temp_storage(self, name: str | None = None) -> Any:
        """Where large runs are sorted."""
        return Memory() if self.in_memory else super().temp_storage(name)


def write(opened: Any, searcher: Any, changes: dict[str, FlatDocument | None], *, flowing: bool) -> None:
    """Change documents.

    Args:
        opened: The index.
        searcher: Of the index as it is; says where documents are.
        changes: The document by id of its artifact; ``None`` removes it.
        flowing: More changes follow. Segments are merged seldom then, as whoever waits for what was just
            created waits for that, too.
    """
    found = [part.reader().segment() for part, _ in searcher.leaf_searchers()]
    segments = [segment for segment in found if segment is not None]
    merged = _mergeable(segments, flowing=flowing)
    small = sum(each.doc_count() for each in merged) + len(changes) < _LARGE
    storage = opened.storage
    try:
        # What becomes small is kept in one file, to be safe on disk at once; of a large one whoosh would copy
        # the whole file into memory whenever it is opened.
        storage.in_memory = small
        _write(SegmentWriter(opened, limitmb=MEMORY_MB, compound=small), searcher, changes, merged)
    finally:
        storage.in_memory = False
        if isinstance(storage, Directory):
            storage.parts.clear()


def _write(writer: Any, searcher: Any, changes: dict[str, FlatDocument | None], merged: list[Any]) -> None:
    def merge(_: object, segments: list[Any]) -> list[Any]:
        """Add what is merged, without what was removed just now; what stays."""
        for segment in segments:
            if segment in merged:
                reader = SegmentReader(writer.storage, writer.schema, segment)
                writer.add_reader(reader)
                reader.close()
        return [segment for segment in segments if segment not in merged]

    try:
        for artifact_id, document in changes.items():
            for number in numbers_with(searcher, artifact_id):
                writer.delete_document(number)
            if document is not None:
                writer.add_document(**row(document))
        writer.commit(mergetype=merge)
    except BaseException:
        if not writer.is_closed:
            writer.cancel()
        raise


def _mergeable(segments: list[Any], *, flowing: bool) -> list[Any]:
    """The segments to be merged.

    While changes flow these are none, and then many small ones at once. Otherwise they are the smallest, as
    many as are few documents for so many segments. That is whoosh's own choice, except that documents that
    were removed do not count: what has lost most of its documents is small.
    """
    ordered = sorted(segments, key=lambda each: each.doc_count())
    totals = list(itertools.accumulate(each.doc_count() for each in ordered))
    if flowing:
        if len(ordered) < _SEGMENTS:
            return []
        small = ordered[: bisect.bisect_left(totals, _AT_ONCE)]
        if len(small) >= _FEW:
            return small
    for count, total in enumerate(totals, 1):
        if count >= _FEW and total < fib(count + 4):
            return ordered[:count]
    return []
