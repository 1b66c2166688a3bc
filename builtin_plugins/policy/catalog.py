"""What is known of operations, as the plugins that offer them say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import OperationInfo

__all__ = ["Catalog"]


class Catalog:
    """Operations by name; asked for anew when the plugins that offer them are others."""

    def __init__(self, hook: HookRelay) -> None:
        self._hook = hook
        self._known: tuple[list[Any], dict[str, OperationInfo]] = ([], {})

    def info(self, name: str) -> OperationInfo | None:
        """What is known of an operation."""
        offering = self._hook.operation_list.get_hookimpls()
        known, infos = self._known
        if offering != known:
            infos = {info.name: info for offered in self._hook.operation_list() for info in offered}
            self._known = offering, infos
        return infos.get(name)
