"""What a query finds in one segment, by sets of document numbers.

Whoosh gives the postings of terms; joining them is done here, with Python's sets. Its own
joining drops documents whose score is 0 where more than two parts are joined, and takes one matcher for each
of thousands of terms that begin with a letter, which takes seconds.
"""

from __future__ import annotations

import heapq
import itertools
import math
import operator
from collections.abc import Collection, Iterable
from typing import Any, Final

from hyperhost.query import (
    And,
    Boost,
    Compare,
    Everything,
    Exact,
    Fuzzy,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    fields_of,
    folded,
    is_whole,
    words,
)

from . import postings
from .schema import ALL, BEGUN, SHORT, exact, text
from .segments import numbers_of

__all__ = ["MAX_TERMS", "MAX_TYPOS", "documents", "known", "scores"]

MAX_TERMS: Final = 300
"""Terms that a beginning stands for; the most frequent ones count."""
MAX_TYPOS: Final = 50
_LOOKED_AT: Final = 5_000
"""Terms among which the most frequent are looked for."""
_GUESSED: Final = 0.5
"""Score of what was found by a beginning or a typo; words as they were typed have more."""
_COMPARED: Final[dict[str, Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def documents(node: Node, part: Any) -> set[int]:
    """Numbers of the documents that fit.

    Args:
        node: The query.
        part: Whoosh's searcher of the segment.
    """
    reader = part.reader()
    match node:
        case Everything():
            return set(reader.all_doc_ids())
        case And(items):
            found = [documents(item.item if isinstance(item, Not) else item, part) for item in items]
            wanted = [each for each, item in zip(found, items, strict=True) if not isinstance(item, Not)]
            unwanted = [each for each, item in zip(found, items, strict=True) if isinstance(item, Not)]
            whole = set.intersection(*wanted) if wanted else set(reader.all_doc_ids())
            return whole.difference(*unwanted)
        case Or(items):
            return set[int]().union(*(documents(item, part) for item in items))
        case Not(item):
            return set(reader.all_doc_ids()) - documents(item, part)
        case Boost(item):
            return documents(item, part)
        case Compare(field, op, value):
            return _comparing(reader, field, op, value)
        case Exact(field, value):
            return _with_terms(reader, exact(field), [folded(value)])
        case Prefix() | Fuzzy():
            return _nearly(node, reader)
        case _:
            return _with_words(node, part)


def scores(node: Node, part: Any, within: set[int] | None = None, boost: float = 1.0) -> dict[int, float]:
    """The documents that fit, with how well.

    Args:
        node: The query.
        part: Whoosh's searcher of the segment.
        within: The only documents that matter; ``None`` for all.
        boost: How much the query counts.
    """
    match node:
        case And(items):
            return _all_of(items, part, within, boost)
        case Or(items):
            found: dict[int, float] = {}
            for item in items:
                for number, score in scores(item, part, within, boost).items():
                    found[number] = found.get(number, 0.0) + score
            return found
        case Boost(item, factor):
            return scores(item, part, within, boost * factor)
        case Word() | Phrase():
            return _ranked(node, part, within, boost)
        case _:
            numbers = documents(node, part)
            guess = isinstance(node, Prefix | Fuzzy) and not is_whole(node.field)
            return dict.fromkeys(
                numbers if within is None else numbers & within, boost * _GUESSED if guess else 0.0
            )


def _with_words(node: Word | Phrase, part: Any) -> set[int]:
    """Documents that have a word, or words one after another in some field."""
    wanted = words(node.text)
    if len(wanted) == 1:
        return _with_terms(part.reader(), _field_of(node), wanted)
    return set(_ranked(node, part, None, 1.0))


def known(number: float) -> float:
    """A number to sort by; what has none comes last."""
    return -math.inf if math.isnan(number) else number


def _all_of(items: Iterable[Node], part: Any, within: set[int] | None, boost: float) -> dict[int, float]:
    """What fits all; parts that do not rank come first, so that few documents have to be ranked."""
    ranking: list[Node] = [item for item in items if isinstance(item, Word | Phrase | Boost | Or | And)]
    for item in items:
        if item not in ranking and not isinstance(item, Prefix | Fuzzy):
            numbers = documents(item, part)
            within = numbers if within is None else within & numbers
    ranking += [item for item in items if isinstance(item, Prefix | Fuzzy)]
    found: dict[int, float] | None = None
    for item in ranking:
        own = scores(item, part, within, boost)
        found = own if found is None else {number: found[number] + score for number, score in own.items()}
        within = set(found)
    return dict.fromkeys(within or (), 0.0) if found is None else found


def _ranked(node: Word | Phrase, part: Any, within: Collection[int] | None, boost: float) -> dict[int, float]:
    """A word, or words one after another in any field; what more fields have counts more."""
    wanted = words(node.text)
    if not wanted:
        return {}
    if len(wanted) == 1:
        return postings.word(part, _field_of(node), wanted[0], boost, within)
    if not node.field and any((ALL, each) not in part.reader() for each in wanted):
        return {}
    found: dict[int, float] = {}
    for name in fields_of(node.field):
        for number, score in postings.phrase(part, text(name), wanted, boost, within).items():
            found[number] = found.get(number, 0.0) + score
    return found


def _field_of(node: Word | Phrase | Fuzzy | Prefix) -> str:
    """Where a single word is looked for."""
    return text(node.field) if node.field else ALL


def _nearly(node: Prefix | Fuzzy, reader: Any) -> set[int]:
    """Documents with terms that begin so, or are nearly so."""
    if is_whole(node.field):
        return _with_terms(
            reader, exact(node.field), _beginning(reader, exact(node.field), folded(node.text))
        )
    wanted = words(node.text)
    field = _field_of(node)
    if isinstance(node, Fuzzy):
        near = reader.terms_within(field, wanted[0], node.distance, prefix=1)
        return _with_terms(reader, field, list(itertools.islice(near, MAX_TYPOS)))
    if field == ALL and len(wanted[0]) <= SHORT and len(wanted) == 1:
        return _with_terms(reader, BEGUN, wanted)
    if len(wanted) == 1:
        return _with_terms(reader, field, _beginning(reader, field, wanted[0]))
    return set().union(*(_phrase_beginning(reader, text(name), wanted) for name in fields_of(node.field)))


def _phrase_beginning(reader: Any, field: str, wanted: list[str]) -> set[int]:
    """Documents with words one after another in a field, of which the last only begins so."""
    found = _with_terms(reader, field, [wanted[0]])
    places: dict[int, set[int]] = {}
    for step, word in enumerate(wanted):
        terms = _beginning(reader, field, word) if step == len(wanted) - 1 else [word]
        now: dict[int, set[int]] = {}
        for term in terms:
            for number, positions in _positions(reader, field, term, found):
                kept = {each for each in positions if not step or each - 1 in places.get(number, ())}
                if kept:
                    now.setdefault(number, set()).update(kept)
        places, found = now, set(now)
    return found


def _positions(reader: Any, field: str, term: Any, within: set[int]) -> Iterable[tuple[int, list[int]]]:
    if (field, term) not in reader:
        return
    matcher = reader.postings(field, term)
    while matcher.is_active():
        if matcher.id() in within:
            yield matcher.id(), matcher.value_as("positions")
        matcher.next()


def _beginning(reader: Any, field: str, wanted: str) -> list[Any]:
    """The most frequent of the terms that begin so."""
    begun = reader.schema[field].to_bytes(wanted)
    found: list[tuple[int, bytes]] = []
    for (name, term), info in reader.iter_from(field, wanted):
        if name != field or not term.startswith(begun) or len(found) == _LOOKED_AT:
            break
        found.append((info.doc_frequency(), term))
    if len(found) > MAX_TERMS:
        found = heapq.nlargest(MAX_TERMS, found)
    return [term for _, term in found]


def _with_terms(reader: Any, field: str, terms: Iterable[Any]) -> set[int]:
    """Documents that have any of some terms."""
    return set().union(*(postings.numbers(reader, field, term) for term in terms))


def _comparing(reader: Any, field: str, op: str, value: float) -> set[int]:
    """Documents whose number compares as wanted."""
    compare = _COMPARED[op]
    found = {number for number, each in enumerate(numbers_of(reader, field)) if compare(each, value)}
    return found & set(reader.all_doc_ids()) if reader.has_deletions() else found
