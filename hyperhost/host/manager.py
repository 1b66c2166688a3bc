"""pluggy's manager with HyperHost's additions: order, attributed faults, all-or-nothing.

Whoever knows pluggy knows this class: it is a :class:`pluggy.PluginManager`, and pluggy's own tests
pass with it in place of the original.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator
from typing import Any

import pluggy
from pluggy import HookImpl
from pluggy._hooks import normalize_hookimpl_opts

from hyperhost.hookspecs.markers import PROJECT
from hyperhost.host.invoke import OnImplFault, make_hookexec
from hyperhost.host.ordering import arrange, is_ordered

__all__ = ["PluginManager"]


def _raise_always(hook: str, implementation: HookImpl, error: BaseException) -> bool:
    """The default for faults: none is skipped, as in pluggy."""
    return False


class PluginManager(pluggy.PluginManager):
    """A plugin manager.

    Args:
        project_name: Prefix of the marker attributes.
        on_fault: Shown every exception an implementation raises; returns whether to skip it.

    Attributes:
        registered: ``id(implementation)`` → when it was registered, counting up.
        hidden: Plugins that calls of other threads do not see yet → the thread that registers them.
    """

    def __init__(self, project_name: str = PROJECT, on_fault: OnImplFault = _raise_always) -> None:
        super().__init__(project_name)
        self._sequence = itertools.count()
        self.registered: dict[int, int] = {}
        self.hidden: dict[str, int] = {}
        # The attribute is where pluggy looks and where its tracing puts a wrapping function.
        self._inner_hookexec = make_hookexec(on_fault, self.hidden)  # type: ignore[assignment]

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Register a plugin, wholly or not at all; otherwise as in pluggy.

        Raises:
            ValueError: the name or the plugin is registered already.
            pluggy.PluginValidationError: an implementation does not fit its spec.
            OrderCycleError: its before/after options contradict those of others.
        """
        plugin_name = name or self.get_canonical_name(plugin)
        if self._name2plugin.get(plugin_name) is not None or self.is_registered(plugin):
            return super().register(plugin, name)  # raises pluggy's own error
        try:
            registered = super().register(plugin, name)
            if registered is not None:
                self._number(plugin)
                self.arrange_all()
        except BaseException:
            self._forget(plugin, plugin_name)
            raise
        return registered

    def unregister(self, plugin: object | None = None, name: str | None = None) -> Any | None:
        """Unregister a plugin, as in pluggy."""
        removed = super().unregister(plugin, name)
        self._forget_numbers()
        return removed

    def exchange(
        self, old: object, new: object, skip: Container[str], *, dry: bool = False
    ) -> dict[str, HookImpl]:
        """Put another object in the place of a registered one, under its name and at its place in the order.

        Each hook's list changes in one assignment, so a call finds the old implementation or the new
        one. Calls that a historic hook remembers are not repeated for the new one.

        Args:
            old: What is registered.
            new: What takes its place; its hooks must have specs.
            skip: Hooks whose lists the caller changes.
            dry: Only find out whether it could be done.

        Returns:
            The new implementations by hook.

        Raises:
            pluggy.PluginValidationError: an implementation does not fit its spec; nothing was changed.
            OrderCycleError: its before/after options contradict those of others; nothing was changed.
        """
        name = self.get_name(old)
        assert name is not None
        made = dict(self._implementations(new, name))
        known = [
            number
            for caller in self._callers()
            for item in caller.get_hookimpls()
            if item.plugin is old and (number := self.registered.get(id(item))) is not None
        ]
        place = min(known, default=None)
        for item in made.values():
            self.registered[id(item)] = next(self._sequence) if place is None else place
        arranged = []
        try:
            for caller in self._callers():
                items = [item for item in caller.get_hookimpls() if item.plugin is not old]
                if caller.name in made:
                    items.append(made[caller.name])
                elif len(items) == len(caller.get_hookimpls()):
                    continue
                arranged.append((caller, arrange(caller.name, items, self.registered)))
        except BaseException:
            self._forget_numbers()
            raise
        if dry:
            self._forget_numbers()
            return made
        self._name2plugin[name] = new
        for caller, order in arranged:
            if caller.name not in skip:
                caller._hookimpls[:] = order
        return made

    def _implementations(self, plugin: object, name: str) -> Iterator[tuple[str, HookImpl]]:
        for attribute in dir(plugin):
            options = self.parse_hookimpl_opts(plugin, attribute)
            if options is not None:
                normalize_hookimpl_opts(options)
                hook = options.get("specname") or attribute
                made = HookImpl(plugin, name, getattr(plugin, attribute), options)
                self._verify_hook(getattr(self.hook, hook), made)
                yield hook, made

    def forget_numbers(self) -> None:
        """Drop the numbers of implementations that are gone."""
        self._forget_numbers()

    def arrange_all(self) -> None:
        """Order every hook that uses before, after or priority.

        Raises:
            OrderCycleError: the options of one hook contradict each other; no order was changed.
        """
        arranged = []
        for caller in self._callers():
            implementations = caller.get_hookimpls()
            if any(map(is_ordered, implementations)):
                arranged.append((caller, arrange(caller.name, implementations, self.registered)))
        for caller, order in arranged:
            caller._hookimpls[:] = order

    def _number(self, plugin: object) -> None:
        for caller in self._callers():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin and id(implementation) not in self.registered:
                    self.registered[id(implementation)] = next(self._sequence)

    def _forget(self, plugin: object, name: str) -> None:
        """Take back whatever a failed registration left."""
        for caller in self._callers():
            caller._hookimpls[:] = [item for item in caller._hookimpls if item.plugin is not plugin]
        for caller_name, caller in list(vars(self.hook).items()):
            if isinstance(caller, pluggy.HookCaller) and not caller.has_spec() and not caller.get_hookimpls():
                delattr(self.hook, caller_name)
        if self._name2plugin.get(name) is plugin:
            del self._name2plugin[name]
        self._forget_numbers()

    def _forget_numbers(self) -> None:
        """Drop the numbers of implementations that are gone: the next one may have the same ``id()``."""
        alive = {id(item) for caller in self._callers() for item in caller.get_hookimpls()}
        self.registered = {key: value for key, value in self.registered.items() if key in alive}

    def _callers(self) -> list[pluggy.HookCaller]:
        return [item for item in vars(self.hook).values() if isinstance(item, pluggy.HookCaller)]
