"""Takes a database from the layout that it has to the one that is wanted."""

from __future__ import annotations

import time
from typing import Any, Final

from hyperhost import __version__
from hyperhost.errors import RefusalError

from .step import Step, statement
from .step_0001_tables import STEP as STEP_1
from .step_0002_scopes import STEP as STEP_2

__all__ = ["STEPS", "layout_of", "migrate"]

STEPS: Final[tuple[Step, ...]] = (STEP_1, STEP_2)
_TABLE: Final = (
    "CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
    "checksum TEXT NOT NULL, program TEXT NOT NULL, applied_us BIGINT NOT NULL)"
)
_APPLIED: Final = "SELECT number, checksum, program FROM schema_migration ORDER BY number"
_RECORD: Final = (
    "INSERT INTO schema_migration (number, name, checksum, program, applied_us) VALUES (?, ?, ?, ?, ?)"
)


def migrate(database: Any, to: int | None = None, steps: tuple[Step, ...] = STEPS) -> list[str]:
    """Bring a database to a layout; what was done, step by step.

    Args:
        database: An open :class:`~builtin_plugins.storage_sql.database.Database`.
        to: Number of the last step that is to hold; the latest when not given.
        steps: All there are.

    Raises:
        RefusalError: ``storage.newer`` when the database has steps that are not known here;
            ``storage.layout`` when one of them is not what it is here, ``to`` is no layout, or going
            back would lose data. Nothing was changed.
    """
    wanted = len(steps) if to is None else to
    if not 0 <= wanted <= len(steps):
        raise RefusalError(
            f"there is no layout {to}", "storage.layout", hint=f"layouts are 0 to {len(steps)}"
        )
    if _checked(database, steps) == wanted:
        return []
    done = []
    with database.migrating():
        present = _checked(database, steps)  # another process may have been faster
        if not database.columns_of("schema_migration"):
            database.execute(_TABLE)
        for step in steps[present:wanted]:
            _take(database, step)
            done.append(f"{step.number} {step.name}: applied")
        for step in reversed(steps[wanted:present]):
            _take_back(database, step)
            done.append(f"{step.number} {step.name}: taken back")
    return done


def layout_of(database: Any) -> int:
    """Number of the last step that holds."""
    return max((row[0] for row in _applied(database)), default=0)


def _applied(database: Any) -> list[tuple[Any, ...]]:
    if not database.columns_of("schema_migration"):
        return []
    rows: list[tuple[Any, ...]] = database.execute(_APPLIED).fetchall()
    return rows


def _checked(database: Any, steps: tuple[Step, ...]) -> int:
    """The layout of a database that this program understands."""
    applied = _applied(database)
    for number, _, program in applied[len(steps) :]:
        raise RefusalError(
            f"{database.where} has layout {applied[-1][0]}, written by HyperHost {program}; "
            f"this is HyperHost {__version__}, which knows layouts up to {len(steps)}",
            "storage.newer",
            hint=f"upgrade HyperHost, or migrate with HyperHost {program} to a layout before {number}",
        )
    for step, (number, checksum, program) in zip(steps, applied, strict=False):
        if (step.number, step.checksum) != (number, checksum):
            raise RefusalError(
                f"{database.where}: step {number} of its layout is not the one of this program; "
                f"HyperHost {program} applied another",
                "storage.layout",
                hint=f"use a released HyperHost, such as {program}",
            )
    return len(applied)


def _take(database: Any, step: Step) -> None:
    for text in step.up:
        database.execute(statement(text, database.dialect))
    if step.fill is not None:
        step.fill(database)
    row = (step.number, step.name, step.checksum, __version__, time.time_ns() // 1000)
    database.execute(_RECORD.replace("?", database.param), row)


def _take_back(database: Any, step: Step) -> None:
    if step.check is not None:
        step.check(database)
    for text in step.down:
        database.execute(statement(text, database.dialect))
    database.execute(f"DELETE FROM schema_migration WHERE number = {step.number:d}")  # noqa: S608
