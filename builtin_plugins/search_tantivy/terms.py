"""Words of an index that begin like one that was typed, or nearly are like it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hyperhost.query import distance_within

__all__ = ["Terms"]


class Terms:
    """Looks them up, once for each, in one state of the index.

    Args:
        searcher: Tantivy's.
    """

    def __init__(self, searcher: Any) -> None:
        self._searcher = searcher
        self._found: dict[tuple[str, str, int], Sequence[str]] = {}
        self._words: dict[tuple[str, str], list[str]] = {}

    def beginning(self, field: str, text: str) -> Sequence[str]:
        """The words, or values, of a field that begin so."""
        return [term for term, _ in self._searcher.terms_with_prefix(field, text)]

    def near(self, field: str, word: str, distance: int) -> Sequence[str]:
        """The words of a field that begin alike and are within a distance."""
        key = field, word, distance
        if key not in self._found:
            self._found[key] = [
                other for other in self._likely(*key) if distance_within(word, other, distance)
            ]
        return self._found[key]

    def _likely(self, field: str, word: str, distance: int) -> list[str]:
        """A word cut into one piece more than letters may be wrong: one piece at least is right."""
        cuts = [len(word) * step // (distance + 1) for step in range(distance + 2)]
        pieces = [word[low:high] for low, high in pairwise(cuts)]
        shortest, longest = len(word) - distance, len(word) + distance
        return [
            other
            for other in self._with_letter(field, word[0])
            if shortest <= len(other) <= longest and any(piece in other for piece in pieces)
        ]

    def _with_letter(self, field: str, letter: str) -> list[str]:
        if (field, letter) not in self._words:
            self._words[field, letter] = list(self.beginning(field, letter))
        return self._words[field, letter]
