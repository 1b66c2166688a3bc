"""What is alike: four parts, each 0 to 1, from inverted lists; see ``docs/graph.md`` for the formulas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hyperhost.contracts import SimilarArtifact, SimilarPart, Visibility

from .arrays import Floats, Ints
from .records import LICENCE, NAMESPACE, TAG, TYPES, USER, VISIBILITIES, WORD
from .sight import Sight
from .view import View

__all__ = ["Similarity"]

_METADATA: Final = {"tags": 0.35, "user": 0.2, "namespace": 0.2, "licences": 0.15, "type": 0.1}
_JUDGED: Final = 64
"""How many candidates are judged at once for somebody who may not see everything."""
_SAMPLE: Final = 500
"""Dependents of one artifact that are judged at most for them."""
_POOL: Final = 60
_SHOWN: Final = 5


@dataclass(slots=True)
class _Scores:
    """Scores of each row of one part of the graph."""

    content: Floats
    metadata: Floats
    usage: Floats
    dependencies: Floats

    def total(self, weights: dict[str, float]) -> Floats:
        """Of all parts together."""
        found: Floats = sum(weight * getattr(self, name) for name, weight in weights.items())
        return found


class Similarity:
    """What is like one version.

    Args:
        view: The graph.
        sight: Who asks.
        weights: Of each part, together 1.
        at: Part and row of the version.
    """

    def __init__(self, view: View, sight: Sight, weights: dict[str, float], at: tuple[int, int]) -> None:
        self._view, self._sight, self._weights = view, sight, weights
        self._figures = view.figures
        part, self._row = at
        self._part = part
        self._segment = segment = view.parts[part].segment
        self._name = int(segment.own[self._row])
        place = segment.marks.row(self._row)
        self._marks: Ints = segment.marks.columns[place]
        self._often: Any = segment.marks.values[place].astype(np.float64)
        self._needs: Ints = np.sort(segment.needs.columns[segment.needs.row(self._row)])
        self._users = self._dependents(self._name)
        self._user_count = sum(map(len, self._users))
        self._names, self._counts = self._shared()

    def best(self, limit: int) -> list[SimilarArtifact]:
        """The most similar, equals by name."""
        scores = [self._scores(number) for number in range(len(self._view.parts))]
        if self._sight.all:
            for number, each in enumerate(scores):
                each.usage[:] = self._usage(number)
            found = self._top(scores, limit)
        else:
            found = self._judged(scores, limit)
        answers = [self._told(part, row, scores[part]) for part, row in found]
        kept = [each for each in answers if each.score > 0]
        return sorted(kept, key=lambda each: (-each.score, each.artifact))[:limit]

    def edges(self, limit: int) -> list[tuple[int, float]]:
        """The most similar names with their scores."""
        found = ((self._view.name(each.artifact), each.score) for each in self.best(limit))
        return [(number, score) for number, score in found if number is not None]

    def together(self, limit: int) -> list[tuple[int, float]]:
        """Names that the same artifacts need, with how much that is so."""
        names, shared = self._names, self._counts
        if self._sight.all:
            scores = _usage_of(shared, self._user_count, self._figures.needed[names])
            order = np.lexsort((names, -scores))[:limit]
            return [(int(names[each]), float(scores[each])) for each in order]
        scored = []
        for name, count in zip(names.tolist(), shared.tolist(), strict=True):
            if self._sight.versions(name):
                theirs = max(sum(map(len, self._dependents(name))), count)
                scored.append((name, float(_usage_of(count, self._user_count, theirs))))
            if len(scored) >= _SAMPLE:
                break
        return sorted(scored, key=lambda each: (-each[1], each[0]))[:limit]

    def _top(self, scores: list[_Scores], limit: int) -> list[tuple[int, int]]:
        found: list[tuple[float, int, int]] = []
        for number, (part, each) in enumerate(zip(self._view.parts, scores, strict=True)):
            total = np.where(part.faces & (part.segment.own != self._name), each.total(self._weights), 0.0)
            # What equals the last one is taken along, so that names and not positions decide.
            count = min(limit, len(total))
            if not count:
                continue
            least = np.partition(total, -count)[-count]
            rows = np.flatnonzero(total >= max(least - 1e-9, 1e-12))
            found += [(float(total[row]), number, row) for row in rows.tolist()]
        found.sort(key=lambda each: -each[0])
        if len(found) > limit:
            least = found[limit - 1][0] - 1e-9
            found = [each for each in found if each[0] >= least][: limit + 5_000]
        return [(number, row) for _, number, row in found]

    def _judged(self, scores: list[_Scores], limit: int) -> list[tuple[int, int]]:
        """For somebody who may not see everything: usage counts what they see, and only that."""
        pool: dict[int, tuple[int, int]] = {}
        wanted = max(3 * limit, _POOL)
        for name in self._names[:wanted].tolist():
            if name != self._name and (at := self._sight.face(name)) is not None:
                pool[name] = at
        for name in self._candidates(scores):
            if len(pool) >= 2 * wanted:
                break
            if name != self._name and name not in pool and (at := self._sight.face(name)) is not None:
                pool[name] = at
        counts = dict(zip(self._names.tolist(), self._counts.tolist(), strict=True))
        for name, (part, row) in pool.items():
            if name in counts:
                theirs = max(sum(map(len, self._dependents(name))), counts[name])
                scores[part].usage[row] = _usage_of(counts[name], self._user_count, theirs)
        return list(pool.values())

    def _candidates(self, scores: list[_Scores]) -> Iterable[int]:
        """Names by their scores without usage, the best first; those of many may be seen by nobody."""
        flat = []
        for part, each in zip(self._view.parts, scores, strict=True):
            total = each.total(self._weights)
            if part.alive is not None:
                total[~part.alive] = 0.0
            rows = np.flatnonzero(total > 0)
            flat.append((total[rows], part.segment.own[rows]))
        total, own = (np.concatenate(each) for each in zip(*flat, strict=True))
        order = np.lexsort((own, -total))
        own = own[order]
        for start in range(0, len(own), _JUDGED):
            names = list(dict.fromkeys(own[start : start + _JUDGED].tolist()))
            for number, part in enumerate(self._view.parts):  # many at once are asked about faster
                self._sight.rows(number, part.segment.rows_of_all(np.array(names, np.int32)))
            yield from names

    def _scores(self, number: int) -> _Scores:
        """All but usage, of all rows of one part of the graph."""
        part, figures = self._view.parts[number], self._figures
        segment, count = part.segment, len(part.segment)
        content, shared_tags, shared_licences, metadata = (np.zeros(count) for _ in range(4))
        kinds, rarity = self._view.kinds, figures.mark_rarity
        for mark, often in zip(self._marks.tolist(), self._often.tolist(), strict=True):
            place = segment.marks.column(mark)
            rows, kind = segment.marks.rows[place], chr(kinds[mark])
            if kind == WORD:
                content[rows] += often * rarity[mark] ** 2 * segment.marks.values[segment.marks.order[place]]
            elif kind == TAG:
                shared_tags[rows] += 1
            elif kind == LICENCE:
                shared_licences[rows] += 1
            elif kind == USER:
                metadata[rows] += _METADATA["user"]
            elif kind == NAMESPACE:
                metadata[rows] += _METADATA["namespace"]
        own_length = figures.length[self._part][self._row]
        lengths = figures.length[number] * own_length
        content = np.minimum(np.divide(content, lengths, out=np.zeros(count), where=lengths > 0), 1.0)
        if own_content := self._segment.content[self._row]:
            content[segment.content == own_content] = 1.0
        for shared, sizes, name in (
            (shared_tags, figures.tags, "tags"),
            (shared_licences, figures.licences, "licences"),
        ):
            either = sizes[number] + sizes[self._part][self._row] - shared
            metadata += _METADATA[name] * np.divide(shared, either, out=np.zeros(count), where=shared > 0)
        metadata += _METADATA["type"] * (segment.facts[:, 2] == self._segment.facts[self._row, 2])
        both = np.zeros(count)
        for need in self._needs.tolist():
            both[segment.needs.rows[segment.needs.column(need)]] += figures.need_rarity[need]
        either = figures.need_sum[number] + figures.need_sum[self._part][self._row] - both
        needs = np.divide(both, either, out=np.zeros(count), where=both > 0)
        return _Scores(content, metadata, np.zeros(count), np.minimum(needs, 1.0))

    def _usage(self, number: int) -> Floats:
        """Usage, for somebody who sees everything."""
        segment = self._view.parts[number].segment
        found = np.zeros(self._view.name_count)
        needed = self._figures.needed[self._names]
        found[self._names] = _usage_of(self._counts, self._user_count, needed)
        usage: Floats = found[segment.own]
        return usage

    def _dependents(self, name: int) -> list[Ints]:
        """By part, rows that stand for their names and need a name; for somebody who sees less, a sample."""
        found = []
        for number, part in enumerate(self._view.parts):
            rows = part.segment.needs.rows[part.segment.needs.column(name)]
            if self._sight.all:
                found.append(rows[part.faces[rows]])
                continue
            own = part.segment.own
            seen = self._sight.rows(number, rows[:_SAMPLE]).tolist()
            kept = [row for row in seen if self._sight.face(int(own[row])) == (number, row)]
            found.append(np.array(kept, np.int32))
        return found

    def _shared(self) -> tuple[Ints, Floats]:
        """Names that dependents of this one need, too, with how many do; the most first."""
        counts = np.zeros(self._view.name_count)
        for part, rows in zip(self._view.parts, self._users, strict=True):
            columns = part.segment.needs.columns[part.segment.needs.in_rows(rows)]
            counts += np.bincount(columns, minlength=self._view.name_count)
        counts[self._name] = 0
        names = np.flatnonzero(counts).astype(np.int32)
        if not self._sight.all:
            names = names[np.lexsort((names, -counts[names]))]
        return names, counts[names]

    def _told(self, part: int, row: int, scores: _Scores) -> SimilarArtifact:
        segment = self._view.parts[part].segment
        name = int(segment.own[row])
        self._sight.show(part, row)
        reasons = {
            "content": self._content_reason(part, row),
            "metadata": self._metadata_reason(part, row),
            "usage": "the same artifacts need both",
            "dependencies": self._needs_reason(part, row),
        }
        parts = []
        for each, weight in self._weights.items():
            score = round(float(getattr(scores, each)[row]), 4)
            parts.append(SimilarPart(each, score, round(weight, 4), reasons[each] if score else ""))
        total = sum(each.score * weight for each, weight in zip(parts, self._weights.values(), strict=True))
        return SimilarArtifact(
            self._view.names.texts[name],
            segment.versions[row],
            round(total, 4),
            parts,
            VISIBILITIES[segment.facts[row, 0]] is not Visibility.PUBLIC,
        )

    def _content_reason(self, part: int, row: int) -> str:
        segment = self._view.parts[part].segment
        content = self._segment.content[self._row]
        if content and content == segment.content[row]:
            return "the content is the same, byte for byte"
        shared = [mark for mark in self._shared_marks(part, row) if self._text(mark)[0] == WORD]
        shared.sort(key=lambda mark: (-self._figures.mark_rarity[mark], self._text(mark)))
        return "both say " + _listed([self._text(mark)[1:] for mark in shared])

    def _metadata_reason(self, part: int, row: int) -> str:
        segment = self._view.parts[part].segment
        by_kind: dict[str, list[str]] = {}
        for mark in self._shared_marks(part, row):
            by_kind.setdefault(self._text(mark)[0], []).append(self._text(mark)[1:])
        words = [f"tags {_listed(sorted(by_kind[TAG]))}"] if TAG in by_kind else []
        words += [f"by {_listed(by_kind[USER])}"] if USER in by_kind else []
        words += [f"in {_listed(by_kind[NAMESPACE])}"] if NAMESPACE in by_kind else []
        words += [f"licence {_listed(sorted(by_kind[LICENCE]))}"] if LICENCE in by_kind else []
        kind = segment.facts[row, 2]
        words += [f"type {TYPES[kind].value}"] if kind == self._segment.facts[self._row, 2] else []
        return "the same: " + "; ".join(words)

    def _needs_reason(self, part: int, row: int) -> str:
        needs = self._view.parts[part].segment.needs
        shared = np.intersect1d(self._needs, needs.columns[needs.row(row)]).tolist()
        shared.sort(key=lambda name: (-self._figures.need_rarity[name], self._view.names.texts[name]))
        return "both need " + _listed([self._view.names.texts[name] for name in shared])

    def _shared_marks(self, part: int, row: int) -> list[int]:
        marks = self._view.parts[part].segment.marks
        found: list[int] = np.intersect1d(self._marks, marks.columns[marks.row(row)]).tolist()
        return found

    def _text(self, mark: int) -> str:
        return self._view.marks.texts[mark]


def _usage_of(shared: Any, ours: int, theirs: Any) -> Any:
    """How often two are needed together; one is added below, as a single artifact proves little."""
    return shared / (np.sqrt(ours * theirs) + 1)


def _listed(words: list[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
