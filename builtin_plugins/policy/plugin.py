"""Hook implementations of policies; the work is in the other modules.

The wrapper stands inside of the audit log (priority 10) and of access (20), so that what a policy
refuses is recorded, and nobody learns from a policy what they may not know of.
"""

from __future__ import annotations

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

if TYPE_CHECKING:
    import hyperhost

    from .desk import Desk
    from .guard import Guard

__all__ = ["Policies"]


class Policies:
    """Judges operations and changes of artifacts by the policies of the home.

    Configuration: ``shipped``, the list of policies that come along and hold (all when not given);
    ``directory``, where the others are (``policies`` in the home when not given).
    """

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._made: tuple[Guard, Desk] | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl(specname="operation_list")
    def offered(self) -> list[OperationInfo]:
        """See the hookspec."""
        from .operations import OPERATIONS

        return OPERATIONS

    @hookimpl(wrapper=True, priority=30)
    def operation_run(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """See the hookspec."""
        return (yield from (self._made or self._make())[0].around(call))

    @hookimpl(specname="operation_run")
    def run_own(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if not call.operation.startswith("policy_"):
            return None
        return (self._made or self._make())[1].run(call)

    @hookimpl(priority=100)
    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """See the hookspec."""
        return (self._made or self._make())[0].validate(change)

    @hookimpl(priority=900)
    def artifact_transform(self, change: ArtifactChange) -> ArtifactPatch | None:
        """See the hookspec."""
        return (self._made or self._make())[0].transform(change)

    def _make(self) -> tuple[Guard, Desk]:
        """What does the work, made when it is first needed."""
        context = self._context
        if context is None:
            raise RefusalError(
                "policies need a host", "state:policies", hint="register Policies with a host"
            )
        with self._starting:
            if self._made is None:
                self._made = _parts(context)
            return self._made


def _parts(context: hyperhost.PluginContext) -> tuple[Guard, Desk]:
    from .desk import Catalog, Desk
    from .files import SHIPPED, PolicyFiles
    from .guard import Guard

    named = context.config.get("directory")
    directory = Path(str(named)).expanduser() if named else context.home and context.home / "policies"
    shipped = context.config.get("shipped", SHIPPED)
    if not isinstance(shipped, list | tuple) or any(name not in SHIPPED for name in shipped):
        raise RefusalError(
            f"shipped = {shipped!r} in the configuration of policies names what there is not",
            "state:policies",
            hint=f"there are {', '.join(SHIPPED)}",
        )
    files = PolicyFiles(directory, shipped)
    guard = Guard(context, files.current, Catalog(context.hook).info)
    return guard, Desk(context, files)
