"""Plugins around a search: they rewrite it, move hits up and down, and offer facets."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import RankAdjustment, SearchHit, SearchRequest, SearchResults
from hyperhost.query import Order, both, parse, to_text

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Fault", "ranked", "rewritten", "with_facets"]

_MOST: Final = 1000
"""Hits that rank plugins are shown."""
_WINDOW: Final = "w."
_BEHIND: Final = "p."
"""How page tokens begin: of the hits that were shown to rank plugins, and of those behind them."""
Fault = Callable[[str, BaseException, str], None]
"""Told of a hook whose answer cannot be used, why, and whose answer it is, as far as that is known."""


def rewritten(hook: HookRelay, request: SearchRequest, fault: Fault) -> SearchRequest:
    """The request as a plugin wants it answered; its filter holds, and so does its page."""
    answer: SearchRequest | None = hook.search_rewrite_query(request=request)
    if answer is None or answer == request:
        return request
    try:
        condition = to_text(both(parse(request.filter, trusted=True), parse(answer.filter)))
        parse(answer.query)
        changed = dataclasses.replace(
            answer, filter=condition, size=request.size, token=request.token, mode=request.mode
        )
        Order(dataclasses.replace(changed, token=""))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the search goes on without
        asked = _plugins(hook.search_rewrite_query)
        fault("search_rewrite_query", error, asked[0] if len(asked) == 1 else "")
        return request
    return changed


def ranked(
    hook: HookRelay, request: SearchRequest, ask: Callable[[SearchRequest], SearchResults], fault: Fault
) -> SearchResults:
    """The answer to a request, in the order that rank plugins give it.

    They move hits among the 1,000 best of a search by relevance; what comes behind those stays as it is.
    """
    token = request.token
    if not Order(dataclasses.replace(request, token="")).by_relevance or not _plugins(hook.search_rerank):
        return ask(request)
    if token.startswith(_BEHIND):
        results = ask(dataclasses.replace(request, token=token.removeprefix(_BEHIND)))
        return dataclasses.replace(results, next_token=_prefixed(_BEHIND, results.next_token))
    window = ask(dataclasses.replace(request, size=_MOST, token=""))
    order = Order(dataclasses.replace(request, token=token.removeprefix(_WINDOW)))
    hits = {hit.artifact_id: hit for hit in _moved(hook, request, window.hits, fault)}
    page, following = order.page(order.place(hit.score, {}, key) for key, hit in hits.items())
    behind = _prefixed(_WINDOW, following) or _prefixed(_BEHIND, window.next_token)
    return dataclasses.replace(window, hits=[hits[key] for _, key in page], next_token=behind)


def with_facets(
    hook: HookRelay, request: SearchRequest, results: SearchResults, best: list[SearchHit]
) -> SearchResults:
    """The answer with the facets of plugins behind those of the engine; of one name the first counts."""
    known = {facet.name: facet for facet in results.facets}
    for offered in hook.search_facets(request=request, hits=best):
        for facet in offered:
            known.setdefault(facet.name, facet)
    return dataclasses.replace(results, facets=list(known.values()))


def shown_to_facets(
    hook: HookRelay, request: SearchRequest, ask: Callable[[SearchRequest], SearchResults]
) -> list[SearchHit] | None:
    """The best hits, for plugins that offer facets; ``None`` when there are no such plugins."""
    if not _plugins(hook.search_facets):
        return None
    plain = dataclasses.replace(request, size=_MOST, token="", facets=[], highlight=False, explain=False)
    return ask(plain).hits


def _moved(hook: HookRelay, request: SearchRequest, hits: list[SearchHit], fault: Fault) -> list[SearchHit]:
    """Hits with the boosts of all plugins added to their scores."""
    boosts: dict[str, float] = {}
    reasons: dict[str, list[str]] = {}
    shown = {hit.artifact_id for hit in hits}
    answers = hook.search_rerank(request=request, hits=hits)
    asked = _plugins(hook.search_rerank)
    # Those that failed have no answer, and then it is not known which answer is whose.
    names = asked if len(asked) == len(answers) else [""] * len(answers)
    for name, adjustments in zip(names, answers, strict=True):
        try:
            _check(adjustments, shown)
        except ValueError as error:
            fault("search_rerank", error, name)
            continue
        for each in adjustments:
            boosts[each.artifact_id] = boosts.get(each.artifact_id, 0.0) + each.boost
            reasons.setdefault(each.artifact_id, []).append(f"{each.boost:+.2f} {each.reason or 'a plugin'}")
    if not request.explain:
        reasons = {}
    return [
        dataclasses.replace(
            hit,
            score=hit.score + boosts.get(hit.artifact_id, 0.0),
            explanation=", ".join([hit.explanation, *reasons.get(hit.artifact_id, ())]),
        )
        if hit.artifact_id in boosts
        else hit
        for hit in hits
    ]


def _check(adjustments: list[RankAdjustment], shown: set[str]) -> None:
    seen: set[str] = set()
    for each in adjustments:
        if each.artifact_id not in shown:
            raise ValueError(f"moves {each.artifact_id[:80]!r}, which it was not shown")
        if not math.isfinite(each.boost):
            raise ValueError(f"moves {each.artifact_id!r} by {each.boost}, which is no finite number")
        if each.artifact_id in seen:
            raise ValueError(f"moves {each.artifact_id!r} twice")
        seen.add(each.artifact_id)


def _plugins(caller: Any) -> list[str]:
    """Ids of the plugins that answer a hook, in the order in which they are asked."""
    found = [each.plugin_name for each in caller.get_hookimpls() if not (each.wrapper or each.hookwrapper)]
    return found[::-1]


def _prefixed(prefix: str, token: str) -> str:
    return prefix + token if token else ""
