"""A repository of our own making with indexes, and a registry that fetches from it."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from registries import Reg, registry
from tuf.api.metadata import TargetFile
from tuf_parts import Mirror, Publisher

import hyperhost
from builtin_plugins.keys.plugin import Keys
from builtin_plugins.remotes.plugin import RemoteRegistries
from builtin_plugins.resolution.plugin import Resolution
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.trust_tuf.plugin import TrustTuf
from hyperhost.contracts import Artifact, ArtifactMetadata, ArtifactType, ContentInfo, Dependency, SignerRole
from hyperhost.contracts.codec import to_data

__all__ = ["Elsewhere", "here"]


class Elsewhere(Publisher):
    """A repository with artifacts and their indexes, honest unless told otherwise.

    Args:
        folder: Where it lies.
        mirror: What shows it.
    """

    def __init__(self, folder: Path, mirror: Mirror, **options: Any) -> None:
        super().__init__(folder, **options)
        self.mirror = mirror
        self.entries: dict[str, dict[str, Any]] = {}
        self.show()

    def show(self) -> None:
        """Have the mirror show what there is now."""
        self.mirror.show(self.files())

    def offer(
        self,
        name: str,
        version: str = "1.0.0",
        content: bytes | None = b"software",
        *,
        namespace: str = "org.acme",
        needs: tuple[str, ...] = (),
        slipped: tuple[str, ...] = (),
        path: str = "",
        index: str = "",
        about: str = "",
        signer: Reg | None = None,
        key: str = "",
        **more: Any,
    ) -> Artifact:
        """Sign an artifact, and an index that lists it.

        Args:
            slipped: Dependencies that are in the index, and not in what is signed of the target.
            path: Target path, if it is not the artifact's.
            index: Path of its index, if it is not that of its package.
            about: What the index says that it is about, if it is not its package.
            signer: A registry whose key ``key`` signs the artifact itself.
        """
        info = None if content is None else ContentInfo(f"sha256:{_sha256(content)}", len(content))
        artifact = Artifact(
            _uuid7(f"{namespace}/{name}@{version}"),
            namespace,
            name,
            ArtifactType.LIBRARY,
            version,
            metadata=ArtifactMetadata(description=f"{name} {version}"),
            content=info,
            dependencies=[Dependency(each) for each in needs],
        )
        record = _record(artifact)
        digest = _sha256(hyperhost.canonical_json(record))
        shown = dict(record)
        if slipped:
            shown["dependencies"] = to_data([Dependency(each) for each in (*needs, *slipped)])
        bundle = None
        if signer is not None:
            made = signer.hook.signing_sign(
                payload=hyperhost.signed_bytes(artifact), key_id=key, signer=SignerRole.PUBLISHER
            )
            bundle = hyperhost.write_bundle(replace(artifact, signatures=[made])).decode()
        package = f"{namespace}/{name}"
        entry = {"version": version, "record": shown, "manifest": None, "bundle": bundle, **more}
        self.entries.setdefault(package, {})[version] = entry
        data = hyperhost.canonical_json(
            {"format": 1, "artifact": about or package, "versions": [*self.entries[package].values()]}
        )
        bytes_ = hyperhost.canonical_json(record) if content is None else content
        custom = {"id": artifact.id, "type": "library", "dependencies": [], "record": digest}
        place = path or f"{package}/{version}"
        self.sign(place, bytes_, custom)
        self.sign(index or f"{place.rpartition('/')[0]}/index.json", data, {"index": 1})
        self.show()
        return artifact

    def sign(self, path: str, data: bytes, custom: dict[str, Any]) -> None:
        """Sign any target."""
        target = TargetFile(len(data), {"sha256": _sha256(data)}, path, {"custom": custom})
        with self.keeper.edit() as repository:
            repository.change({path: target})
        self.contents[self.stored(path, data)] = data

    def stored(self, path: str, data: bytes) -> str:
        """Where the mirror has a content, below ``targets/``."""
        folder, _, last = path.rpartition("/")
        return f"{folder}/{_sha256(data)}.{last}"


@contextlib.contextmanager
def here(home: Path, *more: object) -> Iterator[Reg]:
    """A registry that can have remotes."""
    plugins = (SigningEd25519(), Keys(), Resolution(), TrustTuf(), RemoteRegistries())
    with registry(home, "sqlite", *plugins, *more) as reg:
        yield reg


def _record(artifact: Artifact) -> dict[str, Any]:
    return {
        "id": artifact.id,
        "name": artifact.name,
        "type": artifact.type.value,
        "version": artifact.version,
        "namespace": artifact.namespace,
        "content_hash": artifact.content_hash,
        "metadata": to_data(artifact.metadata),
        "dependencies": to_data(artifact.dependencies),
        "manifest_sha256": None,
    }


def _uuid7(text: str) -> str:
    """The same UUIDv7 for the same text."""
    digest = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    digest[:6] = (1_767_225_600_000).to_bytes(6, "big")
    digest[6], digest[8] = 0x70 | digest[6] & 0x0F, 0x80 | digest[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(digest)))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
