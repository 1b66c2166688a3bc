"""How one search is asked of PostgreSQL: conditions on vectors of words, scored by how close they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hyperhost.query import And, Boost, Compare, Everything, Exact, Node, Not, Or, Prefix, folded, is_whole

from .conditions import ALWAYS, LAST, NEVER, OPERATORS, balanced, exact
from .expressions import Near, leaves
from .planning import Plan
from .schema import SINGLE, facet, in_rows, number, plain
from .tables import Tables
from .vectors import WEIGHTS, query

__all__ = ["parts", "plan"]

_RANK: Final = "ts_rank_cd('%s'::real[], d.words, %s::tsquery, 1)::float8"
"""The 1: a long text counts less than a short one with the same words."""


class _Conditions:
    """Writes conditions, and keeps their values."""

    def __init__(self, near: Near) -> None:
        self._near = near
        self.values: list[object] = []

    def bind(self, value: object) -> str:
        """A parameter with a value."""
        self.values.append(value)
        return f"?{len(self.values)}"

    def of(self, node: Node) -> str:
        """What a query means."""
        match node:
            case Everything():
                return ALWAYS
            case Not(item):
                return f"NOT ({self.of(item)})"
            case Boost(item):
                return self.of(item)
            case Compare(field, op, value) if op in OPERATORS:
                return f"coalesce(d.{number(field)} {op} {self.bind(float(value))}::float8, FALSE)"
            case Exact(field, value):
                return self._with_values(field, f"= {self.bind(exact(value))}")
            case Prefix(text, field) if is_whole(field):
                low = plain(folded(text))
                return self._with_values(field, f"BETWEEN {self.bind(low)} AND {self.bind(low + LAST)}")
            case And(items):
                return balanced("AND", [self.of(item) for item in items]) or ALWAYS
            case Or(items):
                return self._any_of(items)
            case _:
                return self._with_words(query(node, self._near) or "")

    def _any_of(self, items: Sequence[Node]) -> str:
        """Several; those that are about words, or about one field, are asked for together."""
        found: list[str] = []
        words: list[str] = []
        values: dict[str, list[str]] = {}
        for item in items:
            own = query(item, self._near)
            if own is not None:
                words += [own] if own else []
            elif isinstance(item, Exact):
                values.setdefault(item.field, []).append(exact(item.text))
            else:
                found.append(self.of(item))
        if words:
            found.append(self._with_words(" | ".join(words)))
        found += [
            self._with_values(field, f"= ANY({self.bind(several)}::text[])")
            for field, several in values.items()
        ]
        return balanced("OR", found) or NEVER

    def _with_words(self, found: str) -> str:
        return f"d.words @@ {self.bind(found)}::tsquery" if found else NEVER

    def _with_values(self, field: str, compared: str) -> str:
        if field in SINGLE:
            return f"d.{facet(field)} {compared}"
        where = f"v.field = {in_rows(field)} AND v.value {compared}"
        return f"d.doc IN (SELECT v.doc FROM #vals v WHERE {where})"  # noqa: S608 - parameters


def plan(tree: Node, condition: Node, near: Near, *, scored: bool) -> Plan:
    """How to find what fits a query and a condition; see :func:`.planning.plan`."""
    made = _Conditions(near)
    where = balanced("AND", [made.of(tree), made.of(condition)])
    matched = f"FROM #docs d WHERE {where}"
    count = f"SELECT count(*) {matched}"
    ranked = []
    for leaf, factor in leaves(tree) if scored else ():
        if found := query(leaf, near):
            ranked.append(f"{_RANK % (WEIGHTS, made.bind(found))} * {made.bind(factor)}::float8")
    # Rounded, as pages begin behind a score, and the sum of the same numbers may differ in its last digits.
    score = f"round(({' + '.join(ranked)})::numeric, 9)::float8" if ranked else "0.0::float8"
    return Plan(score, matched, matched, count, made.values)


def parts(
    tables: Tables, tree: Node, near: Near, docs: list[int]
) -> Iterator[tuple[Node, float, int, float]]:
    """What each part of a query gives some documents; see :func:`.planning.parts`."""
    for leaf, factor in leaves(tree):
        found = query(leaf, near)
        if not found:
            continue
        rank = _RANK % (WEIGHTS, "?1")
        statement = f"SELECT d.doc, {rank} FROM #docs d WHERE d.doc = ANY(?2) AND d.words @@ ?3::tsquery"  # noqa: S608 - a constant
        for doc, own in tables.read(statement, (found, docs, found)):
            yield leaf, factor, doc, own
