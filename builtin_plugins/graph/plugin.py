"""Hook implementations of the graph: the service, the operations, and hearing of changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    ArtifactChange,
    ClusterList,
    GraphPart,
    GraphQuestion,
    GraphRoute,
    GraphState,
    ImpactReport,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    SimilarArtifact,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

    from .desk import Desk

__all__ = ["Graph"]

_REPLACING: Final = ("backup_restore", "migrate", "downgrade", "upgrade")
"""Operations after which the store may be another one."""


class Graph:
    """The service ``graph`` and the operations over it."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._desk: Desk | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; the graph is read when it is first asked for."""
        self._context = context

    def plugin_stop(self) -> None:
        """Keep the graph on the disk, if much has changed. The rest is read again the next time."""
        if self._desk is not None:
            self._desk.follower.keep()

    @hookimpl
    def graph_neighbours(self, principal: Principal, question: GraphQuestion) -> GraphPart:
        """See the hookspec."""
        return self._open().neighbours(principal, question)

    @hookimpl
    def graph_similar(self, principal: Principal, artifact: str, limit: int) -> list[SimilarArtifact]:
        """See the hookspec."""
        return self._open().similar(principal, artifact, limit)

    @hookimpl
    def graph_path(self, principal: Principal, target: str, question: GraphQuestion) -> GraphRoute:
        """See the hookspec."""
        return self._open().path(principal, target, question)

    @hookimpl
    def graph_impact(self, principal: Principal, artifact: str, depth: int, limit: int) -> ImpactReport:
        """See the hookspec."""
        return self._open().impact(principal, artifact, depth, limit)

    @hookimpl
    def graph_clusters(
        self, principal: Principal, namespace: str, least: int, limit: int, members: int
    ) -> ClusterList:
        """See the hookspec."""
        return self._open().clusters(principal, namespace, least, limit, members)

    @hookimpl
    def graph_status(self) -> GraphState:
        """See the hookspec."""
        return self._open().status()

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

    @hookimpl(wrapper=True, specname="operation_run", priority=15)
    def around(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """Notice downloads, which are no change of an artifact, and what replaces the store."""
        outcome = yield
        if outcome is not None and self._context is not None:
            if call.operation == "download":
                data = json.loads(outcome.result_json)
                artifact = data.get("artifact", data)
                self._noted(f"{artifact['namespace']}/{artifact['name']}")
            elif call.operation in _REPLACING and self._desk is not None:
                self._desk.follower.doubt()
        return outcome

    @hookimpl
    def artifact_created(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_updated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_published(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_deprecated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_deleted(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    def _changed(self) -> None:
        if self._desk is not None:
            self._desk.follower.changed()

    def _noted(self, name: str) -> None:
        """A name was downloaded. Without a graph in use or on the disk, nobody has an old figure of it."""
        if self._desk is not None:
            self._desk.follower.touched.add(name)
            self._desk.follower.changed()
        elif self._context is not None and self._context.home is not None:
            from .touched import Touched

            place = self._context.data
            if (place / "graph.npz").exists():
                Touched(lambda: place).add(name)

    def _started(self) -> hyperhost.PluginContext:
        if self._context is None:
            raise RefusalError(
                "the graph was not started by a host", "state:graph", hint="register it with a host"
            )
        return self._context

    def _open(self) -> Desk:
        """All that works here, made when it is first needed: its libraries take a while to import."""
        context = self._started()
        with self._starting:
            if self._desk is None:
                try:
                    from .desk import Desk
                except ModuleNotFoundError as error:
                    if (error.name or "").partition(".")[0] != "numpy":
                        raise
                    raise RefusalError(
                        f"the graph needs the library {error.name}, which is not installed",
                        "unavailable:library",
                        hint="pip install 'hyperhost[graph]'",
                    ) from error
                self._desk = Desk(context)
            return self._desk
