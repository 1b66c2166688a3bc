"""What a native plugin is given when it is registered: its configuration, its place, the host's hooks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import HomeError, HyperHostError, PluginLoadError, PluginStateError
from hyperhost.hookspecs.markers import IMPL_ATTRIBUTE

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.config import Config
    from hyperhost.host.plugin import Plugin
    from hyperhost.host.state import State
    from hyperhost.host.trusted import TrustedHooks

__all__ = ["Natives", "PluginContext", "marked_hooks"]

_START: Final = "plugin_start"
_STOP: Final = "plugin_stop"


def now_us() -> int:
    """The machine's time, in microseconds since 1970."""
    return time.time_ns() // 1000


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
        clock: The time, in microseconds since 1970, by which the plugin judges what expires.
    """

    id: str
    hook: HookRelay
    home: Path | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    _state: State | None = field(default=None, repr=False)
    _load: Callable[[str, Path], Plugin] | None = field(default=None, repr=False)
    _record: Callable[[str, str, BaseException], object] | None = field(default=None, repr=False)
    clock: Callable[[], int] = field(default=now_us, repr=False)
    _trusted: TrustedHooks | None = field(default=None, repr=False)

    @property
    def trusted(self) -> TrustedHooks:
        """The host's hooks, answered by native plugins only, for what gives authority.

        Who somebody is, what they were granted, whom something belongs to: a component that answered
        could hand out what nobody granted it.

        Raises:
            PluginStateError: the context belongs to no host.
        """
        if self._trusted is None:
            raise PluginStateError("asks for trusted hooks without a host", plugin=self.id)
        return self._trusted

    def load(self, package: Path | str) -> Plugin:
        """Load a component that is a part of the plugin, as one that brings a library along does.

        It gets no capability, whatever it asks for. It is unloaded with the plugin. Unlike plugins
        that a person installed it never rests: how often it fails lies with what the plugin gives it.

        Args:
            package: A packed plugin, a directory with ``plugin.toml``, or a ``.wasm`` file.

        Raises:
            PluginStateError: nothing can be loaded here: the context belongs to no host.
            ImportDeniedError: it cannot do without a capability.
            DuplicatePluginError: its id is taken.
            PluginLoadError: it cannot be loaded otherwise.
        """
        if self._load is None:
            raise PluginStateError("loads a component without a host", plugin=self.id)
        return self._load(self.id, Path(package))

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

    def fault(self, hook: str, error: BaseException, plugin: str = "") -> None:
        """Report an error that the plugin must not raise, because another one is on its way.

        It is in :attr:`hyperhost.Host.faults` under the plugin's name, as one that it raised would be.

        Args:
            hook: Hook that it was answering; empty outside of one.
            error: What went wrong.
            plugin: Whose fault it is, when this plugin has judged what another one answered.
        """
        if self._record is not None:
            self._record(plugin or self.id, hook, error)


class Natives:
    """Starts and stops the native plugins of one host.

    Args:
        hook: The host's hooks.
        home: Its home directory.
        config: Its configuration.
        state: Where logs go.
        load: Loads a component without capabilities.
        record: Keeps a fault, given plugin, hook and error.
        clock: Microseconds since 1970.
    """

    def __init__(
        self,
        hook: HookRelay,
        home: Path | None,
        config: Config | None,
        state: State,
        load: Callable[[Path], Plugin],
        record: Callable[[str, str, BaseException], object],
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._clock = clock or now_us
        self._hook = hook
        self._home = home
        self._config = config
        self._state = state
        self._load = load
        self._record = record
        self._parts: dict[str, list[Plugin]] = {}

    def start(self, plugin: object, plugin_id: str, trusted: TrustedHooks) -> None:
        """Call a plugin's ``plugin_start``, if it has one.

        Args:
            plugin: The plugin.
            plugin_id: Its id.
            trusted: The host's hooks without the answers of components.

        Raises:
            PluginLoadError: it raised something that is no error of ours.
        """
        config = self._config.plugin(plugin_id).config if self._config is not None else {}
        context = PluginContext(
            plugin_id,
            self._hook,
            self._home,
            config,
            self._state,
            self._load_part,
            self._record,
            self._clock,
            trusted,
        )
        _call(plugin, _START, plugin_id, context)

    def stop(self, plugin: object, plugin_id: str) -> None:
        """Call a plugin's ``plugin_stop``, if it has one, and unload the components it has loaded.

        Raises:
            PluginLoadError: it raised something that is no error of ours.
        """
        try:
            _call(plugin, _STOP, plugin_id)
        finally:
            for part in self._parts.pop(plugin_id, ()):
                if part.state != "uninstalled":  # a closing host begins with those that came last
                    part.unload()

    def _load_part(self, plugin_id: str, package: Path) -> Plugin:
        part = self._load(package)
        part.quarantine = None
        self._parts.setdefault(plugin_id, []).append(part)
        return part


def marked_hooks(plugin: object) -> list[str]:
    """Names of the hooks that a native plugin implements; looks at no property, which could do anything."""
    found = []
    for name in dir(plugin):
        if isinstance(getattr(type(plugin), name, None), property | cached_property):
            continue
        marks = getattr(getattr(plugin, name, None), IMPL_ATTRIBUTE, None)
        if isinstance(marks, dict):
            found.append(marks.get("specname") or name)
    return found


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
