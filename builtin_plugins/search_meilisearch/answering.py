"""Answer one search: filters say what is found and counted, the server's ranking says in which order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from hyperhost.contracts import Facet, SearchHit, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.query import (
    EXACT_FACETS,
    SEARCHED,
    FlatDocument,
    Node,
    Order,
    Place,
    counted,
    highlights,
    nearest,
    parse,
)

from .client import Client, garbled
from .filters import LOOKED, Filters, all_of, any_of
from .ranking import Part, even, parts_of, ranked_by
from .schema import ID, PLACES, SHOWN, counted_value, facet, is_id, number, places_of

__all__ = ["RANKED", "answer", "count_of", "empty_answer"]

RANKED: Final = 10_000
"""Hits of which the order by relevance is known."""
_MORE: Final = 8
"""How many times as many hits are asked for when those that are tied go on behind the page."""
_SPARE: Final = 12
_LARGEST: Final = 1e300


@dataclass(slots=True)
class _Hit:
    """One hit as the server tells of it."""

    id: str
    score: float = 0.0
    numbers: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, read."""

    request: SearchRequest
    order: Order
    tree: Node
    within: str
    parts: list[Part]
    even: float | None


class _Engine:
    """What is asked of the server for one search.

    Args:
        client: The server.
        index: Name of the index.
    """

    def __init__(self, client: Client, index: str) -> None:
        self._client = client
        self._index = index
        self.filters = Filters(self._near, self._read)

    def several(self, searches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers of some searches."""
        queries = [{"indexUid": self._index, "q": "", **each} for each in searches]
        told = self._client.ask("POST", "/multi-search", {"queries": queries})
        answers: list[dict[str, Any]] = _of(told, "results", list)
        if len(answers) != len(queries) or not all(isinstance(each, dict) for each in answers):
            raise garbled("leaves searches out")
        return answers

    def together(self, searches: Sequence[Mapping[str, Any]], limit: int) -> list[dict[str, Any]]:
        """The best hits of some searches, each with the best score that one of them gives it."""
        queries = [{"indexUid": self._index, **each} for each in searches]
        body = {"federation": {"limit": limit, "offset": 0}, "queries": queries}
        hits: list[dict[str, Any]] = _of(self._client.ask("POST", "/multi-search", body), "hits", list)
        return hits

    def _near(self, name: str, begun: str) -> Sequence[str]:
        body = {"facetName": name, "facetQuery": begun}
        found = _of(self._client.ask("POST", f"/indexes/{self._index}/facet-search", body), "facetHits", list)
        return [value for each in found if (value := _of(each, "value", str)).startswith(begun)]

    def _read(self, within: str) -> Sequence[FlatDocument]:
        asked = {"filter": within, "limit": LOOKED + 1, "attributesToRetrieve": [ID, SHOWN]}
        found = _of(self.several([asked])[0], "hits", list)
        return [FlatDocument(_of(each, ID, str), _texts(each), {}, {}, {}) for each in found]


def answer(request: SearchRequest, client: Client, index: str) -> SearchResults:
    """The answer to a request.

    Args:
        request: What is asked; its query and filter are good.
        client: The server.
        index: Name of the index.

    Raises:
        RefusalError: ``search.field``, ``search.page``, ``search.limit``, ``search.syntax`` or what
            :meth:`Client.ask` raises.
        AnswerError: the server refuses what it is asked.
    """
    order = _checked(request)
    engine = _Engine(client, index)
    tree = parse(request.query)
    made = engine.filters.of(tree), engine.filters.of(parse(request.filter, trusted=True))
    asked = _Asked(request, order, tree, all_of(made), parts_of(tree), even(tree))
    names = [facet(name) for name in dict.fromkeys(request.facets)]
    counting = {"filter": asked.within, "page": 1, "hitsPerPage": 0, "facets": names}
    if asked.even is not None or not order.scored:
        counts, found = engine.several([counting, _behind(asked)])
        hits = [_hit(each, asked.even or 0.0) for each in _of(found, "hits", list)]
        places = [(order.place(hit.score, hit.numbers, hit.id), hit) for hit in hits]
        total = _total(counts)
    else:
        (counts,) = engine.several([counting])
        total = _total(counts)
        places = _ranked(engine, asked, total)
    page, more = places[: order.size], len(places) > order.size
    token = order.token(page[-1][0]) if page and more else ""
    shown = _shown(engine, asked, [hit for _, hit in page])
    return SearchResults(shown, total, list(_facets(request, counts)), token)


def empty_answer(request: SearchRequest) -> SearchResults:
    """The answer of an index in which nothing is yet.

    Raises:
        RefusalError: ``search.field`` or ``search.page``.
    """
    _checked(request)
    return SearchResults(facets=[Facet(name) for name in request.facets])


def count_of(ids: Iterable[str], client: Client, index: str) -> int:
    """How many of some artifacts are indexed."""
    known = [each for each in ids if is_id(each)]
    if not known:
        return 0
    listed = ", ".join(f'"{each}"' for each in known)
    asked = {"filter": f"{ID} IN [{listed}]", "page": 1, "hitsPerPage": 0}
    return _total(_Engine(client, index).several([asked])[0])


def _checked(request: SearchRequest) -> Order:
    order = Order(request)
    for name in request.facets:
        if name not in EXACT_FACETS:
            raise RefusalError(
                f"{name[:80]!r} cannot be counted", "search.field", hint=nearest(name, EXACT_FACETS)
            )
    if order.after is not None and not is_id(order.after[1]):
        raise RefusalError("the page token is none", "search.page", hint="use next_token as it is")
    return order


def _behind(asked: _Asked) -> dict[str, Any]:
    """The search for the hits behind the page before, in their order: all of it is the server's work."""
    order = asked.order
    keys = [(number(each.key), each.descending) for each in order.sort if each.key != "relevance"]
    within = asked.within
    if order.after is not None:
        signed, last = order.after
        values = [value for value, each in zip(signed, order.sort, strict=True) if each.key != "relevance"]
        known = [-value if down else value for value, (_, down) in zip(values, keys, strict=True)]
        within = all_of(
            [within, _after([*keys, *((name, False) for name in PLACES)], [*known, *places_of(last)])]
        )
    names = [number(each.key) for each in order.sort if each.key != "relevance"]
    return {
        "filter": within,
        "sort": [
            *(f"{name}:{'desc' if down else 'asc'}" for name, down in keys),
            *(f"{name}:asc" for name in PLACES),
        ],
        "limit": order.size + 1,
        "attributesToRetrieve": [ID, *names, *_wanted(asked)],
    }


def _after(keys: Sequence[tuple[str, bool]], values: Sequence[float]) -> str:
    """What stands behind some values: by the first of them that differs."""
    found, same = [], list[str]()
    for (name, down), value in zip(keys, values, strict=True):
        figure = format(Decimal(repr(value)), "f")
        found.append(all_of([*same, f"{name} {'<' if down else '>'} {figure}"]))
        same.append(f"{name} = {figure}")
    return any_of(found)


def _ranked(engine: _Engine, asked: _Asked, total: int) -> list[tuple[Place, _Hit]]:
    """The hits of the page by relevance, and one more if there is one."""
    order = asked.order
    alone = order.by_relevance and len(order.sort) == 1
    if not alone and total > RANKED:
        raise RefusalError(
            f"{total:,} hits cannot be sorted by relevance together with something else",
            "search.limit",
            hint=f"ask for up to {RANKED:,}, or sort by relevance alone",
        )
    searches = _searches(engine, asked)
    limit = 2 * order.size + _SPARE if alone else RANKED
    while True:
        limit = min(limit, RANKED)
        hits = [_hit(each) for each in engine.together(searches, limit)]
        places = sorted(
            ((order.place(hit.score, hit.numbers, hit.id), hit) for hit in hits), key=lambda each: each[0]
        )
        left = [each for each in places if order.after is None or each[0] > order.after]
        if len(hits) < limit or limit >= total:
            return left
        last = min(hit.score for hit in hits)
        settled = sum(hit.score > last for _, hit in left)
        if settled > order.size:
            return left
        if limit == RANKED:
            if len(left) <= order.size and order.after is not None:
                raise RefusalError(
                    f"pages by relevance end behind {RANKED:,} hits",
                    "search.limit",
                    hint="ask for less, or sort by a field: created, for example",
                )
            return left
        limit *= _MORE


def _searches(engine: _Engine, asked: _Asked) -> list[dict[str, Any]]:
    """One search for each part that ranks, and one that finds what no part does."""
    names = [number(each.key) for each in asked.order.sort if each.key != "relevance"]
    retrieved = [ID, *names, *_wanted(asked)]
    found = [
        {
            **ranked_by(part, asked.within, engine.filters),
            "attributesToRetrieve": retrieved,
            "federationOptions": {"weight": part.weight},
        }
        for part in asked.parts
    ]
    rest = {"q": "", "filter": asked.within, "attributesToRetrieve": retrieved}
    return [*found, {**rest, "federationOptions": {"weight": 0.0}}]


def _wanted(asked: _Asked) -> list[str]:
    return [SHOWN] if asked.request.highlight else []


def _shown(engine: _Engine, asked: _Asked, hits: list[_Hit]) -> list[SearchHit]:
    request = asked.request
    reasons = _explained(engine, asked, hits) if request.explain and hits else {}
    found = []
    for hit in hits:
        marked = highlights(asked.tree, hit.texts) if request.highlight else []
        whole, reason = hit.score, ""
        if request.explain:
            given = reasons.get(hit.id, [])
            if not asked.order.scored:
                whole = max((own for own, _ in given), default=0.0)
            told = ", ".join(f"{own:.2f} {name}" for own, name in given)
            reason = (
                f"{whole:.2f} = {'the most of ' if len(given) > 1 else ''}{told or 'nothing that counts'}"
            )
        found.append(SearchHit(hit.id, whole, marked, reason))
    return found


def _explained(engine: _Engine, asked: _Asked, hits: list[_Hit]) -> dict[str, list[tuple[float, str]]]:
    """What each part of the query gives each hit, the most first."""
    if not asked.parts:
        return {}
    listed = ", ".join(f'"{hit.id}"' for hit in hits)
    within = all_of([asked.within, f"{ID} IN [{listed}]"])
    searches = [
        {
            **ranked_by(part, within, engine.filters),
            "attributesToRetrieve": [ID],
            "showRankingScore": True,
            "limit": len(hits),
        }
        for part in asked.parts
    ]
    reasons: dict[str, list[tuple[float, str]]] = {}
    for part, found in zip(asked.parts, engine.several(searches), strict=True):
        for each in _of(found, "hits", list):
            score = part.weight * _number(each, "_rankingScore")
            reasons.setdefault(_of(each, ID, str), []).append((score, part.name))
    for given in reasons.values():
        given.sort(key=lambda each: (-each[0], each[1]))
    return reasons


def _facets(request: SearchRequest, counts: dict[str, Any]) -> Iterable[Facet]:
    told = _of(counts, "facetDistribution", dict) if request.facets else {}
    for name in request.facets:
        values: Counter[str] = Counter()
        for value, count in _of(told, facet(name), dict).items() if facet(name) in told else ():
            if type(count) is not int or count < 0:
                raise garbled("counts with what is no number")
            values[counted_value(value)] += count
        yield Facet(name, counted(values))


def _hit(data: Any, score: float | None = None) -> _Hit:
    if score is None:
        score = _number(_of(data, "_federation", dict), "weightedRankingScore")
    prefix = number("")
    figures = {name.removeprefix(prefix): _number(data, name) for name in data if name.startswith(prefix)}
    artifact_id = _of(data, ID, str)
    if not is_id(artifact_id):
        raise garbled("has a hit that is no artifact")
    return _Hit(artifact_id, score, figures, _texts(data) if SHOWN in data else {})


def _texts(data: Any) -> dict[str, str]:
    try:
        found = json.loads(_of(data, SHOWN, str))
    except ValueError:
        raise garbled("has a hit without its texts") from None
    if not isinstance(found, dict) or not all(isinstance(found.get(name, ""), str) for name in SEARCHED):
        raise garbled("has a hit without its texts")
    return {name: found.get(name, "") for name in SEARCHED}


def _total(counts: dict[str, Any]) -> int:
    total = _of(counts, "totalHits", int)
    if total < 0:
        raise garbled("counts with what is no number")
    return int(total)


def _number(data: Any, name: str) -> float:
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise garbled(f"has no number {name}")
    return float(value)


def _of(data: Any, name: str, kind: type) -> Any:
    """A member of an answer.

    Raises:
        RefusalError: rule ``search.answer``: it is not there, or of another kind.
    """
    value = data.get(name) if isinstance(data, dict) else None
    if type(value) is not kind:
        raise garbled(f"has no {name}")
    return value
