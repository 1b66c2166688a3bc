"""Hosts with a registry, and what its tests create in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql


@contextlib.contextmanager
def registry_host(
    storage: object | None = None, *more: object, home: Path | None = None
) -> Iterator[hyperhost.Host]:
    """A host with a registry; everything is in memory unless another storage is given."""
    with hyperhost.Host("registry", home=home) as host:
        host.register(storage or StorageMemory(), "storage-sql" if storage else "storage-memory")
        host.register(ContentMemory(), "content-memory")
        host.register(Registry(), "registry")
        host.register(Figures(), "operations")
        for plugin in more:
            host.register(plugin)
        yield host


@contextlib.contextmanager
def operations_on(
    storage: object | None = None, *more: object, home: Path | None = None
) -> Iterator[hyperhost.Operations]:
    """The operations of such a host."""
    with registry_host(storage, *more, home=home) as host:
        yield hyperhost.Operations(host)


def storage_of(kind: str, folder: Path) -> object | None:
    """A provider of storage: ``memory`` or ``sqlite``."""
    return None if kind == "memory" else StorageSql(str(folder / "registry.db"))


def draft(name: str = "auth", version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """A draft of a library in ``org.acme``."""
    return {"namespace": "org.acme", "name": name, "type": "library", "version": version, **more}


def created(operations: hyperhost.Operations, *words: str, **more: Any) -> dict[str, Any]:
    """An artifact that was just created."""
    artifact: dict[str, Any] = operations.run("create", draft=draft(*words, **more))["artifact"]
    return artifact


def published(operations: hyperhost.Operations, *words: str, **more: Any) -> dict[str, Any]:
    """An artifact that was just published."""
    artifact = created(operations, *words, **more)
    return operations.run("publish", artifact=artifact["id"])["artifact"]


def uploaded(operations: hyperhost.Operations, data: bytes) -> str:
    """The hash of bytes that were just uploaded."""
    upload = operations.run("content_open")
    operations.run("content_append", upload=upload, data=data)
    content_hash: str = operations.run("content_commit", upload=upload)["hash"]
    return content_hash


def everything(host: hyperhost.Host) -> tuple[Any, ...]:
    """All that a registry holds, to see that nothing of it changed."""
    from hyperhost.contracts import ArtifactQuery, PageRequest

    page = host.hook.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest(1000))
    manifests = [host.hook.storage_get_manifest(artifact_id=item.id) for item in page.items]
    kept = [
        host.hook.storage_list_records(collection=name, prefix="", page=PageRequest(1000)).items
        for name in ("namespaces", "tags", "channels", "yanked", "ratings", "retired-versions")
    ]
    log = host.hook.storage_list_log(log="history", subject="", after=0, until_us=None, limit=10_000)
    return page.items, manifests, kept, log.items
