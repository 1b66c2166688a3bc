"""The answers: a part of the graph, and the way between two nodes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import GraphEdge, GraphEdgeKind, GraphPart, GraphQuestion, GraphRoute
from hyperhost.offering import invalid, unavailable

from .places import ARTIFACT, Node, Places
from .similar import Similarity
from .walking import Link, Walker

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_limit", "neighbours", "route"]

MAX_LIMIT: Final = 1_000
_COMPUTED: Final = {GraphEdgeKind.SIMILAR, GraphEdgeKind.CO_OCCURS}
_DECLARED: Final = set(GraphEdgeKind) - _COMPUTED
_ALIKE: Final = 10
"""Edges of each computed kind."""


def check_limit(limit: int, field: str = "limit", least: int = 1) -> None:
    """Return if so many can be asked for.

    Raises:
        RefusalError: they cannot.
    """
    if not least <= limit <= MAX_LIMIT:
        raise invalid(field, "range", f"{field} is {limit:,}", f"{least} to {MAX_LIMIT:,}")


def neighbours(
    walker: Walker, places: Places, weights: dict[str, float], question: GraphQuestion
) -> GraphPart:
    """See the hook ``graph_neighbours``."""
    check_limit(question.limit)
    start = places.find(question.node)
    kinds = set(question.kinds) or _DECLARED
    depths: dict[Node, int] = {start: 0}
    alike = _alike(walker, start, kinds & _COMPUTED, weights)
    more = 0
    level: set[Node] = {start}
    step = 0
    while level and not more and (not question.depth or step < question.depth):
        step += 1
        found = walker.around(level, kinds, both=step == 1)
        if step == 1:
            found |= {link.target for link in alike}
        following = sorted(found - depths.keys(), key=places.text)
        room = question.limit - len(depths)
        depths.update(dict.fromkeys(following[:room], step))
        more = max(0, len(following) - room)
        level = set(following)
    links = [
        link
        for link in _links(walker, depths, kinds)
        # What the outermost nodes have in common besides is not asked about.
        if link.kind is GraphEdgeKind.DEPENDS or min(depths[link.source], depths[link.target]) < step
    ]
    links += [link for link in alike if link.target in depths]
    nodes = [places.shown(node, depth) for node, depth in depths.items()]
    edges = [edge for link in links for edge in _edges(places, link, kinds)]
    return GraphPart(
        nodes,
        sorted(edges, key=lambda each: (each.source, each.target, each.kind)),
        more,
        walker.sight.is_private,
    )


def route(walker: Walker, places: Places, question: GraphQuestion, target: str) -> GraphRoute:
    """See the hook ``graph_path``: the fewest edges, of those the strongest."""
    start, end = places.find(question.node), places.find(target, "target")
    kinds = set(question.kinds) or {GraphEdgeKind.DEPENDS}
    if kinds & _COMPUTED:
        raise invalid(
            "kinds", "computed", "a way goes along what artifacts say of themselves, not along what is alike"
        )
    if start == end:
        return GraphRoute(True, [places.shown(start)], private=walker.sight.is_private)
    levels: list[set[Node]] = [{start}]
    seen = {start}
    while end not in seen:
        if question.depth and len(levels) > question.depth:
            return GraphRoute(False)
        level = walker.around(levels[-1], kinds, both=True) - seen
        if not level:
            return GraphRoute(False)
        seen |= level
        levels.append(level)
    return _strongest(walker, places, levels, end, kinds)


def _strongest(
    walker: Walker, places: Places, levels: list[set[Node]], end: Node, kinds: set[GraphEdgeKind]
) -> GraphRoute:
    """The strongest of the ways with the fewest edges: what leads backwards from the end, level by level."""
    try:
        import rustworkx
    except ImportError as error:
        raise unavailable(
            "library", "ways through the graph need the library rustworkx", "pip install 'hyperhost[graph]'"
        ) from error
    backwards = _turned(kinds)
    kept: list[set[Node]] = [{end}]
    for level in levels[-2::-1]:
        kept.append(walker.around(kept[-1], backwards, both=True) & level)
    nodes = sorted({node for level in kept for node in level}, key=places.text)
    number = {node: index for index, node in enumerate(nodes)}
    depth = {node: len(kept) - 1 - index for index, level in enumerate(kept) for node in level}
    graph: rustworkx.PyDiGraph[Node, Link] = rustworkx.PyDiGraph()
    graph.add_nodes_from(nodes)
    wanted = kinds | ({GraphEdgeKind.DEPENDS} if GraphEdgeKind.USED_BY in kinds else set())
    for link in sorted(_links(walker, dict.fromkeys(nodes, 0), wanted), key=lambda each: each.label):
        ends = [(link.source, link.target)] if _forward(link, kinds) else []
        ends += [(link.target, link.source)] if _backward(link, kinds) else []
        for one, other in ends:
            if depth[other] == depth[one] + 1:
                graph.add_edge(number[one], number[other], link)
    begin = next(iter(levels[0]))
    found = rustworkx.dijkstra_shortest_paths(
        graph, number[begin], number[end], weight_fn=lambda link: 1 / link.weight
    )
    way = list(found[number[end]])
    edges = []
    for first, second in pairwise(way):
        link = max(graph.get_all_edge_data(first, second), key=lambda each: each.weight)
        is_turned = link.kind is GraphEdgeKind.DEPENDS and link.source != nodes[first]
        edges += _edges(places, link, {GraphEdgeKind.USED_BY if is_turned else link.kind})
    shown = [places.shown(nodes[each], index) for index, each in enumerate(way)]
    return GraphRoute(
        True, shown, edges, round(sum(1 / edge.weight for edge in edges), 4), walker.sight.is_private
    )


def _turned(kinds: set[GraphEdgeKind]) -> set[GraphEdgeKind]:
    pair = {GraphEdgeKind.DEPENDS: GraphEdgeKind.USED_BY, GraphEdgeKind.USED_BY: GraphEdgeKind.DEPENDS}
    return {pair.get(kind, kind) for kind in kinds}


def _forward(link: Link, kinds: set[GraphEdgeKind]) -> bool:
    return link.kind is not GraphEdgeKind.DEPENDS or GraphEdgeKind.DEPENDS in kinds


def _backward(link: Link, kinds: set[GraphEdgeKind]) -> bool:
    return link.kind is not GraphEdgeKind.DEPENDS or GraphEdgeKind.USED_BY in kinds


def _alike(walker: Walker, start: Node, kinds: set[GraphEdgeKind], weights: dict[str, float]) -> list[Link]:
    """Computed edges of the node that was asked about."""
    at = walker.sight.face(start[1]) if start[0] == ARTIFACT else None
    if at is None or not kinds:
        return []
    similarity = Similarity(walker.view, walker.sight, weights, at)
    found = []
    if GraphEdgeKind.SIMILAR in kinds:
        found += [(GraphEdgeKind.SIMILAR, *each) for each in similarity.edges(_ALIKE)]
    if GraphEdgeKind.CO_OCCURS in kinds:
        found += [(GraphEdgeKind.CO_OCCURS, *each) for each in similarity.together(_ALIKE)]
    return [Link(start, (ARTIFACT, name), kind, round(score, 4)) for kind, name, score in found if score > 0]


def _links(walker: Walker, nodes: dict[Node, int], kinds: set[GraphEdgeKind]) -> Iterable[Link]:
    """Edges that artifacts among some nodes declare to others of these nodes."""
    for letter, number in nodes:
        if letter == ARTIFACT:
            yield from (link for link in walker.links(number, kinds) if link.target in nodes)


def _edges(places: Places, link: Link, kinds: set[GraphEdgeKind]) -> list[GraphEdge]:
    """A link as it is shown: the way round that was asked for."""
    source, target = (places.shown(node).id for node in (link.source, link.target))
    if link.kind is GraphEdgeKind.DEPENDS and GraphEdgeKind.DEPENDS not in kinds:
        source, target = target, source
        return [GraphEdge(source, target, GraphEdgeKind.USED_BY, link.weight, link.label, link.current)]
    return [GraphEdge(source, target, link.kind, link.weight, link.label, link.current)]
