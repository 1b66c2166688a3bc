"""What SQLite reports, as the service refuses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hyperhost.errors import RefusalError

__all__ = ["damaged", "moved", "refusing"]

_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED: Final = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FORMAT,
)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what says that an index is damaged, or that others use it, into a refusal; the rest is a fault.

    Raises:
        RefusalError: rule ``search.damaged`` or ``search.busy``.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more precisely what happened
        if code in _BUSY:
            raise RefusalError(
                "the index is being written to", "search.busy", hint="try again later"
            ) from error
        # That a table is missing has no code of its own.
        if code in _DAMAGED or str(error).startswith(("no such ", "vtable constructor failed")):
            raise damaged(str(error)) from error
        raise


def moved(reason: str) -> RefusalError:
    """The refusal to continue an index that is somewhere else."""
    return RefusalError(reason, "search.moved", hint="ask search_status how far it is, and go on from there")


def damaged(problem: str) -> RefusalError:
    """The refusal of an index that cannot be read."""
    return RefusalError(
        f"the search index is damaged: {problem}",
        "search.damaged",
        hint="it is built anew with: hyperhost search --rebuild",
    )
