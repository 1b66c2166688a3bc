"""``hyperhost artifact download``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.registry_options import ArtifactArgument, ForceOption, FromOption, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "download")
    def download(
        session: Session,
        artifact: ArtifactArgument,
        to: Annotated[
            str | None,
            typer.Option(metavar="PATH", help="File, or directory (also DIR/); NAME-VERSION when not given."),
        ] = None,
        force: ForceOption = False,
        namespace: NamespaceOption = None,
        remote: FromOption = None,
    ) -> None:
        """Write the content of an artifact to a file, verified by its hash; --force replaces a file."""
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.errors import InputRequiredError
        from hyperhost.host.contents import fetch

        def target(found: dict[str, Any]) -> Path:
            name = f"{found['name']}-{found['version']}"
            path = _place(to, name)
            if path.exists() and not force:
                raise InputRequiredError(f"{path} is there already", hint="add --force to replace it")
            return path

        reference = full(session, artifact, namespace)
        if remote is not None:
            _elsewhere(session, remote, reference, target)
            return
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


def _elsewhere(
    session: Session, remote: str, reference: str, target: Callable[[dict[str, Any]], Path]
) -> None:
    """The same from a registry elsewhere."""
    from hyperhost.cli.door import door

    with (
        door(session, changes=True) as operations,
        session.out.progress(f"downloading {reference} from {remote}"),
    ):
        found = operations.run("remote_find", remote=remote, artifact=reference)
        path = target(found)
        done = operations.run(
            "remote_fetch",
            remote=remote,
            artifact=found["artifact"],
            target=str(path.absolute()),
            content_hash=found["content_hash"] or "",
        )
    if session.out.structured:
        session.out.data({**done, "file": str(path)})
    else:
        session.out.note(f"wrote {path}, {done['bytes']:,} bytes, {done['hash']}")


def _place(to: str | None, name: str) -> Path:
    """The file that is meant; a directory that ends in a slash is made.

    Raises:
        StorageError: it cannot be made.
    """
    from hyperhost.errors import StorageError

    if to is None:
        return Path(name)
    path = Path(to)
    if to.endswith(("/", os.sep)):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the directory {to} cannot be made: {error.strerror or error}",
                hint="leave the slash out when a file is meant",
            ) from error
    return path / name if path.is_dir() else path
