"""An open store: the database and what works on its tables."""

from __future__ import annotations

from dataclasses import dataclass

from .artifacts import Artifacts
from .contents import Contents
from .database import Database
from .listing import Listing
from .marker import Marker
from .migrations.runner import migrate
from .records import Logs, Records
from .settings import Settings
from .statements import compile_statements
from .whole import Whole

__all__ = ["Store"]


@dataclass(frozen=True, slots=True)
class Store:
    """Made by :meth:`open`."""

    database: Database
    artifacts: Artifacts
    listing: Listing
    contents: Contents
    records: Records
    logs: Logs
    whole: Whole

    @classmethod
    def open(cls, settings: Settings, marker: Marker | None = None) -> Store:
        """Connect and bring the schema up to date.

        Raises:
            RefusalError: it cannot be reached or opened, is newer than this program, or is lost though
                the marker says that it was made.
        """
        database = settings.database(migrate, marker)
        database.open()
        statements = compile_statements(database.engine, database.orm)
        return cls(
            database,
            Artifacts(database, statements),
            Listing(database, statements),
            Contents(database, statements),
            Records(database, statements),
            Logs(database, statements),
            Whole(database),
        )
