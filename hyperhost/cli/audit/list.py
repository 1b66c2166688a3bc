"""``hyperhost audit list``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.registry_options import LimitOption, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_PAGE = 500


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "list")
    def list_entries(
        session: Session,
        namespace: NamespaceOption = None,
        actor: Annotated[str | None, typer.Option(help="Id of a principal.")] = None,
        operation: Annotated[str | None, typer.Option(help="Name of an operation.")] = None,
        target: Annotated[str | None, typer.Option(help="Exactly that target.")] = None,
        request: Annotated[str | None, typer.Option(help="Id of a request.")] = None,
        since: Annotated[str | None, typer.Option(metavar="TIME", help="Then or later.")] = None,
        until: Annotated[str | None, typer.Option(metavar="TIME", help="Then or before.")] = None,
        failed: Annotated[bool, typer.Option("--failed", help="Only what did not end well.")] = False,
        limit: LimitOption = 100,
        filters: FilterOption = None,
    ) -> None:
        """List who did what, the newest first."""
        from hyperhost.cli.audit.rows import COLUMNS, entry_row
        from hyperhost.cli.door import door

        wanted = {
            "namespace": namespace,
            "actor": actor,
            "operation": operation,
            "target": target,
            "request_id": request,
            "since": since,
            "until": until,
            "success": False if failed else None,
        }
        given = {key: value for key, value in wanted.items() if value is not None}
        rows: list[Any] = []
        token = ""
        with door(session, changes=False) as operations:
            while True:
                size = min(_PAGE, limit) if not filters else _PAGE
                page = operations.run("audit_list", **given, limit=size, token=token)
                rows += matching([entry_row(item) for item in page["items"]], filters)
                token = page["next_token"]
                if not token or len(rows) >= limit:
                    break
        session.out.rows(COLUMNS, rows[:limit], empty="no entries")
        if token or len(rows) > limit:
            session.out.note(f"there are more than {limit}; see them with --limit")
