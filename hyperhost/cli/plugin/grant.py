"""``hyperhost plugin grant`` and ``hyperhost plugin revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.plugin.options import PluginArgument, announce, installer
from hyperhost.cli.session import Session, command

__all__ = ["register"]

Capabilities = Annotated[
    list[str],
    typer.Argument(metavar="CAPABILITY…", help="Such as kv or http:api.acme.test/v1.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "grant")
    def grant(session: Session, plugin_id: PluginArgument, capabilities: Capabilities) -> None:
        """Allow a plugin something that it asks for."""
        outcome = installer(session).grant(plugin_id, capabilities)
        announce(session, outcome, f"{plugin_id} may use {_list(outcome.entry.granted)}")

    @command(app, "revoke")
    def revoke(session: Session, plugin_id: PluginArgument, capabilities: Capabilities) -> None:
        """Take back what a plugin was allowed."""
        outcome = installer(session).revoke(plugin_id, capabilities)
        announce(session, outcome, f"{plugin_id} may use {_list(outcome.entry.granted)} now")


def _list(capabilities: tuple[str, ...]) -> str:
    return ", ".join(capabilities) or "nothing"
