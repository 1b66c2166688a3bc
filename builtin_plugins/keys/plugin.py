"""Hook implementations of operations on keys; the work is in :mod:`.operations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Keys"]


class Keys:
    """Operations on keys, with any provider of the service ``signing``."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        from .operations import OPERATIONS

        return OPERATIONS

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        from .operations import run

        if not call.operation.startswith("key_"):
            return None
        if self._context is None:
            raise RefusalError("keys need a host", "state:keys", hint="register Keys with a host")
        return run(call, self._context.hook, self._context.trusted)
