"""``hyperhost namespace get``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost.cli.registry_options import AtOption, NamespaceArgument
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_SHOWN: Final = {
    "path": "namespace",
    "defined_by": "defined by",
    "scope": "scope",
    "description": "description",
    "owner": "owner",
    "visibility": "visibility",
    "labels": "labels",
    "policies": "policies",
    "acl": "may",
    "quotas": "quotas",
    "usage": "holds",
    "month": "used",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "get")
    def get(session: Session, path: NamespaceArgument, at: AtOption = None) -> None:
        """Show what holds in a namespace, what it inherits included, and how full it is."""
        from hyperhost.cli.door import coordinates, door
        from hyperhost.cli.moments import moment_us
        from hyperhost.cli.registry_rows import moments

        at_us = moment_us(at) if at is not None else None
        with door(session, changes=False) as operations:
            if at_us is None:
                found = operations.run("namespace_read", path=path)
            else:
                items, token = [], ""
                while True:
                    page = operations.run(
                        "namespace_at", namespace=path, at_us=at_us, page={"size": 1000, "token": token}
                    )
                    items += page["items"]
                    token = page["next_token"]
                    if not token:
                        break
                found = {**(page["namespace"] or {"path": path})}
                found["artifacts"] = [coordinates(each["artifact"]) for each in items]
        shown = None if at_us is not None or session.out.structured else _SHOWN
        session.out.record(moments(found), shown)
