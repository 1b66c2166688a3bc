"""``hyperhost user create``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.passwords import PasswordFileOption
from hyperhost.cli.session import Session, command
from hyperhost.cli.user.rows import UserArgument

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "create")
    def create(
        session: Session,
        name: UserArgument,
        title: Annotated[str, typer.Option(help="What people call them.")] = "",
        role: Annotated[
            list[str] | None, typer.Option(metavar="ROLE", help="A role that they get; may be repeated.")
        ] = None,
        password: Annotated[
            bool, typer.Option("--password/--no-password", help="Give them a password, which is asked for.")
        ] = True,
        password_file: PasswordFileOption = None,
    ) -> None:
        """Create a user; with a role they may do something, too."""
        from hyperhost.cli.door import door
        from hyperhost.cli.passwords import asked_password
        from hyperhost.cli.user.rows import tell
        from hyperhost.host.entrance import keep_password

        text = ""
        if password or password_file is not None:
            text = asked_password(session, password_file, f"Password of {name}", twice=True)
        with door(session, changes=True) as operations:
            for each in role or ():
                operations.run("role_show", name=each)  # nothing is done when one is not there
            handle = keep_password(operations.host, text) if text else ""
            user = operations.run("user_create", name=name, title=title, password=handle)
            for each in role or ():
                operations.run("role_assign", principal=user["id"], role=each)
        given = ", ".join(role or ())
        tell(session, user, f"was created with {given}" if given else "was created; it has no role yet")
