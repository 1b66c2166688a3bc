"""Filters of Meilisearch as they are documented, for the stub server: read strictly, and evaluated.

``=``, ``IN``, comparisons of numbers, ``EXISTS``, ``STARTS WITH``, ``AND``, ``OR``, ``NOT`` and groups; what
else the language has, the plugin does not use, and here it is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

__all__ = ["FilterError", "compiled", "normal"]

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.\-]+|<=|>=|!=|[()\[\],=<>])')
_LONGEST = 468
_DEPTH = 150 - 5
_GROUP = 5
"""Rules that Meilisearch's parser goes through for a group, each a level for it."""

Condition = Callable[[Mapping[str, Any]], bool]


class FilterError(Exception):
    """It is no filter, or names an attribute that cannot be filtered."""


def normal(value: str) -> str:
    """A string as Meilisearch compares it."""
    return value.strip().lower().encode()[:_LONGEST].decode(errors="ignore")


def compiled(text: str, filterable: Collection[str]) -> Condition:
    """What a filter says of a document.

    Raises:
        FilterError: it is none.
    """
    if not text.strip():
        return lambda document: True
    return _Reader(text, filterable).whole()


class _Reader:
    def __init__(self, text: str, filterable: Collection[str]) -> None:
        self.filterable = filterable
        self.tokens: list[str] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise FilterError(f"unexpected {text[place : place + 10]!r}")
            self.tokens.append(found[1])
            place = found.end()
        self.place = 0
        self.depth = 0

    def whole(self) -> Condition:
        made = self.any_of()
        if self.place != len(self.tokens):
            raise FilterError(f"found unexpected characters at the end: {self.tokens[self.place]}")
        return made

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self.took("OR"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)

    def all_of(self) -> Condition:
        parts = [self.negated()]
        while self.took("AND"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)

    def negated(self) -> Condition:
        if self.took("NOT"):
            inner = self.deeper(1, self.negated)
            return lambda document: not inner(document)
        if self.took("("):
            inner = self.deeper(_GROUP, self.any_of)
            self.need(")")
            return inner
        return self.condition()

    def deeper(self, levels: int, read: Callable[[], Condition]) -> Condition:
        self.depth += levels
        if self.depth > _DEPTH:
            raise FilterError("the filter exceeded the maximum depth limit")
        made = read()
        self.depth -= levels
        return made

    def condition(self) -> Condition:
        name = self.value()
        if name not in self.filterable:
            raise FilterError(f"Attribute `{name}` is not filterable.")
        if self.took("NOT"):
            self.need("EXISTS")
            return lambda document: name not in document
        if self.took("EXISTS"):
            return lambda document: name in document
        if self.took("IN"):
            wanted = self.listed()
            return lambda document: any(value in wanted for value in _strings(document, name))
        if self.took("STARTS"):
            self.need("WITH")
            begun = normal(self.value())
            return lambda document: any(value.startswith(begun) for value in _strings(document, name))
        op = self.next()
        if op not in _COMPARED:
            raise FilterError(f"Was expecting an operation at {op!r}")
        return self.compared(name, op, self.value())

    def compared(self, name: str, op: str, value: str) -> Condition:
        try:
            number = float(value)
        except ValueError:
            number = None
        if op == "=":
            text = normal(value)
            return lambda document: text in _strings(document, name) or number in _numbers(document, name)
        if number is None:
            raise FilterError("only numbers are compared")
        test = _COMPARED[op]
        return lambda document: any(test(each, number) for each in _numbers(document, name))

    def listed(self) -> frozenset[str]:
        self.need("[")
        found = set()
        while not self.took("]"):
            found.add(normal(self.value()))
            if not self.took(","):
                self.need("]")
                break
        return frozenset(found)

    def value(self) -> str:
        token = self.next()
        if token.startswith('"'):
            return token[1:-1].replace('\\"', '"')
        if not re.fullmatch(r"[A-Za-z0-9_.\-]+", token) or token in _KEYWORDS:
            raise FilterError(f"Was expecting a value but instead got {token}")
        return token

    def next(self) -> str:
        if self.place == len(self.tokens):
            raise FilterError("the filter ends too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def took(self, wanted: str) -> bool:
        if self.place < len(self.tokens) and self.tokens[self.place] == wanted:
            self.place += 1
            return True
        return False

    def need(self, wanted: str) -> None:
        if not self.took(wanted):
            raise FilterError(f"Was expecting {wanted!r}")


_KEYWORDS = ("AND", "OR", "NOT", "IN", "TO", "EXISTS", "STARTS", "WITH", "CONTAINS", "IS", "NULL", "EMPTY")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _values(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def _strings(document: Mapping[str, Any], name: str) -> list[str]:
    return [normal(value) for value in _values(document, name) if isinstance(value, str)]


def _numbers(document: Mapping[str, Any], name: str) -> list[float]:
    return [float(value) for value in _values(document, name) if isinstance(value, int | float)]
