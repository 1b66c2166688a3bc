"""Hook implementations of policies; the work is in the other modules.

The wrapper stands inside of the audit log (priority 10) and of access (20), so that what a policy
refuses is recorded, and nobody learns from a policy what they may not know of.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    ArtifactChange,
    ArtifactPatch,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    ValidationIssue,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

from .runs import Run, Running, noted

if TYPE_CHECKING:
    import hyperhost

    from .files import PolicyFiles
    from .guard import Guard

__all__ = ["Policies"]


class Policies:
    """Judges operations and changes of artifacts by the policies of the home.

    Configuration: ``shipped``, the list of policies that come along and hold (all when not given);
    ``directory``, where the others are (``policies`` in the home when not given).
    """

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._guard: Guard | None = None
        self._files: PolicyFiles | None = None
        self._running = Running()
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl(specname="operation_list")
    def offered(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl(wrapper=True, priority=30)
    def operation_run(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """See the hookspec."""
        if self._running.asks:
            return (yield)
        run = Run(call)
        runs = self._running.runs
        runs.append(run)
        try:
            if self._guard is not None or self._concerns(call):
                (self._guard or self._make()).operation(run)
            outcome = yield
        finally:
            runs.pop()
        return noted(run, outcome) if outcome is not None and run.notes else outcome

    @hookimpl(specname="operation_run")
    def run_own(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if self._context is None or call.operation not in written_operations(__file__):
            return None
        from .desk import Desk
        from .operations import Work, table

        self._make()
        assert self._files is not None  # made with the guard
        desk = Desk(self._context, self._files, self._running)
        return table().run(call, Work(call, self._context.hook, desk))

    @hookimpl(priority=100)
    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """See the hookspec."""
        return (self._guard or self._make()).validate(change)

    @hookimpl(priority=900)
    def artifact_transform(self, change: ArtifactChange) -> ArtifactPatch | None:
        """See the hookspec."""
        return (self._guard or self._make()).transform(change)

    def _concerns(self, call: OperationCall) -> bool:
        """Whether a policy may have to do with an operation; if not, nothing is loaded for it.

        Policies that come along judge changes of artifacts, and these are asked about as such.
        """
        context = self._context
        if context is None or context.config or context.hook.policy_decide.get_hookimpls():
            return True
        return context.home is not None and os.path.lexists(context.home / "policies")

    def _make(self) -> Guard:
        """What does the work, made when it is first needed: its modules take a while to import."""
        context = self._context
        if context is None:
            raise RefusalError("policies need a host", "state:policies", hint="register Policies with a host")
        with self._starting:
            if self._guard is None:
                from .catalog import Catalog
                from .guard import Guard

                self._files = _files(context)
                self._guard = Guard(context, self._files.current, Catalog(context.hook).info, self._running)
            return self._guard


def _files(context: hyperhost.PluginContext) -> PolicyFiles:
    from .files import SHIPPED, PolicyFiles

    named = context.config.get("directory")
    directory = Path(str(named)).expanduser() if named else context.home and context.home / "policies"
    shipped = context.config.get("shipped", SHIPPED)
    if not isinstance(shipped, list | tuple) or any(name not in SHIPPED for name in shipped):
        raise RefusalError(
            f"shipped = {shipped!r} in the configuration of policies names what there is not",
            "state:policies",
            hint=f"there are {', '.join(SHIPPED)}",
        )
    return PolicyFiles(directory, shipped)
