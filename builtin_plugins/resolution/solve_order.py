"""The order of what was chosen: dependencies first, and cycles found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush

__all__ = ["components", "ordered", "walk"]


def components(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Sets of nodes that can all reach each other (Tarjan), each sorted, in no order that is promised."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    found: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        waiting.add(root)
        while work:
            node, rest = work[-1]
            for after in rest:
                if after not in index:
                    index[after] = low[after] = len(index)
                    stack.append(after)
                    waiting.add(after)
                    work.append((after, iter(graph[after])))
                    break
                if after in waiting:
                    low[node] = min(low[node], index[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    together: list[str] = []
                    while not together or together[-1] != node:
                        together.append(stack.pop())
                        waiting.remove(together[-1])
                    found.append(sorted(together))
    return found


def ordered(graph: Mapping[str, Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Nodes in an order in which each comes after those it points to, as far as cycles allow.

    Returns:
        The order, equals by name and the nodes of a cycle side by side; and for each set of nodes in a
        cycle one cycle, from its least name on.
    """
    order = _if_acyclic(graph)
    if len(order) == len(graph):
        return order, []
    groups = components(graph)
    cycles = [walk(graph, nodes) for nodes in groups if len(nodes) > 1]
    return _in_order(graph, groups), sorted(cycles)


def _if_acyclic(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """As :func:`_in_order` with each node by itself; nearly always there is no cycle, and this is faster."""
    waits = {node: len(afters) for node, afters in graph.items()}
    wanted_by: dict[str, list[str]] = {}
    for node, afters in graph.items():
        for after in afters:
            if after in wanted_by:
                wanted_by[after].append(node)
            else:
                wanted_by[after] = [node]
    ready = sorted(node for node, count in waits.items() if not count)
    order: list[str] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for dependent in wanted_by.get(node, ()):
            waits[dependent] -= 1
            if not waits[dependent]:
                heappush(ready, dependent)
    return order


def _in_order(graph: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]) -> list[str]:
    """Groups in order, their nodes side by side. Nothing is in a cycle of groups."""
    group_of = {node: number for number, nodes in enumerate(groups) for node in nodes}
    waits = [0] * len(groups)
    wanted_by: list[list[int]] = [[] for _ in groups]
    for node, afters in graph.items():
        one = group_of[node]
        for after in afters:
            other = group_of[after]
            if one != other:
                wanted_by[other].append(one)
                waits[one] += 1
    ready = [(groups[number][0], number) for number, count in enumerate(waits) if not count]
    heapify(ready)
    order: list[str] = []
    while ready:
        _, number = heappop(ready)
        order += groups[number]
        for dependent in wanted_by[number]:
            waits[dependent] -= 1
            if not waits[dependent]:
                heappush(ready, (groups[dependent][0], dependent))
    return order


def walk(graph: Mapping[str, Sequence[str]], nodes: Sequence[str]) -> list[str]:
    """A shortest cycle through the first of some nodes that can all reach each other."""
    start, inside = nodes[0], set(nodes)
    came: dict[str, str] = {}
    layer = [start]
    while layer:
        following = []
        for node in layer:
            for after in sorted(graph[node]):
                if after == start:
                    path = [node]
                    while path[-1] != start:
                        path.append(came[path[-1]])
                    return path[::-1]
                if after in inside and after not in came:
                    came[after] = node
                    following.append(after)
        layer = following
    raise AssertionError("the nodes are in no cycle")
