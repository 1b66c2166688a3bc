"""``hyperhost tuf init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command
from hyperhost.cli.tuf.options import MetadataDir, client, given

__all__ = ["register"]

_MOST = 512_000


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "init")
    def init(
        session: Session,
        root: Annotated[Path, typer.Argument(metavar="ROOT", help="The registry's root.json.")],
        metadata_dir: MetadataDir = None,
    ) -> None:
        """Trust a registry from now on, by its root. Asks nobody."""
        from hyperhost.errors import InvalidInputError

        place = given(session, "metadata_dir", metadata_dir)
        try:
            with root.open("rb") as file:
                data = file.read(_MOST)
        except OSError as error:
            raise InvalidInputError(f"{root} cannot be read: {error.strerror or error}") from error
        with client(session) as hook:
            version = hook.trust_begin(metadata_dir=str(place), root=data)
        if session.out.structured:
            session.out.data({"metadata_dir": str(place), "root": version})
        else:
            session.out.note(f"trusts root {version}, kept in {place}")
