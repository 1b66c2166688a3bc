"""``hyperhost apikey list`` and ``revoke``."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.moments import moment_text
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["OwnerOption", "key_row", "register"]

OwnerOption = Annotated[
    str, typer.Option("--user", metavar="NAME", help="Somebody else's, which takes user:manage.")
]
_EverybodyOption = Annotated[bool, typer.Option("--all", "-a", help="Everybody's, which takes user:manage.")]
_COLUMNS: Final = (
    Column("key"),
    Column("name"),
    Column("state"),
    Column("principal", "OF"),
    Column("scopes"),
    Column("expires_at", "EXPIRES"),
    Column("used_at", "LAST USED"),
    Column("created_at", "CREATED", wide=True),
)


def key_row(key: dict[str, Any]) -> dict[str, Any]:
    """An API key as the command line shows it."""
    return {
        "key": key["id"],
        "name": key["name"],
        "principal": key["principal"],
        "state": key["state"],
        "scopes": key["scopes"],
        "created_at": moment_text(key["created_at_us"]),
        "expires_at": moment_text(key["expires_at_us"]),
        "used_at": moment_text(key["used_at_us"]),
    }


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_keys(
        session: Session,
        user: OwnerOption = "",
        everybody: _EverybodyOption = False,
        filters: FilterOption = None,
    ) -> None:
        """List API keys: whose they are, whether they hold, when they were last used; never their secrets."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            is_owner = operations.principal.id == "local:owner"
            whose = "*" if everybody or (is_owner and not user) else user
            rows = [key_row(key) for key in operations.run("apikey_list", user=whose)]
        session.out.rows(
            _COLUMNS, matching(rows, filters), empty="no API keys; make one: hyperhost apikey create NAME"
        )

    @command(app, "revoke")
    def revoke(
        session: Session,
        key: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
        user: OwnerOption = "",
    ) -> None:
        """Make an API key unusable for good."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            is_owner = operations.principal.id == "local:owner"
            gone = operations.run("apikey_revoke", key=key, user="*" if is_owner and not user else user)
        if session.out.structured:
            session.out.data(key_row(gone))
        else:
            session.out.note(f"revoked the API key {gone['id']} of {gone['principal']}")
