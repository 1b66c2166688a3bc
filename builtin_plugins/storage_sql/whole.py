"""The store as a whole: what it holds by name, and removing all of it for a restore."""

from __future__ import annotations

from typing import Final

from hyperhost.contracts import KeptNames

from .database import Database

__all__ = ["Whole"]

_NEXT: Final = {
    "collections": "SELECT collection FROM record WHERE collection > ? ORDER BY collection LIMIT 1",
    "logs": "SELECT log FROM log_entry WHERE log > ? ORDER BY log LIMIT 1",
}
_ARTIFACTS: Final = (
    "DELETE FROM placement",
    "DELETE FROM artifact",
    "DELETE FROM scope WHERE no <> 1 AND sort <> 3",
    "UPDATE scope SET artifacts = 0, direct = 0, content_bytes = 0 WHERE sort <> 3",
)
"""Contents stay, and so do their counters: the scope of the sort 3 (``scopes.CONTENTS``)."""


class Whole:
    """All tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> KeptNames:
        """Names of collections and logs, each found by one step along an index."""
        with self._database.reading():
            return KeptNames(self._distinct("collections"), self._distinct("logs"))

    def clear(self, names: KeptNames) -> bool:
        """Remove all artifacts, and these collections and logs."""
        with self._database.writing():
            removed = self._database.one("SELECT 1 FROM artifact LIMIT 1") is not None
            for sql in _ARTIFACTS:
                self._database.execute(sql)
            for sql, known in (
                ("DELETE FROM record WHERE collection = ?", names.collections),
                ("DELETE FROM log_entry WHERE log = ?", names.logs),
            ):
                for name in known:
                    removed = bool(self._database.execute(self._text(sql), (name,)).rowcount) or removed
            return removed

    def _distinct(self, what: str) -> list[str]:
        found: list[str] = []
        while True:
            row = self._database.one(self._text(_NEXT[what]), (found[-1] if found else "",))
            if row is None:
                return found
            found.append(str(row[0]))

    def _text(self, sql: str) -> str:
        return sql.replace("?", self._database.param)
