"""``hyperhost plugin keygen``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "keygen")
    def keygen(
        session: Session,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="The key file to write.")],
    ) -> None:
        """Make a key to sign plugins with, and print its id. Never overwrites a file."""
        from hyperhost.host.keyfile import generate_key

        key = generate_key(file)
        if session.out.structured:
            session.out.data({"file": str(file.absolute()), "key": key.id})
            return
        session.out.text(f"{key.id}\n")
        session.out.note(f"made {file}; keep it secret, and keep a copy: who has it can publish as you")
