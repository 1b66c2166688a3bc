"""Watch over faults: record each under its plugin, and rest plugins that fault too often.

While nothing is wrong a call costs nothing extra: resting replaces the functions of a plugin's
implementations by stand-ins, and releasing puts the originals back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pluggy import HookImpl

from hyperhost.errors import (
    BadArgumentError,
    ConcurrencyLimitError,
    HyperHostError,
    OutdatedPluginError,
    QuarantinedError,
    RefusalError,
)
from hyperhost.host.faults import FaultLog
from hyperhost.host.plugin import Plugin
from hyperhost.host.specs import HookInfo
from hyperhost.host.state import State

__all__ = ["Supervisor", "speaks_against"]

Implementations = Callable[[Plugin], Iterable[tuple[str, HookImpl]]]


class Supervisor:
    """Made by :class:`hyperhost.Host`, which shares its tables.

    Args:
        hooks: Declared hooks by name.
        plugins: Plugins by id.
        implementations: Called with a plugin; its implementations with their hook names.
        faults: Where faults are kept.
        state: Where they are counted.
    """

    def __init__(
        self,
        hooks: Mapping[str, HookInfo],
        plugins: Mapping[str, Plugin],
        implementations: Implementations,
        faults: FaultLog,
        state: State,
    ) -> None:
        self._hooks = hooks
        self._plugins = plugins
        self._implementations = implementations
        self._faults = faults
        self._state = state
        self._resting: dict[str, list[tuple[HookImpl, Any]]] = {}
        self._lock = threading.Lock()

    def on_fault(self, hook: str, implementation: HookImpl, error: BaseException) -> bool:
        """Record an exception of an implementation; whether the hook goes on without it.

        A refusal is an answer, wrong arguments are the caller's, and a quarantined plugin has been
        recorded before; none of them counts as a fault. Wrong arguments are never skipped.
        """
        if not isinstance(error, Exception) or isinstance(error, BadArgumentError):
            return False
        info = self._hooks.get(hook)
        skip = info is not None and info.on_fault == "skip"
        plugin = self._plugins.get(implementation.plugin_name)
        if plugin is None or isinstance(error, QuarantinedError):
            return skip
        if isinstance(error, HyperHostError):
            if error.plugin is not None and error.plugin != plugin.id:
                return skip  # another plugin's fault, which this one ran into; recorded there
            error.located(plugin.id, hook)
            if isinstance(error, RefusalError):
                return skip
        elif not _note(error, plugin.id, hook):
            return skip  # raised by another plugin, which this one has called; recorded there
        version = version_of(plugin, error)
        self._faults.record(plugin.id, hook, error, version)
        if plugin.kind == "native":
            code = getattr(error, "code", type(error).__name__)
            self._state.record_call(plugin.id, hook, code, 0.0, version)
        if plugin.trial is not None:
            plugin.trial.carry_out()
        # Faults of a canary count against the canary, see trial.py.
        mine = version == plugin.figures and speaks_against(plugin, error)
        if mine and plugin.quarantine is not None and plugin.quarantine.fault():
            self.rest(plugin)
        return skip

    def release(self, plugin: Plugin) -> None:
        """Put a plugin's own functions back, if stand-ins are in their place."""
        with self._lock:
            for implementation, function in self._resting.pop(plugin.id, ()):
                _replace(implementation, function)

    def rest(self, plugin: Plugin) -> None:
        """Put stand-ins in place of a plugin's implementations, as its quarantine begins."""
        with self._lock:
            if plugin.id in self._resting:
                return
            originals = []
            for hook, implementation in self._implementations(plugin):
                original = implementation.function
                wraps = implementation.wrapper or implementation.hookwrapper
                make = self._stand_in_wrapper if wraps else self._stand_in
                originals.append((implementation, original))
                _replace(implementation, make(plugin, hook, original))
            if originals:  # none when it has just been taken out of calls
                self._resting[plugin.id] = originals

    def _stand_in(self, plugin: Plugin, hook: str, original: Any) -> Any:
        """Refuses until the rest is over, then tries the plugin once."""

        def resting(*arguments: Any, **keywords: Any) -> Any:
            quarantine = plugin.quarantine
            assert quarantine is not None
            quarantine.admit(hook)
            try:
                result = original(*arguments, **keywords)
            except RefusalError:
                quarantine.pass_trial()
                self.release(plugin)
                raise
            except Exception as caught:
                if speaks_against(plugin, caught):
                    quarantine.relapse()
                else:
                    quarantine.abandon_trial()
                raise
            except BaseException:
                quarantine.abandon_trial()
                raise
            quarantine.pass_trial()
            self.release(plugin)
            return result

        return resting

    def _stand_in_wrapper(self, plugin: Plugin, hook: str, original: Any) -> Any:
        """A gate's wrapper fails closed; an observer's is left out. It is tried with the others."""
        info = self._hooks.get(hook)
        gate = info is None or info.on_fault == "raise"

        def resting(*arguments: Any, **keywords: Any) -> Any:
            if gate:
                assert plugin.quarantine is not None
                plugin.quarantine.refuse(hook)
            return (yield)

        def resting_old_style(*arguments: Any, **keywords: Any) -> Any:
            if gate:
                assert plugin.quarantine is not None
                plugin.quarantine.refuse(hook)
            yield

        return resting if _returns_value(plugin, hook, self._implementations) else resting_old_style


def _returns_value(plugin: Plugin, hook: str, implementations: Implementations) -> bool:
    """Whether the plugin's wrapper of ``hook`` is of the new style, whose return value is the result."""
    return any(name == hook and item.wrapper for name, item in implementations(plugin))


def _replace(implementation: HookImpl, function: Any) -> None:
    implementation.function = function  # type: ignore[misc]  # Final to type checkers; pluggy reads it on each call


def version_of(plugin: Plugin, error: BaseException) -> str:
    """The version whose call ended in ``error``: a canary says so, all else is the stable one's."""
    return (isinstance(error, HyperHostError) and error.version) or plugin.figures


def speaks_against(plugin: Plugin, error: Exception) -> bool:
    """Whether an exception speaks against the plugin, not its callers, its age or another plugin."""
    if isinstance(error, BadArgumentError | ConcurrencyLimitError | OutdatedPluginError | QuarantinedError):
        return False
    return not isinstance(error, HyperHostError) or error.plugin in (None, plugin.id)


def _note(error: BaseException, plugin: str, hook: str) -> bool:
    """Say on an exception where it comes from; whether it comes from this plugin, and no other before."""
    beginning = f"raised by plugin {plugin!r} "
    notes: list[str] = getattr(error, "__notes__", [])
    if any(note.startswith("raised by plugin ") and not note.startswith(beginning) for note in notes):
        return False
    note = f"{beginning}in hook {hook!r}"
    if note not in notes:
        error.add_note(note)
    return True
