"""``hyperhost registry info``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "info")
    def info(session: Session) -> None:
        """Show where the registry is and how much it holds."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations:
            found = operations.run("registry_info")
        session.out.record(
            {"home": str(session.home.path), "providers": dict(session.config.providers), **moments(found)}
        )
