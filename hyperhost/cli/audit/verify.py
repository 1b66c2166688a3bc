"""``hyperhost audit verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "verify")
    def verify(
        session: Session,
        head: Annotated[
            str,
            typer.Option(metavar="ENTRY:HASH", help="What an earlier check, noted elsewhere, called last."),
        ] = "",
    ) -> None:
        """Check that no entry was altered, removed, inserted or moved; status 1 if one was."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations, session.out.progress("verifying the audit log"):
            found = operations.run("audit_verify", **({"head": head} if head else {}))
        if session.out.structured:
            session.out.data(found)
        elif found["ok"]:
            session.out.note(f"{found['entries']:,} entries, none altered, removed, inserted or moved")
            session.out.text(f"{found['last']}\n")
        else:
            session.out.text("".join(f"{each['kind']}: {each['what']}\n" for each in found["problems"]))
            session.out.note(f"{found['problem_count']:,} problems in {found['entries']:,} entries")
        if not found["ok"]:
            raise typer.Exit(1)
