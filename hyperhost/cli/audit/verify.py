"""``hyperhost audit verify``."""

from __future__ import annotations

from pathlib import Path
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
        file: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="Check this file, which audit export wrote, and not the log."),
        ] = None,
    ) -> None:
        """Check that no entry was altered, removed, inserted or moved; status 1 if one was."""
        from hyperhost.cli.door import door

        asked = {"head": head, "file": str(file.absolute()) if file is not None else ""}
        about = f"verifying {file or 'the audit log'}"
        with door(session, changes=False) as operations, session.out.progress(about):
            found = operations.run("audit_verify", **{key: value for key, value in asked.items() if value})
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
