"""What a principal may see: asked for in time, and once for each version in one question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import Principal, PrincipalKind
from hyperhost.errors import ProviderConflictError, ProviderMissingError

from .records import Doc

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Sight"]


class Sight:
    """Which versions a principal may see, as ``access_visible`` says; the owner of the home sees all.

    Args:
        hook: The host's hooks.
        principal: Who asks.
    """

    def __init__(self, hook: HookRelay, principal: Principal) -> None:
        self._hook: Any = hook
        self._principal = principal
        self._known: dict[str, bool] = {}
        self._all = principal.kind is PrincipalKind.SYSTEM or (
            principal.id == "local:owner" and principal.kind is PrincipalKind.USER
        )

    def of(self, docs: Sequence[Doc]) -> list[Doc]:
        """Those of some docs that may be seen."""
        if self._all:
            return list(docs)
        unknown = list({each.id: each for each in docs if each.id not in self._known}.values())
        if unknown:
            try:
                found: list[bool] = self._hook.access_visible(
                    principal=self._principal, resources=[each.resource for each in unknown]
                )
            except ProviderConflictError:
                raise
            except ProviderMissingError:
                self._all = True  # nobody decides here, so everybody sees everything
                return list(docs)
            self._known.update(zip((each.id for each in unknown), found, strict=True))
        return [each for each in docs if self._known[each.id]]
