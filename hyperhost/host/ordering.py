"""The order of a hook's implementations, beyond pluggy's ``tryfirst`` and ``trylast``.

Earlier rules win over later ones:

1. wrappers run around plain implementations (pluggy);
2. ``before`` and ``after`` name plugins and always hold, cycles are an error;
3. ``tryfirst``, then neither, then ``trylast`` (pluggy);
4. ``priority``, lower first, 500 when not given;
5. later registered runs earlier, among ``trylast`` it runs later (pluggy).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hyperhost.errors import OrderCycleError

if TYPE_CHECKING:
    from pluggy import HookImpl

__all__ = ["DEFAULT_PRIORITY", "arrange", "is_ordered"]

DEFAULT_PRIORITY = 500


def _options(implementation: HookImpl) -> Mapping[str, Any]:
    return implementation.opts


def is_ordered(implementation: HookImpl) -> bool:
    """Whether an implementation uses any of ``before``, ``after`` and ``priority``."""
    options = _options(implementation)
    return bool(options.get("before") or options.get("after") or options.get("priority") is not None)


def arrange(hook: str, implementations: Iterable[HookImpl], registered: Mapping[int, int]) -> list[HookImpl]:
    """Implementations in pluggy's storage order, which is called from last to first.

    Args:
        hook: Name of the hook, for errors.
        implementations: In any order.
        registered: ``id(implementation)`` → when it was registered, counting up.

    Raises:
        OrderCycleError: ``before``/``after`` contradict each other; names the plugins along the cycle.
    """
    wrappers: list[HookImpl] = []
    plain: list[HookImpl] = []
    for implementation in implementations:
        (wrappers if implementation.wrapper or implementation.hookwrapper else plain).append(implementation)
    called = [*_sorted(hook, wrappers, registered), *_sorted(hook, plain, registered)]
    return called[::-1]


def _key(implementation: HookImpl, registered: Mapping[int, int]) -> tuple[int, int, int]:
    section = 0 if implementation.tryfirst else 2 if implementation.trylast else 1
    priority = _options(implementation).get("priority")
    sequence = registered.get(id(implementation), 0)
    return (
        section,
        DEFAULT_PRIORITY if priority is None else priority,
        sequence if section == 2 else -sequence,
    )


def _sorted(hook: str, group: Sequence[HookImpl], registered: Mapping[int, int]) -> list[HookImpl]:
    """One group in call order: topological by before/after, ties by :func:`_key`."""
    if len(group) < 2:
        return list(group)
    later = _later(group)
    waiting = [0] * len(group)
    for targets in later:
        for target in targets:
            waiting[target] += 1
    ready = [(_key(group[index], registered), index) for index, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    order: list[HookImpl] = []
    while ready:
        _, index = heapq.heappop(ready)
        order.append(group[index])
        for target in later[index]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, (_key(group[target], registered), target))
    if len(order) < len(group):
        raise _cycle(hook, group, later, {index for index, count in enumerate(waiting) if count > 0})
    return order


def _later(group: Sequence[HookImpl]) -> list[set[int]]:
    """For each implementation, which must run later; names that are not there, and its own, mean nothing."""
    by_plugin: dict[str, list[int]] = {}
    for index, implementation in enumerate(group):
        by_plugin.setdefault(implementation.plugin_name, []).append(index)
    later: list[set[int]] = [set() for _ in group]
    for index, implementation in enumerate(group):
        options = _options(implementation)
        for name in options.get("before") or ():
            later[index].update(other for other in by_plugin.get(name, ()) if other != index)
        for name in options.get("after") or ():
            for other in by_plugin.get(name, ()):
                if other != index:
                    later[other].add(index)
    return later


def _cycle(
    hook: str, group: Sequence[HookImpl], later: Sequence[set[int]], stuck: set[int]
) -> OrderCycleError:
    # Walk backwards, as every stuck node waits for another stuck node; the walk must repeat.
    path = [min(stuck)]
    while True:
        previous = min(index for index in stuck if path[-1] in later[index])
        if previous in path:
            path = path[path.index(previous) :]
            break
        path.append(previous)
    names = [group[index].plugin_name for index in reversed(path)]
    return OrderCycleError(
        f"{' runs before '.join([*names, names[0]])}",
        plugin=names[0],
        hook=hook,
        hint="remove one of the before/after options along this cycle",
    )
