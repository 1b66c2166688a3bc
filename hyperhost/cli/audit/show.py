"""``hyperhost audit show``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "show")
    def show(
        session: Session, entry: Annotated[int, typer.Argument(metavar="ENTRY", help="Number of the entry.")]
    ) -> None:
        """Show one entry of the audit log."""
        from hyperhost.cli.audit.rows import entry_row
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            found = operations.run("audit_show", seq=entry)
        session.out.record(entry_row(found))
