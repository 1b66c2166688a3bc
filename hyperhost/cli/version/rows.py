"""Versions as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyperhost.cli.output import Column

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = ["COLUMNS", "tell"]

COLUMNS = (
    Column("version"),
    Column("state"),
    Column("tags"),
    Column("channels"),
    Column("yanked"),
    Column("id", wide=True),
)


def tell(session: Session, version: Any, words: str) -> None:
    """One version after a change: as data, or one line."""
    if session.out.structured:
        session.out.data(version)
    else:
        session.out.note(words)
