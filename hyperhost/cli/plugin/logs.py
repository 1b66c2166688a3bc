"""``hyperhost plugin logs``."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.plugin.options import installer
from hyperhost.cli.session import Session, command

__all__ = ["Level", "register", "utc"]

_COLUMNS = (
    Column("time"),
    Column("plugin"),
    Column("version", wide=True),
    Column("hook"),
    Column("level"),
    Column("code", wide=True),
    Column("message"),
)


class Level(StrEnum):
    """How grave a line is, the least first."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"
    fault = "fault"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "logs")
    def logs(
        session: Session,
        plugin_id: Annotated[
            str | None,
            typer.Argument(metavar="[ID]", help="One plugin; all when not given.", autocompletion=plugin_ids),
        ] = None,
        limit: Annotated[
            int, typer.Option("--limit", "-n", min=1, max=100_000, help="The latest lines.")
        ] = 100,
        level: Annotated[Level, typer.Option(help="Nothing less grave than this.")] = Level.debug,
        filters: FilterOption = None,
    ) -> None:
        """Show what plugins logged and how they faulted, the latest last."""
        from hyperhost.errors import CanaryError
        from hyperhost.host.faults import RELEASED

        work = installer(session)
        if plugin_id is not None and plugin_id not in work.entries():
            work.known(plugin_id)
        levels = {RELEASED: "info", CanaryError.code: "warning"}
        with work.state() as state:
            rows = [_row(each, each.level, "") for each in state.logs(plugin_id, limit)]
            rows += [
                _row(each, levels.get(each.code, "fault"), each.code)
                for each in state.faults(plugin_id, limit)
            ]
        order = list(Level)
        rows = [row for row in rows if order.index(Level(row["level"])) >= order.index(level)]
        rows.sort(key=lambda row: row["time_ns"])
        session.out.rows(_COLUMNS, matching(rows, filters)[-limit:], empty="nothing was logged")


def _row(record: Any, level: str, code: str) -> dict[str, Any]:
    return {
        "time": utc(record.time_ns),
        "time_ns": record.time_ns,
        "plugin": record.plugin,
        "hook": record.hook or None,
        "level": level,
        "code": code or None,
        "version": getattr(record, "version", "") or None,
        "message": record.message,
    }


def utc(time_ns: int) -> str:
    """A moment as ISO 8601 with microseconds."""
    return (
        datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
