"""Hooks of search: the service ``search`` that answers queries, and the plugins that rank.

Exactly one provider answers the service (``[providers]`` in ``hyperhost.toml``). Rewriting,
reranking and facets belong to no service: every plugin may take part, and one that faults is left
out while the search goes on.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.artifact import Artifact
from hyperhost.contracts.operations import Principal
from hyperhost.contracts.search import (
    Facet,
    RankAdjustment,
    SearchDocument,
    SearchHit,
    SearchIndexState,
    SearchRequest,
    SearchResults,
)
from hyperhost.contracts.types import U32, U64
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["SearchHooks"]


class SearchHooks(Protocol):
    """The service ``search`` and the rank hooks."""

    @hookspec(service="search", firstresult=True)
    def search_index(self, documents: list[SearchDocument]) -> U32:
        """Add documents to the index, or replace those of the same artifact.

        They are found at the latest when the next ``search_commit`` has returned, and only then do they
        survive the end of the process. After a fault any part of them may be there: indexing the same
        documents again is harmless, and the caller does so.

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
        """Take artifacts out of the index, at the latest with the next ``search_commit``.

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
                ``search.field`` (an unknown field, naming the nearest), ``search.page``, or
                ``search.damaged`` (the index cannot be read; it has to be built anew).

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

    @hookspec(service="search", firstresult=True, raises=RefusalError)
    def search_commit(self, after: U64, sequence: U64, mark: str) -> SearchIndexState:
        """Make what was indexed and removed findable and, where the provider keeps anything, durable.

        Together with it the provider keeps how far the index is: after a crash ``search_status`` tells
        a place up to which nothing is missing. A fault ends the operation that asked.

        Args:
            after: How far the index has to be for this to continue it. Another process, or a rebuild, may
                have brought it elsewhere.
            sequence: The last change of the store that the index reflects from now on.
            mark: Recognises that change; a store in which it has another mark is not the one indexed.

        Returns:
            How far the index is now.

        Raises:
            RefusalError: rule ``search.moved``: the index is not at ``after``. What was told since the
                last commit is forgotten.

        Example:
            ```python
            from hyperhost.contracts import SearchIndexState
            from hyperhost.hookspecs import hookimpl

            class Counting:
                @hookimpl
                def search_commit(self, sequence: int, mark: str) -> SearchIndexState:
                    return SearchIndexState(sequence=sequence, mark=mark)

            host.register(Counting())
            assert host.hook.search_commit(after=0, sequence=7, mark="a1").sequence == 7
            ```
        """
        ...

    @hookspec(service="search", firstresult=True, raises=RefusalError)
    def search_rebuild_begin(self) -> str:
        """Begin an empty index beside the one that answers.

        One that was begun and never ended, because its process has died, is thrown away. After a fault
        nothing was begun.

        Returns:
            A name for it, for the two hooks below.

        Raises:
            RefusalError: rule ``search.busy``: another one is being built.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def search_rebuild_begin(self) -> str:
                    return "second"

            host.register(Fixed())
            assert host.hook.search_rebuild_begin() == "second"
            ```
        """
        ...

    @hookspec(service="search", firstresult=True)
    def search_rebuild_add(self, rebuild: str, documents: list[SearchDocument]) -> U32:
        """Add documents to an index that is being built.

        After a fault it must be ended without keeping it.

        Args:
            rebuild: What ``search_rebuild_begin`` answered.
            documents: No artifact comes twice in one rebuild.

        Returns:
            How many were added.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType, SearchDocument
            from hyperhost.hookspecs import hookimpl

            built = []

            class InMemory:
                @hookimpl
                def search_rebuild_add(self, rebuild: str, documents: list[SearchDocument]) -> int:
                    built.extend(documents)
                    return len(documents)

            host.register(InMemory())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.PLUGIN, "1.0.0")
            assert host.hook.search_rebuild_add(rebuild="second", documents=[SearchDocument(auth)]) == 1
            ```
        """
        ...

    @hookspec(service="search", firstresult=True)
    def search_rebuild_end(self, rebuild: str, keep: bool, sequence: U64, mark: str) -> SearchIndexState:
        """Let an index that was built take the place of the one that answers, or throw it away.

        A search is answered by one of them as a whole. After a fault the old one answers.

        Args:
            rebuild: What ``search_rebuild_begin`` answered.
            keep: Whether it takes the place of the other.
            sequence: As in ``search_commit``.
            mark: As there.

        Returns:
            How far the index is that answers now.

        Example:
            ```python
            from hyperhost.contracts import SearchIndexState
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def search_rebuild_end(self, keep: bool, sequence: int, mark: str) -> SearchIndexState:
                    return SearchIndexState(sequence=sequence, mark=mark) if keep else SearchIndexState()

            host.register(Fixed())
            ended = host.hook.search_rebuild_end(rebuild="second", keep=True, sequence=9, mark="a1")
            assert ended.sequence == 9
            ```
        """
        ...

    @hookspec()
    def search_restrict(self, principal: Principal) -> str:
        """Say what of the registry a principal may find.

        The answers of all plugins hold together, for hits, counts, facets and highlights. A fault
        ends the search, as it must not show what nobody has judged.

        Args:
            principal: Who searches.

        Returns:
            A filter in the query language; empty for no restriction.

        Example:
            ```python
            from hyperhost.contracts import Principal
            from hyperhost.hookspecs import hookimpl

            class PublicOnly:
                @hookimpl
                def search_restrict(self, principal: Principal) -> str:
                    return "" if "admin" in principal.roles else "visibility=public"

            host.register(PublicOnly())
            assert host.hook.search_restrict(principal=Principal("user:alice")) == ["visibility=public"]
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def search_body(self, artifact: Artifact, manifest_json: str) -> str | None:
        """Offer the text of an artifact's content, to be searched besides its metadata.

        The texts of all plugins are joined. A fault leaves the plugin's text out. Whoever may find the
        artifact may find it by this text, so it holds nothing that is sensitive.

        Args:
            artifact: The artifact.
            manifest_json: Its manifest as it is stored; empty when there is none.

        Returns:
            Text, of which the first 20,000 characters count, or ``None``.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType
            from hyperhost.hookspecs import hookimpl

            class Labels:
                @hookimpl
                def search_body(self, artifact: Artifact) -> str | None:
                    return " ".join(artifact.labels.values()) or None

            host.register(Labels())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.PLUGIN, "1.0.0", labels={"team": "ids"})
            assert host.hook.search_body(artifact=auth, manifest_json="") == ["ids"]
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
