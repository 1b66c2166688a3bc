"""Who is registered: puts plugins into calls, takes them out, swaps and calls single ones.

Every change happens under one lock and is complete or undone; calls take no lock.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pluggy import HookImpl, PluginValidationError

from hyperhost.errors import (
    DuplicatePluginError,
    GrantError,
    HyperHostError,
    PluginLoadError,
    PluginStateError,
)
from hyperhost.hookspecs import NATIVE_SPECS
from hyperhost.hookspecs.markers import PROJECT
from hyperhost.host.canary import Verdict
from hyperhost.host.context import Natives
from hyperhost.host.faults import FaultLog
from hyperhost.host.manager import PluginManager
from hyperhost.host.offers import directly
from hyperhost.host.plugin import Plugin
from hyperhost.host.selection import Selection
from hyperhost.host.specs import HookInfo, read_specs
from hyperhost.host.state import State
from hyperhost.host.supervisor import Supervisor
from hyperhost.host.trusted import TrustedHooks

__all__ = ["Roster"]

_REPLACED = ("version", "object", "digest", "publisher", "manifest", "grants", "config", "runtime", "stamp")
"""What a reload replaces in a handle."""


class Roster:
    """Made by :class:`hyperhost.Host`.

    Args:
        hooks: Declared hooks by name; the host adds to it.
        faults: Where faults are kept.
        state: Where they are counted.
        providers: Service → plugin id, as configured.

    Attributes:
        plugins: Every plugin by id.
        manager: pluggy's manager.
        selection: Providers of services.
        supervisor: Faults and quarantine.
        lock: Held while anything here changes.
    """

    def __init__(
        self,
        hooks: Mapping[str, HookInfo],
        faults: FaultLog,
        state: State,
        providers: Mapping[str, str] | None,
    ) -> None:
        self._hooks = hooks
        self.plugins: dict[str, Plugin] = {}
        self.lock = threading.RLock()
        self._faults = faults
        self.natives: Natives | None = None
        self.supervisor = Supervisor(hooks, self.plugins, self.implementations, faults, state)
        self.manager = PluginManager(PROJECT, self.supervisor.on_fault)
        self.selection = Selection(self.manager, providers)

    def add_native_specs(self) -> None:
        """Let native plugins ask each other; these are no declared hooks, so components see none of it."""
        if any(info.service == "storage" for info in self._hooks.values()):
            for spec in NATIVE_SPECS:
                self.manager.add_hookspecs(spec)
                for name, info in read_specs(spec).items():
                    if info.service is not None:
                        self.selection.add_hook(info.service, name)
        self.selection.apply()

    def check_free(self, plugin_id: str, source: str) -> None:
        """Check that no plugin has that id.

        Raises:
            DuplicatePluginError: one has; names where both come from.
        """
        if plugin_id in self.plugins:
            first = self.plugins[plugin_id].source or "the program"
            raise DuplicatePluginError(
                f"is loaded from {first} and again from {source}",
                plugin=plugin_id,
                hint="give one of them another id, or unload the first",
            )

    def admit(self, plugin: Plugin) -> None:
        """Start a native plugin and put it into calls, wholly or not at all.

        Raises:
            PluginLoadError: it cannot be started, or as :meth:`enter`.
            OrderCycleError: as :meth:`enter`.
        """
        assert self.natives is not None
        self.natives.start(plugin.object, plugin.id, TrustedHooks(self.manager))
        try:
            self.enter(plugin)
        except BaseException:
            with suppress(HyperHostError):
                self.natives.stop(plugin.object, plugin.id)
            raise

    def enter(self, plugin: Plugin) -> None:
        """Put a plugin into calls, wholly or not at all.

        Raises:
            PluginLoadError: an implementation does not fit its spec.
            OrderCycleError: its before/after options contradict those of others.
        """
        with self.lock:
            # A historic hook calls the plugin while it registers; a fault then must find it here.
            known = self.plugins.get(plugin.id)
            self.plugins[plugin.id] = plugin
            # Until order and providers are settled, no other thread may see any of it.
            self.manager.hidden[plugin.id] = threading.get_ident()
            try:
                self.manager.register(plugin.object, plugin.id)
                self.selection.apply()
                if plugin.quarantine is not None and plugin.quarantine.active:
                    self.supervisor.rest(plugin)  # being switched off and on is no cure
            except BaseException as caught:
                if known is None:
                    del self.plugins[plugin.id]
                if self.manager.get_plugin(plugin.id) is plugin.object:
                    self.manager.unregister(name=plugin.id)
                self.selection.apply()
                if isinstance(caught, PluginValidationError):
                    raise PluginLoadError(
                        " ".join(str(caught).split()),
                        plugin=plugin.id,
                        hint="match the hookspec's parameters",
                    ) from caught
                raise
            finally:
                del self.manager.hidden[plugin.id]
            plugin._state = "active"

    def leave(self, plugin: Plugin) -> None:
        """Take a plugin out of calls; it stays known."""
        with self.lock:
            self.check_alive(plugin)
            if plugin._state == "active":
                self.selection.apply(without=plugin.object)  # a service never looks as if it had no answer
                self.manager.unregister(name=plugin.id)
                # Last, so that a fault in another thread cannot lay a plugin to rest that is already out.
                self.supervisor.release(plugin)
                plugin._state = "inactive"

    def activate(self, plugin: Plugin) -> None:
        """Put a plugin that was taken out back into calls."""
        with self.lock:
            self.check_alive(plugin)
            if plugin._state == "failed":
                raise PluginStateError(
                    f"could not be loaded: {plugin.failure.message if plugin.failure else 'unknown reason'}",
                    plugin=plugin.id,
                    hint="mend that and load it again",
                )
            if plugin._state != "active":
                self.enter(plugin)

    def remove(self, plugin: Plugin) -> None:
        """Forget a plugin and free what it holds, once its running calls have ended."""
        with self.lock:
            self.leave(plugin)
            plugin._state = "uninstalled"
            self.plugins.pop(plugin.id, None)
            trial, plugin.trial = plugin.trial, None
        if trial is not None:
            trial.conclude(Verdict("rolled back", "the plugin was unloaded"))
        if plugin.runtime is not None:
            plugin.runtime.close()
        elif self.natives is not None:
            try:
                self.natives.stop(plugin.object, plugin.id)
            except HyperHostError as error:
                self._faults.record(plugin.id, "", error)
        if trial is not None and trial.fresh.runtime is not None:
            trial.fresh.runtime.close()

    def close(self) -> None:
        """Remove every plugin. Calls are refused from then on, as a gate must not pass by default."""
        with self.lock:
            leaving = reversed(list(self.plugins.values()))  # those that came later may use earlier ones
            for plugin in sorted(leaving, key=self._needed_by_others):
                self.remove(plugin)
            self.manager._inner_hookexec = _closed  # type: ignore[assignment]  # as in the manager

    def _needed_by_others(self, plugin: Plugin) -> int:
        """How late a plugin goes: providers behind those that use them, the store behind all."""
        provided = [name for name in self.selection.services if plugin.id in self.selection.candidates(name)]
        return 2 if "storage" in provided else 1 if provided else 0

    def release(self, plugin: Plugin) -> None:
        """End a plugin's quarantine."""
        with self.lock:
            if plugin.quarantine is not None:
                plugin.quarantine.release()
            self.supervisor.release(plugin)

    def swap(self, plugin: Plugin, fresh: Plugin) -> None:
        """Put the freshly loaded version of a component in place of the one that runs.

        When both implement the same hooks with the same parameters, no call sees anything but the
        old or the new one; otherwise a call in between may find neither.

        Raises:
            PluginLoadError: the new one cannot be registered; the old one is back.
            PluginStateError: the plugin was unloaded in the meantime.
            GrantError: its grants are bound to the package as it was.
        """
        assert fresh.runtime is not None
        with self.lock:
            try:
                self.check_alive(plugin)
                _check_bound(plugin, fresh)
            except (GrantError, PluginStateError):
                fresh.runtime.close()
                raise
            if plugin.grants is not None and fresh.grants is not None:
                fresh.grants.carry(plugin.grants)  # loading took a while; what was revoked stays so
            self.release(plugin)
            kept = {name: getattr(plugin, name) for name in _REPLACED}
            was_active = plugin._state == "active"
            in_place = was_active and _shape(plugin) == _shape(fresh)
            if was_active and not in_place:
                self.leave(plugin)
            for name in _REPLACED:
                if name != "object" or not in_place:
                    setattr(plugin, name, getattr(fresh, name))
            try:
                if in_place:
                    for hook, implementation in self.implementations(plugin):
                        implementation.function = getattr(fresh.object, hook)  # type: ignore[misc]  # see supervisor
                elif was_active:
                    self.enter(plugin)
            except BaseException:
                for name, value in kept.items():
                    setattr(plugin, name, value)
                self.enter(plugin)
                fresh.runtime.close()
                raise
            if plugin.line is not None and plugin.runtime is not None:
                plugin.line.latest = plugin.runtime
        kept["runtime"].close()

    def exchange(self, plugin: Plugin, made: Any) -> None:
        """Register another object for a plugin in place of its own; the lock must be held.

        Raises:
            PluginLoadError: an implementation does not fit its spec; nothing was changed.
            OrderCycleError: its before/after options contradict those of others; nothing was changed.
        """
        if plugin._state == "active":
            old = plugin.object
            self.supervisor.release(plugin)
            try:
                implementations = self.manager.exchange(old, made, self.selection.hooks)
                self.selection.exchange(old, implementations)
                self.manager.forget_numbers()
                plugin.object = made
            except PluginValidationError as caught:
                raise PluginLoadError(
                    " ".join(str(caught).split()), plugin=plugin.id, hint="match the hookspec's parameters"
                ) from caught
            finally:
                if plugin.quarantine is not None and plugin.quarantine.active:
                    self.supervisor.rest(plugin)
        plugin.object = made

    def check_exchange(self, plugin: Plugin, made: Any) -> None:
        """Return if an object could take the place of a plugin's own; the lock must be held.

        Raises:
            OrderCycleError: its before/after options contradict those of others.
        """
        if plugin._state == "active":
            self.manager.exchange(plugin.object, made, self.selection.hooks, dry=True)

    def take_over(self, plugin: Plugin, fresh: Plugin) -> None:
        """Make a handle that of its canary, which is registered already; the lock must be held."""
        for name in (*_REPLACED, "source", "usage", "options", "named"):
            setattr(plugin, name, getattr(fresh, name))
        if plugin.line is not None and plugin.runtime is not None:
            plugin.line.latest = plugin.runtime

    def implementations(self, plugin: Plugin) -> list[tuple[str, HookImpl]]:
        """A plugin's implementations with their hook names, called or not."""
        found = []
        for name in self._hooks:
            known = self.selection.implementations(name) or getattr(self.manager.hook, name).get_hookimpls()
            found += [(name, item) for item in known if item.plugin is plugin.object]
        return found

    def call(self, plugin: Plugin, hook: str, arguments: Mapping[str, Any]) -> Any:
        """Call one plugin's implementation; see :meth:`Plugin.call`."""
        implementation = self._answering(plugin, hook)
        known = {name for name, _, _ in self._hooks[hook].function.parameters}
        if unknown := [name for name in arguments if name not in known]:
            raise PluginStateError(f"the hook has no parameter {unknown[0]!r}", plugin=plugin.id, hook=hook)
        if missing := [name for name in implementation.argnames if name not in arguments]:
            raise PluginStateError(
                f"argument {missing[0]!r} is missing", plugin=plugin.id, hook=hook, hint="give every argument"
            )
        values = [arguments[name] for name in implementation.argnames]
        try:
            if plugin.kind != "component":
                return implementation.function(*values)
            with directly():
                return implementation.function(*values)
        except BaseException as caught:
            self.supervisor.on_fault(hook, implementation, caught)
            raise

    def _answering(self, plugin: Plugin, hook: str) -> HookImpl:
        mine = (
            [item for name, item in self.implementations(plugin) if name == hook]
            if hook in self._hooks
            else []
        )
        if not mine:
            reason = f"does not implement {hook!r}" if plugin._state == "active" else f"is {plugin.state}"
            raise PluginStateError(
                reason,
                plugin=plugin.id,
                hook=hook,
                hint=f"it implements {', '.join(plugin.hooks) or 'nothing'}",
            )
        if mine[0].wrapper or mine[0].hookwrapper:
            raise PluginStateError(
                "wraps this hook and cannot answer it alone",
                plugin=plugin.id,
                hook=hook,
                hint="call the hook itself",
            )
        return mine[0]

    @staticmethod
    def check_alive(plugin: Plugin) -> None:
        """Check that a plugin was not unloaded.

        Raises:
            PluginStateError: it was.
        """
        if plugin._state == "uninstalled":
            raise PluginStateError("is unloaded", plugin=plugin.id, hint="load it again")


def _closed(hook_name: str, *rest: object) -> object:
    raise PluginStateError("the host is closed", hook=hook_name, hint="call hooks before Host.close()")


def _check_bound(plugin: Plugin, fresh: Plugin) -> None:
    if plugin.bound and (plugin.digest, plugin.publisher) != (fresh.digest, fresh.publisher):
        raise GrantError(
            "was altered since it was granted its permissions",
            plugin=plugin.id,
            hint=f"upgrade it, which shows what changed: hyperhost plugin upgrade {plugin.id} SOURCE",
        )


def _shape(plugin: Plugin) -> dict[str, tuple[Any, ...]]:
    """What pluggy knows of a component: parameters and order options of each hook."""
    assert plugin.runtime is not None
    orders = (
        {item.name: (item.priority, item.before, item.after) for item in plugin.manifest.hooks}
        if plugin.manifest
        else {}
    )
    return {
        name: (tuple(export.arguments), orders.get(name)) for name, export in plugin.runtime.exports.items()
    }
