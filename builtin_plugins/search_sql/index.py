"""Which database answers, and how another one takes its place.

Each index is a file of its own, and a small file names the one that answers. A rebuild fills another file and
changes the name; what reads the old one goes on until it is done. How far an index is stands in its own
database, written in the transaction of the documents.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from hyperhost.contracts import SearchIndexState
from hyperhost.errors import RefusalError
from hyperhost.query import FlatDocument

from .database import Database, complete, make
from .failures import moved, refusing
from .schema import changed, check, finish, insert, known, read_state, write_state
from .tables import OwnTables, Tables

__all__ = ["Index"]

_CURRENT: Final = "current"
_LOCK: Final = "rebuild.lock"
_NAME: Final = re.compile(r"index-\d{1,30}\.db", re.ASCII)
_WAIT_S: Final = 1.0
_STEP_S: Final = 0.01

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Build:
    connection: Any
    file: Path | None
    lock: int


class Index:
    """One index.

    Args:
        place: Its directory; ``None`` keeps it in memory.
    """

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self._guard = threading.Lock()
        self._builds: dict[str, _Build] = {}
        self._building = threading.Lock()
        self._database: Database | None = None
        self._stamp: object = None

    @property
    def database(self) -> Database | None:
        """What answers now; ``None`` for an index that is empty yet."""
        if self._place is None:
            return self._database
        with self._guard:
            seen = _stamp(self._place / _CURRENT)
            if seen != self._stamp:
                old, self._stamp = self._database, seen
                self._database = _named(self._place)
                if old is not None:
                    old.close()
            return self._database

    def read(self, ask: Callable[[Tables | None], Answer]) -> Answer:
        """What a function reads off one state of the index; it is given ``None`` for one that is empty yet.

        Raises:
            RefusalError: rule ``search.damaged`` or ``search.busy``.
        """
        return self._asked(ask, write=False)

    def state(self) -> SearchIndexState:
        """How far it is; one that cannot be read is nowhere."""
        rebuilding = self._rebuilding
        nowhere = (0, 0, "", 0)
        try:
            found = self.read(lambda tables: read_state(tables) if tables else nowhere)
        except RefusalError as refusal:
            if refusal.rule != "search.damaged":
                raise
            found = nowhere
        documents, sequence, mark, updated = found
        return SearchIndexState(documents, sequence, updated, rebuilding, mark)

    def count(self, ids: list[str]) -> int:
        """How many of some artifacts are indexed."""
        if not ids:
            return 0
        return self.read(lambda tables: known(tables, ids) if tables else 0)

    def write(
        self, changes: dict[str, FlatDocument | None], after: int, sequence: int, mark: str
    ) -> SearchIndexState:
        """Add, replace and remove documents.

        Args:
            changes: The document by id of its artifact; ``None`` removes it.
            after: How far the index has to be.
            sequence: The last change of the store that the index reflects then.
            mark: Recognises it.

        Raises:
            RefusalError: rule ``search.moved``, ``search.damaged`` or ``search.busy``.
        """
        if self.database is None:
            file = self._new_file()
            connection = make(file)
            finish(OwnTables(connection))
            self._take(complete(connection, file))

        def change(tables: Tables | None) -> SearchIndexState:
            documents, reached = read_state(tables)[:2] if tables is not None else (0, 0)
            if reached != after or tables is None:
                raise moved(f"the index is at change {reached}, not at {after}")
            found = changed(tables, changes, documents, sequence, mark)
            return replace(found, rebuilding=self._rebuilding)

        return self._asked(change, write=True)

    def begin(self) -> str:
        """Begin an index beside this one.

        Raises:
            RefusalError: rule ``search.busy``.
        """
        lock = self._locked()
        try:
            self._sweep()
            file = self._new_file()
            build = _Build(make(file), file, lock)
        except BaseException:
            self._unlock(lock)
            raise
        name = file.name if file is not None else f"index-{time.time_ns()}.db"
        self._builds[name] = build
        return name

    def add(self, name: str, documents: Iterable[FlatDocument]) -> int:
        """Add documents to one that was begun."""
        with refusing():
            return insert(OwnTables(self._build(name).connection), documents, terms=False)

    def end(self, name: str, *, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """Let it take the place of this one, or throw it away."""
        build = self._build(name)
        try:
            if keep:
                tables = OwnTables(build.connection)
                write_state(tables, finish(tables), sequence, mark)
                self._take(complete(build.connection, build.file))
            else:
                build.connection.close()
        finally:
            del self._builds[name]
            self._sweep()
            self._unlock(build.lock)
        return self.state()

    def close(self) -> None:
        """Let go of files, and of what was begun and not ended."""
        for name in list(self._builds):
            with suppress(Exception):
                self.end(name, keep=False, sequence=0, mark="")
        with self._guard:
            database, self._database, self._stamp = self._database, None, None
        if database is not None:
            database.close()

    def _asked(self, ask: Callable[[Tables | None], Answer], *, write: bool) -> Answer:
        """What a function answers in a transaction of the index that is there."""
        while True:
            database = self.database
            if database is None:
                return ask(None)
            try:
                with database.writing() if write else database.reading() as connection:
                    tables = OwnTables(connection)
                    if not database.checked:
                        check(tables)
                        database.checked = True
                    answer = ask(tables)
            except RefusalError as refusal:
                # It goes away when a rebuild of another thread or process has taken its place.
                if refusal.rule != "search.damaged" or self.database is database:
                    raise
            else:
                if write and self.database is not database:
                    raise moved("another index has taken the place of the one that was written to")
                return answer

    def _build(self, name: str) -> _Build:
        if name not in self._builds:
            raise RefusalError(f"there is no index {name[:80]!r} being built", "search.rebuild")
        return self._builds[name]

    def _new_file(self) -> Path | None:
        if self._place is None:
            return None
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._place / f"index-{time.time_ns()}.db"

    def _take(self, database: Database) -> None:
        """Let an index answer from now on."""
        if self._place is not None and database.file is not None:
            _point(self._place, database.file.name)
            return
        with self._guard:
            old, self._database = self._database, database
        if old is not None:
            old.close()

    def _sweep(self) -> None:
        """Remove files of indexes that answer no more, or whose building was interrupted."""
        if self._place is None:
            return
        current = self.database
        kept = {*self._builds, current.file.name if current is not None and current.file is not None else ""}
        for file in self._place.glob("index-*.db*"):
            if file.name.partition(".db")[0] + ".db" not in kept:
                file.unlink(missing_ok=True)

    def _locked(self) -> int:
        """Be the only one who builds: of all threads, and of all processes where the index is on disk."""
        busy = RefusalError("the index is being built already", "search.busy", hint="try again later")
        if not self._building.acquire(timeout=_WAIT_S):
            raise busy
        descriptor = -1
        try:
            if self._place is None:
                return descriptor
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            end = time.monotonic() + _WAIT_S
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:  # or somebody only looks whether it is taken
                    if time.monotonic() >= end:
                        raise busy from None
                    time.sleep(_STEP_S)
                else:
                    return descriptor
        except BaseException:
            self._unlock(descriptor)
            raise

    def _unlock(self, descriptor: int) -> None:
        if descriptor >= 0:
            os.close(descriptor)
        self._building.release()

    @property
    def _rebuilding(self) -> bool:
        return self._building.locked() or self._is_built()

    def _is_built(self) -> bool:
        """Whether another process builds one."""
        if self._place is None:
            return False
        try:
            descriptor = os.open(self._place / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _named(place: Path) -> Database | None:
    """The index that the file names; what cannot be read names none."""
    try:
        name = (place / _CURRENT).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return Database(place / name) if _NAME.fullmatch(name) and (place / name).is_file() else None


def _point(place: Path, name: str) -> None:
    """Name another index, durably and as a whole."""
    draft = place / f"{_CURRENT}.{os.getpid()}.{threading.get_ident()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, name.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(place / _CURRENT)


def _stamp(file: Path) -> object:
    try:
        info = file.stat()
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns
