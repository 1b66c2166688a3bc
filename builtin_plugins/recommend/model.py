"""What is known, in one file of SQLite: artifacts, their words and needs, and how far both logs were read.

All of it changes in one transaction with the places that it was read up to. So a crash neither loses an event
nor counts one twice, and any number of processes may use the file.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import ArtifactState, ArtifactType, Visibility

from .records import Doc

__all__ = ["Model", "Reached", "in_parts"]

_FORMAT: Final = 1
_WAIT_S: Final = 60.0
_AT_ONCE: Final = 500
"""Values in one statement."""
_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE docs (
    doc INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, name TEXT NOT NULL, namespace TEXT NOT NULL,
    version TEXT NOT NULL, type TEXT NOT NULL, visibility TEXT NOT NULL, hidden INTEGER NOT NULL,
    state TEXT NOT NULL, offered INTEGER NOT NULL, author TEXT NOT NULL, licences TEXT NOT NULL,
    replacement TEXT NOT NULL, popularity REAL NOT NULL, quality REAL NOT NULL, terms TEXT NOT NULL,
    needs TEXT NOT NULL
);
CREATE INDEX docs_name ON docs (name);
CREATE INDEX docs_best ON docs (offered, hidden, popularity DESC, quality DESC);
CREATE INDEX docs_type ON docs (offered, hidden, type, popularity DESC, quality DESC);
CREATE INDEX docs_namespace ON docs (offered, hidden, namespace, popularity DESC, quality DESC);
CREATE INDEX docs_author ON docs (offered, hidden, author, popularity DESC, quality DESC);
CREATE TABLE words (
    term TEXT NOT NULL, hidden INTEGER NOT NULL, weight INTEGER NOT NULL, doc INTEGER NOT NULL,
    PRIMARY KEY (term, hidden, weight DESC, doc)
) WITHOUT ROWID;
CREATE TABLE often (term TEXT PRIMARY KEY, docs INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE needs (
    target TEXT NOT NULL, hidden INTEGER NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (target, hidden, doc)
) WITHOUT ROWID;
CREATE TABLE people (person INTEGER PRIMARY KEY, token BLOB NOT NULL UNIQUE);
CREATE TABLE items (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, hidden INTEGER NOT NULL,
    people INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE uses (
    person INTEGER NOT NULL, item INTEGER NOT NULL, at_us INTEGER NOT NULL, counts INTEGER NOT NULL,
    PRIMARY KEY (person, item)
) WITHOUT ROWID;
CREATE INDEX uses_lately ON uses ((item & 1), at_us);
CREATE INDEX uses_item ON uses (item, at_us);
CREATE TABLE pairs (
    one INTEGER NOT NULL, other INTEGER NOT NULL, people INTEGER NOT NULL, PRIMARY KEY (one, other)
) WITHOUT ROWID;
CREATE INDEX pairs_best ON pairs (one, (other & 1), people DESC, other);
"""
_COLUMNS: Final = (
    "doc, id, name, version, type, visibility, state, offered, author, licences, replacement, popularity, "
    "quality, terms, needs"
)
_BY_NUMBER: Final = f"SELECT {_COLUMNS} FROM docs WHERE doc IN (?)"  # noqa: S608 - the columns above
_BRIEF: Final = _BY_NUMBER.replace("terms", "'{}'")
_BY_NAME: Final = f"SELECT {_COLUMNS} FROM docs WHERE name IN (?)"  # noqa: S608 - the columns above
_TYPES: Final = {each.value: each for each in ArtifactType}
_VISIBILITIES: Final = {each.value: each for each in Visibility}
_STATES: Final = {each.value: each for each in ArtifactState}
_CACHED: Final = 10_000
"""Artifacts that are kept in memory. Numbers are never given twice, so one is never another one."""
_SCALE: Final = 10_000
"""Weights of words are kept as whole numbers."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the logs were read.

    Attributes:
        changes: The last entry of the history that is known.
        changes_mark: Recognises it; empty when the store was not read yet.
        events: The last entry of the audit log that was learned from.
        events_mark: Recognises it.
        updated_at_us: When any of this last changed.
    """

    changes: int = 0
    changes_mark: str = ""
    events: int = 0
    events_mark: str = ""
    updated_at_us: int = 0


class Model:
    """The file; one connection, whose users take turns.

    Args:
        file: Where; ``None`` for one in memory.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """

    def __init__(self, file: Path | None) -> None:
        self.turn = threading.RLock()
        self._cache: dict[int, Doc] = {}
        self._version = -1
        self.sql = sqlite3.connect(
            file or ":memory:", timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except BaseException:
            self.sql.close()
            raise

    def close(self) -> None:
        """Close it."""
        with self.turn:
            self.sql.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction; undone as a whole when the block raises."""
        with self.turn:
            self.sql.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.sql.in_transaction:
                    self.sql.execute("ROLLBACK")
                raise
            self.sql.execute("COMMIT")

    def reached(self) -> Reached:
        """How far the logs were read."""
        text = self.meta("reached")
        try:
            return Reached(**json.loads(text)) if text else Reached()
        except (ValueError, TypeError) as error:
            raise sqlite3.DatabaseError(f"the places that were reached cannot be read: {error}") from error

    def reach(self, reached: Reached) -> None:
        """Note it."""
        self.set_meta("reached", json.dumps({name: getattr(reached, name) for name in Reached.__slots__}))

    def meta(self, name: str) -> str:
        """A noted text; empty when there is none."""
        found = self.sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_meta(self, name: str, value: str) -> None:
        """Note a text."""
        self.sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def count(self, table: str, where: str = "1") -> int:
        """Rows of a table; both texts are this plugin's own."""
        return int(self.sql.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])  # noqa: S608 - see above

    def empty(self, *tables: str) -> None:
        """Remove all rows of some tables."""
        for table in tables:
            self.sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this plugin

    def replace(self, name: str, docs: Iterable[Doc]) -> None:
        """Put the docs of a name in the place of those that were there."""
        old = self.docs_named([name])
        for each in old:
            hidden = int(each.hidden)
            rows = [(term, hidden, _whole(weight), each.number) for term, weight in each.terms.items()]
            self.sql.executemany(
                "DELETE FROM words WHERE term = ? AND hidden = ? AND weight = ? AND doc = ?", rows
            )
            self.sql.executemany(
                "DELETE FROM needs WHERE target = ? AND hidden = ? AND doc = ?",
                [(target, hidden, each.number) for target in each.needs],
            )
            if each.offered and not hidden:
                self.sql.executemany(
                    "UPDATE often SET docs = docs - 1 WHERE term = ?",
                    [("",), *((term,) for term in each.terms)],
                )
        if old:
            self.sql.execute("DELETE FROM docs WHERE name = ?", (name,))
        self.add(docs)

    def add(self, docs: Iterable[Doc]) -> None:
        """Add docs of names that have none."""
        words: list[tuple[str, int, int, int]] = []
        needs: list[tuple[str, int, int]] = []
        often: Counter[str] = Counter()
        for each in docs:
            hidden = int(each.hidden)
            number = self.sql.execute(
                "INSERT INTO docs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(each.id, each.name, each.namespace, each.version, each.type.value),
                    *(each.visibility.value, hidden, each.state.value, int(each.offered), each.author),
                    *(json.dumps(each.licences), each.replacement, each.popularity, each.quality),
                    *(json.dumps({t: _whole(w) for t, w in each.terms.items()}), json.dumps(each.needs)),
                ),
            ).lastrowid
            needs += [(target, hidden, number or 0) for target in each.needs]
            if each.offered:
                words += [(term, hidden, _whole(weight), number or 0) for term, weight in each.terms.items()]
                if not hidden:
                    often.update(("", *each.terms))
        words.sort()
        self.sql.executemany("INSERT OR IGNORE INTO words VALUES (?, ?, ?, ?)", words)
        self.sql.executemany("INSERT OR IGNORE INTO needs VALUES (?, ?, ?)", needs)
        self.sql.executemany(
            "INSERT INTO often VALUES (?, ?) ON CONFLICT (term) DO UPDATE SET docs = docs + excluded.docs",
            list(often.items()),
        )

    def docs(self, numbers: Iterable[int], *, brief: bool = False) -> dict[int, Doc]:
        """Docs by number; what is gone is left out, and so are the words of brief ones."""
        version = self.sql.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or len(self._cache) > _CACHED:  # another process has written
            self._version, self._cache = version, {}
        wanted = list(dict.fromkeys(numbers))
        found = {number: self._cache[number] for number in wanted if number in self._cache}
        rows = self._in(_BRIEF if brief else _BY_NUMBER, [each for each in wanted if each not in found])
        read = {row[0]: _doc(row) for row in rows}
        if not brief:
            self._cache.update(read)
        return found | read

    def docs_named(self, names: Sequence[str]) -> list[Doc]:
        """All docs of some names."""
        return [_doc(row) for row in self._in(_BY_NAME, names)]

    def offered(self, names: Sequence[str]) -> list[int]:
        """Numbers of the docs of some names that may be recommended."""
        return [row[0] for row in self._in("SELECT doc FROM docs WHERE name IN (?) AND offered", list(names))]

    def figures(self, numbers: Sequence[int], popularity: Sequence[float]) -> None:
        """Set the popularity of docs."""
        for number in numbers:
            self._cache.pop(number, None)
        rows = zip(popularity, numbers, strict=True)
        self.sql.executemany("UPDATE docs SET popularity = ? WHERE doc = ?", rows)

    def frequency(self, terms: Iterable[str]) -> dict[str, int]:
        """How many public docs have each of some words; those that none has are left out. All have ``""``."""
        return dict(self._in("SELECT term, docs FROM often WHERE term IN (?)", list(terms)))

    def _in(self, statement: str, values: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for part in in_parts(values):
            found += self.sql.execute(
                statement.replace("(?)", f"({', '.join('?' * len(part))})"), part
            ).fetchall()
        return found

    def _prepare(self) -> None:
        self.sql.execute("PRAGMA journal_mode = WAL")
        self.sql.execute("PRAGMA synchronous = NORMAL")
        if self.sql.execute("PRAGMA user_version").fetchone()[0] == _FORMAT:
            self.sql.execute("SELECT count(*) FROM meta").fetchone()
            return
        with self.writing():
            found = int(self.sql.execute("PRAGMA user_version").fetchone()[0])
            if found == _FORMAT:  # another process was faster
                return
            if found or self.sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise sqlite3.DatabaseError(f"it has format {found}, not {_FORMAT}")
            for statement in _TABLES.split(";"):
                self.sql.execute(statement)
            self.set_meta("key", secrets.token_hex(16))
            self.sql.execute(f"PRAGMA user_version = {_FORMAT}")


def in_parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Values in parts that fit one statement."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def _whole(weight: float) -> int:
    return round(weight * _SCALE)


def _doc(row: Any) -> Doc:
    """A row as it was written.

    Raises:
        sqlite3.DatabaseError: it is none.
    """
    (number, id_, name, version, type_, visibility, state, offered, author, *rest) = row
    licences, replacement, popularity, quality, terms, needs = rest
    try:
        return Doc(
            id_,
            name,
            version,
            _TYPES[type_],
            _VISIBILITIES[visibility],
            _STATES[state],
            bool(offered),
            author,
            json.loads(licences) if licences != "[]" else [],
            replacement,
            popularity,
            quality,
            {term: weight / _SCALE for term, weight in json.loads(terms).items()},
            json.loads(needs) if needs != "[]" else [],
            number,
        )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise sqlite3.DatabaseError(f"an artifact cannot be read: {error}") from error
