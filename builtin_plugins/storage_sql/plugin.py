"""Provider of the service ``storage`` that keeps everything in an SQL database."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    Artifact,
    ArtifactPage,
    ArtifactQuery,
    ArtifactWrite,
    ContentInfo,
    KeptNames,
    LogPage,
    LogWrite,
    NamespaceUsage,
    PageRequest,
    PutMode,
    RecordPage,
    StorageLayout,
    StorageTotals,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    from hyperhost import PluginContext
    from hyperhost.hookspecs.native import SqlSession

    from .marker import Marker
    from .settings import Settings
    from .store import Store

__all__ = ["StorageSql"]


class StorageSql:
    """The provider. Nothing is opened before its first use; any number of threads may use one.

    Args:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://user@host/database``,
            or the path of an SQLite file. When it is not given, the configuration of the plugin says
            it, and without one it is ``registry.db`` in the plugin's part of the home.
        busy_timeout_ms: How long a writer waits for others before it is refused, in milliseconds.
        pool_size: PostgreSQL: connections at most.

    Raises:
        ConfigError: an argument is wrong.
    """

    def __init__(self, url: str | None = None, *, busy_timeout_ms: int = 10_000, pool_size: int = 10) -> None:
        self._settings: Settings | None = None
        if url is not None:
            from .settings import Settings

            self._settings = Settings(str(url), busy_timeout_ms, pool_size)
        self._given = url is not None
        self._marked: Marker | None = None
        self._context: PluginContext | None = None
        self._opening = threading.Lock()
        self._opened: Store | None = None
        self._stopped = False

    def plugin_start(self, context: PluginContext) -> None:
        """Keep what the host says about itself; checks the configuration and opens nothing.

        Raises:
            ConfigError: the configuration is wrong.
        """
        from .settings import read_settings

        self._context = context
        settings = read_settings(context.config, "registry.db")
        if self._settings is None and "url" in context.config:
            self._settings = settings

    def plugin_stop(self) -> None:
        """Close every connection."""
        with self._opening:
            self._stopped = True
            if self._opened is not None:
                self._opened.database.close()

    def migrate(self, to: int | None = None) -> list[str]:
        """Bring the database to a layout, up or down; what was done, step by step.

        The next use of a provider brings it to the latest layout again. No other process may use the
        database meanwhile.

        Args:
            to: Number of the layout; the latest when not given.

        Raises:
            RefusalError: rule ``storage.newer``, ``storage.layout`` or ``storage.lost``; nothing was changed.
        """
        from .migrations.runner import migrate

        done: list[str] = []
        place = self._place()
        database = place.database(lambda opened: done.extend(migrate(opened, to)), self._marker(place))
        try:
            database.open()
        finally:
            database.close()
        return done

    @property
    def _store(self) -> Store:
        return self._opened or self._open()

    def _open(self) -> Store:
        with self._opening:
            if self._stopped:
                raise RefusalError(
                    "the store was closed", "storage.closed", hint="the host has ended; open a new one"
                )
            if self._opened is None:
                from .store import Store

                place = self._place()
                self._opened = Store.open(place, self._marker(place))
            return self._opened

    def _marker(self, place: Settings) -> Marker | None:
        """What remembers in the home that its database was made; none for a database that a program names."""
        context = self._context
        if self._marked is None and not self._given and context is not None and context.home is not None:
            self._marked = place.marker(context.data)
        return self._marked

    def _place(self) -> Settings:
        if self._settings is not None:
            return self._settings
        if self._context is None:
            raise RefusalError(
                "nobody said where the database is",
                "storage.unavailable",
                hint="give StorageSql an address, or register it with a host",
            )
        from .settings import read_settings

        return read_settings(self._context.config, str(self._context.data / "registry.db"))

    # --- artifacts ------------------------------------------------------------------------------

    @hookimpl
    def storage_get_artifact(self, artifact_id: str) -> Artifact | None:
        """See the hookspec."""
        return self._store.artifacts.get(artifact_id)

    @hookimpl
    def storage_find_artifact(self, namespace: str, name: str, version: str) -> Artifact | None:
        """See the hookspec."""
        return self._store.artifacts.find(namespace, name, version)

    @hookimpl
    def storage_get_manifest(self, artifact_id: str) -> str | None:
        """See the hookspec."""
        return self._store.artifacts.manifest(artifact_id)

    @hookimpl
    def storage_put_artifact(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        """See the hookspec."""
        return self._store.artifacts.put(artifact, manifest_json, mode)

    @hookimpl
    def storage_put_artifacts(self, items: list[ArtifactWrite], mode: PutMode) -> int:
        """See the hookspec."""
        return self._store.artifacts.put_many(items, mode)

    @hookimpl
    def storage_delete_artifact(self, artifact_id: str) -> bool:
        """See the hookspec."""
        return self._store.artifacts.delete(artifact_id)

    @hookimpl
    def storage_list_artifacts(self, query: ArtifactQuery, page: PageRequest) -> ArtifactPage:
        """See the hookspec."""
        return ArtifactPage(*self._store.listing.page(query, page))

    @hookimpl
    def storage_count_artifacts(self, query: ArtifactQuery) -> int:
        """See the hookspec."""
        return self._store.listing.count(query)

    # --- content --------------------------------------------------------------------------------

    @hookimpl
    def storage_stat_content(self, content_hash: str) -> ContentInfo | None:
        """See the hookspec."""
        return self._store.contents.stat(content_hash)

    @hookimpl
    def storage_get_content(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """See the hookspec."""
        return self._store.contents.get(content_hash, offset, length)

    @hookimpl
    def storage_put_content(self, content_hash: str, data: bytes) -> bool:
        """See the hookspec."""
        return self._store.contents.put(content_hash, data)

    @hookimpl
    def storage_delete_content(self, content_hash: str) -> bool:
        """See the hookspec."""
        return self._store.contents.delete(content_hash)

    @hookimpl
    def storage_usage(self) -> StorageTotals:
        """See the hookspec."""
        return self._store.contents.totals()

    @hookimpl
    def storage_namespace_usage(self, namespace: str) -> NamespaceUsage:
        """See the hookspec."""
        return self._store.contents.namespace(namespace)

    # --- units of work --------------------------------------------------------------------------

    @hookimpl
    def storage_begin(self, write: bool) -> bool:
        """See the hookspec."""
        return self._store.database.begin(write)

    @hookimpl
    def storage_end(self, commit: bool) -> bool:
        """See the hookspec."""
        return self._store.database.end(commit)

    @hookimpl(optionalhook=True)
    def storage_session(self) -> SqlSession:
        """See the hookspec."""
        from .session import Session

        return Session(lambda: self._store.database)

    # --- layout ---------------------------------------------------------------------------------

    @hookimpl
    def storage_layouts(self) -> StorageLayout:
        """See the hookspec."""
        from .migrations.runner import STEPS, layout_of

        database = self._store.database
        with database.reading():
            return StorageLayout(layout_of(database), len(STEPS))

    @hookimpl
    def storage_migrate(self, to: int | None) -> list[str]:
        """See the hookspec."""
        from .migrations.runner import STEPS

        if self._opened is not None and self._opened.database.in_unit:
            raise RefusalError(
                "a unit of work is open", "storage.unit", hint="end it before the layout is changed"
            )
        with self._opening:
            if self._stopped:
                raise RefusalError("the store was closed", "storage.closed", hint="open a new host")
            if self._opened is not None:
                self._opened.database.close()
                self._opened = None
            done = self.migrate(to)
            self._stopped = to is not None and to < len(STEPS)
        return done

    # --- records and logs -----------------------------------------------------------------------

    @hookimpl
    def storage_get_record(self, collection: str, key: str) -> str | None:
        """See the hookspec."""
        return self._store.records.get(collection, key)

    @hookimpl
    def storage_put_record(self, collection: str, key: str, data_json: str, mode: PutMode | None) -> bool:
        """See the hookspec."""
        return self._store.records.put(collection, key, data_json, mode)

    @hookimpl
    def storage_delete_record(self, collection: str, key: str) -> bool:
        """See the hookspec."""
        return self._store.records.delete(collection, key)

    @hookimpl
    def storage_list_records(self, collection: str, prefix: str, page: PageRequest) -> RecordPage:
        """See the hookspec."""
        return self._store.records.page(collection, prefix, page)

    @hookimpl
    def storage_append_log(self, log: str, subject: str, data_json: str, at_us: int) -> int:
        """See the hookspec."""
        return self._store.logs.append(log, subject, data_json, at_us)

    @hookimpl
    def storage_list_log(
        self, log: str, subject: str, after: int, until_us: int | None, limit: int
    ) -> LogPage:
        """See the hookspec."""
        return self._store.logs.page(log, subject, after, until_us, limit)

    @hookimpl
    def storage_append_logs(self, log: str, items: list[LogWrite]) -> int:
        """See the hookspec."""
        return self._store.logs.append_many(log, items)

    # --- everything -----------------------------------------------------------------------------

    @hookimpl
    def storage_names(self) -> KeptNames:
        """See the hookspec."""
        return self._store.whole.names()

    @hookimpl
    def storage_clear(self, names: KeptNames) -> bool:
        """See the hookspec."""
        from .marker import LOST

        try:
            store = self._store
        except RefusalError as refusal:
            if refusal.rule != LOST or self._marked is None:
                raise
            self._marked.allow()
            store = self._store
        return store.whole.clear(names)
