"""Operations on the graph: what the service answers, as data or drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar

from hyperhost.contracts import (
    ArtifactCluster,
    ClusterList,
    GraphEdge,
    GraphEdgeKind,
    GraphNode,
    GraphPart,
    GraphQuestion,
    GraphRoute,
    ImpactedArtifact,
    ImpactLevel,
    ImpactReport,
    SimilarArtifact,
)
from hyperhost.contracts.types import U32
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError
from hyperhost.offering import Asked, OperationTable, operation

from . import pictures

__all__ = ["Asked", "table"]

_READ = "artifact:read"
Format = Literal["json", "text", "mermaid", "svg"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of the graph.

    Attributes:
        nodes: As in ``GraphPart``.
        edges: As there.
        more: As there.
        drawing: As text, Mermaid or SVG; empty when data was asked for.
    """

    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)
    more: int = 0
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class ShownRoute:
    """The way between two nodes.

    Attributes:
        found: As in ``GraphRoute``.
        nodes: As there.
        edges: As there.
        length: As there.
        drawing: As text, Mermaid or SVG; empty when data was asked for.
    """

    found: bool
    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)
    length: float = 0.0
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class ShownSimilar:
    """What is like an artifact.

    Attributes:
        similar: The most similar first.
        drawing: As text, Mermaid or SVG; empty when data was asked for.
    """

    similar: list[SimilarArtifact] = field(default_factory=list)
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class ShownImpact:
    """Who is concerned when an artifact changes.

    Attributes:
        artifact: As in ``ImpactReport``; so are all but ``drawing``.
        total: As there.
        downloads: As there.
        score: As there.
        levels: As there.
        artifacts: As there.
        more: As there.
        cycle: As there.
        missing: As there.
        drawing: As text, Mermaid or SVG; empty when data was asked for.
    """

    artifact: str
    total: int
    downloads: int
    score: float
    levels: list[ImpactLevel]
    artifacts: list[ImpactedArtifact]
    more: int
    cycle: list[str]
    missing: bool
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class ShownClusters:
    """Clusters.

    Attributes:
        clusters: As in ``ClusterList``.
        total: As there.
        artifacts: As there.
        more: As there.
        drawing: As text, Mermaid or SVG; empty when data was asked for.
    """

    clusters: list[ArtifactCluster] = field(default_factory=list)
    total: int = 0
    artifacts: int = 0
    more: int = 0
    drawing: str = ""


@cache
def table() -> OperationTable:
    """All operations, in the order in which help shows them."""
    return OperationTable([graph_show, graph_path, graph_similar, graph_impact, graph_clusters])


@operation(group="graph", permission=_READ, reads_private=True)
def graph_show(
    asked: Asked,
    node: str,
    kinds: list[GraphEdgeKind] | None = None,
    depth: U32 = 1,
    limit: U32 = 100,
    format: Format = "json",  # noqa: A002 - the argument's name outside
) -> ShownPart:
    """Show a node of the graph with what is around it; depth 0 is as far as it goes."""
    question = GraphQuestion(node, kinds or [], depth, limit)
    found: GraphPart = _answer(
        lambda: asked.hook.graph_neighbours(principal=asked.principal, question=question)
    )
    _about(asked, node, found.private)
    return ShownPart(
        found.nodes, found.edges, found.more, pictures.drawn(format, pictures.of_part(format, found))
    )


@operation(group="graph", permission=_READ, reads_private=True)
def graph_path(
    asked: Asked,
    node: str,
    target: str,
    kinds: list[GraphEdgeKind] | None = None,
    depth: U32 = 0,
    format: Format = "json",  # noqa: A002 - the argument's name outside
) -> ShownRoute:
    """Find the way with the fewest edges between two nodes; along dependencies unless told otherwise."""
    question = GraphQuestion(node, kinds or [], depth)
    found: GraphRoute = _answer(
        lambda: asked.hook.graph_path(principal=asked.principal, target=target, question=question)
    )
    _about(asked, node, found.private)
    picture = pictures.drawn(format, pictures.of_route(found)) if found.found else ""
    return ShownRoute(found.found, found.nodes, found.edges, found.length, picture)


@operation(group="graph", permission=_READ, reads_private=True)
def graph_similar(
    asked: Asked,
    artifact: str,
    limit: U32 = 10,
    format: Format = "json",  # noqa: A002 - the argument's name outside
) -> ShownSimilar:
    """Find artifacts that are like another one, and say in what."""
    found: list[SimilarArtifact] = _answer(
        lambda: asked.hook.graph_similar(principal=asked.principal, artifact=artifact, limit=limit)
    )
    _about(asked, artifact, any(each.private for each in found))
    return ShownSimilar(found, pictures.drawn(format, pictures.of_similar(artifact, found)))


@operation(group="graph", permission=_READ, reads_private=True)
def graph_impact(
    asked: Asked,
    artifact: str,
    depth: U32 = 0,
    limit: U32 = 100,
    format: Format = "json",  # noqa: A002 - the argument's name outside
) -> ShownImpact:
    """Say who is concerned when an artifact changes, directly or not; depth 0 is all."""
    found: ImpactReport = _answer(
        lambda: asked.hook.graph_impact(
            principal=asked.principal, artifact=artifact, depth=depth, limit=limit
        )
    )
    _about(asked, artifact, found.private)
    return ShownImpact(
        found.artifact,
        found.total,
        found.downloads,
        found.score,
        found.levels,
        found.artifacts,
        found.more,
        found.cycle,
        found.missing,
        pictures.drawn(format, pictures.of_impact(found)),
    )


@operation(group="graph", permission=_READ, reads_private=True)
def graph_clusters(
    asked: Asked,
    namespace: str = "",
    least: U32 = 2,
    limit: U32 = 20,
    members: U32 = 10,
    format: Format = "json",  # noqa: A002 - the argument's name outside
) -> ShownClusters:
    """Divide artifacts into clusters of those that need each other more than others."""
    found: ClusterList = _answer(
        lambda: asked.hook.graph_clusters(
            principal=asked.principal, namespace=namespace, least=least, limit=limit, members=members
        )
    )
    _about(asked, namespace, found.private)
    picture = pictures.drawn(format, pictures.of_clusters(found))
    return ShownClusters(found.clusters, found.total, found.artifacts, found.more, picture)


def _answer(ask: Callable[[], Any]) -> Any:
    """What the service answers.

    Raises:
        RefusalError: it refuses, or nothing answers it, or several could.
    """
    try:
        return ask()
    except (ProviderMissingError, ProviderConflictError) as error:
        raise RefusalError(
            f"there is no graph: {error.message}",
            "state:graph:provider",
            plugin=error.plugin,
            hint=error.hint or "activate a plugin that provides the service graph",
        ) from error


def _about(asked: Asked, target: str, private: bool) -> None:
    asked.about(target[:300])
    asked.private = private
