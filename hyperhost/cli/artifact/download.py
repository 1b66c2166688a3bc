"""``hyperhost artifact download``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.registry_options import ArtifactArgument, ForceOption, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "download")
    def download(
        session: Session,
        artifact: ArtifactArgument,
        to: Annotated[
            Path | None,
            typer.Option(metavar="PATH", help="File, or directory; NAME-VERSION here when not given."),
        ] = None,
        force: ForceOption = False,
        namespace: NamespaceOption = None,
    ) -> None:
        """Write the content of an artifact to a file, verified by its hash; --force replaces a file."""
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.errors import InputRequiredError
        from hyperhost.host.contents import fetch

        def target(found: dict[str, Any]) -> Path:
            name = f"{found['name']}-{found['version']}"
            path = Path(name) if to is None else to / name if to.is_dir() else to
            if path.exists() and not force:
                raise InputRequiredError(f"{path} is there already", hint="add --force to replace it")
            return path

        reference = full(session, artifact, namespace)
        with (
            door(session, changes=True) as operations,
            session.out.bar(f"downloading {artifact}", 0) as progress,
        ):
            fetched = fetch(operations, reference, target, progress)
        if session.out.structured:
            session.out.data(
                {
                    "artifact": coordinates(fetched.artifact),
                    "file": str(fetched.path),
                    "hash": fetched.hash,
                    "bytes": fetched.size,
                }
            )
        else:
            session.out.note(f"wrote {fetched.path}, {fetched.size:,} bytes, {fetched.hash}")
