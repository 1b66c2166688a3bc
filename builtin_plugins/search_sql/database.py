"""One index: a file of SQLite that any number of threads and processes use, or one in memory."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from .failures import damaged, refusing
from .schema import FORMAT, create
from .tables import OwnTables

__all__ = ["Database", "make"]

_WAIT_S: Final = 30.0
_KEPT: Final = 4
"""Connections that are kept open between searches."""
_CACHE_KIB: Final = 32 * 1024


class Database:
    """An index that is there.

    Args:
        file: Its file; ``None`` for one in memory.
        only: The connection that one in memory consists of; its users take turns.

    Attributes:
        checked: Its tables were seen to be complete.
    """

    def __init__(self, file: Path | None, only: sqlite3.Connection | None = None) -> None:
        self.file = file
        self._only = only
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self.checked = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the index for a block.

        Raises:
            RefusalError: rule ``search.damaged`` or ``search.busy``.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection that writes what a block does as a whole, or nothing of it.

        Raises:
            RefusalError: rule ``search.damaged`` or ``search.busy``.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def close(self) -> None:
        """Close connections; those in use when they are given back."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()
        if self._only is not None:
            with self._turn:
                self._only.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with refusing(), self._connection() as connection:
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._only is not None:
            with self._turn:
                if self._closed:
                    raise damaged("another one has taken its place")
                yield self._only
            return
        with self._guard:
            found = self._idle.pop() if self._idle else None
        if found is None:
            found = self._opened()
        keep = False
        try:
            yield found
            keep = True
        finally:
            with self._guard:
                keep = keep and not self._closed and len(self._idle) < _KEPT
                if keep:
                    self._idle.append(found)
            if not keep:
                found.close()

    def _opened(self) -> sqlite3.Connection:
        assert self.file is not None
        # Never made here: a file that is missing was taken away by a rebuild.
        connection = _connect(f"{self.file.resolve().as_uri()}?mode=rw")
        try:
            connection.execute("PRAGMA synchronous = normal")  # what a crash takes is indexed again
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found != FORMAT:
                raise damaged(f"its format is {found}, not {FORMAT}")
        except BaseException:
            connection.close()
            raise
        return connection


def make(file: Path | None) -> sqlite3.Connection:
    """A connection to an empty index, in a transaction that nobody else sees; written without any log.

    Args:
        file: Where; ``None`` for memory.
    """
    if file is None:
        connection = _connect(":memory:")
    else:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        connection = _connect(f"{file.resolve().as_uri()}?mode=rw")
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
    connection.execute("BEGIN")
    create(OwnTables(connection))
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    return connection


def complete(connection: sqlite3.Connection, file: Path | None) -> Database:
    """Make an index of a connection that :func:`make` gave and that was filled; safe on disk."""
    connection.execute("COMMIT")
    if file is None:
        return Database(None, connection)
    connection.execute("PRAGMA journal_mode = wal")
    connection.close()
    for path in (file, file.parent):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return Database(file)


def _connect(where: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        where, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, uri=True
    )
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA temp_store = memory")
    return connection
