"""Hook implementations of search by whoosh; what is told is kept until it is committed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import SearchDocument, SearchIndexState, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.query.pending import Pending

    from .index import Index

__all__ = ["SearchWhoosh"]


class SearchWhoosh:
    """The service ``search``. The index lies in the home; without one it is in memory."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._index: Index | None = None
        self._guard = threading.Lock()
        self._pending: Pending | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; the index is opened when it is first needed."""
        self._context = context

    def plugin_stop(self) -> None:
        """Close the index. What was not committed is indexed again the next time."""
        if self._index is not None:
            self._index.close()

    def plugin_standing(self) -> int:
        """The engine of a plain installation; others that are faster go before it."""
        return 10

    @hookimpl
    def search_index(self, documents: list[SearchDocument]) -> int:
        """See the hookspec."""
        return self._told().index(documents)

    @hookimpl
    def search_remove(self, artifact_ids: list[str]) -> int:
        """See the hookspec."""
        return self._told().remove(artifact_ids, self._count)

    @hookimpl
    def search_commit(self, after: int, sequence: int, mark: str) -> SearchIndexState:
        """See the hookspec."""
        index = self._opened()
        with self._told().taken() as changes:
            return index.write(changes, after, sequence, mark)

    @hookimpl
    def search_query(self, request: SearchRequest) -> SearchResults:
        """See the hookspec."""
        from hyperhost.query import check_request

        index = self._opened()
        check_request(request)
        return _answered(index, request)

    @hookimpl
    def search_status(self) -> SearchIndexState:
        """See the hookspec."""
        return self._opened().state()

    @hookimpl
    def search_rebuild_begin(self) -> str:
        """See the hookspec."""
        return self._opened().begin()

    @hookimpl
    def search_rebuild_add(self, rebuild: str, documents: list[SearchDocument]) -> int:
        """See the hookspec."""
        from hyperhost.query import flat

        return self._opened().add(rebuild, map(flat, documents))

    @hookimpl
    def search_rebuild_end(self, rebuild: str, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """See the hookspec."""
        return self._opened().end(rebuild, keep=keep, sequence=sequence, mark=mark)

    def _told(self) -> Pending:
        """What was told and is not committed."""
        with self._guard:
            if self._pending is None:
                from hyperhost.query.pending import Pending

                self._pending = Pending()
            return self._pending

    def _count(self, artifact_ids: list[str]) -> int:
        """How many of some artifacts are indexed."""
        from whoosh.query import Or, Term

        with self._opened().searcher() as searcher:
            wanted = Or([Term("id", each) for each in artifact_ids])
            return sum(1 for _ in searcher.docs_for_query(wanted)) if searcher else 0

    def _opened(self) -> Index:
        """The index."""
        with self._guard:
            if self._index is None:
                from .index import Index

                context = self._context
                place = context.data if context is not None and context.home is not None else None
                self._index = Index(place)
            return self._index


def _answered(index: Index, request: SearchRequest) -> SearchResults:
    """The answer to a request that was read well: whatever fails lies in the index.

    Files go away when another thread or process merges segments, so then it is tried again.

    Raises:
        RefusalError: as ``search_query``.
    """
    from hyperhost.query.keeping import damaged

    from .answering import answer

    while True:
        position = index.position
        try:
            with index.searcher() as searcher:
                return answer(request, searcher)
        except RefusalError as refusal:
            if refusal.rule != "search.damaged" or index.is_still(position):
                raise
        except Exception as error:
            if index.is_still(position):
                raise damaged(f"{type(error).__name__}: {error}") from error
