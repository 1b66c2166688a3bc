"""Hook implementations of search by the text search of an SQL database."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import SearchDocument, SearchIndexState, SearchRequest, SearchResults
from hyperhost.errors import (
    ConfigError,
    ProviderConflictError,
    ProviderMissingError,
)
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.hookspecs.native import SqlSession
    from hyperhost.query.pending import Pending

    from .index import Index
    from .lent import LentIndex

__all__ = ["SearchSql"]


class SearchSql:
    """The service ``search``.

    The index lies in the database of the store. With a store that has none it is a file in the home; without
    one it is in memory.
    """

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._index: Index | LentIndex | None = None
        self._guard = threading.Lock()
        self._pending: Pending | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; the index is opened when it is first needed.

        Raises:
            ConfigError: the configuration is wrong.
        """
        self._context = context
        for key, value in context.config.items():
            if key != "joins" or not isinstance(value, bool):
                raise ConfigError(f"config key {key!r} is {value!r}", hint="joins is true or false")

    def plugin_stop(self) -> None:
        """Close the index. What was not committed is indexed again the next time."""
        if self._index is not None:
            self._index.close()

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

        from .answering import answer

        check_request(request)
        return self._opened()[0].read(lambda tables: answer(request, tables))

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

    def _opened(self) -> tuple[Index | LentIndex, Pending]:
        """The index, and what it was told."""
        with self._guard:
            if self._index is None or self._pending is None:
                from hyperhost.query.pending import Pending

                session, context = self._session(), self._context
                if session is not None and context is not None:
                    from .lent import LentIndex

                    self._index = LentIndex(
                        session,
                        lambda problem: context.log("warning", problem),
                        joins=bool(context.config.get("joins", True)),
                    )
                else:
                    from .index import Index

                    place = context.data if context is not None and context.home is not None else None
                    self._index = Index(place)
                self._pending = Pending(by_thread=session is not None)
            return self._index, self._pending

    def _session(self) -> SqlSession | None:
        """The database of the store; ``None`` when it has none."""
        if self._context is None:
            return None
        try:
            session: SqlSession = self._context.trusted.storage_session()
        except ProviderConflictError:
            raise
        except (ProviderMissingError, AttributeError):  # another store; or a host without stores at all
            return None
        return session
