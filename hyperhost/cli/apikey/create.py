"""``hyperhost apikey create``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.apikey.list import OwnerOption, key_row
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "create")
    def create(
        session: Session,
        name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
        scope: Annotated[
            list[str] | None,
            typer.Option(
                metavar="PERMISSION", help="All that it may be used for, as artifact:read; may be repeated."
            ),
        ] = None,
        expires: Annotated[str | None, typer.Option(metavar="TIME", help="Until when it holds.")] = None,
        user: OwnerOption = "",
    ) -> None:
        """Make an API key and print it, this once. Without a scope it may do what its owner may."""
        from hyperhost.cli.door import door
        from hyperhost.cli.moments import moment_us

        until = moment_us(expires) if expires is not None else None
        with door(session, changes=True) as operations:
            made = operations.run(
                "apikey_create", name=name, scopes=scope or [], expires_at_us=until, user=user
            )
        row = key_row(made["key"])
        if session.out.structured:
            session.out.data({**row, "secret": made["secret"]})
            return
        session.out.text(f"{made['secret']}\n")
        session.out.note(
            f"API key {row['key']} of {row['principal']}, until {row['expires_at']}; it is shown this once. "
            "Use it with HYPERHOST_TOKEN"
        )
