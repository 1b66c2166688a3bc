"""Registries for the tests of transfers: a host with storage, content, operations and transfers."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.content_tiers.plugin import ContentTiers
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.contracts import ArtifactQuery, PageRequest

OTHERS: dict[str, Any] = {}
"""Hosts that ``sync`` finds by name."""


@contextlib.contextmanager
def _opener(name: str) -> Iterator[Any]:
    yield OTHERS[name]


class Reg:
    """A registry: its host and its operations."""

    def __init__(self, host: hyperhost.Host) -> None:
        self.host = host
        self.hook = host.hook
        self.run = hyperhost.Operations(host).run

    def create(self, name: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
        """Create an artifact."""
        draft = {"namespace": "org.acme", "name": name, "type": "library", "version": version} | more
        return self.run("create", draft=draft)["artifact"]

    def upload(self, data: bytes) -> str:
        """Keep a content; its hash."""
        upload = self.hook.content_open(algorithm="sha256")
        for start in range(0, len(data), 1 << 20):
            self.hook.content_append(upload=upload, data=data[start : start + (1 << 20)])
        return self.hook.content_commit(upload=upload, expected_hash="").hash

    def describe(self, reference: str, text: str) -> Any:
        """Change what an artifact says of itself."""
        return self.run("update", artifact=reference, edit={"metadata": {"description": text}})["artifact"]

    def state(self) -> dict[str, Any]:
        """Artifacts by coordinates, with manifests, and the records of the registry."""
        found: dict[str, Any] = {}
        token = ""
        while True:
            page = self.hook.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest(1000, token))
            for item in page.items:
                manifest = self.hook.storage_get_manifest(artifact_id=item.id)
                found[f"{item.namespace}/{item.name}@{item.version}"] = item, manifest
            token = page.next_token
            if not token:
                break
        for collection in ("namespaces", "tags", "channels", "yanked", "ratings"):
            page = self.hook.storage_list_records(collection=collection, prefix="", page=PageRequest(1000))
            found |= {f"{collection}:{item.key}": item.data_json for item in page.items}
        return found

    def descriptions(self) -> dict[str, str]:
        """What artifacts say of themselves."""
        return {
            key: item[0].metadata.description
            for key, item in self.state().items()
            if "@" in key and ":" not in key
        }

    def history(self) -> list[Any]:
        """The history."""
        return self.hook.storage_list_log(
            log="history", subject="", after=0, until_us=None, limit=10_000
        ).items


@contextlib.contextmanager
def registry(
    home: Path | None = None, storage: str = "memory", *more: object, url: str = ""
) -> Iterator[Reg]:
    """A registry: ``memory``, or ``sqlite`` with tiers of content in ``home``, or ``sql`` at ``url``."""
    if home is not None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hyperhost.Host("registry", home=home) as host:
        host.register(StorageMemory() if storage == "memory" else StorageSql(url or None), "storage-sql")
        host.register(ContentTiers() if storage == "sqlite" else ContentMemory(), "content")
        host.register(Registry(), "registry")
        host.register(Operations(), "operations")
        host.register(Transfer(_opener), "transfer")
        for plugin in more:
            host.register(plugin)
        yield Reg(host)


def fill(reg: Reg, count: int = 5) -> None:
    """A bit of everything."""
    reg.run("namespace_create", path="org.acme", edit={"description": "Acme"})
    reg.run("namespace_create", path="org.acme.team")
    for number in range(count):
        name = f"part-{number}"
        more: dict[str, Any] = {"labels": {"n": str(number)}}
        if number % 2:
            more["content_hash"] = reg.upload(f"bytes of {number % 4}".encode() * 1000)
        if number % 3 == 0:
            more["namespace"] = "org.acme.team"
        made = reg.create(name, **more)
        if number % 2 == 0:
            reg.run("publish", artifact=made["id"])
            reg.run("tag", artifact=made["id"], tag="good")
            reg.run("promote", artifact=made["id"], channel="stable")
            reg.run("rate", artifact=made["id"], stars=4)
        if number == 4:
            reg.run("yank", artifact=made["id"], reason="broken")


def sha256(data: bytes) -> str:
    """A digest."""
    return hashlib.sha256(data).hexdigest()
