"""``hyperhost plugin upgrade``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.plugin.options import (
    ForceOption,
    GrantOption,
    PluginArgument,
    YesOption,
    announce,
    installer,
)
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "upgrade")
    def upgrade(
        session: Session,
        plugin_id: PluginArgument,
        source: Annotated[
            str | None, typer.Argument(help="The new package; where the old one came from when not given.")
        ] = None,
        yes: YesOption = False,
        grants: GrantOption = None,
        force: ForceOption = False,
    ) -> None:
        """Replace a plugin by another version. What it was granted stays; you are asked for what is new."""
        from hyperhost.cli.plugin.ask import decider

        work = installer(session)
        before = work.known(plugin_id).version
        decide = decider(session, yes, grants)
        outcome = work.upgrade(plugin_id, source, decide, also=grants or (), force=force)
        after = outcome.entry.version
        if not outcome.changed:
            announce(session, outcome, f"{plugin_id} {after} is this package already")
            return
        words = f"from {before} to {after}" if before != after else f"to another build of {after}"
        announce(session, outcome, f"upgraded {plugin_id} {words}")
