"""The operations ``search`` and ``query``: what may be found, what was meant, who ranks it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    Artifact,
    Principal,
    Resource,
    SearchDocument,
    SearchHit,
    SearchMode,
    SearchRequest,
    SearchResults,
    SearchSort,
)
from hyperhost.errors import (
    ProviderConflictError,
    ProviderMissingError,
    QuerySyntaxError,
    RefusalError,
)
from hyperhost.query import EXACT_FACETS, Everything, Node, both, flat, matches, nearest, parse, to_text
from hyperhost.query.owners import Owners

from .guessing import guessed, written
from .ranking import ranked, rewritten, shown_to_facets, with_facets
from .refusals import invalid, no_engine, of_engine, of_query
from .requests import Found, FoundArtifact, Query, Search

if TYPE_CHECKING:
    import hyperhost

    from .follower import Follower

__all__ = ["Searching"]

_GUESS: Final = "g."
"""How page tokens begin of searches that were answered with words that are nearly right."""
_TRIES: Final = 5
"""Rebuilds that may take the place of the index while one search is answered."""
_NEWEST: Final = SearchSort("created")


class Searching:
    """Searches.

    Args:
        context: What the host says of itself.
        follower: Brings the index to where the store is.
    """

    def __init__(self, context: hyperhost.PluginContext, follower: Follower) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._follower = follower

    def search(self, principal: Principal, asked: Search) -> Found:
        """Find artifacts by words.

        Raises:
            RefusalError: a query, a token or a sort key is none; there is no engine, or it fails.
        """
        allowed = self._allowed(principal)
        words = _read("query", asked.query)
        _check_facets(asked.facets)
        condition = both(_read("filter", asked.filter), allowed)
        by_words = asked.mode is SearchMode.KEYWORD
        guess = by_words and asked.token.startswith(_GUESS)
        request = SearchRequest(
            asked.query,
            to_text(condition),
            asked.sort,
            asked.facets,
            asked.size,
            asked.token.removeprefix(_GUESS) if guess else asked.token,
            asked.highlight,
            asked.explain,
            asked.mode,
        )

        def answer() -> Found:
            found = Found() if guess else self._answered(request, allowed)
            if found.total or (asked.token and not guess) or not by_words:
                return found
            nearly = guessed(words)
            text = None if nearly is None else written(nearly)
            if text is None:
                return found
            other = self._answered(dataclasses.replace(request, query=text), allowed)
            token = _GUESS + other.next_token if other.next_token else ""
            return dataclasses.replace(other, next_token=token) if other.total else found

        found = self._seen(principal, self._with_engine(answer))
        if by_words:
            return found
        with suppress(ProviderMissingError, ProviderConflictError, RefusalError):  # a query without words
            found = dataclasses.replace(found, behind=self._hook.semantic_status().behind)
        return found

    def query(self, principal: Principal, asked: Query) -> Found:
        """List artifacts by a filter, in the order of a field; nothing is ranked.

        Raises:
            RefusalError: as :meth:`search`.
        """
        allowed = self._allowed(principal)
        _check_facets(asked.facets)
        condition = both(_read("filter", asked.filter), allowed)
        request = SearchRequest(
            "", to_text(condition), asked.sort or [_NEWEST], asked.facets, asked.size, asked.token
        )
        found = self._with_engine(lambda: self._found(self._hook.search_query(request=request), allowed))
        return self._seen(principal, found)

    def _seen(self, principal: Principal, found: Found) -> Found:
        """An answer without hits that the principal must not see, where a filter could not say so."""
        resources = [
            Resource(
                "artifact",
                each.id,
                each.namespace,
                each.visibility,
                "?",
                each.state.value,
                f"{each.namespace}/{each.name}@{each.version}",
            )
            for each in (hit.artifact for hit in found.hits)
        ]
        try:
            shown = self._hook.access_visible(principal=principal, resources=resources)
        except ProviderConflictError:
            raise
        except ProviderMissingError:
            return found
        return dataclasses.replace(found, hits=list(compress(found.hits, shown)))

    def _allowed(self, principal: Principal) -> Node:
        """What a principal may find: all that it may list, as far as no plugin says anything else."""
        allowed: Node = Everything()
        for condition in self._hook.search_restrict(principal=principal):
            allowed = both(allowed, parse(condition, trusted=True))
        return allowed

    def _with_engine(self, answer: Callable[[], Found]) -> Found:
        """An answer of the engine, whose index is where the store is; built anew when it is damaged."""
        try:
            try:
                return self._up_to_date(answer)
            except RefusalError as refusal:
                if refusal.rule != "search.damaged":
                    raise
                self._context.log("warning", f"{refusal.reason}; it is built anew")
                self._follower.rebuild()
                return self._up_to_date(answer)
        except (ProviderMissingError, ProviderConflictError) as error:
            raise no_engine(error) from error
        except RefusalError as refusal:
            raise of_engine(refusal) if refusal.rule.startswith("search.") else refusal from refusal

    def _up_to_date(self, answer: Callable[[], Found]) -> Found:
        """An answer in which nothing is missing that was acknowledged before it was asked for."""
        for _ in range(_TRIES):
            reached = self._follower.catch_up()
            found = answer()
            if not self._follower.fell_back(reached):
                break
        return found

    def _answered(self, asked: SearchRequest, allowed: Node) -> Found:
        request = rewritten(self._hook, asked, self._context.fault)

        ask = self._ask
        if request.mode is not SearchMode.KEYWORD:
            from .blending import Blending

            owners = Owners(self._context.trusted)
            ask = Blending(self._hook, self._ask, self._context.fault, owners).answer

        results = ranked(self._hook, request, ask, self._context.fault)
        best = shown_to_facets(self._hook, request, ask)
        if best is not None:
            results = with_facets(self._hook, request, results, best)
        return dataclasses.replace(self._found(results, allowed), query=request.query)

    def _ask(self, request: SearchRequest) -> SearchResults:
        results: SearchResults = self._hook.search_query(request=request)
        return results

    def _found(self, results: SearchResults, allowed: Node) -> Found:
        """An answer with the artifacts as they are now."""
        owners = Owners(self._context.trusted)
        hits = [found for hit in results.hits if (found := self._artifact(hit, allowed, owners)) is not None]
        return Found(hits, results.total, results.facets, results.next_token)

    def _artifact(self, hit: SearchHit, allowed: Node, owners: Owners) -> FoundArtifact | None:
        """The artifact of a hit; ``None`` when it is gone meanwhile, or not to be seen any more."""
        artifact: Artifact | None = self._hook.storage_get_artifact(artifact_id=hit.artifact_id)
        if artifact is None:
            return None
        if not isinstance(allowed, Everything):
            document = SearchDocument(artifact, owner=owners.of(artifact))
            if not matches(allowed, flat(document)):
                return None
        return FoundArtifact(artifact, hit.score, hit.highlights, hit.explanation)


def _check_facets(names: list[str]) -> None:
    """Return if all of them can be counted.

    Raises:
        RefusalError: one cannot.
    """
    for name in names:
        if name not in EXACT_FACETS:
            raise invalid("facets", "field", f"{name[:80]!r} cannot be counted", nearest(name, EXACT_FACETS))


def _read(field: str, text: str) -> Node:
    """The tree of an argument.

    Raises:
        RefusalError: it is none.
    """
    try:
        return parse(text)
    except QuerySyntaxError as error:
        raise of_query(field, error) from None
