"""``hyperhost user disable``, ``enable``, ``delete`` and ``password``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.passwords import PasswordFileOption
from hyperhost.cli.registry_options import YesOption, confirmed
from hyperhost.cli.session import Session, command
from hyperhost.cli.user.rows import UserArgument

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "disable")
    def disable(session: Session, name: UserArgument) -> None:
        """Keep a user out: password, API keys and sessions do not hold any more."""
        _run(session, "user_disable", name, "is disabled")

    @command(app, "enable")
    def enable(session: Session, name: UserArgument) -> None:
        """Let a user in again who was disabled, or locked after failures to log in."""
        _run(session, "user_enable", name, "is enabled")

    @command(app, "delete")
    def delete(session: Session, name: UserArgument, yes: YesOption = False) -> None:
        """Delete a user with API keys and sessions; nobody gets the name again."""
        if not confirmed(session, yes, f"Delete {name}, whose name nobody gets again?"):
            session.out.note("nothing was changed")
            raise typer.Exit(1)
        _run(session, "user_delete", name, "was deleted")

    @command(app, "password")
    def password(
        session: Session,
        name: Annotated[str, typer.Argument(metavar="[NAME]", help="Name of a user; your own without.")] = "",
        password_file: PasswordFileOption = None,
        old_password_file: Annotated[
            str | None,
            typer.Option(
                metavar="FILE", help="File of yours alone with the old password, to change your own."
            ),
        ] = None,
    ) -> None:
        """Change a password, which ends all sessions; for your own the old one is asked for."""
        from hyperhost.cli.door import door
        from hyperhost.cli.passwords import asked_password
        from hyperhost.cli.principal import forget_session, seen
        from hyperhost.cli.user.rows import tell
        from hyperhost.contracts import Credential, CredentialKind
        from hyperhost.host.entrance import keep_password

        with door(session, changes=True) as operations:
            own = operations.principal.id.removeprefix("user:")
            if name and name != own:
                text = asked_password(session, password_file, f"New password of {name}", twice=True)
                handle = keep_password(operations.host, text)
                user = operations.run("user_set_password", name=name, password=handle)
            else:
                old = asked_password(session, old_password_file, "Old password")
                text = asked_password(session, password_file, "New password", twice=True)
                proof = Credential(CredentialKind.PASSWORD, old, own, attributes=seen())
                handle = keep_password(operations.host, text, proof)
                user = operations.run("password_change", password=handle)
                forget_session(session)
        tell(session, user, "has a new password; all sessions have ended")


def _run(session: Session, operation: str, name: str, words: str) -> None:
    from hyperhost.cli.door import door
    from hyperhost.cli.user.rows import tell

    with door(session, changes=True) as operations:
        user = operations.run(operation, name=name)
    tell(session, user, words)
