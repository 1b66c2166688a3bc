"""Hook implementations of search by Meilisearch; what is told is kept until it is committed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import SearchDocument, SearchIndexState, SearchRequest, SearchResults
from hyperhost.errors import ProviderMissingError, RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.query.pending import Pending

    from .index import Index
    from .settings import Settings

__all__ = ["SearchMeilisearch"]

_VARIABLE: Final = "HYPERHOST_MEILISEARCH_KEY"


class SearchMeilisearch:
    """The service ``search``. The index lies on a Meilisearch server.

    Args:
        settings: Where that is; by default ``[plugins.search-meilisearch.config]`` says it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._settings = settings
        self._index: Index | None = None
        self._pending: Pending | None = None
        self._guard = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Read the configuration; the server is asked when it is first needed."""
        self._context = context
        if self._settings is None and context.config:
            from .settings import read_settings

            self._settings = read_settings(context.config)

    def plugin_stop(self) -> None:
        """Let go of connections. What was not committed is indexed again the next time."""
        if self._index is not None:
            self._index.close()

    def plugin_standing(self) -> int:
        """Never by itself: it answers where ``[providers]`` names it."""
        return -1

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
        return index.answer(request)

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
            RefusalError: rule ``search.engine``: nobody has said where the server is.
        """
        if self._index is None or self._pending is None:
            with self._guard:
                if self._index is None or self._pending is None:
                    settings, context = self._settings, self._context
                    if settings is None or not settings.url:
                        raise RefusalError(
                            "nobody has said where the Meilisearch server is",
                            "search.engine",
                            hint="give its url in [plugins.search-meilisearch.config] of hyperhost.toml",
                        )
                    from hyperhost.query.pending import Pending

                    from .client import Client
                    from .index import Index

                    place = context.data if context is not None and context.home is not None else None
                    self._pending = Pending()
                    self._index = Index(Client(settings, self._key), settings.prefix, place)
        return self._index, self._pending

    def _key(self) -> str:
        """The API key, by the service ``secrets`` or from the environment.

        Raises:
            RefusalError: rule ``search.key``: it is not there.
        """
        settings, context = self._settings, self._context
        if settings is None or context is None or not settings.key_secret:
            return os.environ.get(_VARIABLE, "")
        key: str | None = None
        read = getattr(context.hook, "secrets_read", None)  # a host may have hooks of its own only
        if read is not None:
            with suppress(ProviderMissingError):  # no search engine is missing
                key = read(provider="builtin", name=settings.key_secret, namespace="")
        if not key:
            raise RefusalError(
                f"the secret {settings.key_secret[:120]!r} with the key for the search server is not there",
                "search.key",
                hint="create it, or activate a plugin that provides the service secrets",
            )
        return key
