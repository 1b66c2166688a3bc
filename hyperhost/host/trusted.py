"""Hooks that only native plugins answer: for what a stranger's component must have no say in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyperhost.host.component import ComponentObject

if TYPE_CHECKING:
    from hyperhost.host.manager import PluginManager

__all__ = ["TrustedHooks"]


class TrustedHooks:
    """The host's hooks by name, as ``hook`` has them, without the answers of components.

    Who somebody is, what they may do and whom something belongs to is authority. A component has what
    it was granted, and could otherwise hand out what nobody granted it.

    Args:
        manager: Who is registered.
    """

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Any:
        registered = self._manager.list_name_plugin()
        components = [each for _, each in registered if isinstance(each, ComponentObject)]
        if not components:
            return getattr(self._manager.hook, name)
        return self._manager.subset_hook_caller(name, components)
