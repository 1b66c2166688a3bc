"""Rows in arrays: what a question about 60,000 artifacts has to touch lies side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .records import Row

__all__ = ["Bools", "Floats", "Ints", "Matrix", "Names", "Segment", "pieces", "segment_of", "together"]

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Names:
    """Texts with numbers. It only grows, so a number stays good; one thread writes at a time."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = list(texts)
        self._numbers = {text: number for number, text in enumerate(self.texts)}

    def add(self, text: str) -> int:
        """The number of a text, a new one when it has none."""
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return number

    def get(self, text: str) -> int | None:
        """The number of a text, if it has one."""
        return self._numbers.get(text)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A sparse matrix of rows and columns, to be read along both.

    Attributes:
        starts: Where the entries of each row begin; one more than there are rows.
        columns: Column of each entry.
        values: Value of each entry.
        back: Where the entries of each column begin in ``order``.
        order: Positions of entries, by column and then by row.
        rows: Row of each entry, in the order of ``order``.
    """

    starts: Ints
    columns: Ints
    values: Any
    back: Ints
    order: Ints
    rows: Ints

    @classmethod
    def of(cls, starts: Ints, columns: Ints, values: Any, width: int, order: Ints | None = None) -> Matrix:
        """A matrix with ``width`` columns from its entries row by row; ``order``, if it is known already."""
        if order is None:
            order = np.argsort(columns, kind="stable").astype(np.int32)
        counts = np.bincount(columns, minlength=width)
        back = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        owner = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
        return cls(starts, columns, values, back, order, owner[order])

    def row(self, row: int) -> slice:
        """Positions of the entries of a row."""
        return slice(int(self.starts[row]), int(self.starts[row + 1]))

    def column(self, column: int) -> slice:
        """Positions in ``order`` and ``rows`` of the entries of a column."""
        if column + 1 >= len(self.back):
            return slice(0, 0)
        return slice(int(self.back[column]), int(self.back[column + 1]))

    def in_rows(self, rows: Ints) -> Ints:
        """Positions of the entries of several rows."""
        return pieces(self.starts, rows)

    def rows_with(self, columns: Ints) -> Ints:
        """Rows that have one of several columns, as often as they do."""
        found: Ints = self.rows[pieces(self.back, columns[columns + 1 < len(self.back)])]
        return found

    @property
    def owners(self) -> Ints:
        """Row of each entry, row by row."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows; those of one name lie together, the one that stands for it first.

    Attributes:
        own: Number of the name of each row.
        face: Whether the row stands for its name.
        facts: Visibility, state and type of each row, as in :class:`.records.Row`.
        downloads: Of each row.
        content: Of each row.
        ids: Of each row.
        versions: Of each row.
        needs: Numbers of names, with numbers of labels.
        marks: Numbers of marks, with how often.
        first: First row of each name; what lies beyond the names of its time has none.
        count: Rows of each name.
    """

    own: Ints
    face: Bools
    facts: NDArray[np.uint8]
    downloads: NDArray[np.int64]
    content: NDArray[np.int64]
    ids: list[str]
    versions: list[str]
    needs: Matrix
    marks: Matrix
    first: Ints
    count: Ints

    def __len__(self) -> int:
        return len(self.own)

    def rows_of(self, name: int) -> range:
        """Rows of a name, the one that stands for it first."""
        if name >= len(self.first):
            return range(0)
        start = int(self.first[name])
        return range(start, start + int(self.count[name]))

    def rows_of_all(self, names: Ints) -> Ints:
        """Rows of several names."""
        names = names[names < len(self.first)]
        return spread(self.first[names], self.count[names])


def segment_of(rows: Sequence[Row], names: Names, marks: Names, labels: Names) -> Segment:
    """Rows in arrays; what they name gets its numbers.

    Args:
        rows: Those of one name together, the one that stands for it first.
        names: Names of artifacts.
        marks: Marks.
        labels: Labels of dependencies.
    """
    own = np.array([names.add(row.name) for row in rows], np.int32)
    needed: list[int] = []
    labelled: list[int] = []
    marked: list[int] = []
    often: list[float] = []
    for row in rows:
        needed += [names.add(each) for each in row.needs]
        labelled += [labels.add(each) for each in row.needs.values()]
        marked += [marks.add(each) for each in row.marks]
        often += row.marks.values()
    return made(
        own,
        np.array([(row.visibility, row.state, row.type) for row in rows], np.uint8).reshape(-1, 3),
        np.array([row.downloads for row in rows], np.int64),
        np.array([row.content for row in rows], np.int64),
        [row.id for row in rows],
        [row.version for row in rows],
        (_starts([len(row.needs) for row in rows]), np.array(needed, np.int32), np.array(labelled, np.int32)),
        (_starts([len(row.marks) for row in rows]), np.array(marked, np.int32), np.array(often, np.float32)),
        len(names),
        len(marks),
    )


def made(
    own: Ints,
    facts: NDArray[np.uint8],
    downloads: NDArray[np.int64],
    content: NDArray[np.int64],
    ids: list[str],
    versions: list[str],
    needs: tuple[Ints, Ints, Any],
    marks: tuple[Ints, Ints, Any],
    name_count: int,
    mark_count: int,
    orders: tuple[Ints | None, Ints | None] = (None, None),
) -> Segment:
    """A segment from what cannot be worked out; ``needs`` and ``marks`` are starts, columns and values.

    ``orders`` are those of :class:`Matrix`, where they are known.
    """
    face = np.ones(len(own), np.bool_)
    face[1:] = own[1:] != own[:-1]
    first = np.zeros(name_count, np.int32)
    first[own[face]] = np.flatnonzero(face)
    count = np.bincount(own, minlength=name_count).astype(np.int32)
    return Segment(
        own,
        face,
        facts,
        downloads,
        content,
        ids,
        versions,
        Matrix.of(*needs, name_count, orders[0]),
        Matrix.of(*marks, mark_count, orders[1]),
        first,
        count,
    )


def together(
    one: Segment, alive: Bools | None, other: Segment | None, name_count: int, mark_count: int
) -> Segment:
    """One segment of what is alive in another one and all of a second."""
    kept = np.flatnonzero(alive) if alive is not None else np.arange(len(one))
    parts: list[tuple[Segment, Ints]] = [(one, kept.astype(np.int32))]
    if other is not None:
        parts.append((other, np.arange(len(other), dtype=np.int32)))

    def joined(name: str) -> Any:
        return np.concatenate([getattr(each, name)[rows] for each, rows in parts])

    def matrix(name: str) -> tuple[Ints, Ints, Any]:
        found = []
        for each, rows in parts:
            table: Matrix = getattr(each, name)
            place = table.in_rows(rows)
            lengths = np.diff(table.starts)[rows]
            found.append((lengths, table.columns[place], table.values[place]))
        lengths, columns, values = (np.concatenate(each) for each in zip(*found, strict=True))
        return _starts(lengths), columns, values

    def texts(name: str) -> list[str]:
        return [
            text
            for each, rows in parts
            for held in [getattr(each, name)]
            for text in map(held.__getitem__, rows)
        ]

    return made(
        joined("own"), joined("facts"), joined("downloads"), joined("content"), texts("ids"),
        texts("versions"), matrix("needs"), matrix("marks"), name_count, mark_count,
    )  # fmt: skip


def pieces(starts: Ints, which: Ints) -> Ints:
    """Positions ``starts[i]`` to ``starts[i + 1]`` for each ``i``, one after the other."""
    begin = starts[which]
    return spread(begin, starts[which + 1] - begin)


def spread(begin: Ints, counts: Ints) -> Ints:
    """``counts[i]`` numbers from ``begin[i]`` on for each ``i``, one after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    if not total:
        return np.zeros(0, np.int32)
    found: Ints = (np.repeat(begin - (ends - counts), counts) + np.arange(total)).astype(np.int32)
    return found


def _starts(lengths: Sequence[int] | Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
