"""``hyperhost registry status``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.operations import Operations

__all__ = ["register"]

_COLUMNS = (Column("check"), Column("status"), Column("detail"), Column("hint", "WHAT TO DO"))
_NEEDED = ("list", "create", "publish", "audit_verify", "export", "backup", "render", "generate")
"""Operations that a whole registry has; each stands for the plugin that offers it."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "status")
    def status(session: Session) -> None:
        """Check that the registry answers and that everything it needs is there; status 1 if not."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            rows = list(_checks(session, operations))
        session.out.rows(_COLUMNS, rows)
        if any(row["status"] == "broken" for row in rows):
            raise typer.Exit(1)


def _checks(session: Session, operations: Operations) -> Iterator[dict[str, Any]]:
    from hyperhost.errors import HyperHostError

    host = operations.host
    for service in ("storage", "content"):
        provider = host.providers.get(service)
        yield _row(
            f"service {service}", "ok" if provider else "broken", provider or "nothing provides it", ""
        )
    try:
        for check in operations.run("registry_status")["checks"]:
            state = "ok" if check["passed"] else "broken"
            yield _row(check["name"], state, check["message"], check.get("hint", ""))
    except HyperHostError as error:
        yield _row("registry", "broken", error.message, error.hint)
    for plugin in host.plugins.values():
        if plugin.failure is not None:
            yield _row(f"plugin {plugin.id}", "broken", plugin.failure.message, plugin.failure.hint)
    known = operations.offered()
    missing = [name for name in _NEEDED if name not in known]
    hint = "install or activate the plugins that offer them" if missing else ""
    words = f"nobody offers {', '.join(missing)}" if missing else f"{len(known)} are offered"
    yield _row("operations", "broken" if missing else "ok", words, hint)


def _row(check: str, status: str, detail: str, hint: str) -> dict[str, Any]:
    return {"check": check, "status": status, "detail": detail, "hint": hint}
