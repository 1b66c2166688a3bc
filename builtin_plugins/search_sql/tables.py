"""The tables of one index, whatever database they lie in.

In a statement ``#docs`` is the table ``docs`` of the index, and ``?1``, ``?2`` … are its parameters.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from hyperhost.hookspecs.native import SqlSession

__all__ = ["LentTables", "OwnTables", "Tables"]

_NUMBER: Final = re.compile(r"\?(\d+)")


class Tables(Protocol):
    """One index, in a transaction."""

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        ...

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement; values behind its last parameter are left out."""
        ...

    def write(self, statement: str, rows: Sequence[Sequence[Any]] = ((),)) -> None:
        """Run a statement once for each of some rows."""
        ...


class OwnTables:
    """An index that is a database by itself.

    Args:
        connection: In a transaction.
    """

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        text, count = _own(statement)
        return self._connection.execute(text, values[:count]).fetchall()

    def write(self, statement: str, rows: Sequence[Sequence[Any]] = ((),)) -> None:
        """Run a statement once for each of some rows."""
        text = _own(statement)[0]
        if len(rows) == 1:
            self._connection.execute(text, rows[0])
        else:
            self._connection.executemany(text, rows)


class LentTables:
    """An index in the database of the store.

    Args:
        session: The database, lent.
        name: Of the index: what the names of its tables begin with.
    """

    def __init__(self, session: SqlSession, name: str) -> None:
        self._session = session
        self.name = name

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._session.dialect

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        return self._session.read(_lent(statement, self.name), values)

    def write(self, statement: str, rows: Sequence[Sequence[Any]] = ((),)) -> None:
        """Run a statement once for each of some rows."""
        self._session.write(_lent(statement, self.name), rows)


@lru_cache(maxsize=512)
def _own(statement: str) -> tuple[str, int]:
    return statement.replace("#", ""), max(map(int, _NUMBER.findall(statement)), default=0)


@lru_cache(maxsize=512)
def _lent(statement: str, name: str) -> str:
    return statement.replace("#", f"{name}_")
