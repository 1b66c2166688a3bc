"""Hooks between native plugins alone: what they carry is Python, not data.

They stand outside of the published contract. There is no WIT for them, so no component can answer one, and
as components call no hooks at all, none can ask one either. They are for what would be no use, or too slow,
as data that is copied. Like hooks of a service they are answered by its selected provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from hyperhost.hookspecs.markers import hookspec

__all__ = ["NativeHooks", "SqlSession"]


class SqlSession(Protocol):
    """The database of a store, for a native plugin that keeps tables of its own in it.

    Statements run in the calling thread's unit of work (``storage_begin``), in the store's own transaction:
    they are kept or undone with whatever the store writes in it. Outside of a unit each is one by itself.
    Parameters are written ``?1``, ``?2`` … in either dialect. Tables of the store are not touched by
    anybody else; a plugin's own begin with its service, as in ``search_…``.
    """

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        ...

    def state(self) -> AbstractContextManager[None]:
        """A block whose statements see one state of the database, as in a unit of work that reads.

        Raises:
            RefusalError: rule ``storage.…``.
        """
        ...

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement; values behind its last parameter are left out.

        Raises:
            RefusalError: rule ``storage.…``; the unit of work goes on.
        """
        ...

    def write(self, statement: str, rows: Sequence[Sequence[Any]] = ((),)) -> None:
        """Run a statement once for each of some rows, inside of :meth:`part`.

        Raises:
            RefusalError: rule ``storage.…``; the part is to be left with it.
        """
        ...

    def part(self) -> AbstractContextManager[None]:
        """A block that writes, within the unit of work of the thread or as one of its own.

        When the block raises, what it wrote is undone, and the unit of work around it goes on.

        Raises:
            RefusalError: rule ``storage.…``; ``storage.unit`` inside of a unit that only reads.
        """
        ...


class NativeHooks(Protocol):
    """What native plugins ask each other."""

    @hookspec(service="storage", firstresult=True)
    def storage_session(self) -> SqlSession:
        """Lend the database of the store, to keep in it what belongs to the store's transactions.

        Only a store in an SQL database answers; with another one the call ends in
        :class:`~hyperhost.errors.ProviderMissingError`. Whoever has the session is as trusted as the
        store. A fault ends the operation that asked.

        Returns:
            The session, for any thread, until the store is closed.

        Example:
            ```python
            import sqlite3

            from hyperhost.hookspecs import hookimpl

            class Session:
                dialect = "sqlite"
                database = sqlite3.connect(":memory:")

                def read(self, statement, values=()):
                    return self.database.execute(statement, values).fetchall()

            class Store:
                @hookimpl
                def storage_session(self) -> Session:
                    return Session()

            host.register(Store())
            session = host.hook.storage_session()
            assert session.read("SELECT ?1 || ?2", ("log", "in")) == [("login",)]
            ```
        """
        ...
