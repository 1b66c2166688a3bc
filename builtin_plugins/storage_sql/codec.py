"""Artifacts as rows: columns to find and sort by, and a compact JSON document for the rest.

What is empty or has its default is left out of the document; dependencies, publisher and signatures
are lists in the order of their fields, cut off after the last one that is set. Unsigned 64-bit
numbers lie in signed columns as the same 64 bits.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactState,
    ArtifactType,
    ContentInfo,
    Dependency,
    DependencyCondition,
    DependencyType,
    Deprecation,
    Publisher,
    Signature,
    SignerRole,
    Visibility,
)

__all__ = ["COLUMNS", "artifact_of", "kind_of", "row_of", "signed"]

COLUMNS: Final = (
    "id",
    "namespace",
    "name",
    "version",
    "kind",
    "created",
    "updated",
    "published",
    "downloads",
    "rating",
    "content_hash",
    "content_size",
    "document",
)
"""Columns of a row, in order; the manifest follows as one more."""

_TYPES: Final = tuple(ArtifactType)
_STATES: Final = tuple(ArtifactState)
_VISIBILITIES: Final = tuple(Visibility)
_KINDS: Final = {
    (kind, state, visibility): first | second << 4 | third << 8
    for first, kind in enumerate(_TYPES)
    for second, state in enumerate(_STATES)
    for third, visibility in enumerate(_VISIBILITIES)
}
_OF_KIND: Final = {number: parts for parts, number in _KINDS.items()}
_WRAP: Final = 2**64
_HALF: Final = 2**63
_DEPENDENCY_TYPES: Final = {item.value: item for item in DependencyType}
_SIGNERS: Final = {item.value: item for item in SignerRole}
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_read = json.JSONDecoder().raw_decode
# Most dependencies are an artifact and a constraint, and the same ones are read again and again. They
# cannot change, so artifacts may share them.
_plain_dependency = lru_cache(maxsize=16_384)(Dependency)


def kind_of(
    kind: ArtifactType | None = None,
    state: ArtifactState | None = None,
    visibility: Visibility | None = None,
) -> tuple[int, int]:
    """Type, state and visibility packed into one number, and the mask of those that are given.

    Four bits each, in the order in which the contract lists the members; new members go last.
    """
    mask = (kind is not None) * 0xF | (state is not None) * 0xF0 | (visibility is not None) * 0xF00
    return mask, _KINDS[kind or _TYPES[0], state or _STATES[0], visibility or _VISIBILITIES[0]] & mask


def signed(number: int) -> int:
    """An unsigned 64-bit number as the signed one of the same bits."""
    return number if number < _HALF else number - _WRAP


def row_of(artifact: Artifact) -> tuple[Any, ...]:
    """The values of :data:`COLUMNS`."""
    activity, content = artifact.activity, artifact.content
    return (
        artifact.id,
        artifact.namespace,
        artifact.name,
        artifact.version,
        _KINDS[artifact.type, artifact.state, artifact.visibility],
        activity.created_at_us,
        activity.updated_at_us,
        activity.published_at_us,
        signed(activity.download_count),
        activity.rating,
        content.hash if content else None,
        signed(content.size) if content else 0,
        _write(_document(artifact)),
    )


def _document(artifact: Artifact) -> dict[str, Any]:
    document: dict[str, Any] = {}
    metadata = artifact.metadata
    given = {name: value for name in metadata.__slots__ if (value := getattr(metadata, name))}
    if given:
        document["metadata"] = given
    if artifact.labels:
        document["labels"] = dict(sorted(artifact.labels.items()))
    if artifact.annotations:
        document["annotations"] = dict(sorted(artifact.annotations.items()))
    if artifact.content is not None and artifact.content.uri is not None:
        document["uri"] = artifact.content.uri
    if artifact.dependencies:
        document["dependencies"] = [_dependency(item) for item in artifact.dependencies]
    if artifact.publisher is not None:
        who = artifact.publisher
        document["publisher"] = [who.id, who.name, who.email, who.url]
    if artifact.signatures:
        document["signatures"] = [_signature(item) for item in artifact.signatures]
    if artifact.deprecation is not None:
        old = artifact.deprecation
        document["deprecation"] = {name: getattr(old, name) for name in old.__slots__}
    return document


def _dependency(item: Dependency) -> list[Any]:
    condition = item.condition
    plain = item.type is DependencyType.RUNTIME and not item.optional and not item.reason
    if plain and condition is None and item.registry is None and item.scope is None:
        return [item.artifact, item.constraint]
    return [
        item.artifact,
        item.constraint,
        item.type.value,
        item.optional,
        item.registry,
        item.scope,
        None if condition is None else [condition.os, condition.arch, condition.env, condition.feature],
        item.reason,
    ]


def _signature(item: Signature) -> list[Any]:
    value = base64.b64encode(item.value).decode()
    return [item.key_id, item.algorithm, value, item.signed_at_us, item.signer.value]


def artifact_of(row: Sequence[Any]) -> Artifact:
    """The artifact in a row; more columns than :data:`COLUMNS` do no harm.

    Raises:
        ValueError, KeyError, TypeError: the row is damaged.
    """
    created, updated, published, downloads, rating, content_hash, size, document = row[5:13]
    kind, state, visibility = _OF_KIND[row[4]]
    activity = ArtifactActivity(
        created, updated, published, downloads if downloads >= 0 else downloads + _WRAP, rating
    )
    read = _read(document)[0]
    get = read.get
    publisher, dependencies, signatures = get("publisher"), get("dependencies"), get("signatures")
    deprecation, metadata = get("deprecation"), get("metadata")
    return Artifact(
        row[0],
        row[1],
        row[2],
        kind,
        row[3],
        visibility,
        state,
        ArtifactMetadata(**metadata) if metadata else ArtifactMetadata(),
        get("labels") or {},
        get("annotations") or {},
        None
        if content_hash is None
        else ContentInfo(content_hash, size if size >= 0 else size + _WRAP, get("uri")),
        [_plain_dependency(*item) if len(item) == 2 else _full_dependency(item) for item in dependencies]
        if dependencies
        else [],
        Publisher(*publisher) if publisher else None,
        [_full_signature(item) for item in signatures] if signatures else [],
        activity,
        Deprecation(**deprecation) if deprecation else None,
    )


def _full_dependency(item: list[Any]) -> Dependency:
    artifact, constraint, kind, optional, registry, scope, condition, reason = item
    where = None if condition is None else DependencyCondition(*condition)
    return Dependency(artifact, constraint, _DEPENDENCY_TYPES[kind], optional, registry, scope, where, reason)


def _full_signature(item: list[Any]) -> Signature:
    key_id, algorithm, value, at_us, signer = item
    return Signature(key_id, algorithm, base64.b64decode(value), at_us, _SIGNERS[signer])
