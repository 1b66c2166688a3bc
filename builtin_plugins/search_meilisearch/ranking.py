"""What ranks, and how: the parts of a query that count, each a search by words of the server's own.

A hit has the score of the part that gives it most; Meilisearch gives 0 to 1, times the weight of the part. A
beginning or a typo gives each hit the same. Words that all have to be there are one part, so that how near
to each other they stand counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hyperhost.query import And, Boost, Fuzzy, Node, Phrase, Prefix, Word, leaves, to_text, words

from .filters import Filters, all_of
from .schema import text

__all__ = ["PARTS", "Part", "even", "parts_of", "ranked_by"]

PARTS: Final = 50
"""Parts of a query that rank; those that weigh most."""
_GUESSED: Final = 0.5
"""Score of what was found by a beginning or a typo; words as they were typed can have more."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a query that counts.

    Attributes:
        node: It.
        words: What the server is asked for; empty when all that fit have the same score.
        field: Where; empty for all fields that are searched.
        weight: How much it counts.
    """

    node: Node
    words: str
    field: str
    weight: float

    @property
    def name(self) -> str:
        """The part in the query language."""
        return to_text(self.node)


def parts_of(tree: Node) -> list[Part]:
    """The parts of a query that count, those that weigh most first."""
    plain: list[Node] = []
    if isinstance(tree, And):
        plain = [item for item in tree.items if isinstance(item, Word | Phrase) and _is_plain(item)]
    found = []
    if len(plain) > 1:
        found.append(Part(And(tuple(plain)), " ".join(map(_asked, plain)), "", 1.0))
    else:
        plain = []
    left = list(plain)
    for leaf, factor in leaves(tree):
        if leaf in left and factor == 1.0:
            left.remove(leaf)
        elif isinstance(leaf, Word | Phrase):
            if words(leaf.text):
                found.append(Part(leaf, _asked(leaf), leaf.field, factor))
        elif isinstance(leaf, Prefix | Fuzzy):
            found.append(Part(leaf, "", leaf.field, _GUESSED * factor))
    found.sort(key=lambda part: -part.weight)
    return list(dict.fromkeys(found))[:PARTS]


def even(tree: Node) -> float | None:
    """The score that all hits of a query have; ``None`` where it differs from one to another."""
    if not any(leaves(tree)):
        return 0.0
    match tree:
        case Prefix() | Fuzzy():
            return _GUESSED
        case Boost(item, factor):
            score = even(item)
            return None if score is None else factor * score
        case And(items):
            scores = [even(item) for item in items]
            return None if None in scores else max(score or 0.0 for score in scores)
        case _:
            return None


def ranked_by(part: Part, within: str, filters: Filters) -> dict[str, Any]:
    """The search for what a part finds.

    Args:
        part: It.
        within: A filter that has to hold.
        filters: Makes the part's own.
    """
    asked: dict[str, Any] = {"q": part.words, "filter": all_of([within, filters.of(part.node)])}
    if part.words:
        asked["matchingStrategy"] = "all"
    if part.words and part.field:
        asked["attributesToSearchOn"] = [text(part.field)]
    return asked


def _is_plain(node: Word | Phrase) -> bool:
    return not node.field and bool(words(node.text))


def _asked(node: Node) -> str:
    """A word or phrase for the server: words alone, none of which means anything to it."""
    assert isinstance(node, Word | Phrase)
    found = words(node.text)
    return found[0] if len(found) == 1 else f'"{" ".join(found)}"'
