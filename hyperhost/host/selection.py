"""One provider per service.

Hooks whose spec names a service (storage, search, signing …) are answered by the selected
plugin only; wrappers around them always run, so caching or metrics work with any provider. The
selection is applied to the hooks when plugins come and go, so a call costs nothing extra.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

import pluggy
from pluggy import HookImpl

from hyperhost.errors import ProviderConflictError, ProviderMissingError
from hyperhost.host.manager import PluginManager
from hyperhost.host.ordering import arrange

__all__ = ["Selection"]


class Selection:
    """Keeps service hooks pointed at their provider.

    Args:
        manager: The plugin manager whose hooks are narrowed.
        chosen: Service → plugin id, as configured.
    """

    def __init__(self, manager: PluginManager, chosen: Mapping[str, str] | None = None) -> None:
        self._manager = manager
        self.chosen = dict(chosen or {})
        self._services: dict[str, list[str]] = {}
        self._all: dict[str, list[HookImpl]] = {}

    def add_hook(self, service: str, hook: str) -> None:
        """Declare that ``hook`` belongs to ``service``."""
        self._services.setdefault(service, []).append(hook)
        self._all.setdefault(hook, [])

    @property
    def services(self) -> dict[str, tuple[str, ...]]:
        """Services and their hooks."""
        return {service: tuple(hooks) for service, hooks in self._services.items()}

    def candidates(self, service: str) -> list[str]:
        """Ids of the registered plugins that implement any hook of the service, in order of registration."""
        found: dict[str, None] = {}
        for hook in self._services.get(service, ()):
            for item in self._all[hook]:
                if not (item.wrapper or item.hookwrapper):
                    found.setdefault(item.plugin_name)
        return list(found)

    def implementations(self, hook: str) -> list[HookImpl]:
        """Every implementation of a service hook, called or not."""
        return list(self._all.get(hook, ()))

    def provider(self, service: str) -> str:
        """Id of the plugin that answers for the service: the selected, the only, or the preferred one.

        Raises:
            ProviderConflictError: several could, and none is selected or stands above the others; names them.
            ProviderMissingError: none could, or the selected one is not there.
        """
        candidates = self.candidates(service)
        wanted = self.chosen.get(service)
        if wanted is not None:
            if wanted not in candidates:
                raise ProviderMissingError(
                    f"is selected for the service {service!r} but provides none of its hooks",
                    plugin=wanted,
                    hint=f"install it, or select one of: {', '.join(candidates) or 'none is installed'}",
                )
            return wanted
        if not candidates:
            raise ProviderMissingError(
                f"no plugin provides the service {service!r}", hint="install and activate a provider for it"
            )
        preferred = self._preferred(service)
        if len(candidates) > 1 and len(preferred) == 1:
            return preferred[0]
        if len(candidates) > 1:
            raise ProviderConflictError(
                f"{' and '.join(map(repr, candidates))} both provide the service {service!r}",
                hint=f"select one in hyperhost.toml: [providers] {service} = {candidates[0]!r}",
            )
        return candidates[0]

    def _preferred(self, service: str) -> list[str]:
        """The candidates that stand above all others, and want to be chosen at all.

        A native plugin may say how it stands: ``plugin_standing()`` returns a number, 0 where it is missing.
        One below 0 has to be selected.
        """
        standings: dict[str, int] = {}
        for hook in self._services.get(service, ()):
            for item in self._all[hook]:
                if item.wrapper or item.hookwrapper or item.plugin_name in standings:
                    continue
                standings[item.plugin_name] = _standing(item.plugin)
        best = max(standings.values(), default=-1)
        return [name for name, standing in standings.items() if standing == best >= 0]

    def apply(self, without: object | None = None) -> None:
        """Take note of implementations that came and went, and narrow every service hook.

        Args:
            without: A plugin that is about to go.
        """
        # By identity: a plugin need not be hashable, and two may be equal.
        alive = {id(plugin) for _, plugin in self._manager.list_name_plugin() if plugin is not without}
        for hook in self._all:
            caller = self._caller(hook)
            if caller is not None:
                known = [item for item in self._all[hook] if id(item.plugin) in alive]
                known += [
                    item for item in caller.get_hookimpls() if item not in known and id(item.plugin) in alive
                ]
                self._all[hook] = known
        for service, hooks in self._services.items():
            provider = self._answering(service)
            for hook in hooks:
                caller = self._caller(hook)
                if caller is not None:
                    narrowed = self._narrowed(service, hook, provider)
                    # One assignment, so that a call in another thread sees the old list or the new one.
                    caller._hookimpls[:] = arrange(hook, narrowed, self._manager.registered)

    def exchange(self, old: object, made: Mapping[str, HookImpl]) -> None:
        """Take note that one plugin's object was exchanged; see :meth:`PluginManager.exchange`."""
        for hook, known in self._all.items():
            if hook in made:
                places = [index for index, item in enumerate(known) if item.plugin is old]
                if places:
                    known[places[0]] = made[hook]
                else:
                    known.append(made[hook])
        self.apply()

    @property
    def hooks(self) -> Container[str]:
        """Hooks that belong to a service."""
        return self._all

    def _answering(self, service: str) -> str | None:
        """The provider of a service; ``None`` when there is not exactly one."""
        try:
            return self.provider(service)
        except (ProviderConflictError, ProviderMissingError):
            return None

    def _narrowed(self, service: str, hook: str, provider: str | None) -> list[HookImpl]:
        implementations = self._all[hook]
        wrappers = [item for item in implementations if item.wrapper or item.hookwrapper]
        if provider is None:
            return [self._stand_in(service, hook, self.provider), *wrappers]
        own = [item for item in implementations if item.plugin_name == provider and item not in wrappers]
        if own:
            return [*own, *wrappers]

        def incomplete(service: str) -> str:
            raise ProviderMissingError(
                f"provides the service {service!r} without {hook}",
                plugin=provider,
                hook=hook,
                hint="select a provider that implements it",
            )

        return [self._stand_in(service, hook, incomplete), *wrappers]

    @staticmethod
    def _stand_in(service: str, hook: str, explain: Callable[[str], str]) -> HookImpl:
        """An implementation that raises why the service cannot answer."""

        def unavailable() -> Any:
            explain(service)

        options: Any = dict.fromkeys(("wrapper", "hookwrapper", "optionalhook", "tryfirst", "trylast"), False)
        options["specname"] = None
        return HookImpl(_NO_PLUGIN, f"service:{service}", unavailable, options)

    def _caller(self, hook: str) -> pluggy.HookCaller | None:
        caller = getattr(self._manager.hook, hook, None)
        return caller if isinstance(caller, pluggy.HookCaller) else None


def _standing(plugin: object) -> int:
    says = getattr(type(plugin), "plugin_standing", None)
    try:
        return int(says(plugin)) if callable(says) else 0
    except Exception:  # noqa: BLE001 - whoever cannot say how it stands has to be selected
        return -1


_NO_PLUGIN = object()
