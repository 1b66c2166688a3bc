"""``hyperhost plugin release``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.plugin.options import PluginArgument, announce, installer
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "release")
    def release(session: Session, plugin_id: PluginArgument) -> None:
        """End a plugin's quarantine; its faults up to now no longer count."""
        outcome = installer(session).release(plugin_id)
        words = "is released" if outcome.changed else "was not in quarantine"
        announce(session, outcome, f"{plugin_id} {words}")
