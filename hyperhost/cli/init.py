"""``hyperhost init``: make the home directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "init")
    def init(session: Session) -> None:
        """Make the home directory, with a commented hyperhost.toml. Keeps what is there."""
        from hyperhost.host.home import init_home

        home = session.home
        made = init_home(home)
        if session.out.structured:
            session.out.data({"home": str(home.path), "created": [str(path) for path in made]})
            return
        for path in made:
            session.out.note(f"made {path}")
        session.out.note(
            f"the home {home.path} is ready" if made else f"the home {home.path} is complete already"
        )
