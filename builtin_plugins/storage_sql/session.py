"""The database lent to native plugins that keep tables of their own in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from .database import Database
from .failures import refusal

__all__ = ["Session"]

_MARK: Final = re.compile(r"\?(\d+)")
_INSERT: Final = re.compile(
    r"INSERT INTO (?P<table>\w+) \((?P<columns>[\w, ]+)\) VALUES \((?P<marks>[?\d, ]+)\)"
)
_MANY: Final = 30
"""From so many rows on a database may have a faster way to insert them."""


class Session:
    """See :class:`hyperhost.hookspecs.native.SqlSession`."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._opened = database

    @property
    def _database(self) -> Database:
        """The one that is open now: a migration opens another one."""
        return self._opened()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._database.dialect

    @contextmanager
    def state(self) -> Iterator[None]:
        """A block whose statements see one state."""
        with self._database.reading():
            yield

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        database = self._database
        if not database.in_unit:
            with database.reading():
                return self._read(statement, values)
        if not database.writes or not database.failing_statement_ends_unit:
            return self._read(statement, values)
        with database.part():
            return self._read(statement, values)

    def write(self, statement: str, rows: Sequence[Sequence[Any]] = ((),)) -> None:
        """Run a statement for each of some rows."""
        database = self._database
        text, order = _statement(statement, database.param)
        try:
            if len(rows) > _MANY and (plain := _insertion(statement)) is not None:
                database.insert_many(*plain, [tuple(row) for row in rows])
            elif len(rows) == 1:
                database.execute(text, _in_order(rows[0], order))
            else:
                database.execute_many(text, [_in_order(row, order) for row in rows])
        except database.failures as error:
            raise refusal(error, database.where) from error

    @contextmanager
    def part(self) -> Iterator[None]:
        """A block that writes, undone by itself when it raises."""
        with self._database.part():
            yield

    def _read(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        database = self._database
        text, order = _statement(statement, database.param)
        try:
            found: list[tuple[Any, ...]] = database.execute(text, _in_order(values, order)).fetchall()
        except database.failures as error:
            raise refusal(error, database.where) from error
        return found


def _in_order(values: Sequence[Any], order: Sequence[int]) -> tuple[Any, ...]:
    if isinstance(order, range):
        return tuple(values[: len(order)])
    return tuple(values[place] for place in order)


@lru_cache(maxsize=512)
def _insertion(statement: str) -> tuple[str, list[str]] | None:
    """Table and columns of a statement that does nothing but insert its parameters in their order."""
    found = _INSERT.fullmatch(statement)
    if found is None:
        return None
    columns = found["columns"].split(", ")
    marks = ", ".join(f"?{place}" for place in range(1, len(columns) + 1))
    return (found["table"], columns) if found["marks"] == marks else None


@lru_cache(maxsize=512)
def _statement(statement: str, param: str) -> tuple[str, Sequence[int]]:
    """A statement as the driver takes it, and which value each of its parameters is; SQLite numbers them."""
    order = [int(number) - 1 for number in _MARK.findall(statement)]
    if param == "?":
        return statement, range(max(order, default=-1) + 1)
    return _MARK.sub("%s", statement.replace("%", "%%")), order
