"""What the repository says of an artifact: its content by length and hash, and what else must be true of it.

The target of an artifact is its content. One without content has its record in that place: the fields
that a signature of an artifact covers (SPEC section 9), and a digest of its manifest, as canonical JSON.
Beside each target stands, signed with it, what decides before any content is fetched: id, type,
dependencies, and the digest of the record.

All of it is for everybody to read. So a manifest with anything that the registry masks is told neither
as a whole nor by its digest: a password of few letters is found by trying out what gives the digest.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tuf.api.metadata import TargetFile

import hyperhost
from hyperhost.contracts import Artifact, ArtifactState, ArtifactType, Visibility
from hyperhost.contracts.codec import to_data

from .layout import target_path

__all__ = ["offered", "open_manifest", "record_of", "target_of"]

_OFFERED = (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)


def offered(artifact: Artifact, visible: frozenset[Visibility], *, yanked: bool) -> bool:
    """Whether an artifact is a target: it can be had, and everybody may know of it."""
    return artifact.state in _OFFERED and artifact.visibility in visible and not yanked


def open_manifest(artifact: Artifact, manifest_json: str) -> str | None:
    """The manifest, if there is one and everybody may read the whole of it.

    Of configs the registry masks what is encrypted, and what the paths of sensitive fields and of secrets
    lead to. Where that is anything, or cannot be said for sure, the manifest is none to be shown.
    """
    if not manifest_json:
        return None
    if artifact.type is ArtifactType.CONFIG:
        try:
            data = json.loads(manifest_json)
            hides = _hides(data)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None
        if hides:
            return None
    return manifest_json


def _hides(config: dict[str, Any]) -> bool:
    """Whether the manifest of a config has anything to mask."""
    paths = [*(config.get("sensitive") or ()), *(each["path"] for each in config.get("secrets") or ())]
    if config.get("encrypted"):
        return True
    if not paths:
        return False
    kept = [config.get("values"), config.get("defaults"), *(config.get("overrides") or {}).values()]
    for data in kept:
        if isinstance(data, str) and data:
            return True  # a text in the format of the config has no paths
        if any(_leads(data, [part for part in path.split(".") if part]) for path in paths):
            return True
    return _gives_away(config.get("schema"))


def _leads(data: Any, parts: list[str]) -> bool:
    """Whether a path leads to anything; ``*`` is any key or index."""
    if not parts:
        return True
    first, rest = parts[0], parts[1:]
    if isinstance(data, dict):
        return any(_leads(each, rest) for key, each in data.items() if first in ("*", key))
    if isinstance(data, list):
        wanted = int(first) if first.isdecimal() else first
        return any(_leads(each, rest) for index, each in enumerate(data) if wanted in ("*", index))
    return False


def _gives_away(schema: Any) -> bool:
    """Whether a schema names any value, be it of a field that is masked or not."""
    if isinstance(schema, dict):
        named = not schema.keys().isdisjoint(("default", "examples", "const", "enum"))
        return named or any(_gives_away(each) for each in schema.values())
    return isinstance(schema, list) and any(_gives_away(each) for each in schema)


def record_of(artifact: Artifact, manifest_json: str) -> bytes:
    """The record: RFC 8785 JSON.

    Raises:
        CanonicalJsonError: something in it has no such form.
    """
    shown = open_manifest(artifact, manifest_json)
    return hyperhost.canonical_json(
        {
            "id": artifact.id,
            "name": artifact.name,
            "type": artifact.type.value,
            "version": artifact.version,
            "namespace": artifact.namespace,
            "content_hash": artifact.content_hash,
            "metadata": to_data(artifact.metadata),
            "dependencies": to_data(artifact.dependencies),
            "manifest_sha256": None if shown is None else hashlib.sha256(shown.encode()).hexdigest(),
        }
    )


def target_of(artifact: Artifact, record: bytes) -> TargetFile:
    """What the repository says of an artifact with that record."""
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
