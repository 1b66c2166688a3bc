"""``hyperhost remote add`` and ``remove``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.complete_registry import remote_names
from hyperhost.cli.registry_options import YesOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_MOST: int = 512_000


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "add")
    def add(
        session: Session,
        name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called here, as in acme.")],
        url: Annotated[
            str, typer.Argument(metavar="URL", help="Where metadata/ and targets/ are; http or https.")
        ],
        root: Annotated[
            Path,
            typer.Option(
                "--root", metavar="FILE", help="Its root.json, on a way that you trust.", show_default=False
            ),
        ],
    ) -> None:
        """Trust a registry elsewhere by its root, once it has answered with what the root vouches for."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        text = _read(root)
        with door(session, changes=True) as operations, session.out.progress(f"asking {url}"):
            done = operations.run("remote_add", name=name, url=url, root=text)
        if session.out.structured:
            session.out.data(moments(done))
        else:
            session.out.note(f"added {name}; its root is version {done['root']}")

    @command(app, "remove")
    def remove(
        session: Session,
        name: Annotated[
            str, typer.Argument(metavar="NAME", help="Of the remote.", autocompletion=remote_names)
        ],
        yes: YesOption = False,
    ) -> None:
        """Forget a registry elsewhere. What came from it stays; what is known against rollback goes."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_options import confirmed

        if not confirmed(session, yes, f"Forget the remote {name} and what of it is trusted?"):
            raise typer.Exit(1)
        with door(session, changes=True) as operations:
            operations.run("remote_remove", name=name)
        if session.out.structured:
            session.out.data({"name": name, "removed": True})
        else:
            session.out.note(f"removed {name}")


def _read(path: Path) -> str:
    """The text of a root.

    Raises:
        InvalidInputError: it cannot be read, or is too long for one.
    """
    from hyperhost.errors import InvalidInputError

    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
        if len(data) > _MOST:
            raise ValueError(f"has more than {_MOST:,} bytes")
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        failed = InvalidInputError(
            f"{path} is no root: {reason}", hint="get the root.json from whoever runs the registry"
        )
        failed.field, failed.rule = "root", "unreadable"
        raise failed from error
