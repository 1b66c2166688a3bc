"""Registries that can be searched, for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.search.plugin import SearchOperations
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.plugin import Transfer

__all__ = ["Searchable", "searchable"]


class Searchable:
    """A registry: its host and its operations."""

    def __init__(self, host: hyperhost.Host) -> None:
        self.host = host
        self.run = hyperhost.Operations(host).run

    def create(self, name: str, description: str = "", **more: Any) -> str:
        """Create an artifact; its id."""
        metadata = {"description": description} | more.pop("metadata", {})
        draft = {"namespace": "org.acme", "name": name, "type": "library", "version": "1.0.0"}
        return str(self.run("create", draft=draft | {"metadata": metadata} | more)["artifact"]["id"])

    def found(self, query: str, **more: Any) -> list[str]:
        """Names of what is found, in order."""
        return [hit["artifact"]["name"] for hit in self.run("search", query=query, **more)["hits"]]


@contextmanager
def searchable(
    home: Path | None = None,
    engine: object | None = None,
    storage: object | None = None,
    *,
    audited: bool = False,
) -> Iterator[Searchable]:
    """One, in memory or on disk; with the audit log each operation is one unit of work with all around it."""
    with hyperhost.Host("searchable", home=home) as host:
        storage = storage or (StorageMemory() if home is None else StorageSql())
        for plugin, name in (
            (storage, "storage"),
            (ContentMemory(), "content"),
            (Registry(), "registry"),
            (Operations(), "operations"),
            (Transfer(), "transfer"),
            (SearchOperations(), "search"),
            (engine or SearchWhoosh(), "engine"),
        ):
            host.register(plugin, name)
        if audited:
            host.register(Audit(), "audit")
        yield Searchable(host)
