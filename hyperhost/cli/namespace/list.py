"""``hyperhost namespace list``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS = (
    Column("path", "NAMESPACE"),
    Column("owner"),
    Column("visibility"),
    Column("description"),
    Column("labels", wide=True),
    Column("quotas", wide=True),
    Column("created_at", "CREATED", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "list")
    def list_namespaces(
        session: Session,
        prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="What paths begin with.")] = "",
        filters: FilterOption = None,
    ) -> None:
        """List namespaces that were created."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations:
            rows = moments(operations.run("namespace_list", prefix=prefix))
        empty = "no namespaces yet; create one with: hyperhost namespace create org.acme"
        session.out.rows(_COLUMNS, matching(rows, filters), empty=empty)
