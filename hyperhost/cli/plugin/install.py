"""``hyperhost plugin install``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.plugin.options import GrantOption, YesOption, announce, installer
from hyperhost.cli.session import Session, command

__all__ = ["StubOption", "register"]

StubOption = Annotated[
    bool, typer.Option("--stub-denied", help="Refuse imports that are not granted when called, not at once.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "install")
    def install(
        session: Session,
        source: Annotated[
            str, typer.Argument(help="A .wasm, .hhp or directory, or a component that pip installed.")
        ],
        yes: YesOption = False,
        grants: GrantOption = None,
        stub_denied: StubOption = False,
    ) -> None:
        """Install a plugin, once you agreed to what it may do."""
        from hyperhost.cli.plugin.ask import decider

        outcome = installer(session).install(source, decider(session, yes, grants), stub_denied=stub_denied)
        entry = outcome.entry
        may = f"; it may use {', '.join(entry.granted)}" if entry.granted else "; it is granted nothing"
        announce(session, outcome, f"installed {entry.id} {entry.version}{may}")
