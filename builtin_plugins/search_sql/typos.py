"""Words of an index that nearly are like one that was typed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from hyperhost.query import Fuzzy, distance_within, words

from .tables import Tables

__all__ = ["MAX_TYPOS", "Typos"]

MAX_TYPOS: Final = 50
"""Words that a typo stands for; those with fewer wrong letters count first."""
MAX_OF_ALL: Final = 400
"""The same for all typos of a query together."""
_LOOKED_AT: Final = 5_000
_LAST: Final = "\U0010ffff"


class Typos:
    """Looks them up, once for each.

    Args:
        tables: Of the index.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._found: dict[tuple[str, int], Sequence[str]] = {}
        self._left = MAX_OF_ALL

    def __call__(self, node: Fuzzy) -> Sequence[str]:
        """The words for one."""
        wanted = words(node.text)
        if not wanted:
            return ()
        key = wanted[0], node.distance
        if key not in self._found:
            found = self._near(*key)[: min(MAX_TYPOS, self._left)]
            self._left -= len(found)
            self._found[key] = found
        return self._found[key]

    def _near(self, word: str, distance: int) -> list[str]:
        """A word cut into one piece more than letters may be wrong: one piece at least is right."""
        cuts = [len(word) * step // (distance + 1) for step in range(distance + 2)]
        pieces = [word[low:high] for low, high in pairwise(cuts)]
        found = "instr(term, ?{}) > 0" if self._tables.dialect == "sqlite" else "strpos(term, ?{}) > 0"
        holds = " OR ".join(found.format(place) for place in range(5, 5 + len(pieces)))
        # Only placeholders are put together here.
        rows = self._tables.read(
            "SELECT term FROM #terms WHERE term BETWEEN ?1 AND ?2 AND length(term) BETWEEN ?3 AND ?4 "  # noqa: S608
            f"AND ({holds}) LIMIT {_LOOKED_AT}",
            (word[0], word[0] + _LAST, len(word) - distance, len(word) + distance, *pieces),
        )
        near = [term for (term,) in rows if distance_within(word, term, distance)]
        return sorted(near, key=lambda term: (term != word, not distance_within(word, term, 1), term))
