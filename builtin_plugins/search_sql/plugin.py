"""Hook implementations of search by FTS5; what is told is kept until it is committed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import SearchDocument, SearchIndexState, SearchRequest, SearchResults
from hyperhost.errors import QuerySyntaxError, RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.query import FlatDocument

    from .index import Index

__all__ = ["SearchSql"]


class SearchSql:
    """The service ``search``. The index lies in the home; without one it is in memory."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._index: Index | None = None
        self._guard = threading.Lock()
        self._changes: dict[str, FlatDocument | None] = {}

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; the index is opened when it is first needed."""
        self._context = context

    def plugin_stop(self) -> None:
        """Close the index. What was not committed is indexed again the next time."""
        if self._index is not None:
            self._index.close()

    @hookimpl
    def search_index(self, documents: list[SearchDocument]) -> int:
        """See the hookspec."""
        from hyperhost.query import flat

        changed = {document.artifact.id: flat(document) for document in documents}
        with self._guard:
            self._changes |= changed
        return len(changed)

    @hookimpl
    def search_remove(self, artifact_ids: list[str]) -> int:
        """See the hookspec."""
        removed = list(dict.fromkeys(artifact_ids))
        with self._guard:
            told = sum(1 for each in removed if self._changes.get(each) is not None)
            unknown = [each for each in removed if each not in self._changes]
            self._changes |= dict.fromkeys(removed)
        return told + self._opened().count(unknown)

    @hookimpl
    def search_commit(self, after: int, sequence: int, mark: str) -> SearchIndexState:
        """See the hookspec."""
        index = self._opened()
        with self._guard:
            changes, self._changes = self._changes, {}
        try:
            return index.write(changes, after, sequence, mark)
        except BaseException as error:
            # Whoever was overtaken by another process tells everything again, from another place.
            if not (isinstance(error, RefusalError) and error.rule == "search.moved"):
                with self._guard:
                    self._changes = changes | self._changes
            raise

    @hookimpl
    def search_query(self, request: SearchRequest) -> SearchResults:
        """See the hookspec."""
        from hyperhost.query import parse

        from .answering import answer

        for text, own in ((request.query, False), (request.filter, True)):
            try:
                parse(text, trusted=own)
            except QuerySyntaxError as error:
                rule = "search.field" if error.rule == "field" else "search.syntax"
                raise RefusalError(error.message, rule, hint=error.hint) from None
        return self._opened().read(lambda connection: answer(request, connection))

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

    def _opened(self) -> Index:
        """The index."""
        with self._guard:
            if self._index is None:
                from .index import Index

                context = self._context
                place = context.data if context is not None and context.home is not None else None
                self._index = Index(place)
            return self._index
