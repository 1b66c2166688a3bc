"""The vectors, with how far they are: one file of SQLite, in which both change together.

Embedding is what takes long, so nothing that was embedded is lost: a vector stands with a digest of the text
that it was made of, and is made again only when that changes. Each new vector gets a number that was never
used before, and by numbers the graph knows what it has not seen, and readers what is gone.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["Kept", "Reached", "Vectors", "digest_of"]

_FORMAT: Final = 1
_WAIT_S: Final = 30.0
_CREATE: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    vector BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the vectors are.

    Attributes:
        sequence: The last change of the store that they reflect.
        mark: Recognises that change; empty when they reflect no store as a whole yet.
        model: Id of the model that made them.
        dimension: Numbers of one.
        updated_at_us: When any of this last changed.
    """

    sequence: int = 0
    mark: str = ""
    model: str = ""
    dimension: int = 0
    updated_at_us: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A vector to be kept.

    Attributes:
        id: Id of the artifact.
        digest: Of its text.
        vector: Halves (IEEE 754 binary16), as they stand in memory.
    """

    id: str
    digest: bytes
    vector: bytes


def digest_of(text: str) -> bytes:
    """Tells texts apart."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


class Vectors:
    """The file; one connection, whose users take turns.

    Args:
        file: Where; ``None`` for one in memory.

    Raises:
        sqlite3.DatabaseError: it is damaged, or of another format.
    """

    def __init__(self, file: Path | None) -> None:
        self._turn = threading.Lock()
        self._connection = sqlite3.connect(
            file or ":memory:", timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close it."""
        with self._turn:
            self._connection.close()

    def reached(self) -> Reached:
        """How far the vectors are."""
        with self._turn:
            return self._reached()

    def count(self) -> int:
        """How many there are."""
        with self._turn:
            return int(self._connection.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def top(self) -> int:
        """The highest number that was ever given."""
        with self._turn:
            found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'vectors'")
            return int((found.fetchone() or (0,))[0])

    def digests(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Digests of the texts whose vectors are there."""
        return dict(self._picked("id, digest", "id", list(ids)))

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """Which artifacts vectors belong to; those that are gone are not there."""
        return dict(self._picked("number, id", "number", numbers))

    def of(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Vectors of artifacts."""
        return dict(self._picked("id, vector", "id", list(ids)))

    def after(self, number: int, limit: int) -> list[tuple[int, bytes]]:
        """Vectors with higher numbers, in order."""
        with self._turn:
            return self._connection.execute(
                "SELECT number, vector FROM vectors WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
            ).fetchall()

    def write(self, kept: Iterable[Kept], gone: Iterable[str], reached: Reached, since: Reached) -> bool:
        """Keep vectors and remove others, and say how far they are then, as a whole.

        Args:
            kept: New ones.
            gone: Ids of artifacts.
            reached: How far they are then.
            since: How far they have to be before.

        Returns:
            Whether it was done: another process may have brought them elsewhere.
        """
        with self._writing() as connection:
            if self._reached() != since:
                return False
            connection.executemany("DELETE FROM vectors WHERE id = ?", [(each,) for each in gone])
            connection.executemany(
                "INSERT OR REPLACE INTO vectors (id, digest, vector) VALUES (?, ?, ?)",
                [(each.id, each.digest, each.vector) for each in kept],
            )
            self._put("reached", asdict(reached))
        return True

    def begin(self, reached: Reached, *, empty: bool) -> None:
        """Say how far they are, without asking.

        Args:
            reached: How far.
            empty: Remove all of them.
        """
        with self._writing() as connection:
            if empty:
                connection.execute("DELETE FROM vectors")
                connection.execute("DELETE FROM meta WHERE name = 'graph'")
            self._put("reached", asdict(reached))

    def unseen(self, seen: set[str]) -> list[str]:
        """Ids that are there and not among those."""
        with self._turn:
            return [
                each for (each,) in self._connection.execute("SELECT id FROM vectors") if each not in seen
            ]

    def graph(self) -> dict[str, Any] | None:
        """What is known of the graph on disk."""
        with self._turn:
            return self._get("graph")

    def keep_graph(self, said: dict[str, Any]) -> None:
        """Remember the graph on disk."""
        with self._writing():
            self._put("graph", said)

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute(
            "PRAGMA synchronous = normal"
        )  # what a power failure takes is embedded again
        with self._writing() as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _CREATE.strip().split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
            elif found != _FORMAT:
                raise sqlite3.DatabaseError(f"its format is {found}, not {_FORMAT}")

    def _picked(self, columns: str, key: str, wanted: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        for first in range(0, len(wanted), 500):
            part = wanted[first : first + 500]
            marks = ", ".join("?" * len(part))
            # Only names of columns, from this file, and question marks are put together.
            statement = f"SELECT {columns} FROM vectors WHERE {key} IN ({marks})"  # noqa: S608
            with self._turn:
                rows = self._connection.execute(statement, part).fetchall()
            yield from rows

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _reached(self) -> Reached:
        return Reached(**(self._get("reached") or {}))

    def _get(self, name: str) -> dict[str, Any] | None:
        found = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        data: dict[str, Any] | None = None if found is None else json.loads(found[0])
        return data

    def _put(self, name: str, data: dict[str, Any]) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(data)))
