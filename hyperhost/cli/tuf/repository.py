"""``hyperhost tuf create``, ``status``, ``update`` and ``renew``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "create")
    def create(
        session: Session,
        root_keys: Annotated[int, typer.Option(min=1, max=32, help="Keys of the root.")] = 3,
        root_threshold: Annotated[int, typer.Option(min=1, max=32, help="How many of them must sign.")] = 2,
    ) -> None:
        """Make the registry of this home a TUF repository, with new keys."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            made = operations.run("tuf_create", root_keys=root_keys, root_threshold=root_threshold)
        if session.out.structured:
            session.out.data(made)
        else:
            session.out.note(f"metadata is in {made['metadata']}; clients begin with:")
            session.out.text(f"{made['root']}\n")

    @command(app, "status")
    def status(session: Session) -> None:
        """Show roles, keys and expiry of the repository."""
        from hyperhost.cli.door import door
        from hyperhost.cli.tuf.rows import COLUMNS, role_row

        with door(session, changes=False) as operations:
            found = operations.run("tuf_status")
        if session.out.structured:
            session.out.data(found)
        else:
            session.out.rows(COLUMNS, [role_row(each) for each in found["roles"]], empty="no roles")

    @command(app, "update")
    def update(
        session: Session,
        everything: Annotated[
            bool, typer.Option("--everything", help="Look at every artifact, not at the changes only.")
        ] = False,
    ) -> None:
        """Sign what has changed in the registry; done by itself after each change."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            done = operations.run("tuf_update", everything=everything)
        if session.out.structured:
            session.out.data(done)
        else:
            session.out.note(f"{done['targets']:,} targets are different now")

    @command(app, "renew")
    def renew(session: Session) -> None:
        """Sign the timestamp anew, and what has lived half of its time. Run it every day."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            done = operations.run("tuf_renew")
        if session.out.structured:
            session.out.data(done)
        else:
            session.out.note(f"signed anew: {', '.join(done['roles'])}")
