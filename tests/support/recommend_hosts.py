"""Registries with recommendations, and people who use what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from access_hosts import Clock, Guarded

import hyperhost
from builtin_plugins.access.plugin import Access
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.recommend.plugin import Recommend
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.config import Config, PluginConfig
from hyperhost.contracts import RecommendationState

__all__ = ["Shop", "names", "part", "shop"]


class Shop:
    """A registry with access, an audit log and recommendations."""

    def __init__(self, registry: Guarded) -> None:
        self.registry = registry
        self.host = registry.host
        self.owner = registry.owner
        upload = self.owner.run("content_open")
        self.owner.run("content_append", upload=upload, data=b"hello")
        self.content = str(self.owner.run("content_commit", upload=upload)["hash"])

    def put(
        self, name: str, *needs: str, visibility: str = "public", publish: bool = True, **more: Any
    ) -> str:
        """Create something in ``org.acme`` and publish it; its id."""
        namespace, _, short = name.rpartition("/")
        draft = {
            "namespace": namespace or "org.acme",
            "name": short,
            "type": "library",
            "version": "1.0.0",
            "visibility": visibility,
            "content_hash": self.content,
            "dependencies": [{"artifact": full(each)} for each in needs],
        }
        made = str(self.owner.run("create", draft=draft | more)["artifact"]["id"])
        if publish:
            self.owner.run("publish", artifact=made)
        return made

    def of(self, who: str, *roles: str) -> hyperhost.Operations:
        """The operations of somebody who may read what is public, or of somebody with roles."""
        return self.registry.of(f"user:{who}", *(roles or ("user",)))

    def use(self, who: str, *used: str, roles: tuple[str, ...] = ()) -> None:
        """Somebody downloads some."""
        for name in used:
            self.of(who, *roles).run("download", artifact=full(name))

    def crowd(self, *used: str, count: int = 3, prefix: str = "u") -> None:
        """Several people download the same things."""
        for number in range(count):
            self.use(f"{prefix}{number}", *used)

    def ask(self, who: str = "out", *roles: str, **request: Any) -> list[dict[str, Any]]:
        """What is recommended to somebody."""
        items: list[dict[str, Any]] = self.of(who, *roles).run("recommend", **request)["items"]
        return items

    @property
    def state(self) -> RecommendationState:
        """What was learned."""
        found: RecommendationState = self.host.hook.recommend_status()
        return found


def full(name: str) -> str:
    """With its namespace."""
    return name if "/" in name else f"org.acme/{name}"


def names(items: list[dict[str, Any]]) -> list[str]:
    """Names without their namespace."""
    return [each["artifact"].partition("/")[2] for each in items]


def part(item: dict[str, Any], name: str) -> dict[str, Any]:
    """One part of a score."""
    found: dict[str, Any] = next(each for each in item["parts"] if each["name"] == name)
    return found


@contextmanager
def shop(home: Path | None = None, **config: Any) -> Iterator[Shop]:
    """One, in memory or on disk; ``config`` is that of the plugin."""
    clock = Clock()
    settings = Config(plugins={"recommend": PluginConfig(config=config)})
    with hyperhost.Host("registry", home=home, clock=clock, config=settings) as host:
        access = Access()
        for name, plugin in (
            ("storage", StorageMemory() if home is None else StorageSql()),
            ("content", ContentMemory()),
            ("registry", Registry()),
            ("operations", Operations()),
            ("audit", Audit()),
            ("access", access),
            ("transfer", Transfer()),
            ("recommend", Recommend()),
        ):
            host.register(plugin, name)
        yield Shop(Guarded(host, clock, access))
