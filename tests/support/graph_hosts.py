"""Registries with a graph, and what its tests put into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.graph.plugin import Graph
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.contracts import GraphState

__all__ = ["Graphed", "graphed", "need"]


def need(name: str, constraint: str = "*", **more: Any) -> dict[str, Any]:
    """A dependency on something in ``org.acme``, or where its name says."""
    return {"artifact": name if "/" in name else f"org.acme/{name}", "constraint": constraint, **more}


class Graphed:
    """A registry: its host and its operations."""

    def __init__(self, host: hyperhost.Host) -> None:
        self.host = host
        self.run = hyperhost.Operations(host).run

    def create(self, name: str, *needs: str, version: str = "1.0.0", **more: Any) -> str:
        """Create a public library; its id."""
        namespace, _, short = name.rpartition("/")
        made = {
            "namespace": namespace or "org.acme",
            "name": short,
            "type": "library",
            "version": version,
            "visibility": "public",
            "dependencies": [need(each) for each in needs],
        }
        return str(self.run("create", draft=made | more)["artifact"]["id"])

    def impacted(self, name: str, **more: Any) -> dict[str, int]:
        """Who is concerned by a change, with their depth; names without their namespace."""
        found = self.run("graph_impact", artifact=f"org.acme/{name}", **more)
        return {each["artifact"].partition("/")[2]: each["depth"] for each in found["artifacts"]}

    def similar(self, name: str, **more: Any) -> list[dict[str, Any]]:
        """What is like an artifact."""
        found: list[dict[str, Any]] = self.run("graph_similar", artifact=f"org.acme/{name}", **more)[
            "similar"
        ]
        return found

    def shown(self, node: str, **more: Any) -> set[tuple[str, str, str]]:
        """Edges around a node: source, kind, target, without the namespace."""
        found = self.run("graph_show", node=node, **more)
        return {(_short(each["source"]), each["kind"], _short(each["target"])) for each in found["edges"]}

    @property
    def state(self) -> GraphState:
        """How far the graph is."""
        found: GraphState = self.host.hook.graph_status()
        return found


def _short(node: str) -> str:
    return node.removeprefix("artifact:org.acme/")


@contextmanager
def graphed(home: Path | None = None, storage: object | None = None) -> Iterator[Graphed]:
    """One, in memory or on disk."""
    with hyperhost.Host("graphed", home=home) as host:
        for plugin, name in (
            (storage or (StorageMemory() if home is None else StorageSql()), "storage"),
            (ContentMemory(), "content"),
            (Registry(), "registry"),
            (Operations(), "operations"),
            (Transfer(), "transfer"),
            (Graph(), "graph"),
        ):
            host.register(plugin, name)
        yield Graphed(host)
