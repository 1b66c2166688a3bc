"""From the tree of a query to tantivy's own.

What ranks is a word or a phrase, by BM25. A beginning or a typo gives each hit the same, and what is compared
as a whole, a number, a filter or a negation gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tantivy import FieldType, Occur, Query

from hyperhost.query import (
    FIELDS,
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

from .schema import ALL, exact, number, schema, text

if TYPE_CHECKING:
    from .terms import Terms

__all__ = ["evenly", "having", "is_open", "silent", "translated"]

_LONGEST: Final = 100
"""Characters of a beginning that tantivy is asked for: much longer ones are too large an automaton."""
_GUESSED: Final = 0.5
"""Score of what was found by a beginning or a typo; words as they were typed have more."""
_PLAIN_WEIGHT: Final = 2.0
"""Of a field whose phrases count as they are; those of others count more or less."""
_SPECIAL: Final = re.compile(r"[^\w\s]")


def translated(node: Node, terms: Terms | None) -> Any:
    """What a query means to tantivy.

    Args:
        node: The query.
        terms: The words that are in the index; ``None`` for a query that is the same for every index.
    """
    match node:
        case Everything():
            return silent(Query.all_query())
        case And(items):
            return _all_of(items, terms)
        case Or(items):
            return _any_of(items, terms)
        case Not(item):
            return _all_of((Not(item),), terms)
        case Boost(item, factor):
            return Query.boost_query(translated(item, terms), factor)
        case Compare(field, op, value):
            return silent(_comparing(field, op, value))
        case Exact(field, value):
            return silent(Query.term_query(schema(), exact(field), folded(value)))
        case Prefix():
            return _beginning(node, terms)
        case Fuzzy():
            return _typo(node, terms)
        case Word() | Phrase():
            return _ranked(node)
    raise TypeError(f"{node!r} is no part of a query")


def having(query: Any, condition: Any) -> Any:
    """A query with a condition that does not rank."""
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, silent(condition))])


def silent(query: Any, score: float = 0.0) -> Any:
    """A query whose hits all have the same score."""
    return Query.const_score_query(query, score)


def is_open(node: Node) -> bool:
    """Whether a query depends on the words that are in the index."""
    match node:
        case And(items) | Or(items):
            return any(map(is_open, items))
        case Not(item) | Boost(item):
            return is_open(item)
        case _:
            return isinstance(node, Fuzzy) or _is_long(node)


def evenly(node: Node) -> float | None:
    """The score that all hits of a query have; ``None`` where it differs from one to another."""
    match node:
        case Everything() | Not() | Compare() | Exact():
            return 0.0
        case Prefix() | Fuzzy():
            return 0.0 if is_whole(node.field) else _GUESSED
        case And(items):
            scores = [evenly(item) for item in items]
            return None if None in scores else sum(score or 0.0 for score in scores)
        case Or(items):
            return 0.0 if all(evenly(item) == 0.0 for item in items) else None
        case Boost(item, factor):
            score = evenly(item)
            return None if score is None else score * factor
        case _:
            return None


def _all_of(items: Sequence[Node], terms: Terms | None) -> Any:
    wanted = [(Occur.Must, translated(item, terms)) for item in items if not isinstance(item, Not)]
    unwanted = [(Occur.MustNot, translated(item.item, terms)) for item in items if isinstance(item, Not)]
    return Query.boolean_query([*(wanted or [(Occur.Must, silent(Query.all_query()))]), *unwanted])


def _any_of(items: Sequence[Node], terms: Terms | None) -> Any:
    """Any of several; values of one field, of which a filter may have thousands, are looked up together."""
    values: dict[str, list[str]] = {}
    parts = []
    for item in items:
        if isinstance(item, Exact):
            values.setdefault(item.field, []).append(folded(item.text))
        else:
            parts.append((Occur.Should, translated(item, terms)))
    for field, found in values.items():
        parts.append((Occur.Should, silent(Query.term_set_query(schema(), exact(field), found))))
    return Query.boolean_query(parts)


def _comparing(field: str, op: str, value: float) -> Any:
    low = value if op in ("=", ">", ">=") else None
    high = value if op in ("=", "<", "<=") else None
    return Query.range_query(
        schema(),
        number(field),
        FieldType.Float,
        low,
        high,
        include_lower=op != ">",
        include_upper=op != "<",
    )


def _ranked(node: Word | Phrase) -> Any:
    wanted = words(node.text)
    if not wanted:
        return Query.empty_query()
    if len(wanted) == 1:
        field, frequency = (text(node.field), "position") if node.field else (ALL, "freq")
        return Query.term_query(schema(), field, wanted[0], frequency)
    return _in_fields(node.field, lambda field: Query.phrase_query(schema(), field, list(wanted)))


def _in_fields(named: str, make: Callable[[str], Any]) -> Any:
    """The same in each field in which a query looks, weighted by field."""
    if named:
        return make(text(named))
    weighed = [
        (Occur.Should, Query.boost_query(make(text(name)), FIELDS[name].weight / _PLAIN_WEIGHT))
        for name in fields_of("")
    ]
    return Query.boolean_query(weighed)


def _is_long(node: Node) -> bool:
    """Whether it is the beginning of a value, and too long for an automaton; words are cut off before."""
    return isinstance(node, Prefix) and is_whole(node.field) and len(folded(node.text)) > _LONGEST


def _beginning(node: Prefix, terms: Terms | None) -> Any:
    if _is_long(node):
        assert terms is not None
        found = terms.beginning(exact(node.field), folded(node.text))
        return silent(Query.term_set_query(schema(), exact(node.field), list(found)))
    if is_whole(node.field):
        begun = _SPECIAL.sub(r"\\\g<0>", folded(node.text))
        return silent(Query.regex_query(schema(), exact(node.field), f"{begun}.*"))
    wanted = words(node.text)
    if not wanted:
        return Query.empty_query()
    if len(wanted) == 1:
        field = text(node.field) if node.field else ALL
        return silent(Query.regex_query(schema(), field, f"{wanted[0]}.*"), _GUESSED)
    parts: list[str | tuple[int, str]] = [*wanted[:-1], f"{wanted[-1]}.*"]
    found = _in_fields(node.field, lambda field: Query.regex_phrase_query(schema(), field, parts))
    return silent(found, _GUESSED)


def _typo(node: Fuzzy, terms: Terms | None) -> Any:
    field = text(node.field) if node.field else ALL
    wanted = words(node.text)
    assert terms is not None
    found = terms.near(field, wanted[0], node.distance) if wanted else ()
    return silent(Query.term_set_query(schema(), field, list(found)), _GUESSED)
