"""Registries with templates and configs, in memory or in a home."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.secrets_environment.plugin import SecretsEnvironment
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.templates.plugin import Templates
from builtin_plugins.templates_jinja2.plugin import TemplatesJinja2
from hyperhost.contracts import Principal


class TemplateRegistry:
    """A host with what templates and configs need."""

    def __init__(self, host: hyperhost.Host) -> None:
        self.host = host
        self.run = hyperhost.Operations(host).run

    def run_as(self, principal: str, operation: str, **arguments: Any) -> Any:
        """Run an operation for somebody else."""
        return hyperhost.Operations(self.host, Principal(principal)).run(operation, **arguments)

    def config(self, name: str, version: str = "1.0.0", *, draft: Any = None, **manifest: Any) -> Any:
        """Create a config ``org.acme/NAME``; the artifact."""
        given = {"format": "json"} | manifest
        return self._create(name, version, "config", given, draft or {})

    def template(self, name: str, engine: str = "jinja2", **manifest: Any) -> Any:
        """Create a template ``org.acme/NAME``; the artifact."""
        given = {"engine": engine, "outputs": [{"path": "out.txt", "content": "x"}]} | manifest
        return self._create(name, "1.0.0", "template", given, {})

    def rendered(self, name: str, **arguments: Any) -> Any:
        """Values of a rendered config."""
        return self.run("render", artifact=f"org.acme/{name}", **arguments)["values"]

    def generate(self, name: str, /, **parameters: Any) -> Any:
        """What a template generates."""
        return self.run("generate", artifact=f"org.acme/{name}", parameters=parameters)

    def upload(self, data: bytes) -> str:
        """Keep a content; its hash."""
        upload = self.host.hook.content_open(algorithm="sha256")
        self.host.hook.content_append(upload=upload, data=data)
        return self.host.hook.content_commit(upload=upload, expected_hash="").hash

    def _create(self, name: str, version: str, kind: str, manifest: Any, more: Any) -> Any:
        draft = {
            "namespace": "org.acme",
            "name": name,
            "type": kind,
            "version": version,
            "manifest": manifest,
        }
        return self.run("create", draft=draft | more)["artifact"]


@contextlib.contextmanager
def template_registry(home: Path | None = None, *more: object) -> Iterator[TemplateRegistry]:
    """A registry; its store is in memory, its home holds keys and compiled engines."""
    with hyperhost.Host("registry", home=home) as host:
        for plugin, name in (
            (StorageMemory(), "storage-memory"),
            (ContentMemory(), "content-memory"),
            (Registry(), "registry"),
            (Operations(), "operations"),
            (SecretsEnvironment(), "secrets-environment"),
            (Templates(), "templates"),
            (TemplatesJinja2(), "templates-jinja2"),
        ):
            host.register(plugin, name)
        for plugin in more:
            host.register(plugin)
        yield TemplateRegistry(host)
