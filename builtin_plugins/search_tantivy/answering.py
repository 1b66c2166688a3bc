"""Answer one search from an index."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tantivy import FieldType, Query
from tantivy import Order as Direction

from hyperhost.contracts import Facet, SearchHit, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.query import (
    EXACT_FACETS,
    Everything,
    Node,
    Order,
    Place,
    counted,
    explanation,
    highlights,
    leaves,
    nearest,
    parse,
)

from .queries import evenly, having, is_open, translated
from .schema import HIGH, ID, LOW, PLACE, SHOWN, facet, id_of, number, place_of, schema

if TYPE_CHECKING:
    from .terms import Terms

__all__ = ["answer"]

_MORE: Final = 8
"""How many times as many hits are asked for when those that are tied go on behind the page."""
_SPARE: Final = 12
"""Hits beyond two pages that are asked for, so that ties seldom cost another question."""
_NONE: Final[dict[str, float]] = {}
_VALUES: Final = 1_000_000
"""Values of a facet that are counted."""

_Found = tuple[Place, Any, float]
"""Where a hit stands, its address in the index, and its score."""


class _By(NamedTuple):
    """What to order by: a field, or scores; and what a later page leaves out by it."""

    field: str | None
    direction: Any
    condition: Any = None


_BEST: Final = _By(None, Direction.Desc)
_EVERYTHING: Final = _By(None, Direction.Desc, None)


def answer(request: SearchRequest, searcher: Any, terms: Terms | None) -> SearchResults:
    """The answer to a request.

    Args:
        request: What is asked; its query and filter are good.
        searcher: Tantivy's; ``None`` for an index that is empty yet.
        terms: The words of that index.

    Raises:
        RefusalError: ``search.field`` or ``search.page``.
    """
    order = Order(request)
    for name in request.facets:
        if name not in EXACT_FACETS:
            raise RefusalError(
                f"{name[:80]!r} cannot be counted", "search.field", hint=nearest(name, EXACT_FACETS)
            )
    if searcher is None or terms is None:
        return SearchResults(facets=[Facet(name) for name in request.facets])
    query, even = _read(request.query, request.filter)
    if query is None:
        query = _made(parse(request.query), parse(request.filter, trusted=True), terms)
    page, token, total = _page(searcher, query, order, even)
    hits = _hits(searcher, request, terms, page)
    return SearchResults(hits, total, list(_facets(searcher, request, query)), token)


@lru_cache(512)  # of one schema for all indexes
def _read(text: str, condition: str) -> tuple[Any, float | None]:
    """A query and its filter for tantivy; ``None`` where it depends on what is in the index.

    With it comes the score of all hits, if they have the same.
    """
    tree, within = parse(text), parse(condition, trusted=True)
    made = None if is_open(tree) or is_open(within) else _made(tree, within, None)
    return made, evenly(tree)


def _made(tree: Node, within: Node, terms: Terms | None) -> Any:
    query = translated(tree, terms)
    return query if isinstance(within, Everything) else having(query, translated(within, terms))


def _page(searcher: Any, query: Any, order: Order, even: float | None) -> tuple[list[_Found], str, int]:
    """The hits of the page, the token of the next one, and how many there are of all."""
    by = _by(order, even)
    most = max(1, searcher.num_docs)
    limit = most if by is _EVERYTHING else 2 * order.size + _SPARE
    asked = query if by.condition is None else having(query, by.condition)
    while True:
        limit = min(limit, most)
        result = searcher.search(asked, limit, order_by_field=by.field, order=by.direction)
        hits = result.hits
        whole = len(hits) < limit or limit == most
        if order.after is None and not whole:
            hits = _needed(hits, order.size)
        if hits is not None:
            page = _arranged(searcher, hits, order, even, scored=by.field is None)
            if whole or order.after is None or _settled(hits, page, order.size):
                break
        limit *= _MORE
    total = result.count if asked is query else searcher.search(query, 1).count
    shown, more = page[: order.size], len(page) > order.size
    return shown, order.token(shown[-1][0]) if more else "", total


def _by(order: Order, even: float | None) -> _By:
    """What to ask tantivy to order by, which knows one number: the rest is done with those that are tied."""
    keys = [each for each in order.sort if even is None or each.key != "relevance"]
    if not keys:
        after = None if order.after is None else place_of(order.after[1])
        return _By(PLACE, Direction.Asc, _from(PLACE, after, Direction.Asc))
    first = keys[0]
    if first.key == "relevance" and first.descending:
        return _BEST
    if any(each.key == "relevance" for each in keys):
        return _EVERYTHING  # it gives the best scores only, and none beside the values of a field
    field, direction = number(first.key), Direction.Desc if first.descending else Direction.Asc
    if order.after is None:
        return _By(field, direction)
    value = order.after[0][order.sort.index(first)]
    return _By(field, direction, _from(field, -value if first.descending else value, direction))


def _from(field: str, value: float | None, direction: Any) -> Any:
    """What is not before a value; those with the same value are looked at one by one."""
    if value is None:
        return None
    kind = FieldType.Integer if field == PLACE else FieldType.Float
    low, high = (value, None) if direction == Direction.Asc else (None, value)
    return Query.range_query(schema(), field, kind, low, high)


def _needed(hits: list[Any], size: int) -> list[Any] | None:
    """The hits that can be on the first page, and one more; ``None`` if there may be others.

    Of those that are tied ids decide, and tantivy does not know their order.
    """
    last = hits[size - 1][0]
    if hits[-1][0] == last:
        return None
    end = size
    while hits[end][0] == last:
        end += 1
    return hits[: end + 1]


def _settled(hits: list[Any], page: list[_Found], size: int) -> bool:
    """Whether no hit that was not looked at belongs to the page: enough of those that were are better."""
    if len(page) <= size:
        return False
    last = hits[-1][0]
    tied = next(place for place, (key, _) in enumerate(hits) if key == last)
    return tied - (len(hits) - len(page)) >= size


def _arranged(
    searcher: Any, hits: list[Any], order: Order, even: float | None, *, scored: bool
) -> list[_Found]:
    """Hits in their order, without those of the pages before."""
    addresses = [address for _, address in hits]
    scores = [score for score, _ in hits] if scored else [even or 0.0] * len(hits)
    keys = [each.key for each in order.sort if each.key != "relevance"]
    columns = [searcher.fast_field_values(number(key), addresses) for key in keys]
    numbers: Iterable[tuple[float, ...]] = zip(*columns, strict=True) if keys else repeat((), len(hits))
    values = [
        order.values(score, dict(zip(keys, own, strict=True)) if keys else _NONE)
        for score, own in zip(scores, numbers, strict=True)
    ]
    halves = _halves(searcher, addresses)
    if halves and order.after is None:
        places: list[Any] = sorted(zip(values, halves, range(len(hits)), strict=True))[: order.size + 1]
        return [((value, id_of(*own)), addresses[each], scores[each]) for value, own, each in places]
    ids = [id_of(*own) for own in halves] if halves else _ids(searcher, addresses)
    places = list(zip(values, ids, range(len(hits)), strict=True))
    if order.after is not None:
        places = [place for place in places if place[:2] > order.after]
    places.sort()
    return [((value, name), addresses[each], scores[each]) for value, name, each in places]


def _halves(searcher: Any, addresses: list[Any]) -> list[tuple[int, int]]:
    """Ids as numbers of the same order, which are quicker; empty if one of them is no UUID."""
    lows = searcher.fast_field_values(LOW, addresses)
    if None in lows:
        return []
    return list(zip(searcher.fast_field_values(HIGH, addresses), lows, strict=True))


def _ids(searcher: Any, addresses: list[Any]) -> list[str]:
    if not addresses:
        return []
    highs = searcher.fast_field_values(HIGH, addresses)
    lows = searcher.fast_field_values(LOW, addresses)
    return [
        searcher.doc(address).get_first(ID) if low is None or high is None else id_of(high, low)
        for address, high, low in zip(addresses, highs, lows, strict=True)
    ]


def _hits(searcher: Any, request: SearchRequest, terms: Terms, page: list[_Found]) -> list[SearchHit]:
    if not request.highlight and not request.explain:
        return [SearchHit(place[1], score) for place, _, score in page]
    tree = parse(request.query)
    reasons = _explained(searcher, tree, terms, [place[1] for place, _, _ in page]) if request.explain else {}
    hits = []
    for place, address, score in page:
        marked = highlights(tree, _texts(searcher, address)) if request.highlight else []
        whole, reason = reasons.get(place[1], (score, ""))
        hits.append(SearchHit(place[1], whole, marked, reason))
    return hits


def _texts(searcher: Any, address: Any) -> dict[str, str]:
    found: dict[str, str] = json.loads(bytes(searcher.doc(address).get_first(SHOWN)))
    return found


def _explained(searcher: Any, tree: Node, terms: Terms, ids: list[str]) -> dict[str, tuple[float, str]]:
    """The scores of some hits, and which parts of a query made them."""
    if not ids:
        return {}
    shown = Query.term_set_query(schema(), ID, ids)

    def scores(query: Any) -> dict[str, float]:
        hits = searcher.search(having(query, shown), len(ids)).hits
        return dict(zip(_ids(searcher, [address for _, address in hits]), (s for s, _ in hits), strict=True))

    wholes = scores(translated(tree, terms))
    parts = [
        (leaf, factor, scores(Query.boost_query(translated(leaf, terms), factor)))
        for leaf, factor in leaves(tree)
    ]
    return {
        each: (whole, explanation(whole, [(leaf, by, own.get(each, 0.0)) for leaf, by, own in parts]))
        for each, whole in wholes.items()
    }


def _facets(searcher: Any, request: SearchRequest, query: Any) -> Iterator[Facet]:
    """How many of all hits have each value, the most frequent first."""
    if not request.facets:
        return
    wanted = {name: {"terms": {"field": facet(name), "size": _VALUES}} for name in request.facets}
    try:
        found = searcher.aggregate(query, wanted)
    except ValueError as error:
        if not str(error).startswith("Aborting aggregation"):
            raise
        # So many values are too much for it; the dictionary of values takes longer and has no limit.
        for name in request.facets:
            told = searcher.terms_with_prefix(facet(name), "", query)
            yield Facet(name, counted(Counter({value: count for value, count in told if count})))
        return
    for name in request.facets:
        values = Counter({str(each["key"]): int(each["doc_count"]) for each in found[name]["buckets"]})
        yield Facet(name, counted(values))
