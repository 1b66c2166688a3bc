"""``hyperhost keys list`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.keys.rows import COLUMNS, KeyArgument, key_row
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_keys(session: Session, filters: FilterOption = None) -> None:
        """List the keys that are known, the oldest first: their state, and what they are trusted for."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            keys, rules = operations.run("key_list"), operations.run("key_rules")
        rows = [key_row(key, rules) for key in keys]
        session.out.rows(COLUMNS, matching(rows, filters), empty="no keys; make one: hyperhost keys generate")

    @command(app, "show")
    def show(session: Session, key: KeyArgument) -> None:
        """Show one key."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            found, rules = operations.run("key_show", key=key), operations.run("key_rules")
        row = key_row(found, rules)
        if session.out.structured:
            session.out.data(row)
            return
        for name, value in row.items():
            shown = ", ".join(value) if isinstance(value, list) else value
            if shown not in (None, ""):
                session.out.text(f"{name.replace('_', ' '):<14}{shown}\n")
