"""Arguments and options that several plugin commands share, and what they all need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.session import Session

if TYPE_CHECKING:
    from hyperhost.host.installer import Installer, Outcome

__all__ = ["ForceOption", "GrantOption", "PluginArgument", "YesOption", "announce", "installer"]

PluginArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the plugin.", autocompletion=plugin_ids, show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; grant what it requires.")]
GrantOption = Annotated[
    list[str] | None,
    typer.Option("--grant", help="Do not ask; grant exactly this. Repeat for more.", metavar="CAPABILITY"),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Do it although something speaks against it.")]


def installer(session: Session) -> Installer:
    """The operations on the session's home, showing progress."""
    from hyperhost.host.installer import Installer

    return Installer(session.home, session.config, progress=session.out.progress)


def announce(session: Session, outcome: Outcome, message: str) -> None:
    """Say what an operation did, and ask plugins anew for their commands."""
    from hyperhost.cli.offered import refresh
    from hyperhost.cli.plugin.rows import entry_row

    if session.out.structured:
        session.out.data(
            {**entry_row(outcome.entry), "changed": outcome.changed, "notes": list(outcome.notes)}
        )
    else:
        session.out.note(message)
        for note in outcome.notes:
            session.out.note(f"  {note}")
    if outcome.changed and (session.home.commands_file.exists() or session.home.exists):
        refresh(session)
