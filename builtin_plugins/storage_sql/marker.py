"""Remembers beside a database file that it was made, so that one which got lost is not made anew.

Without it a file that somebody removed would be an empty registry at the next use, and nobody would know.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from hyperhost.errors import RefusalError

__all__ = ["LOST", "Marker", "marker_of"]

LOST: Final = "storage.lost"
"""Rule of the refusal of a database that was made and is gone."""

_TEXT: Final = (
    "The database {} was made.\n"
    "HyperHost refuses to work when it is missing or empty. Remove this file to begin with an empty one.\n"
)


class Marker:
    """A small file that is there once a database was made.

    Args:
        path: The small file.
        database: The database file.
    """

    def __init__(self, path: Path, database: Path) -> None:
        self._path = path
        self._database = database
        self._anew = False

    def allow(self) -> None:
        """Let the database be made anew once, because somebody wants an empty one."""
        self._anew = True

    def check(self) -> None:
        """Return if the database is there, or never was; nothing is made.

        Raises:
            RefusalError: ``storage.lost``.
        """
        try:
            size = self._database.stat().st_size
        except FileNotFoundError:
            size = -1
        except OSError:
            return  # whoever opens it says why that does not go
        if size <= 0:
            self.refuse("is missing" if size < 0 else "is empty")

    def refuse(self, problem: str) -> None:
        """Refuse a database that has nothing of ours in it, if it once had.

        Raises:
            RefusalError: ``storage.lost``.
        """
        if self._anew or not self._path.exists():
            return
        raise RefusalError(
            f"{self._database}: the database of the registry {problem}, though it was made",
            LOST,
            hint="put the file back, or restore a backup with: hyperhost registry restore BACKUP; "
            f"to begin with an empty registry, remove {self._path}",
        )

    def note(self) -> None:
        """Write down that the database is there."""
        self._anew = False
        if self._path.exists():
            return
        try:
            self._path.write_text(_TEXT.format(self._database), encoding="utf-8")
        except OSError:
            return  # a full disk lets people read, still; the next use writes it down


def marker_of(directory: Path, database: Path) -> Marker:
    """The marker of a database. Its name does not begin as that of the file: ``rm registry.db*`` leaves it.

    Args:
        directory: Where it lies: what the plugin keeps in its home.
        database: The file. One outside of the directory is known by its absolute path.
    """
    if database.parent == directory:
        return Marker(directory / f"made-{database.name}.txt", database)
    digest = hashlib.sha256(str(database.absolute()).encode(errors="surrogateescape")).hexdigest()[:12]
    return Marker(directory / f"made-{digest}-{database.name}.txt", database)
