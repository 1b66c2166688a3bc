"""What of a query counts towards the score, and what a score is made of, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hyperhost.contracts.search import FacetValue

from .matching import is_whole
from .tree import And, Boost, Fuzzy, Node, Or, Phrase, Prefix, Word, to_text

__all__ = ["counted", "explanation", "leaves"]


def leaves(node: Node, factor: float = 1.0) -> Iterator[tuple[Node, float]]:
    """The parts of a query that count towards the score, with how many times they do."""
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from leaves(item, factor)
        case Boost(item, own):
            yield from leaves(item, factor * own)
        case Word() | Phrase() | Prefix() | Fuzzy() if not is_whole(node.field):
            yield node, factor
        case _:
            return


def explanation(score: float, parts: Iterable[tuple[Node, float, float]]) -> str:
    """Which parts of a query made a score, as ``2.10 = 1.60 auth + 0.50 name:o*``.

    Args:
        score: The whole.
        parts: Each with how many times it counts and what it gave; those that gave nothing are left out.
    """
    told = [
        f"{own:.2f} {to_text(leaf)}{f'^{factor:g}' if factor != 1 else ''}"
        for leaf, factor, own in parts
        if own
    ]
    return f"{score:.2f} = {' + '.join(told) or 'nothing that counts'}"


def counted(counts: Counter[str]) -> list[FacetValue]:
    """Values of a facet, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [FacetValue(value, count) for value, count in ordered]
