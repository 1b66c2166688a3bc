"""Hook implementations of resolution; the work is in the modules beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hyperhost import contracts
from hyperhost.contracts import Candidate, OperationCall, OperationInfo, OperationOutcome, ResolutionRequest
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

    from .indexfile import IndexFiles
    from .rules import Settings

__all__ = ["Resolution"]


class Resolution:
    """Chooses versions that fit together, and answers questions about such choices."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._settings: Settings | None = None
        self._indexes: IndexFiles | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def resolution_resolve(self, request: ResolutionRequest) -> contracts.Resolution:
        """See the hookspec."""
        import hyperhost

        from .resolving import Resolver
        from .rules import read_settings

        context = self._started()
        if self._settings is None:
            self._settings = read_settings(context.config)
        now_us = time.time_ns() // 1000
        return Resolver(context.hook, request, self._settings, now_us, hyperhost.__version__).resolve()

    @hookimpl
    def resolution_explain(self, request: ResolutionRequest, artifact: str) -> list[str]:
        """See the hookspec."""
        from .inputs import UNRESOLVABLE
        from .trees import why

        try:
            answer = self._started().hook.resolution_resolve(request=request)
        except RefusalError as refusal:
            if refusal.rule != UNRESOLVABLE:
                raise
            return refusal.reason.splitlines() if artifact in refusal.reason else []
        return why(answer, request.roots, artifact)

    @hookimpl
    def resolution_list_candidates(self, source: str, artifacts: list[str]) -> list[Candidate] | None:
        """See the hookspec. Answers for plain index files: ``index:PATH``."""
        if not source.startswith("index:"):
            return None
        from .indexfile import IndexFiles

        if self._indexes is None:
            self._indexes = IndexFiles()
        return self._indexes.candidates(source, artifacts)

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in written_operations(__file__):
            return None
        from .operations import Asked, table

        return table().run(call, Asked(call, self._started().hook))

    def _started(self) -> hyperhost.PluginContext:
        if self._context is None:
            raise RefusalError("resolution was not started by a host", "state:resolution")
        return self._context
