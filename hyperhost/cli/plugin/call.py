"""``hyperhost plugin call``."""

from __future__ import annotations

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
    ) -> None:
        """Call one hook of one plugin, and print what it answers as JSON."""
        from hyperhost.host.jsonvalues import arguments_from_json, to_json

        data = read_json(json_text)
        with session.host([plugin_id]) as host:
            plugin = usable(session, host, plugin_id)
            info = host.hooks().get(hook.replace("-", "_"))
            arguments = {} if info is None else arguments_from_json(info.function, data, info.name)
            result = call_hook(plugin, info.name if info else hook, arguments)
            session.out.data(to_json(result, info.function.result if info else None))


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
