"""Answer one search from an index."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from hyperhost.contracts import Facet, FacetValue, SearchHit, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.query import EXACT_FACETS, Node, Order, Place, highlights, nearest, parse, to_text

from .planning import BM25, Plan, plan
from .schema import SEPARATOR, facet, number
from .typos import Typos

__all__ = ["answer"]

_EXPLAINED: Final = (
    f"SELECT rowid, -{BM25} FROM words WHERE words MATCH ? AND rowid IN (SELECT value FROM json_each(?))"  # noqa: S608 - a constant
)


def answer(request: SearchRequest, connection: sqlite3.Connection | None) -> SearchResults:
    """The answer to a request.

    Args:
        request: What is asked; its query and filter are good.
        connection: Of the index; ``None`` for one that is empty yet.

    Raises:
        RefusalError: ``search.field`` or ``search.page``.
    """
    order = Order(request)
    for name in request.facets:
        if name not in EXACT_FACETS:
            raise RefusalError(
                f"{name[:80]!r} cannot be counted", "search.field", hint=nearest(name, EXACT_FACETS)
            )
    if connection is None:
        return SearchResults(facets=[Facet(name) for name in request.facets])
    near = Typos(connection)
    tree = parse(request.query)
    made = plan(tree, parse(request.filter, trusted=True), near, scored=order.scored or request.explain)
    found = _places(connection, made, order)
    page, token = order.page(found)
    hits = _hits(connection, request, tree, near, [(place, *found[place]) for place in page])
    whole = order.after is None and len(found) <= order.size
    (total,) = (len(found),) if whole else connection.execute(made.count, made.values).fetchone()
    return SearchResults(hits, total, list(_facets(connection, request, made)), token)


def _places(connection: sqlite3.Connection, made: Plan, order: Order) -> dict[Place, tuple[int, float]]:
    """The hits of the page and the one behind it, in their order: the number and the score of each."""
    keys = [each.key for each in order.sort if each.key != "relevance"]
    columns = "".join(f", d.{number(key)} AS k_{key}" for key in keys)
    signed = [
        f"{'-' if each.descending else ''}{'score' if each.key == 'relevance' else f'k_{each.key}'}"
        for each in order.sort
    ]
    ordered = ", ".join([*signed, "id"])
    values = dict(made.values)
    selected = f"SELECT d.doc, d.id AS id, {made.score} AS score{columns} {made.rows}"
    if order.after is not None:
        names = [f":after{step}" for step in range(len(signed) + 1)]
        values |= {
            name[1:]: value for name, value in zip(names, [*order.after[0], order.after[1]], strict=True)
        }
        # Names of columns and parameters are constants or counted.
        selected = (
            f"WITH found AS MATERIALIZED ({selected}) "  # noqa: S608
            f"SELECT * FROM found WHERE ({ordered}) > ({', '.join(names)})"
        )
    rows = connection.execute(f"{selected} ORDER BY {ordered} LIMIT {order.size + 1}", values)
    return {
        order.place(score, dict(zip(keys, numbers, strict=True)), artifact_id): (doc, score)
        for doc, artifact_id, score, *numbers in rows
    }


def _hits(
    connection: sqlite3.Connection,
    request: SearchRequest,
    tree: Node,
    near: Typos,
    page: list[tuple[Place, int, float]],
) -> list[SearchHit]:
    reasons = _explained(connection, tree, near, page) if request.explain else {}
    hits = []
    for place, doc, score in page:
        marked = highlights(tree, _texts(connection, doc)) if request.highlight else []
        hits.append(SearchHit(place[1], score, marked, reasons.get(doc, "")))
    return hits


def _texts(connection: sqlite3.Connection, doc: int) -> dict[str, str]:
    row = connection.execute("SELECT texts FROM shown WHERE doc = ?", (doc,)).fetchone()
    found: dict[str, str] = json.loads(row[0]) if row is not None else {}
    return found


def _explained(
    connection: sqlite3.Connection, tree: Node, near: Typos, page: list[tuple[Place, int, float]]
) -> dict[int, str]:
    """Which parts of a query made the scores, as ``2.10 = 1.60 auth + 0.50 name:o*``."""
    from .expressions import expression, leaves

    shown = json.dumps([doc for _, doc, _ in page])
    parts: dict[int, list[str]] = {doc: [] for _, doc, _ in page}
    for leaf, factor in leaves(tree):
        found = expression(leaf, near)
        for doc, own in connection.execute(_EXPLAINED, (found, shown)) if found else ():
            boost = f"^{factor:g}" if factor != 1 else ""
            parts[doc].append(f"{own * factor:.2f} {to_text(leaf)}{boost}")
    return {doc: f"{score:.2f} = {' + '.join(parts[doc]) or 'nothing that counts'}" for _, doc, score in page}


def _facets(connection: sqlite3.Connection, request: SearchRequest, made: Plan) -> Iterator[Facet]:
    """How many of all hits have each value, the most frequent first."""
    if not request.facets:
        return
    names = list(dict.fromkeys(request.facets))
    columns = ", ".join(f"d.{facet(name)}" for name in names)
    raw: dict[str, Counter[str]] = {name: Counter() for name in names}
    for row in connection.execute(f"SELECT {columns} {made.matched}", made.values):
        for name, joined in zip(names, row, strict=True):
            raw[name][joined] += 1
    for name in request.facets:
        yield Facet(name, _counted(raw[name]))


def _counted(raw: Counter[Any]) -> list[FacetValue]:
    counts: Counter[str] = Counter()
    for joined, count in raw.items():
        for value in joined.split(SEPARATOR) if joined else ():
            counts[value] += count
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [FacetValue(value, count) for value, count in ordered]
