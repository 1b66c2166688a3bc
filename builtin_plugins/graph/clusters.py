"""Clusters: label propagation over dependencies (Raghavan, Albert and Kumara, 2007).

Every artifact begins alone and joins, again and again, where most of the weight of its dependencies is. An
edge counts the less, the more artifacts need its target: what everybody needs would make one cluster of all.
Half of the artifacts move at a time, so that two do not change places for ever; ties go to the least label.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hyperhost.contracts import ArtifactCluster, ClusterList

from .arrays import Ints
from .records import TAG
from .walking import Walker

__all__ = ["clusters"]

_ROUNDS: Final = 30
_TAGS: Final = 5


def clusters(walker: Walker, namespace: str, least: int, limit: int, members: int) -> ClusterList:
    """See the hook ``graph_clusters``."""
    view = walker.view
    texts = view.names.texts
    faces = _faces(walker, namespace)
    source, target = _edges(walker, faces)
    needed = np.bincount(target, minlength=view.name_count)
    # By their order and not by their numbers, which depend on what else there is.
    present = np.array(sorted(faces, key=texts.__getitem__), np.int32)
    place = np.zeros(view.name_count, np.int32)
    place[present] = np.arange(len(present))
    label = _spread(place[source], place[target], 1 / np.sqrt(needed[target]), len(present))
    groups: dict[int, list[int]] = {}
    for name, where in zip(present.tolist(), label.tolist(), strict=True):
        groups.setdefault(where, []).append(name)
    found = []
    for group in groups.values():
        if len(group) >= least:
            group.sort(key=lambda name: (-int(needed[name]), texts[name]))
            found.append(group)
    found.sort(key=lambda group: (-len(group), texts[group[0]]))
    listed = [
        ArtifactCluster(
            texts[group[0]],
            len(group),
            [texts[name] for name in group[:members]],
            _tags(walker, group, faces),
        )
        for group in found[:limit]
    ]
    for group in found[:limit]:
        for name in group[:members]:
            walker.sight.show(*faces[name])
    artifacts, more = sum(map(len, found)), len(found) - len(listed)
    return ClusterList(listed, len(found), artifacts, more, walker.sight.is_private)


def _faces(walker: Walker, namespace: str) -> dict[int, tuple[int, int]]:
    """Part and row of the version that stands for each name, of those that may be seen."""
    view = walker.view
    found: dict[int, tuple[int, int]] = {}
    for number, part in enumerate(view.parts):
        rows = walker.sight.rows(number, np.arange(len(part.segment), dtype=np.int32))
        own = part.segment.own[rows]
        first = np.ones(len(rows), np.bool_)
        first[1:] = own[1:] != own[:-1]
        for row, name in zip(rows[first].tolist(), own[first].tolist(), strict=True):
            place = view.names.texts[name].partition("/")[0]
            if not namespace or place == namespace or place.startswith(f"{namespace}."):
                found[name] = (number, row)
    return found


def _edges(walker: Walker, faces: dict[int, tuple[int, int]]) -> tuple[Ints, Ints]:
    """Dependencies between them, each once, without those on itself."""
    present = np.zeros(walker.view.name_count, np.bool_)
    present[list(faces)] = True
    sources, targets = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for number, part in enumerate(walker.view.parts):
        rows = np.array(sorted(row for at, row in faces.values() if at == number), np.int32)
        if len(rows):
            needs = part.segment.needs
            sources.append(np.repeat(part.segment.own[rows], np.diff(needs.starts)[rows]))
            targets.append(needs.columns[needs.in_rows(rows)])
    source, target = np.concatenate(sources), np.concatenate(targets)
    kept = present[target] & (source != target)
    return source[kept], target[kept]


def _spread(source: Ints, target: Ints, weight: Any, count: int) -> Ints:
    label: Ints = np.arange(count, dtype=np.int32)
    one, other = np.concatenate((source, target)), np.concatenate((target, source))
    both = np.concatenate((weight, weight))
    half = (one * np.int64(2_654_435_761) >> 7) & 1
    parts = [(one[half == each], other[half == each], both[half == each]) for each in (0, 1)]
    for _ in range(_ROUNDS):
        moved = 0
        for near, far, share in parts:
            moved += _join(label, near, far, share)
        if moved <= count // 1_000:
            break
    return label


def _join(label: Ints, near: Ints, far: Ints, share: Any) -> int:
    """Give each of some artifacts the label with the most weight around it; how many have changed."""
    if not len(near):
        return 0
    # One number for artifact and label, so that sorting it brings together what is to be added.
    key = near * np.int64(len(label)) + label[far]
    order = np.argsort(key, kind="stable")
    key, share = key[order], share[order]
    begins = np.ones(len(key), np.bool_)
    begins[1:] = key[1:] != key[:-1]
    places = np.flatnonzero(begins)
    weight = np.round(np.add.reduceat(share, places), 9)
    whose, which = np.divmod(key[places], len(label))
    first = np.ones(len(whose), np.bool_)
    first[1:] = whose[1:] != whose[:-1]
    starts = np.flatnonzero(first)
    most = np.repeat(np.maximum.reduceat(weight, starts), np.diff(np.append(starts, len(whose))))
    # One that keeps its label wins a tie, else the least label does.
    rank = np.where(weight < most, 2 * len(label), np.where(which == label[whose], -1, which))
    best = np.minimum.reduceat(rank, starts)
    moving = best >= 0
    label[whose[starts][moving]] = best[moving]
    return int(moving.sum())


def _tags(walker: Walker, group: list[int], faces: dict[int, tuple[int, int]]) -> list[str]:
    counts: dict[str, int] = {}
    for name in group:
        number, row = faces[name]
        marks = walker.view.parts[number].segment.marks
        for mark in marks.columns[marks.row(row)].tolist():
            text = walker.view.marks.texts[mark]
            if text[0] == TAG:
                counts[text[1:]] = counts.get(text[1:], 0) + 1
    common = [(-count, text) for text, count in counts.items() if 3 * count >= len(group) and count > 1]
    return [text for _, text in sorted(common)[:_TAGS]]
