"""Answer one search from an index."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from hyperhost.contracts import Facet, FacetValue, SearchHit, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.query import EXACT_FACETS, Node, Order, Place, highlights, nearest, parse, to_text

from . import planning, ranking
from .planning import Plan
from .schema import SEPARATOR, facet, number
from .tables import Tables
from .typos import Typos

__all__ = ["answer"]


def answer(request: SearchRequest, tables: Tables | None) -> SearchResults:
    """The answer to a request.

    Args:
        request: What is asked; its query and filter are good.
        tables: Of the index; ``None`` for one that is empty yet.

    Raises:
        RefusalError: ``search.field`` or ``search.page``.
    """
    order = Order(request)
    for name in request.facets:
        if name not in EXACT_FACETS:
            raise RefusalError(
                f"{name[:80]!r} cannot be counted", "search.field", hint=nearest(name, EXACT_FACETS)
            )
    if tables is None:
        return SearchResults(facets=[Facet(name) for name in request.facets])
    near = Typos(tables)
    tree = parse(request.query)
    dialect = planning if tables.dialect == "sqlite" else ranking
    scored = order.scored or request.explain
    made = dialect.plan(tree, parse(request.filter, trusted=True), near, scored=scored)
    found = _places(tables, made, order)
    page, token = order.page(found)
    shown = [(place, *found[place]) for place in page]
    reasons = (
        _explained(dialect.parts(tables, tree, near, [doc for _, doc, _ in shown]), shown)
        if request.explain
        else {}
    )
    hits = []
    for place, doc, score in shown:
        marked = highlights(tree, _texts(tables, doc)) if request.highlight else []
        hits.append(SearchHit(place[1], score, marked, reasons.get(doc, "")))
    total = len(found)
    if order.after is not None or total > order.size:
        [(total,)] = tables.read(made.count, made.values)
    return SearchResults(hits, total, list(_facets(tables, request, made)), token)


def _places(tables: Tables, made: Plan, order: Order) -> dict[Place, tuple[int, float]]:
    """The hits of the page and the one behind it, in their order: the number and the score of each."""
    keys = [each.key for each in order.sort if each.key != "relevance"]
    columns = "".join(f", d.{number(key)} AS k_{key}" for key in keys)
    signed = [
        f"{'-' if each.descending else ''}{'score' if each.key == 'relevance' else f'k_{each.key}'}"
        for each in order.sort
    ]
    ordered = ", ".join([*signed, "id"])
    values = list(made.values)
    statement = f"SELECT d.doc, d.id AS id, {made.score} AS score{columns} {made.rows}"
    # Names of columns and parameters are constants or counted.
    if order.after is not None:
        first = len(values) + 1
        values += [*order.after[0], order.after[1]]
        names = [f"?{place}" for place in range(first, len(values) + 1)]
        statement = (
            f"WITH found AS MATERIALIZED ({statement}) "  # noqa: S608
            f"SELECT * FROM found WHERE ({ordered}) > ({', '.join(names)})"
        )
    elif tables.dialect != "sqlite":  # where the order may name a score, but not its opposite
        statement = f"SELECT * FROM ({statement}) found"  # noqa: S608
    rows = tables.read(f"{statement} ORDER BY {ordered} LIMIT {order.size + 1}", values)
    return {
        order.place(score, dict(zip(keys, numbers, strict=True)), artifact_id): (doc, score)
        for doc, artifact_id, score, *numbers in rows
    }


def _texts(tables: Tables, doc: int) -> dict[str, str]:
    rows = tables.read("SELECT texts FROM #shown WHERE doc = ?1", (doc,))
    found: dict[str, str] = json.loads(rows[0][0]) if rows else {}
    return found


def _explained(
    parts: Iterable[tuple[Node, float, int, float]], page: list[tuple[Place, int, float]]
) -> dict[int, str]:
    """Which parts of a query made the scores, as ``2.10 = 1.60 auth + 0.50 name:o*``."""
    reasons: dict[int, list[str]] = {doc: [] for _, doc, _ in page}
    for leaf, factor, doc, own in parts:
        boost = f"^{factor:g}" if factor != 1 else ""
        reasons[doc].append(f"{own * factor:.2f} {to_text(leaf)}{boost}")
    return {
        doc: f"{score:.2f} = {' + '.join(reasons[doc]) or 'nothing that counts'}" for _, doc, score in page
    }


def _facets(tables: Tables, request: SearchRequest, made: Plan) -> Iterator[Facet]:
    """How many of all hits have each value, the most frequent first."""
    if not request.facets:
        return
    names = list(dict.fromkeys(request.facets))
    raw: dict[str, Counter[str]] = {name: Counter() for name in names}
    if tables.dialect == "sqlite":  # in this process, so rows cost little: one statement for all of them
        columns = ", ".join(f"d.{facet(name)}" for name in names)
        for row in tables.read(f"SELECT {columns} {made.matched}", made.values):
            for name, joined in zip(names, row, strict=True):
                raw[name][joined] += 1
    else:
        for name in names:
            column = f"d.{facet(name)}"
            counted = f"SELECT {column}, count(*) {made.matched} GROUP BY {column}"
            raw[name].update(dict(tables.read(counted, made.values)))
    for name in request.facets:
        yield Facet(name, _counted(raw[name]))


def _counted(raw: Counter[str]) -> list[FacetValue]:
    counts: Counter[str] = Counter()
    for joined, count in raw.items():
        for value in joined.split(SEPARATOR) if joined else ():
            counts[value] += count
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [FacetValue(value, count) for value, count in ordered]
