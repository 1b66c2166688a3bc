"""Queries as conditions of SQL on a row ``d`` of the table ``docs``; every value is a parameter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from hyperhost.query import (
    And,
    Boost,
    Compare,
    Everything,
    Exact,
    Node,
    Not,
    Or,
    Prefix,
    folded,
    is_whole,
)

from .expressions import MAX_PHRASES, Near, expression, phrases
from .schema import SINGLE, compared, facet, in_rows, number, plain

__all__ = ["ALWAYS", "LAST", "NEVER", "OPERATORS", "Conditions", "all_of", "balanced", "exact"]

ALWAYS: Final = "TRUE"
NEVER: Final = "FALSE"
OPERATORS: Final = ("=", "<", "<=", ">", ">=")
_WEIGHED: Final = 20
LAST: Final = "\U0010ffff"


class Conditions:
    """Writes conditions, and keeps their values.

    Args:
        near: Gives the words that nearly are like another.

    Attributes:
        values: Values of parameters, the first being ``?1``.
        driven: Rows are found by words, and few; a condition looks at one row then, instead of collecting all
            rows that it fits.
    """

    def __init__(self, near: Near) -> None:
        self._near = near
        self.values: list[Any] = []
        self.driven = False

    def bind(self, value: Any) -> str:
        """A parameter with a value."""
        self.values.append(value)
        return f"?{len(self.values)}"

    def of(self, node: Node) -> str:
        """What a query means."""
        match node:
            case Everything():
                return ALWAYS
            case Not(item):
                return f"NOT {self.of(item)}"
            case Boost(item):
                return self.of(item)
            case Compare(field, op, value) if op in OPERATORS:
                return f"coalesce(d.{number(field)} {op} {self.bind(value)}, FALSE)"
            case Exact(field, value):
                return self._with_values(field, f"= {self.bind(exact(value))}")
            case Prefix(text, field) if is_whole(field):
                low = plain(folded(text))
                span = f"BETWEEN {self.bind(low)} AND {self.bind(low + LAST)}"
                return self._with_values(field, span)
            case _:
                found = expression(node, self._near)
                if found is not None:
                    return self._with_words(found)
        return self._joined(node)

    def _joined(self, node: Node) -> str:
        """Several; those that are about words, or about one field, are asked for together."""
        if isinstance(node, And):
            return self._all_of(node.items)
        return self._any_of(node.items) if isinstance(node, Or) else NEVER

    def _all_of(self, items: Sequence[Node]) -> str:
        parts = [self.of(item) for item in items if not isinstance(item, Not) and not self._is_words(item)]
        parts += self._chunks([item for item in items if not isinstance(item, Not)], And)
        unwanted = [item.item for item in items if isinstance(item, Not)]
        if unwanted:
            parts.append(f"NOT {self._any_of(unwanted)}")
        return all_of(parts)

    def _any_of(self, items: Sequence[Node]) -> str:
        parts: list[str] = []
        several: dict[str, list[str]] = {}
        for item in items:
            if isinstance(item, Exact):
                several.setdefault(item.field, []).append(exact(item.text))
            elif not self._is_words(item):
                parts.append(self.of(item))
        for field, values in several.items():
            listed = self.bind(json.dumps(values))
            any_value = f"IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - a parameter
            parts.append(self._with_values(field, any_value))
        parts += self._chunks(items, Or)
        return balanced("OR", [each for each in parts if each != NEVER]) or NEVER

    def _is_words(self, node: Node) -> bool:
        return expression(node, self._near) is not None

    def _chunks(self, items: Iterable[Node], kind: type[And] | type[Or]) -> list[str]:
        """Those that are about words, as many together as one expression may have."""
        chunks: list[list[Node]] = []
        left = 0
        for item in filter(self._is_words, items):
            own = phrases(item, self._near)
            if not chunks or own > left:
                chunks.append([])
                left = MAX_PHRASES
            chunks[-1].append(item)
            left -= own
        joined = (each[0] if len(each) < 2 else kind(tuple(each)) for each in chunks)
        return [self._with_words(expression(each, self._near)) for each in joined]

    def _with_words(self, found: str | None) -> str:
        if not found:
            return NEVER
        return f"d.doc IN (SELECT rowid FROM #words WHERE #words MATCH {self.bind(found)})"  # noqa: S608 - a parameter

    def _with_values(self, field: str, compared: str) -> str:
        if field in SINGLE:
            return f"d.{facet(field)} {compared}"
        where = f"v.field = {in_rows(field)} AND v.value {compared}"
        if self.driven:
            # The plus: few values of one row are looked at, rather than the row for each of many values.
            where = f"v.doc = d.doc AND v.field = {in_rows(field)} AND +v.value {compared}"
            return f"EXISTS (SELECT 1 FROM #vals v WHERE {where})"  # noqa: S608 - parameters
        return f"d.doc IN (SELECT v.doc FROM #vals v WHERE {where})"  # noqa: S608 - parameters


def exact(value: str) -> str:
    """A value as the index has it."""
    return compared(plain(folded(value)))


def all_of(parts: Sequence[str]) -> str:
    """All of some conditions."""
    wanted = [each for each in parts if each != ALWAYS]
    # Behind a plus SQLite does not weigh each of them, which takes minutes where there are thousands.
    return f"{'+' if len(wanted) > _WEIGHED else ''}{balanced('AND', wanted) or ALWAYS}"


def balanced(operator: str, parts: Sequence[str]) -> str:
    """Joined in pairs: a chain of thousands would be too deep for SQLite."""
    if len(parts) < 2:
        return parts[0] if parts else ""
    middle = len(parts) // 2
    return f"({balanced(operator, parts[:middle])} {operator} {balanced(operator, parts[middle:])})"
