"""``commands.json``: which plugin offers which command, so that help does not load plugins.

The file is a copy of what plugins answer to ``command_list``, taken when plugins are installed,
switched or removed. Deleting it loses nothing; it is made anew when an unknown command is typed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperhost.contracts.command import Command
    from hyperhost.host.home import Home
    from hyperhost.host.host import Host

__all__ = ["Offer", "offers_of", "read_offers", "write_offers"]

_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Offer:
    """A command, and the plugin that offers it.

    Attributes:
        plugin: Id of the plugin.
        command: The command.
    """

    plugin: str
    command: Command


def offers_of(host: Host, ids: Iterable[str] | None = None) -> list[Offer]:
    """The commands that the loaded plugins offer; a plugin that fails to answer offers none.

    Args:
        host: The host.
        ids: Plugins to ask; all when not given.
    """
    found = []
    for plugin_id in host.plugins if ids is None else ids:
        plugin = host.plugin(plugin_id)
        if "command_list" not in plugin.hooks:
            continue
        # A fault is recorded with the plugin's name; the other commands are still there.
        with contextlib.suppress(Exception):
            found += [Offer(plugin_id, command) for command in plugin.call("command_list") or ()]
    return found


def read_offers(home: Home) -> list[Offer]:
    """What was written last; empty when there is nothing or it cannot be read. Loads next to nothing."""
    try:
        with home.commands_file.open("rb") as file:
            rows = json.loads(file.read(_MAX_BYTES))
        return [Offer(_text(row["plugin"]), _command(row["command"])) for row in rows]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []


def _command(row: dict[str, Any]) -> Command:
    from hyperhost.contracts.command import Command, CommandArgument

    arguments = [
        CommandArgument(
            name=_text(each["name"]),
            summary=_text(each["summary"]),
            required=each["required"] is True,
            switch=each["switch"] is True,
            default=None if each["default"] is None else _text(each["default"]),
        )
        for each in row["arguments"]
    ]
    return Command(_text(row["name"]), _text(row["summary"]), arguments, _text(row["group"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def write_offers(home: Home, offers: Iterable[Offer]) -> None:
    """Replace the file. What cannot be written is made anew another time."""
    if not home.exists:
        return
    rows = [dataclasses.asdict(offer) for offer in offers]
    with contextlib.suppress(OSError):
        descriptor, name = tempfile.mkstemp(prefix=".commands-", dir=home.path)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(rows, file, indent=1)
            Path(name).replace(home.commands_file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
