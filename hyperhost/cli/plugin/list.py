"""``hyperhost plugin list``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_COLUMNS = (
    Column("id"),
    Column("version"),
    Column("kind"),
    Column("state"),
    Column("granted", "MAY USE"),
    Column("hooks", wide=True),
    Column("provides", wide=True),
    Column("publisher", wide=True),
    Column("source", "FROM", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "list")
    def list_plugins(session: Session, filters: FilterOption = None) -> None:
        """List plugins: installed ones, and those that pip installed."""
        from hyperhost.cli.plugin.rows import plugin_rows

        rows = plugin_rows(session)
        kept = matching(rows, filters)
        if not session.out.structured:
            kept = [{**row, "version": _versions(row)} for row in kept]
        session.out.rows(
            _COLUMNS,
            kept,
            empty="no plugins yet; install one with: hyperhost plugin install FILE",
        )
        for row in rows:
            if row["error"] and not session.out.structured and not session.out.quiet:
                session.out.warn(f"{row['id']}: {row['error']['message']}")
                if row["error"]["hint"]:
                    session.out.note(f"  {row['error']['hint']}")
            if row["canary"] and row["canary"]["error"] and not (session.out.structured or session.out.quiet):
                session.out.warn(f"the canary of {row['id']}: {row['canary']['error']['message']}")


def _versions(row: Mapping[str, Any]) -> str:
    from hyperhost.host.canary import share_words

    canary = row["canary"]
    if canary is None:
        return str(row["version"])
    return f"{row['version']} + {canary['version']} for {share_words(canary['share'])}"
