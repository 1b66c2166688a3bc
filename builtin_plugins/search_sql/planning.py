"""How one search is asked of SQLite: found by words where it can be, and scored by FTS5's BM25."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.query import FIELDS, SEARCHED, And, Everything, Node, Not

from .conditions import ALWAYS, Conditions, all_of
from .expressions import MAX_PHRASES, NEVER, Near, any_of, expression, leaves, phrases
from .tables import Tables

__all__ = ["BM25", "NOTHING", "Plan", "parts", "plan"]

BM25: Final = f"bm25(#words, {', '.join(str(FIELDS[name].weight) for name in SEARCHED)})"
"""The score of a row, the less the better."""
NOTHING: Final = "FROM #docs d WHERE FALSE"


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts of statements.

    Attributes:
        score: The score of a hit.
        rows: ``FROM`` and ``WHERE`` of all hits, with what the score needs.
        matched: The same without that.
        count: The statement that counts them.
        values: Values of parameters; a statement may need the first of them only.
    """

    score: str
    rows: str
    matched: str
    count: str
    values: list[Any]


def plan(tree: Node, condition: Node, near: Near, *, scored: bool) -> Plan:
    """How to find what fits a query and a condition.

    Args:
        tree: The query.
        condition: What has to hold, too, and does not count.
        near: Gives the words that nearly are like another.
        scored: Whether scores are needed.
    """
    made = Conditions(near)
    found, counted, rest = _driver(tree, near)
    if found == NEVER:
        return Plan("0.0", NOTHING, NOTHING, f"SELECT count(*) {NOTHING}", [])
    made.driven = found is not None
    where = all_of([made.of(each) for each in (*rest, condition)])
    if found is None:
        matched = f"FROM #docs d WHERE {where}"
        count = f"SELECT count(*) {matched}"
    else:
        match = f"#words MATCH {made.bind(found)}"
        # CROSS: words first, whatever SQLite thinks of the sizes.
        matched = f"FROM #words CROSS JOIN #docs d ON d.doc = #words.rowid WHERE {match} AND {where}"
        count = f"SELECT count(*) {matched if where != ALWAYS else f'FROM #words WHERE {match}'}"
    ranking = list(leaves(tree)) if scored else []
    if not ranking:
        return Plan("0.0", matched, matched, count, made.values)
    factors = {factor for _, factor in ranking}
    if found is not None and len(ranking) == counted and len(factors) == 1:
        return Plan(f"-{BM25} * {made.bind(factors.pop())}", matched, matched, count, made.values)
    return Plan("coalesce(r.score, 0.0)", _ranked(matched, ranking, made, near), matched, count, made.values)


def _driver(tree: Node, near: Near) -> tuple[str | None, int, list[Node]]:
    """The part of a query by which rows are found, how many of its leaves count, and the rest."""
    items = tree.items if isinstance(tree, And) else (tree,)
    taken: list[Node] = []
    rest: list[Node] = []
    left = MAX_PHRASES
    for item in items:
        own = expression(item.item if isinstance(item, Not) else item, near)
        if own is None or (size := phrases(item, near)) > left or (own == NEVER and isinstance(item, Not)):
            rest.append(item)
        else:
            taken.append(item)
            left -= size
    if not any(not isinstance(item, Not) for item in taken):
        return None, 0, [each for each in items if not isinstance(each, Everything)]
    whole = And(tuple(taken)) if len(taken) > 1 else taken[0]
    return expression(whole, near), sum(1 for _ in leaves(whole)), rest


def _ranked(matched: str, ranking: list[tuple[Node, float]], made: Conditions, near: Near) -> str:
    """Rows with the sum of what each part of the query gives them."""
    groups: dict[float, list[tuple[str, int]]] = defaultdict(list)
    for leaf, factor in ranking:
        found = expression(leaf, near)
        if found:
            groups[factor].append((found, phrases(leaf, near)))
    given = []
    for factor, found_by in groups.items():
        together: list[str] = []
        count = 0
        for found, own in [*found_by, (NEVER, MAX_PHRASES)]:
            if together and count + own > MAX_PHRASES:
                given.append(_scores(made.bind(any_of(together)), made.bind(factor)))
                together, count = [], 0
            together.append(found)
            count += own
    if not given:
        given.append("SELECT 0 AS doc, 0.0 AS score")
    # FTS5 gives scores only where a statement reads its table itself, so each part is put down first. The sum
    # is rounded, as the order in which it is added is SQLite's, and pages begin behind a score.
    tables = ", ".join(f"s{step} AS MATERIALIZED ({part})" for step, part in enumerate(given))
    whole = " UNION ALL ".join(f"SELECT doc, score FROM s{step}" for step in range(len(given)))  # noqa: S608 - counted
    scores = f"WITH {tables} SELECT doc, round(sum(score), 9) AS score FROM ({whole}) GROUP BY doc"  # noqa: S608 - the same
    before, where, after = matched.partition(" WHERE ")
    return f"{before} LEFT JOIN ({scores}) r ON r.doc = d.doc{where}{after}"


def _scores(match: str, factor: str) -> str:
    return f"SELECT rowid AS doc, -{BM25} * {factor} AS score FROM #words WHERE #words MATCH {match}"  # noqa: S608 - parameters


def parts(
    tables: Tables, tree: Node, near: Near, docs: list[int]
) -> Iterator[tuple[Node, float, int, float]]:
    """What each part of a query gives some documents: the part, its boost, the document, the score.

    Args:
        tables: Of the index.
        tree: The query.
        near: Gives the words that nearly are like another.
        docs: Numbers of documents.
    """
    shown = json.dumps(docs)
    for leaf, factor in leaves(tree):
        found = expression(leaf, near)
        for doc, own in tables.read(_EXPLAINED, (found, shown)) if found else ():
            yield leaf, factor, doc, own


_EXPLAINED: Final = (
    f"SELECT rowid, -{BM25} FROM #words WHERE #words MATCH ?1 AND rowid IN (SELECT value FROM json_each(?2))"  # noqa: S608 - a constant
)
