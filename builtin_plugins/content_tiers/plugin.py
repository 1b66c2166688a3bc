"""Provider of the service ``content`` that puts small bytes into the database, others into files or S3."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    ContentInfo,
    ContentPage,
    ContentTotals,
    OperationCall,
    OperationInfo,
    OperationOutcome,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    from hyperhost import PluginContext

    from .settings import Settings
    from .store import Store

__all__ = ["ContentTiers"]


class ContentTiers:
    """The provider. Nothing is opened before its first use; any number of threads may use one.

    It needs a provider of the service ``storage``, and a home for all that is not small.
    """

    def __init__(self) -> None:
        self._context: PluginContext | None = None
        self._settings: Settings | None = None
        self._lock = threading.Lock()
        self._made: Store | None = None

    def plugin_start(self, context: PluginContext) -> None:
        """Keep what the host says of itself; checks the configuration and opens nothing.

        Raises:
            ConfigError: the configuration is wrong.
        """
        from .settings import read_settings

        self._settings = read_settings(context.config)
        self._context = context

    def plugin_stop(self) -> None:
        """Forget the uploads that nobody ended."""
        with self._lock:
            made, self._made, self._context = self._made, None, None
        if made is not None:
            made.uploads.close()

    @hookimpl
    def content_open(self, algorithm: str) -> str:
        """See the hookspec."""
        return self._store.uploads.open(algorithm).id

    @hookimpl
    def content_append(self, upload: str, data: bytes) -> int:
        """See the hookspec."""
        return self._store.uploads.append(upload, data)

    @hookimpl
    def content_commit(self, upload: str, expected_hash: str) -> ContentInfo:
        """See the hookspec."""
        return self._store.commit(upload, expected_hash)

    @hookimpl
    def content_abort(self, upload: str) -> bool:
        """See the hookspec."""
        return self._store.uploads.abort(upload)

    @hookimpl
    def content_stat(self, content_hash: str) -> ContentInfo | None:
        """See the hookspec."""
        return self._store.stat(content_hash)

    @hookimpl
    def content_read(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """See the hookspec."""
        return self._store.read(content_hash, offset, length)

    @hookimpl
    def content_delete(self, content_hash: str) -> bool:
        """See the hookspec."""
        return self._store.delete(content_hash)

    @hookimpl
    def content_list(self, after: str, limit: int) -> ContentPage:
        """See the hookspec."""
        return self._store.page(after, limit)

    @hookimpl
    def content_usage(self) -> list[ContentTotals]:
        """See the hookspec."""
        return self._store.index.totals()

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        from .collecting import infos

        return infos()

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in ("content_collect", "content_collect_step"):
            return None
        from .collecting import COLLECT, answer, collect, step

        if call.operation == COLLECT:
            text = answer(collect(self._store, call, time.time_ns() // 1000))
        else:
            text = answer(step(self._store, call))
        return OperationOutcome(text, target="content", details_json=text)

    @hookimpl(specname="operation_run", wrapper=True, priority=0)
    def afterwards(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """Remove bytes once the operation is durable, outside of whatever unit of work it ran in."""
        outcome = yield
        if call.operation == "content_collect" and outcome is not None:
            self._store.clear_quietly(leftovers=True)
        return outcome

    @property
    def _store(self) -> Store:
        return self._made or self._make()

    def _make(self) -> Store:
        from .store import Store

        with self._lock:
            if self._context is None or self._settings is None:
                raise RefusalError(
                    "contents need a host", "content.unavailable", hint="register ContentTiers with a host"
                )
            if self._made is None:
                self._made = Store(self._context, self._settings)
            return self._made
