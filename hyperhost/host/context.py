"""What a native plugin is given when it is registered: its configuration, its place, the host's hooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import HomeError, HyperHostError, PluginLoadError, PluginStateError

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.config import Config
    from hyperhost.host.state import State

__all__ = ["Natives", "PluginContext"]

_START: Final = "plugin_start"
_STOP: Final = "plugin_stop"


@dataclass(frozen=True)
class PluginContext:
    """What a native plugin may know of its host. Given to its method ``plugin_start``, if it has one.

    ``plugin_start(context)`` is called once, before the plugin answers its first hook; other plugins
    may not be there yet, so it keeps the context and calls nobody. ``plugin_stop()`` is called once,
    after its last hook call; there it lets go of connections, threads and files.

    Attributes:
        id: Id of the plugin.
        hook: The host's hooks, to ask other plugins: ``context.hook.storage_usage()``.
        home: The host's home directory; ``None`` when everything is in memory.
        config: Its configuration, from ``[plugins.ID.config]`` of ``hyperhost.toml``.
    """

    id: str
    hook: HookRelay
    home: Path | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    _state: State | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        """A directory of the plugin's own in the home, made when it is first asked for.

        Raises:
            PluginStateError: the host has no home.
            HomeError: it cannot be made.
        """
        if self.home is None:
            raise PluginStateError(
                "keeps data on disk, and this host has no home directory",
                plugin=self.id,
                hint="give the host a home, as in Host(home=…)",
            )
        place = self.home / "data" / self.id
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise HomeError(
                f"{place} cannot be made: {error.strerror or error}", plugin=self.id, hint="check the home"
            ) from error
        return place

    def log(self, level: str, message: str) -> None:
        """Write a line to the plugin's log.

        Args:
            level: ``debug``, ``info``, ``warning`` or ``error``.
            message: One line.
        """
        if self._state is not None:
            self._state.log.write(self.id, "", level, message)


class Natives:
    """Starts and stops the native plugins of one host.

    Args:
        hook: The host's hooks.
        home: Its home directory.
        config: Its configuration.
        state: Where logs go.
    """

    def __init__(self, hook: HookRelay, home: Path | None, config: Config | None, state: State) -> None:
        self._hook = hook
        self._home = home
        self._config = config
        self._state = state

    def start(self, plugin: object, plugin_id: str) -> None:
        """Call a plugin's ``plugin_start``, if it has one.

        Raises:
            PluginLoadError: it raised something that is no error of ours.
        """
        config = self._config.plugin(plugin_id).config if self._config is not None else {}
        context = PluginContext(plugin_id, self._hook, self._home, config, self._state)
        _call(plugin, _START, plugin_id, context)

    def stop(self, plugin: object, plugin_id: str) -> None:
        """Call a plugin's ``plugin_stop``, if it has one.

        Raises:
            PluginLoadError: it raised something that is no error of ours.
        """
        _call(plugin, _STOP, plugin_id)


def _call(plugin: object, name: str, plugin_id: str, *arguments: object) -> None:
    method: Callable[..., object] | None = getattr(plugin, name, None)
    if isinstance(plugin, type) or not callable(method):
        return
    try:
        method(*arguments)
    except HyperHostError as error:
        raise error.located(plugin_id, None) from error.__cause__
    except Exception as error:
        raise PluginLoadError(
            f"its {name} failed: {type(error).__name__}: {error}", plugin=plugin_id, hint="see its log"
        ) from error
