"""The tree of a query: what every search engine translates, and how it is written as text again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

__all__ = [
    "And",
    "Boost",
    "Compare",
    "Everything",
    "Exact",
    "Fuzzy",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Prefix",
    "Word",
    "both",
    "to_text",
]


@dataclass(frozen=True, slots=True)
class Everything:
    """Every artifact: what an empty query means."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word; text that is several words, such as ``auth-core``, is those words one after another.

    Attributes:
        text: As it was typed.
        field: Where; empty for all fields that are searched.
    """

    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one after another in one field."""

    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words, or values of an exact field, that begin with ``text``."""

    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Words that differ in at most ``distance`` (1 or 2) letters; the first letter is the same."""

    text: str
    field: str = ""
    distance: int = 1


@dataclass(frozen=True, slots=True)
class Exact:
    """A value as a whole; of a flag, ``true`` or ``false``."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A number, or a moment in microseconds, against a value.

    Attributes:
        field: Which.
        op: ``=``, ``<``, ``<=``, ``>`` or ``>=``.
        value: Against what.
    """

    field: str
    op: str
    value: float


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What is not so."""

    item: Node


@dataclass(frozen=True, slots=True)
class Boost:
    """Counts ``factor`` times as much towards the score."""

    item: Node
    factor: float


Node = Everything | Word | Phrase | Prefix | Fuzzy | Exact | Compare | And | Or | Not | Boost

_BARE: Final = re.compile(r'(?!(?:OR|AND|NOT)$)(?![-,:=<>!])[^\s()"~^,:=<>!*\\]+')
_DATES: Final = ("created", "updated", "released")


def both(first: Node, second: Node) -> Node:
    """What fits both; everything is no condition."""
    if isinstance(first, Everything):
        return second
    if isinstance(second, Everything):
        return first
    items = [part for node in (first, second) for part in (node.items if isinstance(node, And) else (node,))]
    return And(tuple(items))


def to_text(node: Node) -> str:
    """The query that a tree stands for; parsing it gives the same tree."""
    match node:
        case Everything():
            return ""
        case And(items):
            return " ".join(_inner(item, (Or,)) for item in items)
        case Or(items):
            return " OR ".join(_inner(item, (And,)) for item in items)
        case Not(item):
            return f"-{_inner(item, (And, Or))}"
        case Boost(item, factor):
            return f"{_inner(item, (And, Or, Not, Boost))}^{_number(factor)}"
        case Compare(field, op, value):
            return f"{field}{op}{_moment(value) if field in _DATES else _number(value)}"
        case Exact(field, text):
            return f"{field}={_quoted(text)}"
        case _:
            return (f"{node.field}:" if node.field else "") + _words(node)


def _words(node: Word | Phrase | Prefix | Fuzzy) -> str:
    match node:
        case Prefix(text):
            return f"{text}*"
        case Fuzzy(text, _, distance):
            return f"{text}~{distance}"
        case Phrase(text):
            return _literal(text)
        case _:
            return node.text


def _inner(node: Node, grouped: tuple[type, ...]) -> str:
    text = to_text(node)
    return f"({text})" if isinstance(node, grouped) else text


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else _literal(text)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: float) -> str:
    """Without an exponent, so that it reads as a number again."""
    return format(Decimal(repr(value)), "f") if value != int(value) else str(int(value))


def _moment(value: float) -> str:
    from hyperhost.contracts.moments import moment_text

    return moment_text(int(value))
