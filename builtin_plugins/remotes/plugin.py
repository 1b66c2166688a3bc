"""Hook implementations of ``remotes``; the work is in the other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import Candidate, OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

__all__ = ["RemoteRegistries"]


class RemoteRegistries:
    """Registries elsewhere, by name: a source of a resolution, and operations to fetch and pull from them."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in written_operations(__file__):
            return None
        from .operations import Work, table

        if self._context is None:
            raise RefusalError("remotes need a host", "state:remotes", hint="register it with a host")
        return table().run(call, Work(call, self._context))

    @hookimpl(tryfirst=True)
    def resolution_list_candidates(self, source: str, artifacts: list[str]) -> list[Candidate] | None:
        """See the hookspec. Answers for remotes; first, so that nobody else takes over the name of one."""
        if not source or self._context is None:
            return None
        from .store import Remotes

        remotes = Remotes(self._context)
        try:
            remote = remotes.find(source)
        except (ProviderMissingError, ProviderConflictError):
            return None  # a host without a store has no remotes
        if remote is None:
            return None
        from .candidates import candidates

        return candidates(remotes.site(remote), artifacts)
