"""Searching by meaning, and by words and meaning together (reciprocal-rank fusion).

What has the words, what has them in its name, and what means the same are three lists. An artifact at rank
``r`` of a list is worth ``1 / (60 + r)`` there, half of that in the first, and the sum decides: no score of
one list has to be compared with a score of another.
What may not be seen, or does not fit the filter, is in none: the engine filters its own hits, and those
that are found by meaning are looked at one by one, as they are in the store now.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import Facet, SearchHit, SearchMode, SearchRequest, SearchResults
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError
from hyperhost.query import (
    Everything,
    FlatDocument,
    Node,
    Order,
    Place,
    both,
    flat,
    highlights,
    matches,
    parse,
    to_text,
    words,
)
from hyperhost.query.following import document_of
from hyperhost.query.owners import Owners

from .facets import joined
from .guessing import written
from .meaning import Meant, corrected, meant, nearest_word
from .ranking import Fault
from .refusals import invalid, no_meaning

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Blending"]

_K: Final = 60
_OF_WORDS, _OF_NAME, _OF_MEANING = 0.5, 1.0, 1.0
"""How much the lists count. What has all words in its name stands in the first list, too."""
_WORDS: Final = 1000
"""Hits by words whose ranks count; what comes behind them follows in their order."""
_NAMED: Final = 100
"""Hits by name whose ranks count."""
_SPELLED: Final = 50
"""Hits that are looked at for the word that was meant by one that stands nowhere."""
_NEAREST: Final = 100
"""Hits by meaning."""
_LOOKED_AT: Final = 300
"""Hits by meaning of which those are taken that fit the filter, before the engine is asked what does."""
_MOST: Final = 1000
_HYBRID: Final = "h."
_BEHIND: Final = "k."
_SEMANTIC: Final = "s."
"""How page tokens begin: of the hits of both lists, of those behind them, of hits by meaning alone."""

Ask = Callable[[SearchRequest], SearchResults]


@dataclass(frozen=True, slots=True)
class _Near:
    """An artifact that was found by meaning."""

    rank: int
    cosine: float
    document: FlatDocument


class Blending:
    """Answers searches by meaning.

    Args:
        hook: The host's hooks.
        ask: Asks the engine that searches by words.
        fault: Told of answers that cannot be used.
        owners: Whom artifacts belong to: whoever owns something finds it.
    """

    def __init__(self, hook: HookRelay, ask: Ask, fault: Fault, owners: Owners) -> None:
        self._hook: Any = hook
        self._owners = owners
        self._ask = ask
        self._fault = fault

    def answer(self, request: SearchRequest) -> SearchResults:
        """The answer to a request of the mode ``semantic`` or ``hybrid``.

        Raises:
            RefusalError: there is nothing to compare meanings by, or the request cannot be answered so.
        """
        if not Order(dataclasses.replace(request, token="")).by_relevance or len(request.sort) > 1:
            raise invalid(
                "sort",
                "mode",
                f"{request.mode} hits are ordered by relevance",
                "search by keyword to sort them",
            )
        found = meant(parse(request.query))
        if not found.text.strip():
            if request.mode is SearchMode.HYBRID:
                return self._ask(dataclasses.replace(request, mode=SearchMode.KEYWORD))
            raise invalid("query", "words", "there are no words whose meaning could be looked for")
        if request.mode is SearchMode.SEMANTIC:
            return self._semantic(request, found)
        return self._hybrid(request, found)

    def _semantic(self, request: SearchRequest, asked: Meant) -> SearchResults:
        near = self._near(request, asked)
        order = Order(dataclasses.replace(request, token=_without(_SEMANTIC, request.token)))
        page, token = _page(order, {key: each.cosine for key, each in near.items()})
        hits = [SearchHit(key, near[key].cosine, explanation=_by_meaning(near[key])) for _, key in page]
        documents = [each.document for each in near.values()]
        return SearchResults(
            self._finished(request, asked.words, hits, near),
            len(near),
            joined([Facet(name) for name in request.facets], documents),
            _SEMANTIC + token if token else "",
        )

    def _hybrid(self, request: SearchRequest, typed: Meant) -> SearchResults:
        asked = corrected(typed, self._speller(request))
        text = written(asked.words)
        if text is None:
            asked, text = typed, request.query
        near = self._near(request, asked, typed.text)
        plain = dataclasses.replace(
            request, query=text, size=_WORDS, token="", highlight=False, mode=SearchMode.KEYWORD
        )
        if request.token.startswith(_BEHIND):
            token = request.token.removeprefix(_BEHIND)
            rest = self._ask(dataclasses.replace(plain, size=request.size, token=token))
            hits = [
                dataclasses.replace(hit, score=_worth(_OF_WORDS, _WORDS + 1), explanation=_by_words(0, hit))
                for hit in rest.hits
                if hit.artifact_id not in near
            ]
            following = _BEHIND + rest.next_token if rest.next_token else ""
        else:
            order = Order(dataclasses.replace(request, token=_without(_HYBRID, request.token)))
            rest = self._ask(plain)
            made = _fused(rest.hits, self._named(plain, asked), near)
            page, token = _page(order, {key: hit.score for key, hit in made.items()})
            hits = [made[key] for _, key in page]
            following = _BEHIND + rest.next_token if rest.next_token else ""
            following = _HYBRID + token if token else following
        query = asked.words
        more = [each.document for each in near.values() if not matches(query, each.document)]
        hits = self._finished(request, query, hits, near)
        return SearchResults(hits, rest.total + len(more), joined(rest.facets, more), following)

    def _named(self, plain: SearchRequest, asked: Meant) -> list[str]:
        """Ids of those that have all words in their names, the best first."""
        text = written(asked.name)
        if text is None:
            return []
        named = dataclasses.replace(plain, query=text, size=_NAMED, facets=[], explain=False)
        return [hit.artifact_id for hit in self._ask(named).hits]

    def _near(self, request: SearchRequest, asked: Meant, typed: str = "") -> dict[str, _Near]:
        """What is near by meaning, may be seen, and fits: by id, the nearest first.

        Args:
            request: The search.
            asked: Its query.
            typed: Its words as they were typed; empty for those of the query.
        """
        texts = list(dict.fromkeys((asked.text, typed or asked.text)))
        condition = both(asked.condition, parse(request.filter, trusted=True))
        if isinstance(condition, Everything):
            return self._fitting(self._nearest(texts, _NEAREST, []), condition)
        hits = self._nearest(texts, _LOOKED_AT, [])
        found = self._fitting(hits, condition)
        if len(found) >= _NEAREST or len(hits) < _LOOKED_AT:
            return found
        # Few of the nearest fit. Those that do are compared with each other, unless they are many.
        fitting = self._ask(SearchRequest("", to_text(condition), size=_MOST))
        among = [] if fitting.next_token else [hit.artifact_id for hit in fitting.hits]
        if not among and not fitting.next_token:
            return {}
        return self._fitting(self._nearest(texts, _MOST, among), condition)

    def _nearest(self, texts: list[str], size: int, among: list[str]) -> dict[str, float]:
        """Cosines by id, the nearest first; of several texts the nearest counts.

        Raises:
            RefusalError: nothing answers, or what does cannot.
        """
        try:
            lists = [self._hook.semantic_search(text=text, size=size, among=among) for text in texts]
        except (ProviderMissingError, ProviderConflictError) as error:
            raise no_meaning(error.message, error.hint) from error
        except RefusalError as refusal:
            raise no_meaning(refusal.reason, refusal.hint, refusal.plugin) from refusal
        found: dict[str, float] = {}
        for hits in lists:
            seen: set[str] = set()
            for hit in hits:
                if not math.isfinite(hit.score) or hit.artifact_id in seen:
                    problem = f"answers {hit.artifact_id[:80]!r} twice, or with a score that is no number"
                    self._fault("semantic_search", ValueError(problem), "")
                    continue
                seen.add(hit.artifact_id)
                found[hit.artifact_id] = max(hit.score, found.get(hit.artifact_id, -1.0))
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:size])

    def _fitting(self, hits: dict[str, float], condition: Node) -> dict[str, _Near]:
        found: dict[str, _Near] = {}
        for key, cosine in hits.items():
            document = document_of(self._hook, key, 0, self._owners)
            if document is not None and matches(condition, seen := flat(document)):
                found[key] = _Near(len(found) + 1, cosine, seen)
                if len(found) == _NEAREST:
                    break
        return found

    def _speller(self, request: SearchRequest) -> Callable[[str], str]:
        """Says what a word is taken for that stands nowhere in what may be seen."""

        def meant_by(word: str) -> str:
            if self._ask(SearchRequest(word, request.filter, size=1)).total:
                return word
            near = self._ask(SearchRequest(f"{word}~2", request.filter, size=_SPELLED, highlight=True))
            marks = (mark for hit in near.hits for mark in hit.highlights)
            return nearest_word(
                word, (each for mark in marks for each in words(mark.text[mark.start : mark.end]))
            )

        return meant_by

    def _finished(
        self, request: SearchRequest, query: Node, hits: list[SearchHit], near: dict[str, _Near]
    ) -> list[SearchHit]:
        """Hits with highlights and explanations, as far as they were asked for."""
        if not request.explain:
            hits = [dataclasses.replace(hit, explanation="") for hit in hits]
        if not request.highlight:
            return hits
        made = []
        for hit in hits:
            there = near.get(hit.artifact_id)
            if there is not None:
                document: FlatDocument | None = there.document
            else:
                found = document_of(self._hook, hit.artifact_id, 0)
                document = None if found is None else flat(found)
            marks = [] if document is None else highlights(query, document.texts)
            made.append(dataclasses.replace(hit, highlights=marks))
        return made


def _fused(by_words: list[SearchHit], named: list[str], near: dict[str, _Near]) -> dict[str, SearchHit]:
    """All lists as one, in no order."""
    made: dict[str, SearchHit] = {}
    places = {key: rank for rank, key in enumerate(named, 1)}
    for rank, hit in enumerate(by_words, 1):
        score, said = _worth(_OF_WORDS, rank), [_by_words(rank, hit)]
        if (place := places.get(hit.artifact_id)) is not None:
            score += _worth(_OF_NAME, place)
            said.append(f"rank {place} by name")
        there = near.get(hit.artifact_id)
        score += 0.0 if there is None else _worth(_OF_MEANING, there.rank)
        said.append("not near by meaning" if there is None else _by_meaning(there))
        told = f"hybrid {score:.4f}: {'; '.join(said)}"
        made[hit.artifact_id] = dataclasses.replace(hit, score=score, explanation=told)
    for key, each in near.items():
        if key not in made:
            score = _worth(_OF_MEANING, each.rank)
            told = f"hybrid {score:.4f}: not found by words; {_by_meaning(each)}"
            made[key] = SearchHit(key, score, explanation=told)
    return made


def _page(order: Order, scores: dict[str, float]) -> tuple[list[Place], str]:
    """Hits of a page and the token of the next one.

    Ranks shift when artifacts come and go, and scores with them, so it goes on behind the last hit wherever
    that stands now; behind where it stood when it is gone.
    """
    if order.after is not None and (last := order.after[1]) in scores:
        order.after = order.place(scores[last], {}, last)
    return order.page(order.place(score, {}, key) for key, score in scores.items())


def _worth(weight: float, rank: int) -> float:
    """What a rank of a list is worth; first of all lists is 1."""
    return weight * (_K + 1) / (_OF_WORDS + _OF_NAME + _OF_MEANING) / (_K + rank)


def _by_words(rank: int, hit: SearchHit) -> str:
    place = f"rank {rank}" if rank else f"behind rank {_WORDS:,}"
    return f"{place} by words, score {hit.score:.3g}" + (f" ({hit.explanation})" if hit.explanation else "")


def _by_meaning(each: _Near) -> str:
    return f"rank {each.rank} by meaning, cosine {each.cosine:.3f}"


def _without(prefix: str, token: str) -> str:
    """The token of a list.

    Raises:
        RefusalError: rule ``search.page``: it is one of another list.
    """
    if token and not token.startswith(prefix):
        raise RefusalError(
            "the page token belongs to another search", "search.page", hint="use it with the same mode"
        )
    return token.removeprefix(prefix)
