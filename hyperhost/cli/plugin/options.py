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
    from hyperhost.cli.offered import hidden, refresh
    from hyperhost.cli.plugin.rows import entry_row
    from hyperhost.errors import HyperHostError

    entry, notes = outcome.entry, list(outcome.notes)
    if outcome.changed and session.home.exists:
        try:
            names = hidden(refresh(session), entry.id)
        except HyperHostError as error:
            # The operation is done; what is wrong elsewhere must not make it look undone.
            names, notes = [], [*notes, f"the list of commands could not be renewed: {error}"]
        notes += [
            f"its command {name!r} is hidden by another of that name; "
            f"type: hyperhost plugin run {entry.id} {name}"
            for name in names
        ]
    if session.out.structured:
        session.out.data({**entry_row(entry), "changed": outcome.changed, "notes": notes})
        return
    session.out.note(message)
    for note in notes:
        session.out.note(f"  {note}")
