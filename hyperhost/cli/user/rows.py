"""Users as rows, and what commands on users have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.moments import moment_text
from hyperhost.cli.output import Column

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = ["COLUMNS", "UserArgument", "tell", "user_row"]

UserArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]
COLUMNS: Final = (
    Column("name"),
    Column("state"),
    Column("title"),
    Column("has_password", "PASSWORD"),
    Column("created_at", "CREATED"),
    Column("password_at", "PASSWORD SET", wide=True),
    Column("id", wide=True),
)


def user_row(user: dict[str, Any]) -> dict[str, Any]:
    """A user as the command line shows one."""
    shown = {key: value for key, value in user.items() if not key.endswith("_us")}
    return {
        **shown,
        "created_at": moment_text(user["created_at_us"]),
        "password_at": moment_text(user["password_at_us"]),
    }


def tell(session: Session, user: dict[str, Any], words: str) -> None:
    """Write the user that a command was about."""
    if session.out.structured:
        session.out.data(user_row(user))
    else:
        session.out.note(f"{user['id']} {words}")
