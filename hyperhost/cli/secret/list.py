"""``hyperhost secret list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_COLUMNS: Final = (
    Column("name"),
    Column("namespace"),
    Column("version", right=True),
    Column("changed_at", "CHANGED"),
    Column("changed_by", "BY"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "list")
    def list_secrets(session: Session, filters: FilterOption = None) -> None:
        """List the names of secrets, and when each was last set."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import unlocking
        from hyperhost.cli.registry_rows import moments

        unlocking(session, "secrets")
        with door(session, changes=False) as operations:
            rows = [moments(row) for row in operations.run("secret_list")]
        session.out.rows(
            _COLUMNS, matching(rows, filters), empty="no secrets; set one: hyperhost secret set NAME"
        )
