"""``hyperhost plugin activate`` and ``hyperhost plugin deactivate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.plugin.options import ForceOption, PluginArgument, announce, installer
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "activate")
    def activate(session: Session, plugin_id: PluginArgument) -> None:
        """Use a plugin again that was deactivated."""
        outcome = installer(session).activate(plugin_id)
        announce(session, outcome, f"{plugin_id} is active{'' if outcome.changed else ' already'}")

    @command(app, "deactivate")
    def deactivate(session: Session, plugin_id: PluginArgument, force: ForceOption = False) -> None:
        """Stop using a plugin. It stays installed, with its grants and its data."""
        outcome = installer(session).deactivate(plugin_id, force=force)
        announce(session, outcome, f"{plugin_id} is inactive{'' if outcome.changed else ' already'}")
