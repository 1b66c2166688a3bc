"""The tantivy index: on disk in a directory, or in memory; written in batches, replaced as a whole.

On disk a small file names the directory that answers and says how far it is; a rebuild makes another one and
changes the name. Any number of processes may read, one writes at a time. Tantivy brings its own files to the
disk with each commit; the small file follows.
"""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import tantivy

from hyperhost.contracts import SearchIndexState
from hyperhost.errors import RefusalError
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
    write_position,
)

from .schema import FORMAT, ID, row, schema
from .terms import Terms

__all__ = ["Index", "reading"]

_SMALL: Final = 20_000_000
"""Bytes that a writer of a few changes may use."""
_LARGE: Final = 128_000_000
"""The same of one that fills a whole index."""
_NAME: Final = "index-"
_TOO_MUCH: Final = "An invalid argument was passed: "
"""How tantivy begins to say that a query has grown beyond one of its limits."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Now:
    """One state of the index: what answers, until another takes its place."""

    position: Position
    opened: Any = None
    searcher: Any = None
    terms: Terms | None = None


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
        self._stamp: object = None
        self._now = _Now(Position(format=FORMAT))
        self._builds: dict[str, tuple[Any, Any]] = {}

    @property
    def position(self) -> Position:
        """What answers now."""
        return self._current().position

    def state(self) -> SearchIndexState:
        """How far it is."""
        return self.position.state(rebuilding=bool(self._builds) or self._rebuilding.taken)

    def searcher(self) -> tuple[Any, Terms | None, Position]:
        """A searcher of what is there now, and its words; ``None`` for an index that is empty yet.

        Any number of threads may use it at a time, and it sees one state of the index.

        Raises:
            RefusalError: rule ``search.damaged``.
        """
        now = self._current()
        if now.searcher is None and now.position.directory:
            now = self._opened(now)
        return now.searcher, now.terms, now.position

    def count(self, ids: list[str]) -> int:
        """How many of some artifacts are indexed.

        Raises:
            RefusalError: rule ``search.damaged``.
        """
        searcher, _, _ = self.searcher()
        if searcher is None or not ids:
            return 0
        with reading():
            found: int = searcher.search(tantivy.Query.term_set_query(schema(), ID, ids), 1).count
            return found

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
            now = self._current()
            position = now.position
            if position.sequence != after:
                raise moved(position.sequence, after)
            if not position.directory:
                name, opened = self._create()
                position = dataclasses.replace(position, directory=name)
            else:
                opened = (now if now.opened is not None else self._opened(now)).opened
            with reading():
                if changes:
                    _write(opened, changes)
                opened.reload()
                documents = opened.searcher().num_docs
            self._take(Position(position.directory, documents, sequence, mark, now_us(), FORMAT), opened)
        return self.state()

    def begin(self) -> str:
        """Begin an index beside this one.

        Raises:
            RefusalError: rule ``search.busy``.
        """
        self._rebuilding.take(1.0)  # somebody may be looking whether it is taken
        try:
            self._sweep()
            name, opened = self._create()
            # One thread makes one segment of it, and keeps up with what gives it the documents.
            writer = opened.writer(_LARGE, 1)
        except BaseException:
            self._rebuilding.give_back()
            raise
        self._builds[name] = opened, writer
        return name

    def add(self, build: str, documents: Iterable[FlatDocument]) -> int:
        """Add documents to one that was begun."""
        writer = self._build(build)[1]
        count = 0
        for count, document in enumerate(documents, 1):  # noqa: B007 - the last one counts
            writer.add_document(row(document))
        return count

    def end(self, build: str, *, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """Let it take the place of this one, or throw it away."""
        opened, writer = self._build(build)
        del self._builds[build]
        try:
            try:
                if keep:
                    writer.commit()
            finally:
                writer.wait_merging_threads()
            if keep:
                opened.reload()
                documents = opened.searcher().num_docs
                with self._writing.held():
                    self._take(Position(build, documents, sequence, mark, now_us(), FORMAT), opened)
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
            self._now = _Now(self._now.position)
            self._stamp = None

    def _build(self, name: str) -> tuple[Any, Any]:
        if name not in self._builds:
            raise build_missing(name)
        return self._builds[name]

    def _current(self) -> _Now:
        """What answers, looked at again when another process has written."""
        if self._place is None:
            return self._now
        with self._guard:
            if stamp(self._place) != self._stamp:
                position, self._stamp = read_position(self._place, FORMAT)
                opened = self._now.opened if position.directory == self._now.position.directory else None
                self._now = _Now(position, opened)
            return self._now

    def _opened(self, now: _Now) -> _Now:
        """The same, open.

        Raises:
            RefusalError: rule ``search.damaged``.
        """
        with reading():
            opened = now.opened
            if opened is None:
                assert self._place is not None
                # Never made here: what is missing was taken away, and another one is empty.
                opened = tantivy.Index.open(str(self._place / now.position.directory))
                opened.config_reader("manual")
            opened.reload()
            searcher = opened.searcher()
        found = _Now(now.position, opened, searcher, Terms(searcher))
        with self._guard:
            if self._now is now:
                self._now = found
        return found

    def _take(self, position: Position, opened: Any) -> None:
        """Let an index answer from now on."""
        searcher = opened.searcher()
        now = _Now(position, opened, searcher, Terms(searcher))
        with self._guard:
            if self._place is not None:
                write_position(self._place, position)
                self._stamp = stamp(self._place)
            self._now = now

    def _create(self) -> tuple[str, Any]:
        """An empty index in a directory of its own."""
        name = f"{_NAME}{now_us()}"
        if self._place is None:
            opened = tantivy.Index(schema())
        else:
            directory = self._place / name
            directory.mkdir(mode=0o700, parents=True)
            opened = tantivy.Index(schema(), path=str(directory))
        opened.config_reader("manual")
        return name, opened

    def _sweep(self) -> None:
        """Remove directories of indexes that answer no more, or whose building was interrupted."""
        if self._place is None:
            return
        current = self.position.directory
        for directory in self._place.glob(f"{_NAME}*"):
            if directory.name != current and directory.name not in self._builds:
                shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def reading() -> Iterator[None]:
    """Whatever fails for a block lies in the files of the index, or is too much for tantivy.

    Raises:
        RefusalError: rule ``search.damaged``, or ``search.syntax`` for a query that it cannot answer.
    """
    try:
        yield
    except RefusalError:
        raise
    except Exception as error:
        if str(error).startswith(_TOO_MUCH):
            raise RefusalError(
                f"this is too much for the search engine: {str(error).removeprefix(_TOO_MUCH)}",
                "search.syntax",
                hint="ask for less, or for more letters of a word",
            ) from error
        raise damaged(f"{type(error).__name__}: {error}") from error
    except BaseException as error:
        # What tantivy takes for impossible ends as a panic, which Python is told as no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise damaged(str(error)) from None


def _write(opened: Any, changes: dict[str, FlatDocument | None]) -> None:
    """Change documents; all of them are there afterwards, or none."""
    writer = opened.writer(_SMALL, 1)
    try:
        for artifact_id, document in changes.items():
            writer.delete_documents_by_term(ID, artifact_id)
            if document is not None:
                writer.add_document(row(document))
        writer.commit()
    finally:
        writer.wait_merging_threads()  # and gives back its lock
