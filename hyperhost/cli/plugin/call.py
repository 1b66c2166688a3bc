"""``hyperhost plugin call``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.complete import installed_hooks
from hyperhost.cli.plugin.jsonargument import JsonOption, read_json
from hyperhost.cli.plugin.options import PluginArgument
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.host import Host
    from hyperhost.host.plugin import Plugin

__all__ = ["call_hook", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "call")
    def call(
        session: Session,
        plugin_id: PluginArgument,
        hook: Annotated[str, typer.Argument(help="Name of the hook.", autocompletion=installed_hooks)],
        json_text: JsonOption = "{}",
        record: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="Write a recording of the call, for hyperhost plugin replay."),
        ] = None,
    ) -> None:
        """Call one hook of one plugin, and print what it answers as JSON."""
        from hyperhost.host.jsonvalues import arguments_from_json, to_json

        data = read_json(json_text)
        with session.host([plugin_id]) as host:
            plugin = usable(session, host, plugin_id)
            info = host.hooks().get(hook.replace("-", "_"))
            arguments = {} if info is None else arguments_from_json(info.function, data, info.name)
            name = info.name if info else hook
            if record is None:
                result = _told(session, host, plugin, name, arguments)
            else:
                result = _recorded(session, host, plugin, name, arguments, record)
            session.out.data(to_json(result, info.function.result if info else None))


def _told(session: Session, host: Host, plugin: Plugin, hook: str, arguments: dict[str, Any]) -> Any:
    """Call a hook; say where the recording of a fault is."""
    try:
        return call_hook(plugin, hook, arguments)
    except Exception:
        # The end of a canary, which has no recording, may follow the fault that caused it.
        kept = next((fault.kept for fault in reversed(host.faults) if fault.kept is not None), None)
        if kept is not None and kept.path is not None:
            session.out.note(f"recorded; replay it with: hyperhost plugin replay {kept.path}")
        elif kept is not None and kept.note:
            session.out.note(f"not recorded: {kept.note}")
        raise


def _recorded(
    session: Session, host: Host, plugin: Plugin, hook: str, arguments: dict[str, Any], path: Path
) -> Any:
    """Call a hook and write the recording, whatever the call ends in."""
    from hyperhost.errors import RecordingError
    from hyperhost.host.recorder import Recorder

    if plugin.kind != "component":
        raise RecordingError(
            "is a native plugin, whose calls cannot be recorded",
            plugin=plugin.id,
            hook=hook,
            hint="components are recorded: all they do passes through the host",
        )
    if not path.parent.is_dir():
        raise RecordingError(f"{path.parent} is no directory", hint="make it first; nothing was called")
    with Recorder(host, plugin.id) as recorder:
        try:
            return call_hook(plugin, hook, arguments)
        finally:
            if recorder.has_recorded:
                recorder.recording().write(path)
                session.out.note(f"recorded in {path}")


def usable(session: Session, host: Host, plugin_id: str) -> Plugin:
    """The plugin, if it was loaded.

    Raises:
        PluginStateError: it is switched off.
        PluginNotFoundError: there is none.
        HyperHostError: why it could not be loaded.
    """
    from hyperhost.cli.plugin.options import installer
    from hyperhost.errors import PluginStateError

    if plugin_id not in host.plugins:
        entry = installer(session).known(plugin_id)
        raise PluginStateError(
            "is not active", plugin=entry.id, hint=f"switch it on with: hyperhost plugin activate {entry.id}"
        )
    plugin = host.plugin(plugin_id)
    if plugin.failure is not None:
        raise plugin.failure
    return plugin


def call_hook(plugin: Plugin, hook: str, arguments: dict[str, Any]) -> Any:
    """Call a hook; whatever a native plugin raises becomes an error that names it.

    Raises:
        HyperHostError: whatever the call ends in.
    """
    from hyperhost.errors import HyperHostError, PluginError

    try:
        return plugin.call(hook, **arguments)
    except HyperHostError:
        raise
    except Exception as error:
        raise PluginError(
            f"raised {type(error).__name__}: {error}",
            plugin=plugin.id,
            hook=hook,
            hint="--verbose shows where",
        ) from error
