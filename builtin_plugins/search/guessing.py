"""Typos: when nothing has the words as they were typed, those that nearly are like them are looked for."""

from __future__ import annotations

from hyperhost.errors import QuerySyntaxError
from hyperhost.query import And, Boost, Fuzzy, Node, Or, Word, parse, to_text, words

__all__ = ["guessed", "nearly", "written"]

_SHORT, _LONG = 4, 8
"""Letters from which on one, and two, may be wrong."""


def guessed(node: Node) -> Node | None:
    """A query with its words taken as nearly right; ``None`` when it has none that could be."""
    found = _guess(node)
    return None if found == node else found


def nearly(word: Word) -> Node:
    """A word taken as nearly right, if it is long enough for that."""
    if len(parts := words(word.text)) == 1 and len(parts[0]) >= _SHORT:
        return Fuzzy(parts[0], word.field, 2 if len(parts[0]) >= _LONG else 1)
    return word


def written(node: Node) -> str | None:
    """The text of a query that was made of another; ``None`` when it has become too long or too deep."""
    text = to_text(node)
    try:
        parse(text)
    except QuerySyntaxError:
        return None
    return text


def _guess(node: Node) -> Node:
    match node:
        case And(items):
            return And(tuple(map(_guess, items)))
        case Or(items):
            return Or(tuple(map(_guess, items)))
        case Boost(item, factor):
            return Boost(_guess(item), factor)
        case Word():
            return nearly(node)
        case _:
            return node
