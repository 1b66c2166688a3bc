"""Hooks of search: the service ``search`` that answers queries, and the plugins that rank.

Exactly one provider answers the service (``[providers]`` in ``hyperhost.toml``). Rewriting,
reranking and facets belong to no service: every plugin may take part, and one that faults is left
out while the search goes on.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.search import (
    Facet,
    RankAdjustment,
    SearchDocument,
    SearchHit,
    SearchIndexState,
    SearchRequest,
    SearchResults,
)
from hyperhost.contracts.types import U32
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["SearchHooks"]


class SearchHooks(Protocol):
    """The service ``search`` and the rank hooks."""

    @hookspec(service="search", firstresult=True)
    def search_index(self, documents: list[SearchDocument]) -> U32:
        """Add documents to the index, or replace those of the same artifact.

        All of them or, after a fault, any part of them: indexing the same documents again is
        harmless, and the caller does so.

        Args:
            documents: In order of ``sequence``; of two for one artifact the later counts.

        Returns:
            How many artifacts were added or replaced.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType, SearchDocument
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                def __init__(self) -> None:
                    self.documents: dict[str, SearchDocument] = {}

                @hookimpl
                def search_index(self, documents: list[SearchDocument]) -> int:
                    latest = {document.artifact.id: document for document in documents}
                    self.documents |= latest
                    return len(latest)

            host.register(InMemory())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.PLUGIN, "1.0.0")
            assert host.hook.search_index(documents=[SearchDocument(auth)]) == 1
            ```
        """
        ...

    @hookspec(service="search", firstresult=True)
    def search_remove(self, artifact_ids: list[str]) -> U32:
        """Take artifacts out of the index.

        After a fault any part of them is gone; the caller asks again.

        Args:
            artifact_ids: In no order. Ids that are not indexed are no error.

        Returns:
            How many were there.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                documents = {"a1", "a2"}

                @hookimpl
                def search_remove(self, artifact_ids: list[str]) -> int:
                    gone = self.documents.intersection(artifact_ids)
                    self.documents -= gone
                    return len(gone)

            host.register(InMemory())
            assert host.hook.search_remove(artifact_ids=["a1", "a9"]) == 1
            ```
        """
        ...

    @hookspec(service="search", firstresult=True, raises=RefusalError)
    def search_query(self, request: SearchRequest) -> SearchResults:
        """Answer one search.

        A fault ends the search. What the caller may not read is filtered by ``request.filter``,
        which the registry extends before it asks; a provider never shows what the filter excludes,
        nor counts it.

        Args:
            request: What to search for, in the query language.

        Returns:
            Hits in the order asked for, best first when no order is, ties by artifact id.

        Raises:
            RefusalError: rule ``search.syntax`` (the reason points at the character),
                ``search.field`` (an unknown field, naming the nearest) or ``search.page``.

        Example:
            ```python
            from hyperhost.contracts import SearchHit, SearchRequest, SearchResults
            from hyperhost.hookspecs import hookimpl

            names = {"a1": "auth", "a2": "billing", "a3": "oauth"}

            class Substring:
                @hookimpl
                def search_query(self, request: SearchRequest) -> SearchResults:
                    found = [
                        SearchHit(artifact_id, score=len(request.query) / len(name))
                        for artifact_id, name in names.items()
                        if request.query in name
                    ]
                    found.sort(key=lambda hit: (-hit.score, hit.artifact_id))
                    return SearchResults(found[: request.size], total=len(found))

            host.register(Substring())
            results = host.hook.search_query(request=SearchRequest("auth"))
            assert [hit.artifact_id for hit in results.hits] == ["a1", "a3"]
            ```
        """
        ...

    @hookspec(service="search", firstresult=True)
    def search_status(self) -> SearchIndexState:
        """Say how far the index is.

        A fault ends the operation that asked.

        Returns:
            Its size and the last change of the store that it reflects.

        Example:
            ```python
            from hyperhost.contracts import SearchIndexState
            from hyperhost.hookspecs import hookimpl

            class Empty:
                @hookimpl
                def search_status(self) -> SearchIndexState:
                    return SearchIndexState(documents=0, sequence=0)

            host.register(Empty())
            assert host.hook.search_status().documents == 0
            ```
        """
        ...

    @hookspec(firstresult=True, on_fault="skip")
    def search_rewrite_query(self, request: SearchRequest) -> SearchRequest | None:
        """Change a search before it is answered.

        Plugins are asked in order until one answers; the others are not asked. A fault counts as no
        answer. The filter of the original request holds whatever the answer says.

        Args:
            request: The search as it was asked.

        Returns:
            The search to answer instead, or ``None`` to leave it to the next plugin.

        Example:
            ```python
            import dataclasses

            from hyperhost.contracts import SearchRequest
            from hyperhost.hookspecs import hookimpl

            class Synonyms:
                @hookimpl
                def search_rewrite_query(self, request: SearchRequest) -> SearchRequest | None:
                    if request.query != "k8s":
                        return None
                    return dataclasses.replace(request, query="k8s OR kubernetes")

            host.register(Synonyms())
            assert host.hook.search_rewrite_query(request=SearchRequest("auth")) is None
            rewritten = host.hook.search_rewrite_query(request=SearchRequest("k8s"))
            assert rewritten.query == "k8s OR kubernetes"
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def search_rerank(self, request: SearchRequest, hits: list[SearchHit]) -> list[RankAdjustment]:
        """Move hits up or down.

        Every plugin sees the same hits; the boosts of all plugins are added to the score, and the
        hits are sorted anew. A plugin can therefore neither drop nor invent a hit: an adjustment of
        an id it was not shown, or a boost that is not finite, counts as a fault. A plugin that
        faults moves nothing.

        Args:
            request: The search as it was answered.
            hits: Best first; at most the 1,000 best.

        Returns:
            Adjustments in no order, at most one for each hit; hits without one keep their score.

        Example:
            ```python
            from hyperhost.contracts import RankAdjustment, SearchHit, SearchRequest
            from hyperhost.hookspecs import hookimpl

            class PreferOurs:
                @hookimpl
                def search_rerank(self, hits: list[SearchHit]) -> list[RankAdjustment]:
                    return [
                        RankAdjustment(hit.artifact_id, 0.5, "one of ours")
                        for hit in hits
                        if hit.artifact_id.startswith("acme-")
                    ]

            host.register(PreferOurs())
            hits = [SearchHit("x-1", 0.9), SearchHit("acme-2", 0.8)]
            [adjustments] = host.hook.search_rerank(request=SearchRequest("auth"), hits=hits)
            assert adjustments == [RankAdjustment("acme-2", 0.5, "one of ours")]
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def search_facets(self, request: SearchRequest, hits: list[SearchHit]) -> list[Facet]:
        """Offer facets beyond those of the provider.

        Every plugin is asked; of two facets of one name the first counts. A fault leaves the
        plugin's facets out.

        Args:
            request: The search as it was answered.
            hits: Best first; at most the 1,000 best.

        Returns:
            Facets in the order in which they should be shown, most frequent value first.

        Example:
            ```python
            from hyperhost.contracts import Facet, FacetValue, SearchHit, SearchRequest
            from hyperhost.hookspecs import hookimpl

            class Confidence:
                @hookimpl
                def search_facets(self, hits: list[SearchHit]) -> list[Facet]:
                    sure = sum(hit.score > 0.5 for hit in hits)
                    values = [FacetValue("sure", sure), FacetValue("unsure", len(hits) - sure)]
                    return [Facet("confidence", sorted(values, key=lambda value: -value.count))]

            host.register(Confidence())
            hits = [SearchHit("a1", 0.9), SearchHit("a2", 0.4), SearchHit("a3", 0.3)]
            [[facet]] = host.hook.search_facets(request=SearchRequest("auth"), hits=hits)
            assert facet.values[0] == FacetValue("unsure", 2)
            ```
        """
        ...
