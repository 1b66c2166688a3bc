"""Answers as drawings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    ClusterList,
    GraphEdge,
    GraphEdgeKind,
    GraphNode,
    GraphNodeKind,
    GraphPart,
    GraphRoute,
    ImpactReport,
    SimilarArtifact,
)

if TYPE_CHECKING:
    from hyperhost.drawing import Drawing, Edge, Node

__all__ = ["drawn", "of_clusters", "of_impact", "of_part", "of_route", "of_similar"]


def drawn(form: str, picture: Callable[[], Drawing]) -> str:
    """A drawing as text, Mermaid or SVG; empty for data."""
    if form == "json":
        return ""
    from hyperhost.drawing import to_mermaid, to_svg, to_text

    return {"text": to_text, "mermaid": to_mermaid, "svg": to_svg}[form](picture())


def of_part(form: str, found: GraphPart) -> Callable[[], Drawing]:
    """A part of the graph; what was asked about stands out, and as text it stands first."""
    edges = found.edges
    if form == "text":
        depths = {node.id: node.depth for node in found.nodes}
        edges = [_turned(each) if depths[each.target] < depths[each.source] else each for each in edges]
    return lambda: _drawing(found.nodes, edges, found.nodes[0].name if found.nodes else "")


def _turned(edge: GraphEdge) -> GraphEdge:
    kind = _BACK.get(edge.kind, edge.kind)
    return GraphEdge(edge.target, edge.source, kind, edge.weight, edge.label, edge.current)


def of_route(found: GraphRoute) -> Callable[[], Drawing]:
    """The way between two nodes, in its order."""

    def picture() -> Drawing:
        ids = [node.id for node in found.nodes]
        edges = [
            GraphEdge(one, other, edge.kind, edge.weight, edge.label, edge.current)
            if edge.source == one
            else GraphEdge(one, other, _BACK.get(edge.kind, edge.kind), edge.weight, edge.label, edge.current)
            for one, other, edge in zip(ids, ids[1:], found.edges, strict=False)
        ]
        return _drawing(found.nodes, edges, "")

    return picture


_BACK = {GraphEdgeKind.DEPENDS: GraphEdgeKind.USED_BY, GraphEdgeKind.USED_BY: GraphEdgeKind.DEPENDS}


def of_similar(artifact: str, found: list[SimilarArtifact]) -> Callable[[], Drawing]:
    """What is like an artifact around it."""

    def picture() -> Drawing:
        from hyperhost.drawing import Drawing, Edge, Node

        nodes = [Node("", artifact, kind="root")]
        nodes += [Node(each.artifact, f"{each.artifact} {each.version}") for each in found]
        edges = [Edge("", each.artifact, f"{each.score:.2f} {_best(each)}") for each in found]
        return Drawing(nodes, edges, f"like {artifact}")

    return picture


def of_impact(found: ImpactReport) -> Callable[[], Drawing]:
    """Who is concerned: from an artifact to those that need it."""

    def picture() -> Drawing:
        from hyperhost.drawing import Drawing, Edge, Node

        kind = "problem" if found.missing else "root"
        nodes = [Node(found.artifact, found.artifact, kind=kind)]
        nodes += [
            Node(each.artifact, f"{each.artifact} {each.version}", f"{each.downloads:,} downloads")
            for each in found.artifacts
        ]
        edges = [
            Edge(
                each.by,
                each.artifact,
                "" if each.current else "older versions",
                "" if each.current else "dashed",
            )
            for each in found.artifacts
            if any(each.by == node.id for node in nodes)
        ]
        if found.more:
            nodes.append(Node("", f"and {found.more:,} more", kind="muted"))
        return Drawing(nodes, edges, f"who needs {found.artifact}")

    return picture


def of_clusters(found: ClusterList) -> Callable[[], Drawing]:
    """Each cluster as the member that most need, with the others."""

    def picture() -> Drawing:
        from hyperhost.drawing import Drawing, Edge, Node

        nodes: list[Node] = []
        edges: list[Edge] = []
        for cluster in found.clusters:
            note = ", ".join(cluster.tags)
            nodes.append(Node(cluster.label, f"{cluster.label} and {cluster.size - 1:,} more", note, "root"))
            for member in cluster.members:
                if member != cluster.label:
                    nodes.append(Node(member, member))
                    edges.append(Edge(cluster.label, member))
        return Drawing(nodes, edges, "clusters")

    return picture


def _drawing(nodes: list[GraphNode], edges: list[GraphEdge], title: str) -> Drawing:
    from hyperhost.drawing import Drawing, Edge

    return Drawing(
        [_node(node, index == 0) for index, node in enumerate(nodes)],
        [Edge(each.source, each.target, _label(each), "" if each.current else "dashed") for each in edges],
        title,
    )


def _node(node: GraphNode, first: bool) -> Node:
    from hyperhost.drawing import Node

    kind = (
        "problem"
        if node.missing
        else "root"
        if first
        else "muted"
        if node.kind is not GraphNodeKind.ARTIFACT
        else ""
    )
    label = f"{node.name} {node.version}".rstrip() if node.kind is GraphNodeKind.ARTIFACT else node.id
    return Node(node.id, label, "missing" if node.missing else "", kind)


def _label(edge: GraphEdge) -> str:
    if edge.kind is GraphEdgeKind.DEPENDS:
        return edge.label
    if edge.kind in (GraphEdgeKind.SIMILAR, GraphEdgeKind.CO_OCCURS):
        return f"{edge.kind.value} {edge.weight:.2f}"
    return f"{edge.kind.value} {edge.label}".rstrip()


def _best(found: SimilarArtifact) -> str:
    part = max(found.parts, key=lambda each: each.score * each.weight, default=None)
    return part.name if part is not None else ""
