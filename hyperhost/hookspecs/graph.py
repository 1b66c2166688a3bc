"""Hooks of the artifact graph: the service ``graph``.

Exactly one provider answers it (``[providers]`` in ``hyperhost.toml``). It knows who asks, and leaves out
every node, edge, count and way that leads through an artifact that ``access_visible`` says they must not
see. A name that they must not see is answered like one that nobody has given.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.graph import (
    ClusterList,
    GraphPart,
    GraphQuestion,
    GraphRoute,
    GraphState,
    ImpactReport,
    SimilarArtifact,
)
from hyperhost.contracts.operations import Principal
from hyperhost.contracts.types import U32
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["GraphHooks"]


class GraphHooks(Protocol):
    """The service ``graph``."""

    @hookspec(service="graph", firstresult=True, raises=RefusalError)
    def graph_neighbours(self, principal: Principal, question: GraphQuestion) -> GraphPart:
        """Show a node with what is around it.

        A fault ends the operation that asked.

        Args:
            principal: Who asks.
            question: Which node, along which edges, how far.

        Returns:
            The node, those around it, and the edges between them.

        Raises:
            RefusalError: rule ``missing:KIND`` (there is no such node) or ``invalid:FIELD:RULE``.

        Example:
            ```python
            from hyperhost.contracts import GraphNode, GraphNodeKind, GraphPart, GraphQuestion, Principal
            from hyperhost.hookspecs import hookimpl

            class Alone:
                @hookimpl
                def graph_neighbours(self, question: GraphQuestion) -> GraphPart:
                    name = question.node
                    return GraphPart([GraphNode(f"artifact:{name}", GraphNodeKind.ARTIFACT, name)])

            host.register(Alone())
            asked = GraphQuestion("org.acme/auth")
            found = host.hook.graph_neighbours(principal=Principal("user:bob"), question=asked)
            assert [node.id for node in found.nodes] == ["artifact:org.acme/auth"]
            ```
        """
        ...

    @hookspec(service="graph", firstresult=True, raises=RefusalError)
    def graph_similar(self, principal: Principal, artifact: str, limit: U32) -> list[SimilarArtifact]:
        """Find artifacts that are like another one, and say in what.

        A fault ends the operation that asked.

        Args:
            principal: Who asks.
            artifact: ``namespace/name``, or an id.
            limit: Answers at most, 1 to 1,000.

        Returns:
            The most similar first, equals by name; never the artifact itself, nor one with a score of 0.

        Raises:
            RefusalError: as ``graph_neighbours``.

        Example:
            ```python
            from hyperhost.contracts import Principal, SimilarArtifact, SimilarPart
            from hyperhost.hookspecs import hookimpl

            class ByPrefix:
                @hookimpl
                def graph_similar(self, artifact: str, limit: int) -> list[SimilarArtifact]:
                    part = SimilarPart("content", 0.5, 1.0, "both begin with 'auth'")
                    return [SimilarArtifact(f"{artifact}-core", "1.0.0", 0.5, [part])][:limit]

            host.register(ByPrefix())
            ask = host.hook.graph_similar
            [found] = ask(principal=Principal("user:bob"), artifact="org.acme/auth", limit=5)
            assert found.artifact == "org.acme/auth-core"
            ```
        """
        ...

    @hookspec(service="graph", firstresult=True, raises=RefusalError)
    def graph_path(self, principal: Principal, target: str, question: GraphQuestion) -> GraphRoute:
        """Find the way with the fewest edges from one node to another; of several, the strongest.

        A fault ends the operation that asked.

        Args:
            principal: Who asks.
            target: Where it has to end, written as ``question.node``.
            question: Where it begins, and along which edges; ``depends`` when it names none. Its depth limits
                the edges of the way; its limit is not looked at.

        Returns:
            The way; of several of one length always the same.

        Raises:
            RefusalError: as ``graph_neighbours``.

        Example:
            ```python
            from hyperhost.contracts import GraphQuestion, GraphRoute, Principal
            from hyperhost.hookspecs import hookimpl

            class NoWay:
                @hookimpl
                def graph_path(self, target: str) -> GraphRoute:
                    return GraphRoute(False)

            host.register(NoWay())
            asked = GraphQuestion("org.acme/auth")
            ask = host.hook.graph_path
            assert not ask(principal=Principal("user:bob"), target="org.acme/log", question=asked).found
            ```
        """
        ...

    @hookspec(service="graph", firstresult=True, raises=RefusalError)
    def graph_impact(self, principal: Principal, artifact: str, depth: U32, limit: U32) -> ImpactReport:
        """Say who is concerned when an artifact changes.

        A fault ends the operation that asked.

        Args:
            principal: Who asks.
            artifact: ``namespace/name``, or an id.
            depth: Dependencies to go at most; 0 is all.
            limit: Dependents to list at most, 1 to 1,000; all are counted.

        Returns:
            The dependents, directly or not.

        Raises:
            RefusalError: as ``graph_neighbours``.

        Example:
            ```python
            from hyperhost.contracts import ImpactReport, Principal
            from hyperhost.hookspecs import hookimpl

            class Nobody:
                @hookimpl
                def graph_impact(self, artifact: str) -> ImpactReport:
                    return ImpactReport(artifact)

            host.register(Nobody())
            ask = host.hook.graph_impact
            assert ask(principal=Principal("user:bob"), artifact="org.acme/auth", depth=0, limit=9).total == 0
            ```
        """
        ...

    @hookspec(service="graph", firstresult=True, raises=RefusalError)
    def graph_clusters(
        self, principal: Principal, namespace: str, least: U32, limit: U32, members: U32
    ) -> ClusterList:
        """Divide artifacts into clusters of those that need each other more than others.

        Looks at every artifact that the principal may see. A fault ends the operation that asked.

        Args:
            principal: Who asks.
            namespace: Only artifacts of this namespace and those below it; empty for all.
            least: Members that a cluster has to have, at least 2.
            limit: Clusters to list at most, 1 to 1,000.
            members: Members of each to list at most, 1 to 1,000.

        Returns:
            The clusters; the same graph is always divided in the same way.

        Raises:
            RefusalError: rule ``invalid:FIELD:RULE``.

        Example:
            ```python
            from hyperhost.contracts import ClusterList, Principal
            from hyperhost.hookspecs import hookimpl

            class Apart:
                @hookimpl
                def graph_clusters(self, namespace: str) -> ClusterList:
                    return ClusterList()

            host.register(Apart())
            ask = host.hook.graph_clusters
            found = ask(principal=Principal("user:bob"), namespace="", least=2, limit=10, members=5)
            assert found.total == 0
            ```
        """
        ...

    @hookspec(service="graph", firstresult=True)
    def graph_status(self) -> GraphState:
        """Say how far the graph is.

        A fault ends the operation that asked.

        Returns:
            Its size and the last change of the store that it reflects.

        Example:
            ```python
            from hyperhost.contracts import GraphState
            from hyperhost.hookspecs import hookimpl

            class Empty:
                @hookimpl
                def graph_status(self) -> GraphState:
                    return GraphState()

            host.register(Empty())
            assert host.hook.graph_status().artifacts == 0
            ```
        """
        ...
