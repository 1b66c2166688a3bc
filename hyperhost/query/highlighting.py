"""Where the words of a query were found in a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from hyperhost.contracts.search import Highlight

from .matching import distance_within, fields_of, is_whole
from .tree import And, Boost, Fuzzy, Node, Or, Phrase, Prefix, Word
from .words import spans, words

__all__ = ["MAX_HIGHLIGHTS", "highlights"]

MAX_HIGHLIGHTS: Final = 5
"""Of one field of one hit."""
_AROUND: Final = 60
"""Characters on either side of a word that are shown with it."""
_WHOLE: Final = 240
"""Characters of a text that is shown as a whole."""

_Term = Word | Phrase | Prefix | Fuzzy


def highlights(node: Node, texts: Mapping[str, str]) -> list[Highlight]:
    """The places at which words of a query stand, field by field in the order of ``texts``.

    What a query excludes is not marked, nor are values that were compared as a whole.

    Args:
        node: The query.
        texts: Text by field.
    """
    terms = list(_terms(node))
    found: list[Highlight] = []
    for field, text in texts.items():
        own = [term for term in terms if field in fields_of(term.field)]
        marked = (
            (first, after) for word, first, after in spans(text) if any(_hit(term, word) for term in own)
        )
        for _, (first, after) in zip(range(MAX_HIGHLIGHTS), marked, strict=False):
            found.append(_piece(field, text, first, after))
    return found


def _terms(node: Node) -> Iterator[_Term]:
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from _terms(item)
        case Boost(item):
            yield from _terms(item)
        case Word() | Phrase() | Prefix() | Fuzzy() if not is_whole(node.field):
            yield node
        case _:
            return


def _hit(term: _Term, word: str) -> bool:
    wanted = words(term.text)
    if isinstance(term, Fuzzy):
        return bool(wanted) and distance_within(wanted[0], word, term.distance)
    if isinstance(term, Prefix) and wanted:
        return word in wanted[:-1] or word.startswith(wanted[-1])
    return word in wanted


def _piece(field: str, text: str, first: int, after: int) -> Highlight:
    """A word with the text around it, cut between words."""
    if len(text) <= _WHOLE:
        return Highlight(field, text, first, after)
    low, high = max(0, first - _AROUND), min(len(text), after + _AROUND)
    while low and low < first and text[low - 1].isalnum():
        low += 1
    while high < len(text) and high > after and text[high].isalnum():
        high -= 1
    return Highlight(field, text[low:high], first - low, after - low)
