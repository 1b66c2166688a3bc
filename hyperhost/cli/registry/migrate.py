"""``hyperhost registry migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import YesOption, confirmed
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "migrate")
    def migrate(
        session: Session,
        to: Annotated[
            int | None, typer.Option(metavar="NUMBER", help="A layout; the latest when not given.")
        ] = None,
        yes: YesOption = False,
    ) -> None:
        """Bring the store to the layout of this program, or to another one."""
        from hyperhost.cli.door import check_registry, door

        check_registry(session)
        if to is not None and not confirmed(
            session, yes, f"Bring the store to layout {to}? A backup is advised."
        ):
            session.out.note("nothing was changed")
            raise typer.Exit(1)
        with door(session, changes=True) as operations, session.out.progress("migrating"):
            done = operations.run("migrate", **({} if to is None else {"to": to}))
        if session.out.structured:
            session.out.data({"done": done})
            return
        for step in done:
            session.out.note(step)
        session.out.note("the store is migrated" if done else "the store has this layout already")
