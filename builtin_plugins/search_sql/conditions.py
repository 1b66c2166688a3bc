"""Queries as conditions of SQL on a row ``d`` of the table ``docs``; every value is a parameter."""

from __future__ import annotations

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

from .expressions import MAX_PHRASES, NEVER, Near, any_of, expression, phrases
from .schema import number

__all__ = ["ALWAYS", "Conditions", "all_of"]

ALWAYS: Final = "1"
_NEVER: Final = "0"
_OPERATORS: Final = ("=", "<", "<=", ">", ">=")
_LAST: Final = "\U0010ffff"


class Conditions:
    """Writes conditions, and keeps their values.

    Args:
        near: Gives the words that nearly are like another.

    Attributes:
        values: Values of parameters by name.
        driven: Rows are found by words, and few; a condition looks at one row then, instead of collecting all
            rows that it fits.
    """

    def __init__(self, near: Near) -> None:
        self._near = near
        self.values: dict[str, Any] = {}
        self.driven = False

    def bind(self, value: Any) -> str:
        """A parameter with a value."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def of(self, node: Node) -> str:
        """What a query means."""
        match node:
            case Everything():
                return ALWAYS
            case Not(item):
                return f"NOT {self.of(item)}"
            case Boost(item):
                return self.of(item)
            case Compare(field, op, value) if op in _OPERATORS:
                return f"ifnull(d.{number(field)} {op} {self.bind(value)}, 0)"
            case Exact(field, value):
                return self._with_values(field, f"= {self.bind(folded(value))}")
            case Prefix(text, field) if is_whole(field):
                low = folded(text)
                span = f"BETWEEN {self.bind(low)} AND {self.bind(low + _LAST)}"
                return self._with_values(field, span)
            case _:
                found = expression(node, self._near)
                if found is not None:
                    return self._with_words(found)
        return self._joined(node)

    def _joined(self, node: Node) -> str:
        """Several; those that are about words, or about one field, are asked for together."""
        if isinstance(node, And):
            return all_of([self.of(item) for item in node.items])
        if not isinstance(node, Or):
            return _NEVER
        parts: list[str] = []
        exact: dict[str, list[str]] = {}
        together: list[str] = []
        count = 0
        for item in node.items:
            found = expression(item, self._near)
            if isinstance(item, Exact):
                exact.setdefault(item.field, []).append(folded(item.text))
            elif found is None:
                parts.append(self.of(item))
            elif found:
                own = phrases(item, self._near)
                if count + own > MAX_PHRASES:
                    parts.append(self._with_words(any_of(together)))
                    together, count = [], 0
                together.append(found)
                count += own
        parts += [self._with_values(field, f"IN ({self._listed(each)})") for field, each in exact.items()]
        parts.append(self._with_words(any_of(together)))
        return _balanced("OR", [each for each in parts if each != _NEVER]) if parts else _NEVER

    def _listed(self, values: Iterable[str]) -> str:
        return ", ".join(map(self.bind, values))

    def _with_words(self, found: str) -> str:
        if found == NEVER:
            return _NEVER
        return f"d.doc IN (SELECT rowid FROM words WHERE words MATCH {self.bind(found)})"  # noqa: S608 - a parameter

    def _with_values(self, field: str, compared: str) -> str:
        where = f"v.field = {self.bind(field)} AND v.value {compared}"
        if self.driven:
            return f"EXISTS (SELECT 1 FROM vals v WHERE v.doc = d.doc AND {where})"  # noqa: S608 - parameters
        return f"d.doc IN (SELECT v.doc FROM vals v WHERE {where})"  # noqa: S608 - parameters


def all_of(parts: Sequence[str]) -> str:
    """All of some conditions."""
    return _balanced("AND", [each for each in parts if each != ALWAYS]) or ALWAYS


def _balanced(operator: str, parts: Sequence[str]) -> str:
    """Joined in pairs: a chain of thousands would be too deep for SQLite."""
    if len(parts) < 2:
        return parts[0] if parts else ""
    middle = len(parts) // 2
    return f"({_balanced(operator, parts[:middle])} {operator} {_balanced(operator, parts[middle:])})"
