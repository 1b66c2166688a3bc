"""Where boxes and arrows go: the layered method of Sugiyama, Tagawa and Toda (1981), left to right.

Edges that close a cycle are turned round for the layout; every node goes into the layer after all that
point at it; edges over several layers get a bend in each; the order in a layer is that of the mean
position of the neighbours, swept forth and back; positions come as close to their neighbours as the
order and the spacing allow.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Final

from hyperhost.drawing.model import Drawing, Edge

__all__ = ["Layout", "lay_out"]

_SWEEPS: Final = 8
_PULLS: Final = 6
_MAX_BENDS: Final = 50_000
"""Edges get no more bends than this altogether; beyond it they are drawn straight."""


@dataclass(slots=True)
class _Spot:
    """A node or a bend while it is being placed."""

    height: float
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Places, in the unit of the heights that were given.

    Attributes:
        layer: Number of the layer by id of the node, from the left.
        middle: Middle of the node from the top, by id.
        bends: For each edge, in the drawing's order, the layers and heights that it passes on its way.
        height: From the top to the bottom.
    """

    layer: dict[str, int]
    middle: dict[str, float]
    bends: list[list[tuple[int, float]]]
    height: float


def lay_out(drawing: Drawing, heights: dict[str, float], gap: float) -> Layout:
    """Place everything.

    Args:
        drawing: What to place.
        heights: Height of each node by id.
        gap: Least distance between two of one layer.

    Cost: about ``n log n`` in nodes, edges and bends, times a fixed number of sweeps.
    """
    turned = _turned(drawing)
    layer = _layers(drawing, turned)
    spots: list[_Spot] = []
    rows: list[list[int]] = [[] for _ in range(max(layer.values(), default=0) + 1)]

    def add(height: float, column: int) -> int:
        spots.append(_Spot(height))
        rows[column].append(len(spots) - 1)
        return len(spots) - 1

    place = {node: add(heights[node], layer[node]) for node in _visited(drawing)}
    chains: list[list[int]] = []
    bends = 0
    for index, edge in enumerate(drawing.edges):
        first, last = (edge.target, edge.source) if index in turned else (edge.source, edge.target)
        between = range(layer[first] + 1, layer[last])
        if edge.source == edge.target or bends + len(between) > _MAX_BENDS:
            chains.append([])
            continue
        bends += len(between)
        chain = [add(gap / 2, column) for column in between]
        chains.append(chain[::-1] if index in turned else chain)
        path = [place[first], *chain, place[last]]
        for one, next_one in itertools.pairwise(path):
            spots[one].after.append(next_one)
            spots[next_one].before.append(one)
    _order(spots, rows)
    height = _settle(spots, rows, gap)
    column_of = {spot: column for column, row in enumerate(rows) for spot in row}
    return Layout(
        layer,
        {node: spots[spot].y for node, spot in place.items()},
        [[(column_of[spot], spots[spot].y) for spot in chain] for chain in chains],
        height,
    )


def _visited(drawing: Drawing) -> list[str]:
    """Ids in the order of a walk from the starts, so that what belongs together begins close together."""
    followers = drawing.followers()
    seen: dict[str, None] = {}
    waiting = drawing.starts()[::-1]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen[one] = None
            waiting += [edge.target for edge in reversed(followers[one])]
    return list(seen)


def _turned(drawing: Drawing) -> set[int]:
    """Positions of the edges that close a cycle in a walk from the starts; turned round, no cycle is left."""
    numbers = {id(edge): index for index, edge in enumerate(drawing.edges)}
    followers = drawing.followers()
    turned: set[int] = set()
    done: set[str] = set()
    for start in drawing.starts():
        if start in done:
            continue
        open_ones = {start}
        stack: list[tuple[str, list[Edge]]] = [(start, followers[start][::-1])]
        while stack:
            node, left = stack[-1]
            if not left:
                stack.pop()
                open_ones.discard(node)
                done.add(node)
                continue
            edge = left.pop()
            if edge.target in open_ones:
                turned.add(numbers[id(edge)])
            elif edge.target not in done:
                open_ones.add(edge.target)
                stack.append((edge.target, followers[edge.target][::-1]))
    return turned


def _layers(drawing: Drawing, turned: set[int]) -> dict[str, int]:
    """The longest way to each node."""
    after: dict[str, list[str]] = {node.id: [] for node in drawing.nodes}
    waits = dict.fromkeys(after, 0)
    for index, edge in enumerate(drawing.edges):
        if edge.source == edge.target:
            continue
        first, last = (edge.target, edge.source) if index in turned else (edge.source, edge.target)
        after[first].append(last)
        waits[last] += 1
    layer = dict.fromkeys(after, 0)
    ready = [node for node, count in waits.items() if not count]
    while ready:
        node = ready.pop()
        for other in after[node]:
            layer[other] = max(layer[other], layer[node] + 1)
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return layer


def _order(spots: list[_Spot], rows: list[list[int]]) -> None:
    """Sort each layer by where its neighbours are, forth and back."""
    position = {spot: index for row in rows for index, spot in enumerate(row)}
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for row in rows[1:] if forth else rows[-2::-1]:

            def mean(spot: int, forth: bool = forth) -> float:
                near = spots[spot].before if forth else spots[spot].after
                return sum(position[each] for each in near) / len(near) if near else position[spot]

            row.sort(key=mean)
            position.update((spot, index) for index, spot in enumerate(row))


def _settle(spots: list[_Spot], rows: list[list[int]], gap: float) -> float:
    """Give each a height: as close to the mean of its neighbours as its layer allows."""
    for row in rows:
        _stack(spots, row, [0.0] * len(row), gap)
    for pull in range(_PULLS):
        forth = pull % 2 == 0
        for row in rows if forth else rows[::-1]:
            wanted = []
            for spot in row:
                near = (
                    spots[spot].before + spots[spot].after
                    if pull >= _PULLS - 2
                    else (spots[spot].before if forth else spots[spot].after)
                )
                wanted.append(sum(spots[each].y for each in near) / len(near) if near else spots[spot].y)
            _stack(spots, row, wanted, gap)
    top = min((each.y - each.height / 2 for each in spots), default=0.0)
    for each in spots:
        each.y -= top
    return max((each.y + each.height / 2 for each in spots), default=0.0)


def _stack(spots: list[_Spot], row: list[int], wanted: list[float], gap: float) -> None:
    """Place a layer in its order, with the least sum of squared distances from what is wanted.

    With the needed distances taken off, that is isotonic regression: neighbours that would overlap are
    pooled and share their mean.
    """
    offset, offsets = 0.0, []
    for index, spot in enumerate(row):
        if index:
            offset += spots[row[index - 1]].height / 2 + gap + spots[spot].height / 2
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for want, shift in zip(wanted, offsets, strict=True):
        total, count = want - shift, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            earlier, size = pools.pop()
            total, count = total + earlier, count + size
        pools.append((total, count))
    index = 0
    for total, count in pools:
        for _ in range(count):
            spots[row[index]].y = total / count + offsets[index]
            index += 1
