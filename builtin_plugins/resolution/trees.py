"""What a person asks about an answer: how it hangs together, and why something is in it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from hyperhost.contracts import Dependency, DependencyType, Resolution, ResolvedNeed, ResolvedVersion
from hyperhost.drawing import Drawing, Edge, Node

__all__ = ["ROOT", "drawing_of", "why", "within"]

ROOT: Final = ""
"""Id of the node that stands for whoever asked."""

_MOST_WAYS: Final = 10


def drawing_of(
    resolution: Resolution, roots: Sequence[Dependency], label: str, title: str = "", problems: bool = False
) -> Drawing:
    """An answer as a graph.

    Args:
        resolution: The answer.
        roots: What was asked for.
        label: Words for whoever asked.
        title: Above the drawing.
        problems: Mark what is on a cycle.
    """
    chosen = {each.artifact: each for each in resolution.versions}
    turning = {name for cycle in resolution.cycles for name in cycle} if problems else set()
    nodes = [Node(ROOT, label, kind="root")]
    nodes += [_node(each, turning) for each in sorted(chosen.values(), key=lambda each: each.artifact)]
    edges = [
        Edge(ROOT, root.artifact, root.constraint, _line(root.type))
        for root in roots
        if root.artifact in chosen
    ]
    for artifact in sorted(chosen):
        for need in chosen[artifact].needs:
            if need.artifact in chosen:
                both = artifact in turning and need.artifact in turning
                kind = "problem" if both else _line(need.type)
                edges.append(Edge(artifact, need.artifact, need.constraint, kind))
    return Drawing(nodes, edges, title)


def within(drawing: Drawing, depth: int) -> Drawing:
    """What is at most so many levels below the first nodes; all of it for 0."""
    if not depth:
        return drawing
    followers = drawing.followers()
    level = dict.fromkeys(drawing.starts(), 0)
    waiting = deque(level)
    while waiting:
        owner = waiting.popleft()
        for edge in followers[owner] if level[owner] < depth else ():
            if edge.target not in level:
                level[edge.target] = level[owner] + 1
                waiting.append(edge.target)
    nodes = [node for node in drawing.nodes if node.id in level]
    edges = [edge for edge in drawing.edges if level.get(edge.source, depth) < depth]
    return Drawing(nodes, edges, drawing.title)


def _node(each: ResolvedVersion, turning: set[str]) -> Node:
    note = f"from {each.source}" if each.source else ""
    return Node(
        each.artifact,
        f"{each.artifact} {each.version}",
        note,
        "problem" if each.artifact in turning else "",
    )


def _line(kind: DependencyType) -> str:
    return "" if kind is DependencyType.RUNTIME else "dashed"


def why(resolution: Resolution, roots: Sequence[Dependency], artifact: str) -> list[str]:
    """Sentences that say by which ways an artifact came into an answer, the shortest first.

    Returns:
        The version and then a sentence for each of the ten shortest ways; nothing when it is not there.
    """
    chosen = {each.artifact: each for each in resolution.versions}
    if artifact not in chosen:
        return []
    asked = {root.artifact: root for root in roots if root.artifact in chosen}
    sentences = [f"{artifact} {chosen[artifact].version} is part of the answer."]
    for way in itertools.islice(_ways(chosen, set(asked), artifact), _MOST_WAYS):
        first = way[0]
        words = [f"{first} {asked[first].constraint} was asked for"]
        for owner, needed in itertools.pairwise(way):
            need = _need(chosen[owner], needed)
            words.append(f"{owner} {chosen[owner].version} needs {needed} {need.constraint}{_kind(need)}")
        sentences.append("; ".join(words) + ".")
    return sentences


def _ways(chosen: dict[str, ResolvedVersion], asked: set[str], artifact: str) -> Iterator[list[str]]:
    """Ways from what was asked for to an artifact, the shortest first, at most one through each neighbour."""
    nearest = _nearest(chosen, asked)
    if artifact in asked:
        yield [artifact]
    before = [
        each.artifact
        for each in chosen.values()
        if each.artifact in nearest and any(need.artifact == artifact for need in each.needs)
    ]
    for owner in sorted(before, key=lambda name: (len(nearest[name]), name)):
        if artifact not in nearest[owner]:
            yield [*nearest[owner], artifact]


def _nearest(chosen: dict[str, ResolvedVersion], asked: set[str]) -> dict[str, list[str]]:
    """A shortest way to everything."""
    found = {name: [name] for name in sorted(asked)}
    waiting = deque(found)
    while waiting:
        owner = waiting.popleft()
        for need in chosen[owner].needs:
            if need.artifact in chosen and need.artifact not in found:
                found[need.artifact] = [*found[owner], need.artifact]
                waiting.append(need.artifact)
    return found


def _need(owner: ResolvedVersion, artifact: str) -> ResolvedNeed:
    return next(need for need in owner.needs if need.artifact == artifact)


def _kind(need: ResolvedNeed) -> str:
    return "" if need.type is DependencyType.RUNTIME else f" as a {need.type.value} dependency"
