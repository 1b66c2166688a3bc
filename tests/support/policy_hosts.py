"""Hosts whose operations are judged by policies, and what tests put into them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.policy.plugin import Policies
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.config import Config, PluginConfig
from hyperhost.contracts import Principal

ALICE = Principal("user:alice", roles=["publisher"])
DENY_ALL = """
[policy]
name = "{name}"
[scope]
{scope}
[[rules]]
id = "never"
action = "deny"
reason = "not here"
"""


@contextlib.contextmanager
def policy_host(
    home: Path, *more: object, config: dict[str, Any] | None = None
) -> Iterator[tuple[hyperhost.Host, hyperhost.Operations]]:
    """A host with a home, whose store is in memory all the same."""
    settings = Config(plugins={"policy": PluginConfig(config=config)}) if config else None
    with hyperhost.Host("policies", home=home, config=settings) as host:
        for plugin, name in (
            (StorageMemory(), "storage-memory"),
            (ContentMemory(), "content-memory"),
            (Registry(), "registry"),
            (Figures(), "operations"),
            (Audit(), "audit"),
            (Policies(), "policy"),
        ):
            host.register(plugin, name)
        for each in more:
            host.register(each)
        yield host, hyperhost.Operations(host)


def put(home: Path, name: str, text: str) -> Path:
    """A policy in the files of a home, as an editor leaves it."""
    path = home / "policies" / f"{name}.toml"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def config_draft(values: Any, name: str = "web", **more: Any) -> dict[str, Any]:
    """A draft of a config."""
    manifest = {"format": "yaml", "values": values, **more}
    return {"namespace": "org.acme", "name": name, "type": "config", "version": "1.0.0", "manifest": manifest}


def library(name: str = "auth", version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """A draft of a library."""
    return {"namespace": "org.acme", "name": name, "type": "library", "version": version, **more}
