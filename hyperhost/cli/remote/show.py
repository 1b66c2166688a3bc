"""``hyperhost remote list`` and ``show``."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hyperhost.cli.complete_registry import remote_names
from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS: Final = (
    Column("name"),
    Column("url", "URL"),
    Column("added_at", "ADDED"),
    Column("added_by", "BY", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_remotes(session: Session, filters: FilterOption = None) -> None:
        """List the registries elsewhere that are known here. None of them is asked."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations:
            rows = [moments(row) for row in operations.run("remote_list")]
        session.out.rows(
            _COLUMNS,
            matching(rows, filters),
            empty="no remotes; add one: hyperhost remote add NAME URL --root root.json",
        )

    @command(app, "show")
    def show(
        session: Session,
        name: Annotated[
            str, typer.Argument(metavar="NAME", help="Of the remote.", autocompletion=remote_names)
        ],
    ) -> None:
        """Ask a registry elsewhere what is new, and show what of it is trusted now."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations, session.out.progress(f"asking {name}"):
            found = operations.run("remote_show", name=name)
        session.out.record(moments(found))
