"""``hyperhost audit show``."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]

_SHOWN: Final = {
    "seq": "entry",
    "at": "time",
    **{key: key for key in ("who", "operation", "namespace", "target", "outcome", "error")},
    **{key: key for key in ("changes", "details", "nested", "actor", "ip")},
    "user_agent": "user agent",
    "request_id": "request",
    "previous": "previous",
    "hash": "hash",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "show")
    def show(
        session: Session, entry: Annotated[int, typer.Argument(metavar="ENTRY", help="Number of the entry.")]
    ) -> None:
        """Show one entry of the audit log."""
        from hyperhost.cli.audit.rows import entry_row
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            found = operations.run("audit_show", seq=entry)
        # Of an entry that is damaged nobody knows what it holds: all of it is shown.
        session.out.record(entry_row(found), None if found.get("damaged") else _SHOWN)
