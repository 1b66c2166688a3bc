"""The tables of an index, and an artifact as rows of them.

Words are cut and folded by :mod:`hyperhost.query` and stored with spaces between them; the tokenizer
``ascii`` takes everything beyond ASCII for letters, so it finds exactly these words again, whatever version
of Unicode SQLite knows.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any, Final

from hyperhost.query import EXACT_FACETS, FIELDS, SEARCHED, FieldKind, FlatDocument, words

__all__ = ["FORMAT", "NUMBERS", "SEPARATOR", "create", "facet", "insert", "number", "read_state", "remove"]

FORMAT: Final = 2
"""Raised when the tables change; an index of another format is built anew."""
SEPARATOR: Final = "\x1f"
NUMBERS: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.NUMBER, FieldKind.DATE)
)
_MANY: Final = 500


def number(field: str) -> str:
    """The column with the numbers of a field."""
    return f"n_{field}"


def facet(field: str) -> str:
    """The column with the values that are counted, as they were written."""
    return f"f_{field}"


_COLUMNS: Final = (*map(number, NUMBERS), *map(facet, EXACT_FACETS))
_TABLES: Final = (
    f"CREATE VIRTUAL TABLE words USING fts5({', '.join(SEARCHED)}, tokenize = 'ascii')",
    f"CREATE TABLE docs (doc INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, {', '.join(_COLUMNS)})",
    # Apart from the numbers, as these are read for every hit and texts only for those that are shown.
    "CREATE TABLE shown (doc INTEGER PRIMARY KEY, texts TEXT NOT NULL)",
    "CREATE TABLE vals (doc INTEGER, field TEXT, value TEXT, PRIMARY KEY (doc, field, value)) WITHOUT ROWID",
    # Words that are in the index, or were: those that nearly are like another are looked for here.
    "CREATE TABLE terms (term TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE state (documents INTEGER, sequence INTEGER, mark TEXT, updated_at_us INTEGER)",
    "INSERT INTO state VALUES (0, 0, '', 0)",
    f"PRAGMA user_version = {FORMAT}",
)


def _insertion(table: str, columns: Iterable[str]) -> str:
    names = list(columns)
    # Names of tables and columns are constants of this module.
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


_DOCS: Final = _insertion("docs", ("doc", "id", *_COLUMNS))
_WORDS: Final = _insertion("words", ("rowid", *SEARCHED))
_SHOWN: Final = _insertion("shown", ("doc", "texts"))
_VALS: Final = _insertion("vals", ("doc", "field", "value"))


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty index, which is to be filled and then finished."""
    for statement in _TABLES:
        connection.execute(statement)


def insert(connection: sqlite3.Connection, documents: Iterable[FlatDocument], *, terms: bool = True) -> int:
    """Add documents; none of them is there.

    Args:
        connection: In a transaction.
        documents: They.
        terms: Whether their words are added to those known; a whole index collects them at its end.

    Returns:
        How many were added.
    """
    (doc,) = connection.execute("SELECT ifnull(max(doc), 0) FROM docs").fetchone()
    count = 0
    rows: list[tuple[int, FlatDocument, dict[str, list[str]]]] = []
    for count, document in enumerate(documents, 1):
        rows.append((doc + count, document, {name: words(document.texts[name]) for name in SEARCHED}))
        if len(rows) == _MANY:
            _insert(connection, rows, terms)
            rows.clear()
    _insert(connection, rows, terms)
    return count


def _insert(
    connection: sqlite3.Connection, rows: list[tuple[int, FlatDocument, dict[str, list[str]]]], terms: bool
) -> None:
    connection.executemany(_DOCS, [(doc, document.id, *_row(document)) for doc, document, _ in rows])
    connection.executemany(_WORDS, [(doc, *map(" ".join, found.values())) for doc, _, found in rows])
    connection.executemany(_SHOWN, [(doc, json.dumps(dict(document.texts))) for doc, document, _ in rows])
    connection.executemany(
        _VALS,
        [
            (doc, field, _plain(value))
            for doc, document, _ in rows
            for field, values in document.values.items()
            for value in values
        ],
    )
    if terms:
        known = {word for _, _, found in rows for parts in found.values() for word in parts}
        connection.executemany("INSERT OR IGNORE INTO terms VALUES (?)", [(word,) for word in sorted(known)])


def _row(document: FlatDocument) -> list[Any]:
    return [
        *(document.numbers.get(name) for name in NUMBERS),
        *(_plain(SEPARATOR.join(document.facets[name])) for name in EXACT_FACETS),
    ]


def _plain(text: str) -> str:
    """Half of a character, which Python lets through, is none for SQLite."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def remove(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Take documents out, if they are there."""
    for each in ids:
        found = connection.execute("SELECT doc FROM docs WHERE id = ?", (each,)).fetchone()
        if found is not None:
            connection.execute("DELETE FROM words WHERE rowid = ?", found)
            connection.execute("DELETE FROM vals WHERE doc = ?", found)
            connection.execute("DELETE FROM shown WHERE doc = ?", found)
            connection.execute("DELETE FROM docs WHERE doc = ?", found)


def finish(connection: sqlite3.Connection) -> None:
    """Collect the words of an index that was filled at once, and join its segments.

    What is sorted by values is sorted at once here, rather than row after row.
    """
    connection.execute("CREATE INDEX vals_by_value ON vals (field, value, doc)")
    connection.execute("INSERT INTO words(words) VALUES ('optimize')")
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, 'words', 'row')")
    connection.execute("INSERT INTO terms SELECT term FROM temp.vocabulary")
    connection.execute("DROP TABLE temp.vocabulary")


def read_state(connection: sqlite3.Connection) -> tuple[int, int, str, int]:
    """Documents, the last change of the store, its mark, and when it was written."""
    found: tuple[int, int, str, int] = connection.execute("SELECT * FROM state").fetchone()
    return found


def write_state(connection: sqlite3.Connection, sequence: int, mark: str) -> None:
    """Say how far the index is, in the transaction that has brought it there."""
    connection.execute(
        "UPDATE state SET documents = (SELECT count(*) FROM docs), sequence = ?, mark = ?, updated_at_us = ?",
        (sequence, mark, time.time_ns() // 1000),
    )
