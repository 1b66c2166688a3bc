"""``hyperhost plugin uninstall``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.plugin.options import ForceOption, PluginArgument, announce, installer
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "uninstall")
    def uninstall(
        session: Session,
        plugin_id: PluginArgument,
        purge: Annotated[
            bool | None,
            typer.Option("--purge/--keep-data", help="Delete, or keep, what it stored.", show_default=False),
        ] = None,
        force: ForceOption = False,
    ) -> None:
        """Remove a plugin, and if you like what it stored."""
        work = installer(session)
        work.known(plugin_id)
        stored = work.stored_bytes(plugin_id)
        if purge is None:
            purge = _asked(session, plugin_id, stored) if stored else False
        outcome = work.uninstall(plugin_id, purge=purge, force=force)
        data = (
            ""
            if not stored
            else " and what it stored"
            if purge
            else f"; the {stored:,} bytes it stored are kept"
        )
        announce(session, outcome, f"uninstalled {plugin_id} {outcome.entry.version}{data}")


def _asked(session: Session, plugin_id: str, stored: int) -> bool:
    from hyperhost.cli.plugin.ask import confirm
    from hyperhost.errors import InputRequiredError

    if not session.asks:
        raise InputRequiredError(
            f"it stored {stored:,} bytes, and there is no terminal to ask on whether to keep them",
            plugin=plugin_id,
            hint="add --purge to delete them or --keep-data to keep them; nothing was changed",
        )
    return confirm(f"{plugin_id} stored {stored:,} bytes. Delete them, too?")
