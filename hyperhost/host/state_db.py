"""The file ``state.db``: one SQLite database shared by threads and processes.

peewee owns the connections; statements are run as text, because they are few and on hot paths.
Each thread has its own connection. Write transactions begin with ``BEGIN IMMEDIATE``, so that two
writers queue instead of failing, and are on the disk when they are acknowledged
(write-ahead log, ``synchronous=FULL``).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from hyperhost.errors import HomeError

__all__ = ["Run", "StateDatabase"]

_VERSION: Final = 2
_OPEN_WAIT_S: Final = 10.0
_CALLS: Final = (
    """CREATE TABLE call_outcome (plugin TEXT, version TEXT, hook TEXT, outcome TEXT, calls INTEGER NOT NULL,
       total_ms REAL NOT NULL, min_ms REAL NOT NULL, max_ms REAL NOT NULL, last_ns INTEGER NOT NULL,
       PRIMARY KEY (plugin, version, hook, outcome)) WITHOUT ROWID""",
    """CREATE TABLE call_bucket (plugin TEXT, version TEXT, hook TEXT, bucket INTEGER,
       calls INTEGER NOT NULL, PRIMARY KEY (plugin, version, hook, bucket)) WITHOUT ROWID""",
    """CREATE TABLE call_mark (plugin TEXT, version TEXT, hook TEXT, what TEXT, item, calls INTEGER NOT NULL,
       last_ns INTEGER NOT NULL, PRIMARY KEY (plugin, version, hook, what, item)) WITHOUT ROWID""",
)
_SCHEMA: Final = (
    """CREATE TABLE kv (store TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
       owner TEXT NOT NULL, PRIMARY KEY (store, key))""",
    "CREATE TABLE kv_usage (owner TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE log (id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, plugin TEXT NOT NULL,
       hook TEXT NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL, size INTEGER NOT NULL)""",
    "CREATE INDEX log_plugin ON log (plugin, id, size)",
    """CREATE TABLE fault (id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, plugin TEXT NOT NULL,
       hook TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, version TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX fault_plugin ON fault (plugin, id)",
    *_CALLS,
)
_FROM_1: Final = (
    # Layout 1 did not tell versions apart; what it counted belongs to the version ''.
    "ALTER TABLE fault ADD COLUMN version TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE call_outcome RENAME TO old_outcome",
    "ALTER TABLE call_bucket RENAME TO old_bucket",
    *_CALLS,
    "INSERT INTO call_outcome SELECT plugin, '', hook, outcome, calls, total_ms, min_ms, max_ms, last_ns"
    " FROM old_outcome",
    "INSERT INTO call_bucket SELECT plugin, '', hook, bucket, calls FROM old_bucket",
    "DROP TABLE old_outcome",
    "DROP TABLE old_bucket",
)


class Run(Protocol):
    """Runs one statement and returns its cursor."""

    def __call__(self, sql: str, params: Sequence[object] = (), /) -> Any:
        """Run ``sql``."""
        ...


class StateDatabase:
    """An open ``state.db``. Safe to use from several threads; every process opens its own.

    Args:
        path: The file; created, readable by its owner only, when missing.

    Raises:
        HomeError: the file is no such database, comes from a newer HyperHost, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        from hyperhost.host.lean import import_without

        # Where psycopg is installed peewee imports it, too, which takes longer than all the rest.
        peewee = import_without("peewee", "psycopg", "psycopg2")
        self.path = path
        self._pid = os.getpid()
        self._closed = False
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, Any] = {}
        self._failure: type[Exception] = peewee.PeeweeException
        self._database: Any = peewee.SqliteDatabase(
            str(path),
            pragmas={"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1},
            timeout=_OPEN_WAIT_S,
            # Connections of threads that ended are closed by others.
            check_same_thread=False,
        )
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise self._error(error.strerror or str(error)) from error
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def read(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement.

        Raises:
            HomeError: the database cannot be read.
        """
        try:
            rows: list[tuple[Any, ...]] = self._connected().execute_sql(sql, params).fetchall()
        except self._failure as error:
            raise self._error(str(error)) from error
        return rows

    @contextmanager
    def writing(self, wait_s: float = 5.0) -> Iterator[Run]:
        """A write transaction: committed, and on the disk, when the block ends; undone when it raises.

        Args:
            wait_s: Seconds to wait for other writers.

        Raises:
            HomeError: another writer kept the database that long, or it cannot be written.
        """
        database = self._connected()
        try:
            database.execute_sql(f"PRAGMA busy_timeout = {max(1, int(wait_s * 1000))}")
            with database.transaction("IMMEDIATE"):
                yield database.execute_sql
        except self._failure as error:
            raise self._error(str(error)) from error

    def close(self) -> None:
        """Close the connections of all threads. Nothing may be using them. Closing twice is harmless."""
        with self._lock:
            self._closed = True
            connections = list(self._connections.values())
            self._connections.clear()
        if os.getpid() == self._pid:
            for connection in connections:
                connection.close()

    def _connected(self) -> Any:
        database = self._database
        if self._closed:
            raise HomeError(f"{self.path} was closed", hint="the host has ended; open a new one")
        if os.getpid() != self._pid:
            # SQLite connections must not cross a fork: both processes would believe they hold the locks.
            raise HomeError(
                f"{self.path} was opened before a fork", hint="open the Host in the child process"
            )
        if database.is_closed():
            self._connect()
        return database

    def _connect(self) -> None:
        give_up = time.monotonic() + _OPEN_WAIT_S
        while True:
            try:
                self._database.connect()
                break
            except self._failure as error:
                # Going over to the write-ahead log does not wait for other processes by itself.
                if "locked" not in str(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.01)
        with self._lock:
            for thread in [thread for thread in self._connections if not thread.is_alive()]:
                self._connections.pop(thread).close()
            self._connections[threading.current_thread()] = self._database.connection()

    def _prepare(self) -> None:
        version = self._version()
        if version < _VERSION:
            with self.writing(_OPEN_WAIT_S) as run:
                version = self._version()  # another process may have been faster
                if version < _VERSION:
                    for statement in _FROM_1 if version == 1 else _SCHEMA:
                        run(statement)
                    run(f"PRAGMA user_version = {_VERSION}")
                    version = _VERSION
        if version > _VERSION:
            raise HomeError(
                f"{self.path} was written by a newer HyperHost (layout {version}, this one knows {_VERSION})",
                hint="upgrade HyperHost: pip install --upgrade hyperhost",
            )

    def _version(self) -> int:
        return int(self.read("PRAGMA user_version")[0][0])

    def _error(self, reason: str) -> HomeError:
        if "locked" in reason:
            hint = "another process is writing to it; try again, or stop that process"
        elif "not a database" in reason or "malformed" in reason:
            hint = f"restore it from a backup, or move {self.path.name} away; stored plugin data is in it"
        else:
            hint = "check that the directory exists, is writable and has room"
        return HomeError(f"{self.path}: {reason}", hint=hint)
