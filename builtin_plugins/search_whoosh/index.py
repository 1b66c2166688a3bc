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
    from whoosh import scoring
    from whoosh.index import FileIndex
    from whoosh.searching import Searcher

    from .schema import FORMAT, make_schema, row
    from .segments import Kept, close_readers, read_again
    from .writing import MEMORY_MB, Directory, Memory, write

__all__ = ["Index"]

_FLOWING_S: Final = 0.25
"""Changes that follow each other so closely flow."""
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
        self._idle: list[tuple[int, Any]] = []
        self._synced: set[str] = set()
        self._turn = 0
        self._kept = Kept()
        self._written = -math.inf
        self._builds: dict[str, tuple[Any, Any, Path | None]] = {}

    @property
    def position(self) -> Position:
        """What answers now."""
        return self._now()

    def is_still(self, position: Position) -> bool:
        """Whether this answers even when whoever writes has finished: files that it merged go away before."""
        with self._writing.held():
            return self._now() == position

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
        turn, found = self._borrowed(position)
        try:
            yield found
        finally:
            self._give_back(turn, found)

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
                searcher = self._borrowed(position, latest=True)[1]
                opened = searcher._ix
            try:
                if changes:
                    flowing = time.monotonic() - self._written < _FLOWING_S
                    write(opened, searcher, changes, flowing=flowing)
                    self._sync(self._directory(position))
                    searcher = self._searcher_of(opened, searcher)
                position = dataclasses.replace(
                    position,
                    documents=searcher.doc_count(),
                    sequence=sequence,
                    mark=mark,
                    updated_at_us=now_us(),
                )
                self._take(position, opened)
            except BaseException:
                close_readers(searcher)
                raise
            self._give_back(self._turn, searcher)
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
            writer = opened.writer(limitmb=MEMORY_MB, compound=False)
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
                writer.commit(optimize=True)
                if directory is not None:
                    sync_files(directory, set())
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
        with self._guard:
            idle, self._idle, self._open = self._idle, [], None
            self._turn += 1
        for _, each in idle:
            close_readers(each)

    def _build(self, name: str) -> tuple[Any, Any, Path | None]:
        if name not in self._builds:
            raise build_missing(name)
        return self._builds[name]

    def _now(self) -> Position:
        """The position, read again when another process has written it."""
        if self._place is not None and stamp(self._place) != self._stamp:
            position, seen = read_position(self._place, FORMAT)
            with self._guard:
                self._stamp = seen
            self._stand_at(position, None)
        return self._position

    def _take(self, position: Position, opened: Any) -> None:
        """Let an index answer from now on."""
        if self._place is not None:
            write_position(self._place, position)
            with self._guard:
                self._stamp = stamp(self._place)
        self._stand_at(position, opened)

    def _stand_at(self, position: Position, opened: Any) -> None:
        """Let what was opened before belong to the past; one searcher is worth bringing up to date."""
        with self._guard:
            same = position.directory == self._position.directory
            idle, self._idle = self._idle, self._idle[-1:] if same else []
            self._open = opened or (self._open if same else None)
            self._synced = self._synced if same else set()
            self._position = position
            self._turn += 1
        for each in idle if not same else idle[:-1]:
            close_readers(each[1])

    def _borrowed(self, position: Position, *, latest: bool = False) -> tuple[int, Any]:
        """A searcher of the index as it is now, and when that is.

        Args:
            position: Where it is.
            latest: Look at what was written even if the position does not say so: a process that was killed
                may have written it.

        Raises:
            RefusalError: rule ``search.damaged``.
        """
        with self._guard:
            turn, opened = self._turn, self._open
            made, found = self._idle.pop() if self._idle else (-1, None)
        if made == turn and not latest:
            return turn, found
        try:
            if opened is None:
                opened = FileIndex(Directory(str(self._directory(position))), make_schema())
                with self._guard:
                    if turn == self._turn:
                        self._open = opened
            return turn, self._searcher_of(opened, found)
        except Exception as error:
            raise damaged(f"{type(error).__name__}: {error}") from error

    def _give_back(self, turn: int, searcher: Any) -> None:
        """Keep a searcher for the next search, if it is of the present."""
        with self._guard:
            keep = turn == self._turn and len(self._idle) < _KEPT
            if keep:
                self._idle.append((turn, searcher))
        if not keep:
            close_readers(searcher)

    def _searcher_of(self, opened: Any, old: Any = None) -> Any:
        """A new searcher of an index that is open; an old one that nobody uses gives what it has read."""
        found = Searcher(read_again(opened, old), weighting=scoring.BM25F(), fromindex=opened)
        self._kept.attach(found)
        return found

    def _sync(self, directory: Path | None) -> None:
        """Bring what was written onto the disk."""
        if directory is not None:
            self._synced = sync_files(directory, self._synced)

    def _directory(self, position: Position) -> Path | None:
        return self._place / position.directory if self._place else None

    def _create(self) -> tuple[Any, Path | None]:
        """An empty index in a directory of its own."""
        if self._place is None:
            return Memory().create_index(make_schema()), None
        directory = self._place / f"{_NAME}{now_us()}"
        directory.mkdir(mode=0o700, parents=True)
        return FileIndex.create(Directory(str(directory)), make_schema()), directory

    def _sweep(self) -> None:
        """Remove directories of indexes that answer no more, or whose building was interrupted."""
        if self._place is None:
            return
        current = self._now().directory
        for directory in self._place.glob(f"{_NAME}*"):
            if directory.name != current and directory.name not in self._builds:
                shutil.rmtree(directory, ignore_errors=True)
