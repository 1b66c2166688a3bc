"""``hyperhost token revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.session import Session, command
from hyperhost.cli.token.options import token_of

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "revoke")
    def revoke(
        session: Session,
        token: Annotated[
            str, typer.Argument(metavar="ID|TOKEN", help="Its id, or a narrowed token itself; '-' reads it.")
        ],
    ) -> None:
        """Revoke a token, and all that was made from it."""
        from hyperhost.cli.door import door

        given = token_of(token)
        named = {"id": given} if len(given) <= 40 else {"token": given}
        with door(session, changes=True) as operations:
            gone = operations.run("token_revoke", **named)
        if session.out.structured:
            session.out.data({"revoked": gone})
        else:
            session.out.note(f"revoked {gone[0]}")
