"""What is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Drawing", "Edge", "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A box.

    Attributes:
        id: Unique in the drawing.
        label: First line.
        note: Second line, smaller; empty for none.
        kind: ``root``, ``problem``, ``muted`` or empty; decides on the colour.
    """

    id: str
    label: str
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow.

    Attributes:
        source: Id of the node where it starts.
        target: Id of the node it points at.
        label: Beside it; empty for none.
        kind: ``dashed``, ``problem`` or empty.
    """

    source: str
    target: str
    label: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A directed graph; cycles, several edges between two nodes and separate parts are all fine.

    Attributes:
        nodes: In the order in which equals are placed. An edge to an unknown id is an error.
        edges: In any order.
        title: Above it, and what a screen reader says.

    Raises:
        ValueError: an id is there twice, or an edge names an unknown one.
    """

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    title: str = ""

    def __post_init__(self) -> None:
        ids = frozenset(node.id for node in self.nodes)
        if len(ids) != len(self.nodes):
            raise ValueError("two nodes have one id")
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in ids:
                    raise ValueError(f"an edge names {end!r}, which is no node")

    def followers(self) -> dict[str, list[Edge]]:
        """Edges by the id they start from, in the order of the edges; every node has an entry."""
        found: dict[str, list[Edge]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.source].append(edge)
        return found

    def starts(self) -> list[str]:
        """Ids to begin with so that every node is reached: those that nothing points at, in order.

        Where a part of the graph is all cycles, its first node is among them.
        """
        pointed = {edge.target for edge in self.edges if edge.target != edge.source}
        starts = [node.id for node in self.nodes if node.id not in pointed]
        followers = self.followers()
        seen: set[str] = set()
        for start in starts:
            _reach(start, followers, seen)
        for node in self.nodes:
            if node.id not in seen:
                starts.append(node.id)
                _reach(node.id, followers, seen)
        return starts


def _reach(start: str, followers: dict[str, list[Edge]], seen: set[str]) -> None:
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += [edge.target for edge in followers[one]]
