"""The whoosh index: on disk in a directory, or in memory; written in batches, replaced as a whole.

On disk ``position.json`` names the directory that answers; a rebuild makes another one and changes the name.
Any number of processes may read, one writes at a time.
"""

from __future__ import annotations

import dataclasses
import math
import shutil
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import SearchIndexState
from hyperhost.query import FlatDocument
from hyperhost.query.keeping import (
    Lock,
    Position,
    build_missing,
    damaged,
    moved,
    now_us,
    read_position,
    stamp,
    sync_files,
    write_position,
)

with warnings.catch_warnings():
    # Some of its regular expressions have escapes that newer Pythons warn of when they compile it.
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    from whoosh import index as whoosh_index
    from whoosh import scoring
    from whoosh.filedb.filestore import RamStorage
    from whoosh.writing import MERGE_SMALL

    from .schema import FORMAT, make_schema, row
    from .segments import Kept

__all__ = ["Index"]

_MEMORY_MB: Final = 64
_LARGE: Final = 2_000
"""Documents of a segment that is kept in several files."""
_FLOWING_S: Final = 0.25
"""Changes that follow each other so closely flow."""
_SEGMENTS: Final = 30
"""Segments that are searched one after another until they are merged."""
_KEPT: Final = 4
"""Searchers that are kept open between searches."""
_NAME: Final = "index-"


class Index:
    """One index.

    Args:
        place: Its directory; ``None`` keeps it in memory.
    """

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._writing = Lock(place / "write.lock" if place else None, "the index is being written to")
        self._rebuilding = Lock(place / "rebuild.lock" if place else None, "the index is being built already")
        self._guard = threading.Lock()
        empty = Position(format=FORMAT), None
        self._position, self._stamp = read_position(place, FORMAT) if place else empty
        self._open: Any = None
        self._idle: list[Any] = []
        self._turn = 0
        self._kept = Kept()
        self._written = -math.inf
        self._builds: dict[str, tuple[Any, Any, Path | None]] = {}

    @property
    def position(self) -> Position:
        """What answers now."""
        return self._now()

    def state(self) -> SearchIndexState:
        """How far it is."""
        return self._now().state(rebuilding=bool(self._builds) or self._rebuilding.taken)

    @contextmanager
    def searcher(self) -> Iterator[Any]:
        """A searcher of what is there now; ``None`` for an index that is empty yet.

        Raises:
            RefusalError: rule ``search.damaged``.
        """
        position = self._now()
        if not position.directory:
            yield None
            return
        with self._guard:
            turn, found = self._turn, self._idle.pop() if self._idle else None
        if found is None:
            found = self._opened(position)[1]
        try:
            yield found
        finally:
            with self._guard:
                keep = turn == self._turn and len(self._idle) < _KEPT
                if keep:
                    self._idle.append(found)
            if not keep:
                found.close()

    def write(
        self, changes: dict[str, FlatDocument | None], after: int, sequence: int, mark: str
    ) -> SearchIndexState:
        """Add, replace and remove documents, durably.

        Args:
            changes: The document by id of its artifact; ``None`` removes it.
            after: How far the index has to be.
            sequence: The last change of the store that the index reflects then.
            mark: Recognises it.

        Raises:
            RefusalError: rule ``search.moved`` or ``search.damaged``.
        """
        with self._writing.held():
            position = self._now()
            if position.sequence != after:
                raise moved(position.sequence, after)
            if not position.directory:
                opened, directory = self._create()
                position = Position(directory.name if directory else _NAME, format=FORMAT)
                searcher = self._searcher_of(opened)
            else:
                opened, searcher = self._opened(position)
            try:
                if changes:
                    flowing = time.monotonic() - self._written < _FLOWING_S
                    _write(opened, searcher, changes, self._directory(position), flowing=flowing)
            finally:
                searcher.close()
            fresh = self._searcher_of(opened)
            position = dataclasses.replace(
                position,
                documents=fresh.doc_count(),
                sequence=sequence,
                mark=mark,
                updated_at_us=now_us(),
            )
            self._take(position, opened)
            with self._guard:
                self._idle.append(fresh)
            self._written = time.monotonic()
        return self.state()

    def begin(self) -> str:
        """Begin an index beside this one.

        Raises:
            RefusalError: rule ``search.busy``.
        """
        self._rebuilding.take(1.0)  # somebody may be looking whether it is taken
        try:
            self._sweep()
            opened, directory = self._create()
            writer = opened.writer(limitmb=_MEMORY_MB, compound=False)
        except BaseException:
            self._rebuilding.give_back()
            raise
        name = directory.name if directory else f"{_NAME}{now_us()}"
        self._builds[name] = opened, writer, directory
        return name

    def add(self, build: str, documents: Iterable[FlatDocument]) -> int:
        """Add documents to one that was begun."""
        writer = self._build(build)[1]
        count = 0
        for count, document in enumerate(documents, 1):  # noqa: B007 - the last one counts
            writer.add_document(**row(document))
        return count

    def end(self, build: str, *, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """Let it take the place of this one, or throw it away."""
        opened, writer, directory = self._build(build)
        del self._builds[build]
        try:
            if keep:
                began = time.time()
                writer.commit(optimize=True)
                if directory is not None:
                    sync_files(directory, began - 3600)
                with self._writing.held():
                    documents = opened.doc_count()
                    self._take(Position(build, documents, sequence, mark, now_us(), FORMAT), opened)
            else:
                writer.cancel()
            self._sweep()
        finally:
            self._rebuilding.give_back()
        return self.state()

    def close(self) -> None:
        """Let go of files, and of what was begun and not ended."""
        for build in list(self._builds):
            with suppress(Exception):
                self.end(build, keep=False, sequence=0, mark="")
        self._forget(None)

    def _build(self, name: str) -> tuple[Any, Any, Path | None]:
        if name not in self._builds:
            raise build_missing(name)
        return self._builds[name]

    def _now(self) -> Position:
        """The position, read again when another process has written it."""
        if self._place is not None and stamp(self._place) != self._stamp:
            position, seen = read_position(self._place, FORMAT)
            with self._guard:
                self._position, self._stamp = position, seen
            self._forget(None)
        return self._position

    def _take(self, position: Position, opened: Any) -> None:
        """Let an index answer from now on."""
        if self._place is not None:
            write_position(self._place, position)
            with self._guard:
                self._stamp = stamp(self._place)
        with self._guard:
            self._position = position
        self._forget(opened)

    def _forget(self, opened: Any) -> None:
        with self._guard:
            idle, self._idle, self._open = self._idle, [], opened
            self._turn += 1  # what was taken before belongs to the past
        for each in idle:
            each.close()

    def _searcher_of(self, opened: Any) -> Any:
        """A new searcher of an index that is open."""
        found = opened.searcher(weighting=scoring.BM25F())
        self._kept.attach(found)
        return found

    def _opened(self, position: Position) -> tuple[Any, Any]:
        """The index and a searcher of it.

        Raises:
            RefusalError: rule ``search.damaged``.
        """
        try:
            with self._guard:
                opened, turn = self._open, self._turn
            if opened is None:
                opened = whoosh_index.open_dir(str(self._directory(position)))
                with self._guard:
                    if turn == self._turn:
                        self._open = opened
            return opened, self._searcher_of(opened)
        except Exception as error:
            raise damaged(f"{type(error).__name__}: {error}") from error

    def _directory(self, position: Position) -> Path | None:
        return self._place / position.directory if self._place else None

    def _create(self) -> tuple[Any, Path | None]:
        """An empty index in a directory of its own."""
        if self._place is None:
            return _Memory().create_index(make_schema()), None
        directory = self._place / f"{_NAME}{now_us()}"
        directory.mkdir(mode=0o700, parents=True)
        return whoosh_index.create_in(str(directory), make_schema()), directory

    def _sweep(self) -> None:
        """Remove directories of indexes that answer no more, or whose building was interrupted."""
        if self._place is None:
            return
        current = self._now().directory
        for directory in self._place.glob(f"{_NAME}*"):
            if directory.name != current and directory.name not in self._builds:
                shutil.rmtree(directory, ignore_errors=True)


class _Memory(RamStorage):  # type: ignore[misc]  # whoosh has no types
    """Whoosh's own sorts in a directory of one name for all processes of the machine, and removes it."""

    def temp_storage(self, name: str | None = None) -> Any:
        """Where large runs are sorted."""
        return _Memory()

    def destroy(self) -> None:
        """Take it away; memory goes by itself."""


def _write(
    opened: Any,
    searcher: Any,
    changes: dict[str, FlatDocument | None],
    directory: Path | None,
    *,
    flowing: bool,
) -> None:
    """Change documents; the searcher, of the index as it is, says where they are.

    While changes flow, segments are merged seldom: who waits for what was just created waits for that, too.
    """
    began = time.time()
    writer = opened.writer(limitmb=_MEMORY_MB)
    try:
        for artifact_id, document in changes.items():
            number = searcher.document_number(id=artifact_id)
            if number is not None:
                writer.delete_document(number)
            if document is not None:
                writer.add_document(**row(document))
        keep = flowing and len(searcher.leaf_searchers()) < _SEGMENTS
        writer.commit(mergetype=_kept if keep else _merged)
    except BaseException:
        if not writer.is_closed:
            writer.cancel()
        raise
    if directory is not None:
        sync_files(directory, began)


def _kept(writer: Any, segments: list[Any]) -> list[Any]:
    """Leave segments as they are."""
    writer.compound = writer.doc_count() < _LARGE
    return segments


def _merged(writer: Any, segments: list[Any]) -> list[Any]:
    """Whoosh's own choice of segments to merge. What becomes small is kept in one file, to be safe on disk at
    once; of a large one whoosh would copy the whole file into memory whenever it is opened.
    """  # noqa: D205 - two reasons
    kept: list[Any] = MERGE_SMALL(writer, segments)
    writer.compound = writer.doc_count() < _LARGE
    return kept
