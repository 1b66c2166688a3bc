"""``hyperhost user list`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.session import Session, command
from hyperhost.cli.user.rows import COLUMNS, UserArgument, user_row

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_users(session: Session, filters: FilterOption = None) -> None:
        """List the users."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            rows = [user_row(user) for user in operations.run("user_list")]
        session.out.rows(
            COLUMNS, matching(rows, filters), empty="no users; make one: hyperhost user create NAME"
        )

    @command(app, "show")
    def show(session: Session, name: UserArgument) -> None:
        """Show one user."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            session.out.record(user_row(operations.run("user_read", name=name)))
