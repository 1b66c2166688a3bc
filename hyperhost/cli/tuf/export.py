"""``hyperhost tuf export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "export")
    def export(
        session: Session,
        directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made if it is not there.")],
    ) -> None:
        """Write a directory that any web server can hand out; the next time, what has changed."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations, session.out.progress(f"exporting to {directory}"):
            done = operations.run("tuf_export", directory=str(directory.absolute()))
        if session.out.structured:
            session.out.data({**done, "directory": str(directory)})
            return
        session.out.note(
            f"wrote {done['written']:,} files ({done['written_bytes']:,} bytes) to {directory}; "
            f"{done['kept']:,} were there, {done['removed']:,} are gone"
        )
        for path in done["left_out"]:
            session.out.note(f"left out, as its name is too long for a file: {path}")
