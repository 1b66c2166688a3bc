"""``hyperhost plugin run``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.output import Column
from hyperhost.cli.plugin.options import PluginArgument
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS = (Column("command"), Column("summary"))


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
    def run(
        session: Session,
        plugin_id: PluginArgument,
        words: Annotated[
            list[str] | None,
            typer.Argument(metavar="[COMMAND [ARGUMENTS]…]", help="A command of it, as it would be typed."),
        ] = None,
    ) -> None:
        """Run a command that a plugin offers; without one, list them.

        Options of hyperhost itself go before ID.
        """
        from hyperhost.cli.plugin.call import usable
        from hyperhost.host.commandlist import offers_of

        with session.host([plugin_id]) as host:
            usable(session, host, plugin_id)
            offers = {_full_name(offer.command): offer for offer in offers_of(host, [plugin_id])}
        if not words:
            rows = [{"command": name, "summary": offer.command.summary} for name, offer in offers.items()]
            session.out.rows(_COLUMNS, rows, empty=f"{plugin_id} offers no commands")
            return
        _run(session, plugin_id, offers, words)


def _run(session: Session, plugin_id: str, offers: dict[str, Any], words: list[str]) -> None:
    from hyperhost.cli.offered import command_from
    from hyperhost.errors import PluginStateError

    for length in (2, 1):
        name = " ".join(words[:length])
        if name in offers:
            program = f"hyperhost plugin run {plugin_id} {name}"
            command_from(offers[name]).main(words[length:], prog_name=program, obj=session)
            return
    raise PluginStateError(
        f"offers no command {words[0]!r}",
        plugin=plugin_id,
        hint=f"it offers {', '.join(offers)}" if offers else "it offers none",
    )


def _full_name(offered: Any) -> str:
    return f"{offered.group} {offered.name}" if offered.group else str(offered.name)
