"""A database behind units of work: what SQLite and PostgreSQL have in common.

A unit belongs to the thread that began it. Writers exclude each other from the beginning of their
unit on, so that what one of them reads stays true until it ends; readers never wait.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hyperhost.errors import RefusalError

from .failures import is_disconnect, refusal
from .scopes import Delta, Scope

__all__ = ["Database"]

Row = tuple[Any, ...]


class _Unit(threading.local):
    """The unit of work of one thread."""

    depth = 0
    write = False
    undo = False
    failure: RefusalError | None = None


class Database(ABC):
    """An SQL database. Opened by the first use; safe to use from several threads.

    Args:
        where: The database in words that hold no password, for errors.
        prepare: Called once, with the database, when it was opened: brings the schema up to date.

    Attributes:
        dialect: ``sqlite`` or ``postgresql``.
        param: How a parameter is written in a statement.
        integrity_errors: What the driver raises when a row is there already; known once it is open.
    """

    dialect: str
    param: str
    integrity_errors: tuple[type[BaseException], ...] = ()
    failing_statement_ends_unit = False
    """Whether a statement that fails leaves a transaction in which nothing can be done any more."""

    def __init__(self, where: str, prepare: Callable[[Any], object]) -> None:
        self.where = where
        self._prepare = prepare
        self._unit = _Unit()
        self._opening = threading.RLock()
        self._peewee: Any = None
        self._failures: tuple[type[BaseException], ...] = ()
        self._pid = 0
        self._closed = False

    # --- what the two do differently ------------------------------------------------------------

    @property
    @abstractmethod
    def orm(self) -> Any:
        """peewee, which owns models and connections."""

    @abstractmethod
    def _make(self) -> Any:
        """A peewee database, not connected."""

    @abstractmethod
    def _begin(self, write: bool) -> None:
        """Begin a transaction in this thread's connection; a writing one takes the lock of writers."""

    @abstractmethod
    def migrating(self) -> Any:
        """A context in which one process at a time changes the schema, as one transaction."""

    @abstractmethod
    def insert_many(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        """Insert rows; how many were new where that is known, or an integrity error."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement for each of several rows."""

    @abstractmethod
    def add_to_scopes(self, changes: Mapping[Scope, Delta]) -> dict[Scope, int]:
        """Add to the counters of scopes, making those that are missing; their numbers."""

    @abstractmethod
    def columns_of(self, table: str) -> list[str]:
        """Names of a table's columns; empty when there is no such table."""

    def _recognise(self) -> None:  # noqa: B027 - most have nothing to recognise
        """Refuse what was opened when it is not what it was; before the schema is brought up to date."""

    @abstractmethod
    def _release(self) -> None:
        """A statement outside of a unit, or a unit, is over: let go of what it held."""

    @abstractmethod
    def _close_all(self) -> None:
        """Close the connections of all threads."""

    @abstractmethod
    def _dispose(self) -> None:
        """Throw away this thread's connection, which is of no use any more."""

    @property
    def engine(self) -> Any:
        """The peewee database, once it is open."""
        return self._peewee

    @property
    def in_unit(self) -> bool:
        """Whether this thread has begun a unit and not ended it."""
        return self._unit.depth > 0

    @property
    def writes(self) -> bool:
        """Whether the unit of this thread is one that writes."""
        return self._unit.write

    @property
    def failures(self) -> tuple[type[BaseException], ...]:
        """What a statement may raise; known once it is open."""
        return self._failures

    # --- statements -----------------------------------------------------------------------------

    def execute(self, sql: str, params: Sequence[object] = ()) -> Any:
        """Run one statement inside of :meth:`reading` or :meth:`writing`; its cursor."""
        return self._peewee.execute_sql(sql, params)

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        """The first row of a statement that reads, in or outside of a unit."""
        rows = self._read(sql, params, one=True)
        return rows[0] if rows else None

    def all(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a statement that reads, in or outside of a unit."""
        return self._read(sql, params, one=False)

    def _read(self, sql: str, params: Sequence[object], *, one: bool) -> list[Row]:
        inside = self._unit.depth
        if inside and self._unit.failure is not None:
            raise self._unit.failure  # the unit is lost, and what it would read is not what it wrote
        again = not inside
        while True:
            try:
                if self._peewee is None or self._pid != os.getpid() or self._closed:
                    self.open()
                cursor = self._peewee.execute_sql(sql, params)
                if one:
                    row = cursor.fetchone()
                    return [] if row is None else [row]
                rows: list[Row] = cursor.fetchall()
                return rows
            except self._failures as error:
                if again and is_disconnect(error):
                    again = False  # the server was restarted, say; reading twice does no harm
                    self._dispose()
                    continue
                found = refusal(error, self.where)
                if found.rule == "storage.value" and any(map(_unstorable, params)):
                    return []  # what cannot be stored is not there; the driver refused to ask
                if inside:
                    self._unit.failure = found
                raise found from error
            finally:
                if not inside:
                    self._release()

    # --- units ----------------------------------------------------------------------------------

    def begin(self, write: bool) -> bool:
        """Begin a unit; whether it is the outermost one.

        Raises:
            RefusalError: ``storage.busy``, ``storage.unit``, or whatever opening it ends in.
        """
        unit = self._unit
        if unit.depth:
            if write and not unit.write:
                raise RefusalError(
                    "this unit of work only reads",
                    "storage.unit",
                    hint="begin the outermost unit with write=True",
                )
            unit.depth += 1
            return False
        again = True
        while True:
            try:
                if self._peewee is None or self._pid != os.getpid() or self._closed:
                    self.open()
                self._begin(write)
                break
            except self._failures as error:
                if again and is_disconnect(error):
                    again = False
                    self._dispose()
                    continue
                self._abandon()
                raise refusal(error, self.where) from error
        unit.depth, unit.write, unit.undo, unit.failure = 1, write, False, None
        return True

    def end(self, commit: bool) -> bool:
        """End the innermost unit; whether it was the outermost one and is durable now.

        Raises:
            RefusalError: ``storage.unit`` when none was begun; why it cannot be kept.
        """
        unit = self._unit
        if not unit.depth:
            raise RefusalError("no unit of work was begun", "storage.unit", hint="call storage_begin before")
        unit.undo = unit.undo or not commit
        unit.depth -= 1
        if unit.depth:
            return False
        failure, undo, write = unit.failure, unit.undo, unit.write
        unit.write, unit.undo, unit.failure = False, False, None
        if undo or failure is not None:
            self._abandon()
            if failure is not None and not undo:
                raise failure
            return False
        try:
            self._peewee.execute_sql("COMMIT")
        except self._failures as error:
            self._abandon()
            found = refusal(error, self.where)
            if write and is_disconnect(error):
                found.hint = "the server did not say whether the unit was kept; look before you try again"
            raise found from error
        self._release()
        return True

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A unit that writes, or a part of the one that is there.

        A refusal that the block raises says that it changed nothing. After any other failure the
        whole unit is undone, as nobody knows how far the block came.
        """
        self.begin(write=True)
        unit = self._unit
        try:
            if unit.failure is not None:
                raise unit.failure
            yield
        except RefusalError:
            self._leave()
            raise
        except BaseException as error:
            if isinstance(error, self._failures):
                found = refusal(error, self.where)
                unit.failure = unit.failure or found
                self._leave()
                raise found from error
            unit.failure = RefusalError(f"{self.where}: a write was interrupted", "storage.failed")
            self._leave()
            raise
        self.end(commit=True)

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of a unit that writes, or one by itself; undone alone when the block raises.

        Unlike after :meth:`writing`, the unit around it goes on whatever was raised.
        """
        self.begin(write=True)
        unit = self._unit
        try:
            if unit.failure is not None:
                raise unit.failure
            self.execute("SAVEPOINT part")
            try:
                yield
                if self.dialect == "sqlite":
                    # Virtual tables write late; where that fails, it fails here, and not the whole unit.
                    self.execute("SAVEPOINT settled")
                    self.execute("RELEASE SAVEPOINT settled")
            except BaseException:
                self._undo_part()
                raise
            self.execute("RELEASE SAVEPOINT part")
        except BaseException as error:
            self._leave()
            if isinstance(error, self._failures):
                raise refusal(error, self.where) from error
            raise
        self.end(commit=True)

    def _undo_part(self) -> None:
        try:
            self.execute("ROLLBACK TO SAVEPOINT part")
            self.execute("RELEASE SAVEPOINT part")
        except self._failures as error:  # some failures, a full disk for one, have undone everything already
            self._unit.failure = refusal(error, self.where)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A unit that reads, so that several statements see one state; or the one that is there."""
        if self._unit.depth:
            yield
            return
        self.begin(write=False)
        try:
            yield
        finally:
            self.end(commit=False)

    def _leave(self) -> None:
        """End a block of :meth:`writing` that failed; what is around it may go on if it can."""
        unit = self._unit
        if unit.depth == 1:
            self.end(commit=False)
        else:
            unit.depth -= 1

    def _abandon(self) -> None:
        """Roll back whatever this thread's connection has begun."""
        try:
            self._rollback()
        except self._failures:
            self._dispose()  # closing it rolls back, too
        finally:
            self._release()

    def _rollback(self) -> None:
        self._peewee.execute_sql("ROLLBACK")

    # --- life -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and bring the schema up to date. Opening twice is harmless.

        Raises:
            RefusalError: it cannot be reached or opened, or its schema is newer than this program.
        """
        with self._opening:
            if self._closed:
                raise RefusalError(
                    f"{self.where} was closed", "storage.closed", hint="the host has ended; open a new one"
                )
            if self._peewee is not None:
                if self._pid == os.getpid():
                    return
                raise RefusalError(
                    f"{self.where} was opened before a fork",
                    "storage.closed",
                    hint="open the host in the child process",
                )
            # Database files are foreign input: text in them may not decode, numbers not fit.
            self._failures = (self.orm.PeeweeException, UnicodeEncodeError, OverflowError, *self._driver())
            try:
                self._pid = os.getpid()
                self._peewee = self._make()
                self._recognise()
                self._prepare(self)
            except BaseException as error:
                self._close_all()
                self._peewee = None
                if isinstance(error, self._failures):
                    raise refusal(error, self.where) from error
                raise

    def _driver(self) -> tuple[type[BaseException], ...]:
        """Errors of the driver that peewee does not wrap."""
        return ()

    def close(self) -> None:
        """Close the connections of all threads. Nothing may be using them. Closing twice is harmless."""
        with self._opening:
            self._closed = True
            if self._peewee is not None and self._pid == os.getpid():
                self._close_all()
            self._peewee = None


def _unstorable(value: object) -> bool:
    """Whether a parameter is text that no database, or not every one, can hold."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return "\0" in value
