"""SQLite: one file, a connection for each thread, write-ahead log, on the disk when acknowledged."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from hyperhost.errors import RefusalError

from .database import Database, Row
from .marker import Marker
from .scopes import Delta, Scope

__all__ = ["SqliteDatabase"]

_CACHE_KIB: Final = 32 * 1024
_LOG_BYTES: Final = 64 * 1024 * 1024
"""To what the write-ahead log is cut back after a large unit."""
_NO_PLACE: Final = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
_ADD: Final = (
    "INSERT INTO scope (sort, name, value, artifacts, direct, content_bytes) VALUES %s "
    "ON CONFLICT (sort, name, value) DO UPDATE SET artifacts = artifacts + excluded.artifacts, "
    "direct = direct + excluded.direct, content_bytes = content_bytes + excluded.content_bytes"
)
_ADD_ROW: Final = "(?, ?, ?, ?, ?, ?)"
_RETURNING: Final = " RETURNING sort, name, value, no"
_RETURNS_SINCE: Final = (3, 35)
"""Version of SQLite that has RETURNING."""
_AT_ONCE: Final = 100
"""Counters in one statement; older SQLite takes 999 values."""
_NUMBER: Final = "SELECT no FROM scope WHERE sort = ? AND name = ? AND value = ?"


class SqliteDatabase(Database):
    """A database file; made, for its owner alone, when it is missing.

    Args:
        path: The file.
        busy_timeout_ms: How long to wait for other writers.
        prepare: As in :class:`Database`.
        marker: Remembers that it was made; without one a missing file is made, whatever was there before.
    """

    dialect = "sqlite"
    param = "?"

    def __init__(
        self,
        path: Path,
        busy_timeout_ms: int,
        prepare: Callable[[Any], object],
        marker: Marker | None = None,
    ) -> None:
        super().__init__(str(path), prepare)
        self._path = path
        self._marker = marker
        self._wait_s = busy_timeout_ms / 1000
        self._connections: dict[threading.Thread, Any] = {}
        self._returns = False

    @property
    def orm(self) -> Any:
        """Peewee without drivers of servers, which take longer to import than all that SQLite needs."""
        import hyperhost

        return hyperhost.import_without("peewee", "psycopg", "psycopg2")

    def open(self) -> None:
        """As in :class:`Database`, and remember that the database is there.

        Raises:
            RefusalError: as in :class:`Database`; ``storage.lost`` when it was there and is not any more.
        """
        super().open()
        if self._marker is not None:
            self._marker.note()

    def _make(self) -> Any:
        if self._marker is not None:
            self._marker.check()
        self._touch()
        outer = self
        base: Any = self.orm.SqliteDatabase

        class Connections(base):  # type: ignore[misc]  # peewee's, not typed
            """Remembers whose connections it opened, so that they can be closed for them."""

            def _connect(self) -> Any:
                connection = outer._patiently(super()._connect)
                outer._remember(connection)
                return connection

        return Connections(
            str(self._path),
            pragmas={
                "journal_mode": "wal",
                "synchronous": "full",
                "foreign_keys": 1,
                "cache_size": -_CACHE_KIB,
                "temp_store": "memory",
                "journal_size_limit": _LOG_BYTES,
            },
            timeout=self._wait_s,
            check_same_thread=False,  # those of threads that ended are closed by others
        )

    def _touch(self) -> None:
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            rule = "storage.full" if error.errno in _NO_PLACE else "storage.unavailable"
            raise RefusalError(
                f"{self.where}: {error.strerror or error}",
                rule,
                hint="check that its directory exists, is writable and has room",
            ) from error

    def _recognise(self) -> None:
        if self._marker is not None and not self.columns_of("schema_migration"):
            self._marker.refuse("holds no tables")

    def _patiently(self, connect: Callable[[], Any]) -> Any:
        import sqlite3

        give_up = time.monotonic() + self._wait_s
        while True:
            try:
                return connect()
            except sqlite3.OperationalError as error:
                # Going over to the write-ahead log does not wait for other processes by itself.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(0.01)

    def _remember(self, connection: Any) -> None:
        for thread in [thread for thread in list(self._connections) if not thread.is_alive()]:
            gone = self._connections.pop(thread, None)
            if gone is not None:
                gone.close()
        self._connections[threading.current_thread()] = connection

    def _begin(self, write: bool) -> None:
        self._peewee.execute_sql("BEGIN IMMEDIATE" if write else "BEGIN")
        if not write:  # the state that is read is fixed by the first reading, so read now
            self._peewee.execute_sql("SELECT 1 FROM schema_migration LIMIT 1").fetchone()

    def _rollback(self) -> None:
        # After some failures, a full disk for one, SQLite has rolled back already.
        if self._peewee.connection().in_transaction:
            self._peewee.execute_sql("ROLLBACK")

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """One process at a time; nothing is kept when the block raises."""
        self._peewee.execute_sql("BEGIN IMMEDIATE")
        try:
            yield
            self._peewee.execute_sql("COMMIT")
        except BaseException:
            self._rollback()
            raise

    def insert_many(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        """Insert rows as one statement run for each."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
        return int(self._peewee.connection().executemany(sql, rows).rowcount)

    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement for each of several rows."""
        self._peewee.connection().executemany(sql, rows)

    def add_to_scopes(self, changes: Mapping[Scope, Delta]) -> dict[Scope, int]:
        """Add to the counters and read the numbers, in one statement where SQLite can."""
        rows = [(*scope, *delta) for scope, delta in changes.items()]
        if not self._returns:
            self.execute_many(_ADD % _ADD_ROW, rows)
            return {scope: self.execute(_NUMBER, scope).fetchone()[0] for scope in changes}
        found: dict[Scope, int] = {}
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            values = [value for row in some for value in row]
            for row in self.execute(_adding(len(some)), values).fetchall():
                found[Scope(*row[:3])] = row[3]
        return found

    def columns_of(self, table: str) -> list[str]:
        """Names of a table's columns."""
        return [row[1] for row in self.execute(f"PRAGMA table_info({table})").fetchall()]

    def _driver(self) -> tuple[type[BaseException], ...]:
        import sqlite3

        self.integrity_errors = (sqlite3.IntegrityError,)
        self._returns = sqlite3.sqlite_version_info >= _RETURNS_SINCE
        return (sqlite3.Error,)

    def _release(self) -> None:
        """A thread keeps its connection."""

    def _dispose(self) -> None:
        connection = self._connections.pop(threading.current_thread(), None)
        if connection is not None:
            connection.close()
        self._peewee.dispose()

    def _close_all(self) -> None:
        while self._connections:
            self._connections.popitem()[1].close()


@cache
def _adding(count: int) -> str:
    return _ADD % ", ".join([_ADD_ROW] * count) + _RETURNING
