"""``hyperhost audit seal``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "seal")
    def seal(
        session: Session,
        reason: Annotated[str, typer.Option(help="What happened; it is written into the log.")],
    ) -> None:
        """Go on after a break of the audit log that has an explanation."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            done = operations.run("audit_seal", reason=reason)
        if session.out.structured:
            session.out.data(done)
        else:
            session.out.note(f"the audit log goes on behind {done['last'] or 'its beginning'}")
