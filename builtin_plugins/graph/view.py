"""The graph at one moment: what questions are answered from. Nobody changes it; a change makes another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from .arrays import Bools, Floats, Ints, Names, Segment
from .records import TAG, TYPES

__all__ = ["Figures", "Part", "View"]

_EMPTY: Final[Ints] = np.zeros(0, np.int32)


@dataclass(frozen=True)
class Part:
    """A segment, and which of its rows count; ``None`` is all."""

    segment: Segment
    alive: Bools | None = None

    def kept(self, rows: Ints) -> Ints:
        """Those of some rows that count."""
        return rows if self.alive is None else rows[self.alive[rows]]

    @cached_property
    def faces(self) -> Bools:
        """Rows that count and stand for their names."""
        return self.segment.face if self.alive is None else self.segment.face & self.alive


@dataclass(frozen=True, slots=True)
class Figures:
    """What scores are made of; rows are those of each part.

    Attributes:
        needed: By name, how many names need it, by the versions that stand for them.
        need_rarity: By name: ``ln(1 + N / needed)``.
        mark_rarity: By mark: ``ln(1 + N / names that have it)``.
        length: By part and row: the Euclidean length of its words, each ``(1 + ln times) * rarity``.
        need_sum: By part and row: the rarities of what it needs, added.
        tags: By part and row: how many tags it has.
        licences: By part and row: how many licences.
    """

    needed: Floats
    need_rarity: Floats
    mark_rarity: Floats
    length: list[Floats]
    need_sum: list[Floats]
    tags: list[Floats]
    licences: list[Floats]


class View:
    """The graph.

    Args:
        parts: A name has rows that count in one part only.
        names: Names of artifacts, among them those that are only needed. May grow meanwhile.
        marks: Marks. May grow meanwhile.
        labels: Labels of dependencies. May grow meanwhile.
        sequence: The last change of the store that it reflects.
        built_at_us: When it was last built from the whole store.
    """

    def __init__(
        self, parts: list[Part], names: Names, marks: Names, labels: Names, sequence: int, built_at_us: int
    ) -> None:
        self.parts = parts
        self.names, self.marks, self.labels = names, marks, labels
        self.name_count, self.mark_count = len(names), len(marks)
        self.sequence = sequence
        self.built_at_us = built_at_us

    def name(self, text: str) -> int | None:
        """The number of a name; ``None`` when the graph does not know it."""
        number = self.names.get(text)
        return number if number is not None and number < self.name_count else None

    def mark(self, text: str) -> int | None:
        """The number of a mark; ``None`` when the graph does not know it."""
        number = self.marks.get(text)
        return number if number is not None and number < self.mark_count else None

    def rows_of(self, name: int) -> list[tuple[int, int]]:
        """Part and row of each version of a name, the one that stands for it first."""
        return [
            (number, row)
            for number, part in enumerate(self.parts)
            for row in part.segment.rows_of(name)
            if part.alive is None or part.alive[row]
        ]

    def version(self, part: int, row: int) -> str:
        """The version of a row."""
        return self.parts[part].segment.versions[row]

    def type(self, part: int, row: int) -> str:
        """The type of a row."""
        return str(TYPES[self.parts[part].segment.facts[row, 2]].value)

    @cached_property
    def kinds(self) -> Any:
        """First letter of each mark, as a number."""
        return np.array([ord(text[0]) for text in self.marks.texts[: self.mark_count]], np.uint8)

    @cached_property
    def downloads(self) -> Any:
        """Of all versions of each name."""
        found = np.zeros(self.name_count, np.int64)
        for part in self.parts:
            rows = np.arange(len(part.segment)) if part.alive is None else np.flatnonzero(part.alive)
            np.add.at(found, part.segment.own[rows], part.segment.downloads[rows])
        return found

    @cached_property
    def artifacts(self) -> int:
        """Names with a version."""
        return sum(int(part.faces.sum()) for part in self.parts)

    @cached_property
    def edges(self) -> int:
        """Dependencies of the versions that stand for their names."""
        return sum(int(np.diff(part.segment.needs.starts)[part.faces].sum()) for part in self.parts)

    @cached_property
    def figures(self) -> Figures:
        """What scores are made of. Takes a pass over everything."""
        needed = np.zeros(self.name_count)
        marked = np.zeros(self.mark_count)
        for part in self.parts:
            faces = part.faces
            for table, counts in ((part.segment.needs, needed), (part.segment.marks, marked)):
                counts += np.bincount(table.columns[faces[table.owners]], minlength=len(counts))
        total = self.artifacts
        need_rarity = np.log1p(total / np.maximum(needed, 1))
        mark_rarity = np.log1p(total / np.maximum(marked, 1))
        found = Figures(needed, need_rarity, mark_rarity, [], [], [], [])
        squares = np.where(self.kinds == ord("w"), mark_rarity**2, 0.0)
        is_tag, is_licence = self.kinds == ord(TAG), self.kinds == ord("l")
        for part in self.parts:
            marks, needs, count = part.segment.marks, part.segment.needs, len(part.segment)
            owners = marks.owners
            weights = marks.values.astype(np.float64) ** 2 * squares[marks.columns]
            found.length.append(np.sqrt(_sums(owners, weights, count)))
            found.tags.append(_sums(owners, is_tag[marks.columns], count))
            found.licences.append(_sums(owners, is_licence[marks.columns], count))
            found.need_sum.append(_sums(needs.owners, need_rarity[needs.columns], count))
        return found


def _sums(places: Ints, values: Any, count: int) -> Floats:
    """The sum of the values at each place."""
    return np.bincount(places, values, count).astype(np.float64)
