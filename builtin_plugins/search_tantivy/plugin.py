"""Hook implementations of search by tantivy; what is told is kept until it is committed."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from hyperhost.contracts import SearchDocument, SearchIndexState, SearchRequest, SearchResults
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.query.pending import Pending

    from .index import Index

__all__ = ["SearchTantivy"]


class SearchTantivy:
    """The service ``search``. The index lies in the home; without one it is in memory."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._index: Index | None = None
        self._pending: Pending | None = None
        self._guard = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; the index is opened when it is first needed."""
        self._context = context

    def plugin_stop(self) -> None:
        """Close the index. What was not committed is indexed again the next time."""
        if self._index is not None:
            self._index.close()

    def plugin_standing(self) -> int:
        """Before the other engines where its library is installed; without it, never by itself."""
        return 20 if _is_installed() else -1

    @hookimpl
    def search_index(self, documents: list[SearchDocument]) -> int:
        """See the hookspec."""
        return self._opened()[1].index(documents)

    @hookimpl
    def search_remove(self, artifact_ids: list[str]) -> int:
        """See the hookspec."""
        index, pending = self._opened()
        return pending.remove(artifact_ids, index.count)

    @hookimpl
    def search_commit(self, after: int, sequence: int, mark: str) -> SearchIndexState:
        """See the hookspec."""
        index, pending = self._opened()
        with pending.taken() as changes:
            return index.write(changes, after, sequence, mark)

    @hookimpl
    def search_query(self, request: SearchRequest) -> SearchResults:
        """See the hookspec."""
        from hyperhost.query import check_request

        index, _ = self._opened()
        check_request(request)
        return _answered(index, request)

    @hookimpl
    def search_status(self) -> SearchIndexState:
        """See the hookspec."""
        return self._opened()[0].state()

    @hookimpl
    def search_rebuild_begin(self) -> str:
        """See the hookspec."""
        return self._opened()[0].begin()

    @hookimpl
    def search_rebuild_add(self, rebuild: str, documents: list[SearchDocument]) -> int:
        """See the hookspec."""
        from hyperhost.query import flat

        return self._opened()[0].add(rebuild, map(flat, documents))

    @hookimpl
    def search_rebuild_end(self, rebuild: str, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """See the hookspec."""
        return self._opened()[0].end(rebuild, keep=keep, sequence=sequence, mark=mark)

    def _opened(self) -> tuple[Index, Pending]:
        """The index, and what it was told and has not committed.

        Raises:
            RefusalError: rule ``search.engine``: the library is not installed.
        """
        if self._index is None or self._pending is None:
            with self._guard:
                if self._index is None or self._pending is None:
                    if not _is_installed():
                        raise RefusalError(
                            "the search engine tantivy is not installed",
                            "search.engine",
                            hint="pip install 'hyperhost[fast]', or select another one in [providers]",
                        )
                    from hyperhost.query.pending import Pending

                    from .index import Index

                    context = self._context
                    place = context.data if context is not None and context.home is not None else None
                    self._pending, self._index = Pending(), Index(place)
        return self._index, self._pending


def _answered(index: Index, request: SearchRequest) -> SearchResults:
    """The answer to a request that was read well: whatever fails lies in the index.

    Raises:
        RefusalError: as ``search_query``.
    """
    from .answering import answer
    from .index import reading

    while True:
        searcher, terms, position = index.searcher()
        try:
            with reading():
                return answer(request, searcher, terms)
        except RefusalError as refusal:
            # Another index may have taken the place of the one that was asked; then that one is.
            if refusal.rule != "search.damaged" or index.position == position:
                raise


@cache
def _is_installed() -> bool:
    from importlib.util import find_spec

    return find_spec("tantivy") is not None
