"""What a query means, without any index: the judge of every search engine in the tests.

It is slow, as it looks at one document after another; an engine has to find the same documents.
"""

from __future__ import annotations

import operator
from typing import Any, Final

from .document import FlatDocument
from .fields import FIELDS, SEARCHED, FieldKind
from .tree import And, Boost, Compare, Everything, Exact, Fuzzy, Node, Not, Or, Phrase, Prefix, Word
from .words import folded, words

__all__ = ["distance_within", "fields_of", "is_whole", "matches"]

_COMPARED: Final[dict[str, Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(node: Node, document: FlatDocument) -> bool:
    """Whether a document is one that the query asks for."""
    match node:
        case Everything():
            return True
        case And(items):
            return all(matches(item, document) for item in items)
        case Or(items):
            return any(matches(item, document) for item in items)
        case Not(item):
            return not matches(item, document)
        case Boost(item):
            return matches(item, document)
        case Exact(field, text):
            return folded(text) in document.values[field]
        case Compare(field, op, value):
            return field in document.numbers and bool(_COMPARED[op](document.numbers[field], value))
        case Prefix(text, field) if is_whole(field):
            return any(value.startswith(folded(text)) for value in document.values[field])
        case _:
            return any(_in_text(node, words(document.texts[name])) for name in fields_of(node.field))


def fields_of(field: str) -> tuple[str, ...]:
    """Fields in which words are looked for: the one that is named, else all that are searched."""
    return (field,) if field else SEARCHED


def is_whole(field: str) -> bool:
    """Whether a prefix in a field is one of a whole value, rather than of a word."""
    return bool(field) and FIELDS[field].kind is FieldKind.EXACT


def _in_text(node: Word | Phrase | Prefix | Fuzzy, found: list[str]) -> bool:
    wanted = words(node.text)
    if not wanted:
        return False
    match node:
        case Fuzzy(_, _, distance):
            return any(distance_within(wanted[0], word, distance) for word in set(found))
        case Prefix():
            *first, last = wanted
            return any(
                found[place : place + len(first)] == first and found[place + len(first)].startswith(last)
                for place in range(len(found) - len(first))
            )
        case _:
            count = len(wanted)
            return any(found[place : place + count] == wanted for place in range(len(found) - count + 1))


def distance_within(word: str, other: str, most: int) -> bool:
    """Whether two words begin alike and differ in at most ``most`` letters inserted, removed or replaced."""
    if word[:1] != other[:1] or abs(len(word) - len(other)) > most:
        return False
    before = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        now = [row]
        for column, against in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != against)))
        if min(now) > most:
            return False
        before = now
    return before[-1] <= most
