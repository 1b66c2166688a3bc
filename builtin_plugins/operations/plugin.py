"""The wrapper that stands around every operation: figures of each, and events once all is durable.

It is the outermost one, so an operation that calls others is one operation here: observers hear of
all their changes when the outermost has ended well, which is when the store has committed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import ArtifactChange, ChangeKind, OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import HyperHostError, ProviderMissingError, RefusalError
from hyperhost.hookspecs import hookimpl

from .figures import Figure, Figures, merged, row

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Operations"]

_STATS: Final = "operation_stats"
_RESULT: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "operation": {"type": "string"},
            "count": {"type": "integer"},
            **{
                name: {"type": "number"}
                for name in ("mean_ms", "min_ms", "max_ms", "p50_ms", "p95_ms", "success_rate")
            },
            "last_run_us": {"type": "integer"},
        },
    },
}
_OBSERVERS: Final = {
    ChangeKind.CREATED: "artifact_created",
    ChangeKind.UPDATED: "artifact_updated",
    ChangeKind.PUBLISHED: "artifact_published",
    ChangeKind.DEPRECATED: "artifact_deprecated",
    ChangeKind.DELETED: "artifact_deleted",
}


class _Running(threading.local):
    """How deep the operations of a thread are nested, and what they have changed so far."""

    def __init__(self) -> None:
        self.depth = 0
        self.changes: list[ArtifactChange] = []


class Operations:
    """Figures and events of operations.

    Args:
        keep_every: Runs after which figures are added to those in the store; what lies between is lost
            when the process is killed.
    """

    def __init__(self, keep_every: int = 100) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._figures = Figures()
        self._keep_every = keep_every
        self._running = _Running()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    def plugin_stop(self) -> None:
        """Add the figures of this process to those in the store."""
        self._keep()

    @hookimpl(specname="operation_list")
    def offered(self) -> list[OperationInfo]:
        """One operation of its own: the figures of all."""
        return [
            OperationInfo(
                _STATS,
                "Show how often each operation ran, and how long it took.",
                "administration",
                "administration:read",
                arguments_schema_json='{"type":"object","properties":{},"additionalProperties":false}',
                result_schema_json=json.dumps(_RESULT, separators=(",", ":")),
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
        before = len(running.changes)
        running.depth += 1
        started = time.perf_counter()
        good, known = False, True
        try:
            outcome = yield
            if outcome is None:
                outcome = self._own(call)
            # A name that nobody knows is counted nowhere: there is no end to such names.
            good = known = outcome is not None
        except BaseException:
            del running.changes[before:]  # what was changed within it is undone with it
            raise
        finally:
            running.depth -= 1
            if known:
                self._count(call, (time.perf_counter() - started) * 1000, good=good)
        if outcome is not None:
            running.changes += outcome.changes
        if running.depth == 0:
            changes, running.changes = running.changes, []
            self._tell(changes)
        return outcome

    def _own(self, call: OperationCall) -> OperationOutcome | None:
        if call.operation != _STATS:
            return None
        if call.arguments_json.strip() not in ("", "{}"):
            raise RefusalError(f"{_STATS} takes no arguments", "invalid::unknown")
        rows = [row(name, figure) for name, figure in sorted(self._all().items())]
        return OperationOutcome(json.dumps(rows, separators=(",", ":")))

    def _all(self) -> dict[str, Figure]:
        """Figures of this process and, where there is a store, of all that have used it."""
        found = self._figures.now()
        if self._context is None:
            return found
        from .keeping import kept

        try:
            stored = kept(self._context.hook)
        except ProviderMissingError:
            return found
        return stored | {
            name: merged(stored[name], figure) if name in stored else figure for name, figure in found.items()
        }

    def _count(self, call: OperationCall, duration_ms: float, *, good: bool) -> None:
        runs = self._figures.add(call.operation, duration_ms, call.at_us, good=good)
        if runs % self._keep_every == 0 and self._running.depth == 0:
            self._keep()

    def _keep(self) -> None:
        """Add the figures to those in the store; figures are never a reason for anything to fail."""
        context = self._context
        taken = self._figures.take() if context is not None else {}
        if context is None or not taken:
            return
        from .keeping import keep

        done = False
        try:
            done = keep(context.hook, taken)
        except ProviderMissingError:
            pass  # a host without a store
        except Exception as error:  # noqa: BLE001 - the store may be full, read-only, gone
            context.log("warning", f"the figures of operations were not kept: {error}")
        finally:
            if not done:
                self._figures.put_back(taken)

    def _tell(self, changes: list[ArtifactChange]) -> None:
        """Observers hear of durable changes; what goes wrong in one of them is the host's to record."""
        if self._context is None:
            return
        hook: Any = self._context.hook
        for change in changes:
            try:
                getattr(hook, _OBSERVERS[change.kind])(change=change)
            except HyperHostError as error:  # the change has happened, whatever they make of it
                self._context.log("error", f"observers of {change.kind.value} failed: {error}")
