"""Hosts with a provider of signatures, with a clock that tests set, and things to sign with."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry_hosts import created

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.keys.plugin import Keys
from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.config import Config, PluginConfig
from hyperhost.contracts import Artifact, Signature, SignerRole, SigningKey
from hyperhost.contracts.codec import from_data

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


class Clock:
    """The time, which stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class Signing:
    """A host with a registry that signs.

    Args:
        host: The host.
        clock: Its time.
    """

    def __init__(self, host: hyperhost.Host, clock: Clock) -> None:
        self.host = host
        self.hook = host.hook
        self.clock = clock
        self.operations = hyperhost.Operations(host)
        self.run = self.operations.run

    def key(self, expires_at_us: int | None = None) -> str:
        """The id of a new key."""
        made: SigningKey = self.hook.signing_create_key(algorithm="", expires_at_us=expires_at_us)
        return made.id

    def trust(self, namespace: str, *keys: str, threshold: int = 1) -> None:
        """Trust keys for a namespace."""
        self.run("key_trust", namespace=namespace, keys=list(keys), threshold=threshold)

    def artifact(self, *signers: str, **more: Any) -> Artifact:
        """A draft that these keys have signed."""
        made = created(self.operations, **more)["id"]
        for key in signers:
            self.run("sign", artifact=made, key=key)
        return self.read(made)

    def read(self, reference: str) -> Artifact:
        """An artifact as it is stored."""
        found: Artifact = from_data(Artifact, self.run("read", artifact=reference))
        return found

    def alter(self, artifact: Artifact, **changes: Any) -> Artifact:
        """Change an artifact in the store, behind the registry's back."""
        altered = dataclasses.replace(artifact, **changes)
        manifest = self.hook.storage_get_manifest(artifact_id=artifact.id) or ""
        self.hook.storage_put_artifact(artifact=altered, manifest_json=manifest, mode=None)
        return altered

    def signature(self, artifact: Artifact, key: str, role: SignerRole = SignerRole.PUBLISHER) -> Signature:
        """A signature of an artifact, which is not added to it."""
        payload = hyperhost.signed_bytes(artifact, role)
        made: Signature = self.hook.signing_sign(payload=payload, key_id=key, signer=role)
        return made

    def reasons(self, artifact: Artifact | str) -> list[str]:
        """Why signatures do not count, in their order."""
        reference = artifact if isinstance(artifact, str) else artifact.id
        return [each["reason"] for each in self.run("verify", artifact=reference)["signatures"]]

    def met(self, artifact: Artifact) -> bool:
        """Whether an artifact is signed as it has to be."""
        return bool(self.run("verify", artifact=artifact.id)["met"])

    def record(self, key: str) -> dict[str, Any]:
        """The record of a key."""
        found: dict[str, Any] = json.loads(self.hook.storage_get_record(collection="signing-keys", key=key))
        return found

    def write_record(self, key: str, data: dict[str, Any]) -> None:
        """Write the record of a key, behind the provider's back."""
        self.hook.storage_put_record(
            collection="signing-keys", key=key, data_json=json.dumps(data), mode=None
        )


@contextlib.contextmanager
def signing_host(
    *more: object,
    home: Path | None = None,
    provider: object | None = None,
    config: dict[str, Any] | None = None,
    attest_with: str = "",
) -> Iterator[Signing]:
    """A host with a registry that signs; everything is in memory without a home.

    Args:
        more: Further plugins.
        home: Home directory.
        provider: The provider of the service; that of Ed25519 when not given.
        config: Its configuration.
        attest_with: Key of the registry.
    """
    if home is not None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = Clock()
    plugins = {
        "signing": PluginConfig(config=config or {}),
        "registry": PluginConfig(config={"attest_with": attest_with} if attest_with else {}),
    }
    storage = StorageMemory() if home is None else StorageSql(str(home / "registry.db"))
    with hyperhost.Host("registry", home=home, config=Config(plugins=plugins), clock=clock) as host:
        host.register(storage, "storage")
        host.register(ContentMemory(), "content-memory")
        host.register(Registry(), "registry")
        host.register(Figures(), "operations")
        host.register(Keys(), "keys")
        host.register(provider or SigningEd25519(), "signing")
        for plugin in more:
            host.register(plugin)
        yield Signing(host, clock)
