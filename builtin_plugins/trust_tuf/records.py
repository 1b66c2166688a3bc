"""What the repository says of an artifact: its content by length and hash, and what else must be true of it.

The target of an artifact is its content. One without content has its record in that place: the fields
that a signature of an artifact covers (SPEC section 9), and a digest of its manifest, as canonical JSON.
Beside each target stands, signed with it, what decides before any content is fetched: id, type,
dependencies, and the digest of the record.
"""

from __future__ import annotations

import hashlib
from typing import Any

from tuf.api.metadata import TargetFile

from hyperhost.contracts import Artifact, ArtifactState, Visibility
from hyperhost.contracts.codec import to_data

from .layout import target_path

__all__ = ["offered", "record_of", "target_of"]

_OFFERED = (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)


def offered(artifact: Artifact, visible: frozenset[Visibility], *, yanked: bool) -> bool:
    """Whether an artifact is a target: it can be had, and everybody may know of it."""
    return artifact.state in _OFFERED and artifact.visibility in visible and not yanked


def record_of(artifact: Artifact, manifest_json: str) -> bytes:
    """The record: RFC 8785 JSON."""
    import rfc8785

    return rfc8785.dumps(
        {
            "id": artifact.id,
            "name": artifact.name,
            "type": artifact.type.value,
            "version": artifact.version,
            "namespace": artifact.namespace,
            "content_hash": artifact.content_hash,
            "metadata": to_data(artifact.metadata),
            "dependencies": to_data(artifact.dependencies),
            "manifest_sha256": hashlib.sha256(manifest_json.encode()).hexdigest() if manifest_json else None,
        }
    )


def target_of(artifact: Artifact, manifest_json: str) -> TargetFile:
    """What the repository says of an artifact."""
    record = record_of(artifact, manifest_json)
    digest = hashlib.sha256(record).hexdigest()
    length, hashes = len(record), {"sha256": digest}
    if artifact.content is not None:
        algorithm, _, value = artifact.content.hash.partition(":")
        length, hashes = artifact.content.size, {algorithm: value}
    needs = [_need(each) for each in to_data(artifact.dependencies)]
    custom = {"id": artifact.id, "type": artifact.type.value, "dependencies": needs, "record": digest}
    path = target_path(artifact.namespace, artifact.name, artifact.version)
    return TargetFile(length, hashes, path, {"custom": custom})


def _need(dependency: dict[str, Any]) -> dict[str, Any]:
    """A dependency without what is not set, as it is said of every target that a client reads."""
    return {key: value for key, value in dependency.items() if value not in (None, "", False)}
