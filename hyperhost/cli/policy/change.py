"""``hyperhost policy add`` and ``remove``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["read_text", "register"]


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        InvalidInputError: it cannot be read.
    """
    from hyperhost.errors import InvalidInputError

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        refused = InvalidInputError(f"{file} cannot be read: {reason}", hint="give a policy, written as TOML")
        refused.field, refused.rule = "text", "unreadable"
        raise refused from error


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "add")
    def add(
        session: Session,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, written as TOML.")],
        replace: Annotated[
            bool, typer.Option("--replace", help="Put it in the place of one of that name.")
        ] = False,
    ) -> None:
        """Add a policy to the home. It holds from then on, without a restart."""
        from hyperhost.cli.door import door

        text = read_text(file)
        with door(session, changes=True) as operations:
            row = operations.run("policy_add", text=text, replace=replace)
        if session.out.structured:
            session.out.data(row)
        else:
            session.out.note(f"{row['name']} holds now; it is {row['enforcement']}: {row['source']}")

    @command(app, "remove")
    def remove(
        session: Session, name: Annotated[str, typer.Argument(metavar="NAME", help="Of a policy.")]
    ) -> None:
        """Remove a policy from the home."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            operations.run("policy_remove", name=name)
        if session.out.structured:
            session.out.data({"name": name, "removed": True})
        else:
            session.out.note(f"{name} holds no longer")
