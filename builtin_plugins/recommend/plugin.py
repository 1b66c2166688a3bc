"""Hook implementations of recommendations: the service and the operations over it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    Recommendations,
    RecommendationState,
    RecommendRequest,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

    from .desk import Desk

__all__ = ["Recommend"]


class Recommend:
    """The service ``recommend`` and the operations over it."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._desk: Desk | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; what was learned is opened when it is first asked for."""
        self._context = context

    def plugin_stop(self) -> None:
        """Close what was learned."""
        with self._starting:
            if self._desk is not None:
                self._desk.close()
                self._desk = None

    @hookimpl
    def recommend_artifacts(self, principal: Principal, request: RecommendRequest) -> Recommendations:
        """See the hookspec."""
        return self._open().recommend(principal, request)

    @hookimpl
    def recommend_status(self) -> RecommendationState:
        """See the hookspec."""
        return self._open().status()

    @hookimpl
    def recommend_rebuild(self) -> RecommendationState:
        """See the hookspec."""
        return self._open().rebuild()

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
            raise RefusalError(
                "recommendations were not started by a host",
                "state:recommend",
                hint="register the plugin with a host",
            )
        return self._context

    def _open(self) -> Desk:
        """All that works here, made when it is first needed: its modules take a while to import."""
        context = self._started()
        with self._starting:
            if self._desk is None:
                from .desk import Desk

                self._desk = Desk(context)
            return self._desk
