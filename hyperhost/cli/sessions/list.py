"""``hyperhost session list`` and ``revoke``."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from hyperhost.cli.apikey.list import OwnerOption
from hyperhost.cli.moments import moment_text
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS: Final = (
    Column("session"),
    Column("principal", "OF"),
    Column("created_at", "BEGUN"),
    Column("expires_at", "EXPIRES"),
    Column("used_at", "LAST USED"),
    Column("ip", wide=True),
    Column("user_agent", "WITH", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_sessions(session: Session, user: OwnerOption = "") -> None:
        """List sessions that hold: your own, those of a user, or everybody's for the owner of the home."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            is_owner = operations.principal.id == "local:owner"
            found = operations.run("session_list", user="*" if is_owner and not user else user)
        session.out.rows(_COLUMNS, [_row(each) for each in found], empty="no sessions")

    @command(app, "revoke")
    def revoke(
        session: Session,
        begun: Annotated[
            str, typer.Argument(metavar="[SESSION]", help="Id of the session; all of them without.")
        ] = "",
        user: OwnerOption = "",
    ) -> None:
        """End a session, or all of your own, or all of a user."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            is_owner = operations.principal.id == "local:owner"
            whose = "*" if begun and is_owner and not user else user
            ended = operations.run("session_revoke", session=begun, user=whose)
        if session.out.structured:
            session.out.data(ended)
        else:
            session.out.note(
                f"ended {len(ended)} sessions" if len(ended) != 1 else f"ended the session {ended[0]}"
            )


def _row(found: dict[str, Any]) -> dict[str, Any]:
    row = {key: value for key, value in found.items() if not key.endswith("_us")}
    row["session"] = row.pop("id")
    for name in ("created", "expires", "used"):
        row[f"{name}_at"] = moment_text(found[f"{name}_at_us"])
    return row
