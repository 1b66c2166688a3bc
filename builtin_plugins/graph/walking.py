"""Walks over the graph by levels: who is around a node, and who is concerned by a change.

A level is walked as a whole, in arrays. Versions that somebody may not see are left out before what they say
is followed, so nothing behind them is met.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hyperhost.contracts import GraphEdgeKind, ImpactedArtifact, ImpactLevel, ImpactReport

from .arrays import Ints
from .places import ARTIFACT, Node
from .records import NAMESPACE, TAG, USER, weight_of
from .sight import Sight
from .view import View

__all__ = ["Link", "Walker", "impact"]

_SAMPLE: Final = 200
"""Versions with a tag that are judged to weigh it, for somebody who may not see everything."""
_LETTERS: Final = {GraphEdgeKind.AUTHOR: USER, GraphEdgeKind.TAG: TAG, GraphEdgeKind.NAMESPACE: NAMESPACE}


@dataclass(frozen=True, slots=True)
class Link:
    """An edge while the graph is walked."""

    source: Node
    target: Node
    kind: GraphEdgeKind
    weight: float
    label: str = ""
    current: bool = True


class Walker:
    """Walks for somebody.

    Args:
        view: The graph.
        sight: Who asks.
    """

    def __init__(self, view: View, sight: Sight) -> None:
        self.view, self.sight = view, sight

    def users(self, names: Ints) -> Ints:
        """Names that need one of some names, each once, in the order of their numbers."""
        return self._names(
            (number, self.sight.rows(number, part.segment.needs.rows_with(names)))
            for number, part in enumerate(self.view.parts)
        )

    def needs(self, names: Ints) -> Ints:
        """Names that one of some names needs, each once."""
        found = np.zeros(self.view.name_count, np.bool_)
        for number, part in enumerate(self.view.parts):
            rows = self.sight.rows(number, part.segment.rows_of_all(names))
            found[part.segment.needs.columns[part.segment.needs.in_rows(rows)]] = True
        return np.flatnonzero(found).astype(np.int32)

    def members(self, marks: Ints) -> Ints:
        """Names that have one of some marks, each once."""
        return self._names(
            (number, self.sight.rows(number, part.segment.marks.rows_with(marks)))
            for number, part in enumerate(self.view.parts)
        )

    def marks(self, names: Ints, letters: set[str]) -> Ints:
        """Marks of some kinds that one of some names has, each once."""
        found = np.zeros(self.view.mark_count, np.bool_)
        for number, part in enumerate(self.view.parts):
            rows = self.sight.rows(number, part.segment.rows_of_all(names))
            found[part.segment.marks.columns[part.segment.marks.in_rows(rows)]] = True
        wanted = np.isin(self.view.kinds, [ord(each) for each in letters])
        return np.flatnonzero(found & wanted).astype(np.int32)

    def levels(self, name: int, depth: int) -> Iterator[Ints]:
        """Names that need a name, level by level; each once, and never the name itself."""
        seen = np.zeros(self.view.name_count, np.bool_)
        seen[name] = True
        level: Ints = np.array([name], np.int32)
        step = 0
        while not depth or step < depth:
            level = self.users(level)
            level = level[~seen[level]]
            if not len(level):
                return
            seen[level] = True
            step += 1
            yield level

    def around(self, nodes: set[Node], kinds: set[GraphEdgeKind], *, both: bool) -> set[Node]:
        """Nodes one edge away from some nodes; with ``both`` also against the edges of artifacts to marks."""
        names = np.array(sorted(number for letter, number in nodes if letter == ARTIFACT), np.int32)
        marks = np.array(sorted(number for letter, number in nodes if letter != ARTIFACT), np.int32)
        found: list[Ints] = []
        if GraphEdgeKind.DEPENDS in kinds:
            found.append(self.needs(names))
        if GraphEdgeKind.USED_BY in kinds:
            found.append(self.users(names))
        letters = {letter for kind, letter in _LETTERS.items() if kind in kinds}
        reached: set[Node] = set()
        if letters and both:
            wanted = [each for each in marks.tolist() if chr(self.view.kinds[each]) in letters]
            found.append(self.members(np.array(wanted, np.int32)))
        if letters:
            texts = self.view.marks.texts
            reached = {(texts[each][0], each) for each in self.marks(names, letters).tolist()}
        return reached | {(ARTIFACT, each) for level in found for each in level.tolist()}

    def links(self, name: int, kinds: set[GraphEdgeKind]) -> Iterator[Link]:
        """Edges from a name to what it needs and to its marks, as its versions say that may be seen."""
        versions = self.sight.versions(name)
        letters = {letter: kind for kind, letter in _LETTERS.items() if kind in kinds}
        source: Node = (ARTIFACT, name)
        told: set[int] = set()
        marked: set[int] = set()
        for index, (number, row) in enumerate(versions):
            segment = self.view.parts[number].segment
            if kinds & {GraphEdgeKind.DEPENDS, GraphEdgeKind.USED_BY}:
                place = segment.needs.row(row)
                columns, labels = segment.needs.columns[place], segment.needs.values[place]
                for need, label in zip(columns.tolist(), labels.tolist(), strict=True):
                    if need not in told:
                        told.add(need)
                        weight, shown = weight_of(self.view.labels.texts[label])
                        yield Link(
                            source, (ARTIFACT, need), GraphEdgeKind.DEPENDS,
                            weight if index == 0 else weight / 2, shown, index == 0,
                        )  # fmt: skip
            if letters and not marked:
                for mark in segment.marks.columns[segment.marks.row(row)].tolist():
                    letter = self.view.marks.texts[mark][0]
                    if letter in letters and mark not in marked:
                        marked.add(mark)
                        weight = self.rarity(mark) if letter == TAG else 1.0
                        yield Link(source, (letter, mark), letters[letter], weight)

    def rarity(self, mark: int) -> float:
        """The weight of a tag: less than 1 for one that many have."""
        if self.sight.all:
            count = len(self.members(np.array([mark], np.int32)))
        else:  # to judge every artifact with the tag would take long
            rows = [
                self.sight.rows(number, part.segment.marks.rows[part.segment.marks.column(mark)][:_SAMPLE])
                for number, part in enumerate(self.view.parts)
            ]
            count = sum(map(len, rows))
        return round(1 / (1 + math.log10(max(1, count))), 4)

    def _names(self, found: Iterator[tuple[int, Ints]]) -> Ints:
        named = np.zeros(self.view.name_count, np.bool_)
        for number, rows in found:
            named[self.view.parts[number].segment.own[rows]] = True
        return np.flatnonzero(named).astype(np.int32)


def impact(walker: Walker, name: int, depth: int, limit: int) -> ImpactReport:
    """Who is concerned when something changes, see :class:`hyperhost.contracts.ImpactReport`."""
    view, sight = walker.view, walker.sight
    texts = view.names.texts
    levels: list[ImpactLevel] = []
    artifacts: list[ImpactedArtifact] = []
    total = downloads = 0
    score = 0.0
    before: Ints = np.array([name], np.int32)
    own_needs = set(walker.needs(before).tolist()) - {name}
    cycle: list[str] = []
    own = sight.versions(name)
    if own:
        sight.show(*own[0])
    for number, level in enumerate(walker.levels(name, depth), 1):
        counts = _downloads(walker, level)
        total += len(level)
        downloads += int(counts.sum())
        score += float(np.log10(10 + counts).sum()) / number
        levels.append(ImpactLevel(number, len(level), int(counts.sum())))
        cycle += [texts[each] for each in level.tolist() if each in own_needs]
        room = limit - len(artifacts)
        if room > 0:
            # Many of one level tie; names decide, for those that could be among the first.
            ranked = np.argsort(-counts, kind="stable")
            if len(ranked) > room:
                ranked = ranked[counts[ranked] >= counts[ranked[room - 1]]]
            chosen = sorted(ranked.tolist(), key=lambda each: (-int(counts[each]), texts[level[each]]))[:room]
            artifacts += [
                _impacted(walker, int(level[each]), number, int(counts[each]), before) for each in chosen
            ]
        before = level
    return ImpactReport(
        texts[name], total, downloads, round(score, 2), levels, artifacts, total - len(artifacts),
        sorted(cycle), not own, sight.is_private,
    )  # fmt: skip


def _impacted(walker: Walker, name: int, depth: int, downloads: int, before: Ints) -> ImpactedArtifact:
    """One dependent; ``before`` are those that are one dependency nearer, in the order of their numbers."""
    texts = walker.view.names.texts
    best: tuple[bool, str] | None = None
    for link in walker.links(name, {GraphEdgeKind.DEPENDS}):
        need = link.target[1]
        place = int(np.searchsorted(before, need))
        if place < len(before) and before[place] == need:
            best = min(best or (True, "\U0010ffff"), (not link.current, texts[need]))
    assert best is not None  # it was met by one of them
    part, row = walker.sight.versions(name)[0]
    walker.sight.show(part, row)
    version = walker.view.version(part, row)
    return ImpactedArtifact(texts[name], version, depth, downloads, best[1], not best[0])


def _downloads(walker: Walker, names: Ints) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Of some names, of the versions that may be seen."""
    if walker.sight.all:
        found: np.ndarray[tuple[int], np.dtype[np.int64]] = walker.view.downloads[names]
        return found
    return np.array(
        [
            sum(int(walker.view.parts[at].segment.downloads[row]) for at, row in walker.sight.versions(name))
            for name in names.tolist()
        ],
        np.int64,
    )
