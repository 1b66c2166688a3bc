"""``hyperhost plugin stats``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.plugin.logs import utc
from hyperhost.cli.plugin.options import installer
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS = (
    Column("plugin"),
    Column("version"),
    Column("hook"),
    Column("calls", right=True),
    Column("success", "OK", right=True),
    Column("faults", right=True),
    Column("mean_ms", "MEAN MS", right=True),
    Column("min_ms", "MIN MS", wide=True, right=True),
    Column("p50_ms", "P50 MS", right=True),
    Column("p95_ms", "P95 MS", right=True),
    Column("max_ms", "MAX MS", right=True),
    Column("outcomes", wide=True),
    Column("last", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "stats")
    def stats(
        session: Session,
        plugin_id: Annotated[
            str | None,
            typer.Argument(metavar="[ID]", help="One plugin; all when not given.", autocompletion=plugin_ids),
        ] = None,
        filters: FilterOption = None,
    ) -> None:
        """Show how often plugins were called, how it ended, and how long it took."""
        work = installer(session)
        if plugin_id is not None and plugin_id not in work.entries():
            work.known(plugin_id)
        with work.state() as state:
            rows = [_row(each) for each in state.stats(plugin_id)]
        kept = matching(rows, filters)
        if not session.out.structured:
            kept = [{key: _shown(key, value) for key, value in row.items()} for row in kept]
        session.out.rows(_COLUMNS, kept, empty="no calls were counted")


def _row(stats: Any) -> dict[str, Any]:
    return {
        "plugin": stats.plugin,
        "version": stats.version,
        "hook": stats.hook,
        "calls": stats.calls,
        "success": round(stats.success_rate, 4),
        "faults": stats.faults,
        "outcomes": dict(stats.outcomes),
        "mean_ms": round(stats.mean_ms, 4),
        "min_ms": round(stats.min_ms, 4),
        "p50_ms": round(stats.p50_ms, 4),
        "p95_ms": round(stats.p95_ms, 4),
        "max_ms": round(stats.max_ms, 4),
        "last": utc(stats.last_ns),
    }


def _shown(key: str, value: Any) -> Any:
    if key == "success":
        return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"
    return f"{value:.3f}" if key.endswith("_ms") else value
