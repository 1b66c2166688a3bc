"""The wrapper that stands around every operation: figures of each, and events once all is durable.

It is the outermost one, so an operation that calls others is one operation here: observers hear of
all their changes when the outermost has ended well, which is when the store has committed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import ArtifactChange, ChangeKind, OperationCall, OperationInfo, OperationOutcome
from hyperhost.hookspecs import hookimpl

from .figures import Figures

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Operations"]

_OBSERVERS = {
    ChangeKind.CREATED: "artifact_created",
    ChangeKind.UPDATED: "artifact_updated",
    ChangeKind.PUBLISHED: "artifact_published",
    ChangeKind.DEPRECATED: "artifact_deprecated",
    ChangeKind.DELETED: "artifact_deleted",
}


class _Depth(threading.local):
    """How deep the operations of a thread are nested, and what they have changed so far."""

    def __init__(self) -> None:
        self.depth = 0
        self.changes: list[ArtifactChange] = []


class Operations:
    """Figures and events of operations."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._figures = Figures()
        self._running = _Depth()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl(specname="operation_list")
    def offered(self) -> list[OperationInfo]:
        """One operation of its own: the figures of all."""
        return [
            OperationInfo(
                "operation_stats",
                "Show how often each operation ran, and how long it took.",
                "administration",
                "administration:read",
            )
        ]

    @hookimpl(wrapper=True, priority=5)
    def operation_run(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """See the hookspec."""
        running = self._running
        if running.depth == 0:
            running.changes = []
        running.depth += 1
        started = time.perf_counter()
        good = False
        try:
            outcome = yield
            good = True
        finally:
            running.depth -= 1
            if call.operation != "operation_stats":
                self._figures.add(
                    call.operation, (time.perf_counter() - started) * 1000, call.at_us, good=good
                )
        if outcome is None:
            return self._own(call)
        running.changes += outcome.changes
        if running.depth == 0:
            changes, running.changes = running.changes, []
            self._tell(changes)
        return outcome

    def _own(self, call: OperationCall) -> OperationOutcome | None:
        if call.operation != "operation_stats":
            return None
        return OperationOutcome(json.dumps(self._figures.rows(), separators=(",", ":")))

    def _tell(self, changes: list[ArtifactChange]) -> None:
        """Observers hear of durable changes; what goes wrong in one of them is the host's to record."""
        if self._context is None:
            return
        hook: Any = self._context.hook
        for change in changes:
            getattr(hook, _OBSERVERS[change.kind])(change=change)
