"""Answer one search from an index."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from hyperhost.contracts import Facet, FacetValue, SearchHit, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.query import (
    EXACT_FACETS,
    And,
    Boost,
    Compare,
    Everything,
    Exact,
    Node,
    Not,
    Or,
    Order,
    Place,
    highlights,
    nearest,
    parse,
    to_text,
)

from .evaluating import documents, known, scores
from .schema import SEPARATOR
from .segments import first_of, ids_of, numbers_of, values_of

__all__ = ["answer"]


_Part = tuple[Any, Sequence[int], Sequence[float]]
"""What was found in a segment: its searcher, the numbers of the documents, their scores."""
_Hit = tuple[Any, int, float]
"""One document that was found."""


def answer(request: SearchRequest, searcher: Any) -> SearchResults:
    """The answer to a request.

    Args:
        request: What is asked; its query and filter are good.
        searcher: Whoosh's; ``None`` for an index that is empty yet.

    Raises:
        RefusalError: ``search.field`` or ``search.page``.
    """
    order = Order(request)
    for name in request.facets:
        if name not in EXACT_FACETS:
            raise RefusalError(
                f"{name[:80]!r} cannot be counted", "search.field", hint=nearest(name, EXACT_FACETS)
            )
    if searcher is None:
        return SearchResults(facets=[Facet(name) for name in request.facets])
    tree, condition = parse(request.query), parse(request.filter, trusted=True)
    scored = order.scored or request.explain
    found = _find(tree, condition, searcher, scored=scored)
    page, token = _page(found, order)
    hits = [_hit(request, tree, place, each) for place, each in page]
    facets = [_facet(name, found) for name in request.facets]
    return SearchResults(hits, sum(len(numbers) for _, numbers, _ in found), facets, token)


def _find(tree: Node, condition: Node, searcher: Any, *, scored: bool) -> list[_Part]:
    """Everything that fits."""
    found: list[_Part] = []
    for part, _ in searcher.leaf_searchers():
        if not part.doc_count_all():
            continue  # of an index without segments whoosh has no columns
        within = None if isinstance(condition, Everything) else documents(condition, part)
        if scored:
            ranked = scores(tree, part, within)
            found.append((part, list(ranked), list(ranked.values())))
        else:
            numbers = documents(tree, part)
            numbers = numbers if within is None else numbers & within
            found.append((part, list(numbers), [0.0] * len(numbers)))
    return found


def _page(found: list[_Part], order: Order) -> tuple[list[tuple[Place, _Hit]], str]:
    """The hits of the page, and the token of the next one."""
    places = dict(_places(_promising(found, order), order))
    page, token = order.page(places)
    return [(place, places[place]) for place in page], token


def _promising(found: list[_Part], order: Order) -> list[_Part]:
    """Of a search by relevance alone, the documents that can be on the page.

    Thousands may have one score, as all that begin with a letter do; of these ids decide.
    """
    if not order.by_relevance or len(order.sort) > 1:
        return found
    most, last = (-order.after[0][0], order.after[1].encode()) if order.after else (math.inf, b"")
    wanted = order.size + 1
    if not order.after and sum(len(numbers) for _, numbers, _ in found) <= wanted:
        return found
    ranks = heapq.nlargest(wanted, (rank for _, _, own in found for rank in _best(own, most, wanted)))
    least = ranks[-1] if len(ranks) == wanted else -math.inf
    kept: list[_Part] = []
    for part, numbers, own in found:
        even = _is_even(own)
        chosen = [pair for pair in zip(numbers, own, strict=True) if least < pair[1] < most]
        for rank, behind in ((least, b""), (most, last)):
            if even:
                tied: Sequence[int] = numbers if own[0] == rank else ()
            else:
                tied = [number for number, each in zip(numbers, own, strict=True) if each == rank]
            chosen += [(number, rank) for number in first_of(part.reader(), tied, behind, wanted)]
        kept.append((part, [number for number, _ in chosen], [rank for _, rank in chosen]))
    return kept


def _is_even(own: Sequence[float]) -> bool:
    """Whether all scores are the same, as of beginnings."""
    return bool(own) and min(own) == max(own)


def _best(own: Sequence[float], most: float, wanted: int) -> Sequence[float]:
    """Scores below one, as far as they can be among the best."""
    if _is_even(own):
        return own[:wanted] if own[0] < most else ()
    return own if most == math.inf else [rank for rank in own if rank < most]


def _places(found: list[_Part], order: Order) -> Iterator[tuple[Place, _Hit]]:
    keys = [each.key for each in order.sort if each.key != "relevance"]
    for part, numbers, ranks in found:
        reader = part.reader()
        ids = ids_of(reader, len(numbers))
        columns = {key: numbers_of(reader, key) for key in keys}
        for number, score in zip(numbers, ranks, strict=True):
            own = {key: known(values[number]) for key, values in columns.items()}
            yield order.place(score, own, ids[number].decode()), (part, number, score)


def _hit(request: SearchRequest, tree: Node, place: Place, found: _Hit) -> SearchHit:
    part, number, score = found
    marked = highlights(tree, part.stored_fields(number)["shown"]) if request.highlight else []
    explanation = _explained(tree, found) if request.explain else ""
    return SearchHit(place[1], score, marked, explanation)


def _explained(tree: Node, found: _Hit) -> str:
    """Which parts of a query made the score, as ``2.10 auth + 0.50 name:o*``."""
    part, number, score = found
    parts = []
    for leaf, factor in _leaves(tree, 1.0):
        own = scores(leaf, part, {number}, factor).get(number)
        if own:
            parts.append(f"{own:.2f} {to_text(leaf)}{f'^{factor:g}' if factor != 1 else ''}")
    return f"{score:.2f} = {' + '.join(parts) or 'nothing that counts'}"


def _leaves(node: Node, factor: float) -> Iterator[tuple[Node, float]]:
    """The parts of a query that count towards the score."""
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from _leaves(item, factor)
        case Boost(item, own):
            yield from _leaves(item, factor * own)
        case Not() | Everything() | Exact() | Compare():
            return
        case _:
            yield node, factor


def _facet(name: str, found: list[_Part]) -> Facet:
    """How many of all hits have each value, the most frequent first."""
    raw: Counter[bytes] = Counter()
    for part, numbers, _ in found:
        raw.update(map(values_of(part.reader(), name).__getitem__, numbers))
    counts: Counter[str] = Counter()
    for joined, count in raw.items():
        for value in joined.decode().split(SEPARATOR) if joined else ():
            counts[value] += count
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return Facet(name, [FacetValue(value, count) for value, count in ordered])
