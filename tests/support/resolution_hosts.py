"""Hosts that resolve, registries that are made up, and short ways to ask."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.resolution.plugin import Resolution
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.config import read_config
from hyperhost.contracts import Candidate, Dependency, ResolutionRequest
from hyperhost.contracts import Resolution as Answer
from hyperhost.contracts.codec import from_data
from hyperhost.hookspecs import hookimpl
from hyperhost.versions import parse


class Remote:
    """A registry elsewhere: name → version → needs, or a candidate's fields.

    Attributes:
        calls: The names of each question, in order.
        error: Raised instead of an answer.
    """

    def __init__(self, source: str, index: Mapping[str, Mapping[str, Any]]) -> None:
        self.source, self.index = source, index
        self.calls: list[list[str]] = []
        self.error: Exception | None = None

    @hookimpl
    def resolution_list_candidates(self, source: str, artifacts: list[str]) -> list[Candidate] | None:
        if source != self.source:
            return None
        self.calls.append(list(artifacts))
        if self.error is not None:
            raise self.error
        return [
            self.candidate(name, version)
            for name in artifacts
            for version in sorted(self.index.get(name, ()), key=parse, reverse=True)
        ]

    def candidate(self, name: str, version: str) -> Candidate:
        return candidate(name, version, self.index[name][version], self.source)


def candidate(name: str, version: str, said: Any, source: str = "") -> Candidate:
    """A candidate from needs alone, or from ``{"dependencies": …, "yanked": True, …}``."""
    more = dict(said) if isinstance(said, Mapping) and "dependencies" in said else {"dependencies": said}
    needs = more.pop("dependencies")
    if isinstance(needs, Mapping):
        needs = [need(name, each) for name, each in needs.items()]
    return Candidate(name, version, needs, source=source, **more)


def need(name: str, said: Any) -> Dependency:
    """A dependency from its constraint, or from its fields as data."""
    if isinstance(said, str):
        return Dependency(name, said)
    found: Dependency = from_data(Dependency, {"artifact": name} | said)
    return found


@contextlib.contextmanager
def resolving(*plugins: object, config: str = "") -> Iterator[hyperhost.Operations]:
    """The operations of a host with an empty registry in memory, the resolution, and more plugins.

    ``config`` is the TOML text of ``[plugins.resolution.config]``.
    """
    read = read_config(f"[plugins.resolution.config]\n{config}".encode(), Path("hyperhost.toml"))
    with hyperhost.Host("resolving", config=read) as host:
        for plugin, name in (
            (StorageMemory(), "storage-memory"),
            (ContentMemory(), "content-memory"),
            (Registry(), "registry"),
        ):
            host.register(plugin, name)
        host.register(Resolution(), "resolution")
        for plugin in plugins:
            host.register(plugin)
        yield hyperhost.Operations(host)


def publish(
    run: hyperhost.Operations,
    name: str,
    version: str = "1.0.0",
    needs: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Publish a library; names are below ``org.acme`` when they have no namespace."""
    namespace, slash, short = name.rpartition("/")
    dependencies = [
        {"artifact": each if "/" in each else f"org.acme/{each}"}
        | ({"constraint": said} if isinstance(said, str) else said)
        for each, said in (needs or {}).items()
    ]
    draft = {"namespace": namespace if slash else "org.acme", "name": short, "type": "library"}
    draft |= {"version": version, "dependencies": dependencies} | more
    made = run.run("create", draft=draft)["artifact"]
    run.run("publish", artifact=made["id"])


def answer(run: hyperhost.Operations, *roots: str | Dependency, **more: Any) -> Answer:
    """What the service answers; roots as dependencies, or as :func:`root` reads them."""
    needed = [root(each) if isinstance(each, str) else each for each in roots]
    found: Answer = run.host.hook.resolution_resolve(request=ResolutionRequest(needed, **more))
    return found


def root(text: str, **more: Any) -> Dependency:
    """A dependency written ``log ^1``, below ``org.acme`` when it has no namespace."""
    name, _, constraint = text.partition(" ")
    return Dependency(name if "/" in name else f"org.acme/{name}", constraint or "*", **more)


def chosen(run: hyperhost.Operations, *roots: str | Dependency, **more: Any) -> dict[str, str]:
    """Name → version of that answer; names below ``org.acme`` without their namespace."""
    return {
        each.artifact.removeprefix("org.acme/"): each.version for each in answer(run, *roots, **more).versions
    }
