"""A graph as a tree of lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hyperhost.drawing.model import Drawing, Edge, Node

__all__ = ["to_text"]

_TEE: Final = ("├── ", "│   ")
_LAST: Final = ("└── ", "    ")
_SEEN: Final = " (above)"
_CYCLE: Final = " (a cycle)"


def to_text(drawing: Drawing, *, depth: int | None = None) -> str:
    """The graph as a tree; what a node needs is shown where it comes first.

    Args:
        drawing: The graph.
        depth: Levels below the first at most; ``None`` is all.

    Returns:
        Lines, each ended by a line feed: one for each edge and each first node. A line is as much longer
        as it is deeper, so a depth is wise where chains of thousands may come.
    """
    nodes = {node.id: node for node in drawing.nodes}
    return "".join(f"{line}\n" for line in _lines(drawing, nodes, depth))


def _lines(drawing: Drawing, nodes: dict[str, Node], depth: int | None) -> Iterator[str]:
    followers = drawing.followers()
    shown: set[str] = set()
    # One frame for each level: what is left to show there, and what stands before each of its lines.
    for start in drawing.starts():
        shown.add(start)
        yield _words(nodes[start])
        path = {start}
        stack: list[tuple[str, list[Edge], str]] = [(start, followers[start][::-1], "")]
        while stack:
            owner, left, before = stack[-1]
            if not left or (depth is not None and len(stack) > depth):
                stack.pop()
                path.discard(owner)
                continue
            edge = left.pop()
            branch, bar = _TEE if left else _LAST
            target = edge.target
            words = before + branch + _words(nodes[target], edge)
            if target in path:
                yield words + _CYCLE
            elif target in shown and followers[target]:
                yield words + _SEEN
            else:
                yield words
                if target not in shown:
                    shown.add(target)
                    path.add(target)
                    stack.append((target, followers[target][::-1], before + bar))


def _words(node: Node, edge: Edge | None = None) -> str:
    parts = [node.label]
    if edge is not None and edge.label:
        parts.append(f"[{edge.label}]")
    if node.note:
        parts.append(f"({node.note})")
    return " ".join(parts)
