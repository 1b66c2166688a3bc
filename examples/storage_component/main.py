"""Select and replace the provider of a service; run with ``python examples/storage_component/main.py``.

Three plugins can answer the service ``storage``: the built-in one in memory, a native one that
caches another, and a component. Exactly one of them is called; which one is the operator's choice.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import hyperhost
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import Artifact, ArtifactType, PutMode, StorageTotals
from hyperhost.errors import ProviderConflictError, ProviderMissingError

CATALOGUE = Path(__file__).parent / "catalogue.wat"
AUTH = Artifact("01890000-0000-7000-8000-000000000001", "org.acme", "auth", ArtifactType.LIBRARY, "0.9.0")


class CachedStorage:
    """A provider that answers from memory what it asked another provider before.

    Args:
        inner: The provider behind it; asked through its handle, so it need not be the selected one.
    """

    plugin_id = "storage-cached"

    def __init__(self, inner: hyperhost.Plugin) -> None:
        self._inner = inner
        self._artifacts: dict[str, Artifact | None] = {}
        self.hits = 0

    @hyperhost.hookimpl
    def storage_get_artifact(self, artifact_id: str) -> Artifact | None:
        if artifact_id in self._artifacts:
            self.hits += 1
        else:
            self._artifacts[artifact_id] = self._inner.call("storage_get_artifact", artifact_id=artifact_id)
        return self._artifacts[artifact_id]

    @hyperhost.hookimpl
    def storage_put_artifact(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        changed: bool = self._inner.call(
            "storage_put_artifact", artifact=artifact, manifest_json=manifest_json, mode=mode
        )
        self._artifacts.pop(artifact.id, None)
        return changed

    @hyperhost.hookimpl
    def storage_usage(self) -> StorageTotals:
        totals: StorageTotals = self._inner.call("storage_usage")
        return totals


class Meter:
    """Counts reads, whoever answers them: wrappers run around every provider."""

    reads = 0

    @hyperhost.hookimpl(wrapper=True)
    def storage_get_artifact(self) -> Generator[None, Artifact | None, Artifact | None]:
        self.reads += 1
        return (yield)


def read(host: hyperhost.Host) -> None:
    """Read one artifact through the hook, and show who answered what."""
    try:
        found = host.hook.storage_get_artifact(artifact_id=AUTH.id)
        provider = host.providers["storage"]
        print(f"  {provider}: {found.name} {found.version}, {host.hook.storage_usage().artifacts} in all")
    except ProviderConflictError as error:
        print(f"  {error}")


def main() -> None:
    with hyperhost.Host("registry") as host:
        meter = Meter()
        host.register(meter)

        print("One candidate needs no selecting:")
        memory = host.register(StorageMemory(), "storage-memory")
        host.hook.storage_put_artifact(artifact=AUTH, manifest_json="", mode=PutMode.CREATE)
        read(host)

        print("\nTwo equal candidates are an error until somebody selects one:")
        cached = CachedStorage(memory)
        host.register(cached)
        read(host)

        print("\nA native plugin replaces it, and asks it only once:")
        host.select("storage", "storage-cached")
        read(host)
        read(host)
        print(f"  answered from the cache: {cached.hits}")

        print("\nA component replaces both:")
        host.load(CATALOGUE)
        host.select("storage", "catalogue")
        read(host)

        print("\nIt is a catalogue, so it does not write, and no other provider stands in for it:")
        try:
            host.hook.storage_put_artifact(artifact=AUTH, manifest_json="", mode=PutMode.REPLACE)
        except ProviderMissingError as error:
            print(f"  {error}")

        print(f"\nReads counted around all of them: {meter.reads}")


if __name__ == "__main__":
    main()
