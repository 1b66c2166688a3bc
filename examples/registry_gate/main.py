"""A sandboxed component judges a registry; run with ``python examples/registry_gate/main.py``."""

from __future__ import annotations

from pathlib import Path

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import ArtifactChange
from hyperhost.errors import OperationError

GATE = Path(__file__).parent / "names.wat"


class Diary:
    """Hears of what has happened, once it is durable."""

    @hyperhost.hookimpl
    def artifact_created(self, change: ArtifactChange) -> None:
        print(f"  observer: {change.artifact.name} was created by {change.actor}")


def draft(name: str) -> dict[str, str]:
    """A library without content."""
    return {"namespace": "org.acme", "name": name, "type": "library", "version": "1.0.0"}


def main() -> None:
    with hyperhost.Host("registry") as host:
        host.register(StorageMemory(), "storage-memory")
        host.register(ContentMemory(), "content-memory")
        host.register(Registry(), "registry")
        host.register(Figures(), "operations")
        host.register(Diary())
        host.load(GATE)
        operations = hyperhost.Operations(host)

        print("A change that the gate lets pass:")
        operations.run("create", draft=draft("auth"))

        print("\nOne that it refuses is not made, and nobody hears of it:")
        try:
            operations.run("create", draft=draft("tmp-auth"))
        except OperationError as error:
            print(f"  {type(error).__name__} by plugin {error.plugin}, rule {error.rule}: {error.message}")

        names = [item["name"] for item in operations.run("list")["items"]]
        print(f"\nIn the registry: {', '.join(names)}")


if __name__ == "__main__":
    main()
