"""An artifact as search engines see it: texts, values, numbers. All engines index exactly this."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hyperhost.contracts.artifact import Artifact, ArtifactState

from .words import folded

if TYPE_CHECKING:
    from hyperhost.contracts.search import SearchDocument

__all__ = ["MAX_BODY", "FlatDocument", "flat", "owner_value", "popularity", "quality"]

MAX_BODY: Final = 20_000
"""Characters of a body that are indexed."""


@dataclass(frozen=True, slots=True)
class FlatDocument:
    """What is indexed of one artifact; the keys are names of fields.

    Attributes:
        id: Id of the artifact.
        texts: Text by field that is searched by words; several values are joined with line feeds.
        values: Folded values by field that is compared as a whole. Of a namespace also those above it.
        numbers: Numbers, and moments in microseconds; a moment that never came is not there.
        facets: Values to be counted and shown, as they were written.
    """

    id: str
    texts: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, float]
    facets: Mapping[str, tuple[str, ...]]


def flat(document: SearchDocument) -> FlatDocument:
    """What is indexed of a document."""
    artifact = document.artifact
    metadata, activity = artifact.metadata, artifact.activity
    published = _flag(artifact.state is ArtifactState.PUBLISHED)
    rated, good = popularity(artifact), quality(artifact)
    numbers = {
        "rating": float(activity.rating),
        "downloads": float(activity.download_count),
        "size": float(artifact.content_size),
        "popularity": rated,
        "quality": good,
        "created": float(activity.created_at_us),
        "updated": float(activity.updated_at_us),
    }
    if activity.published_at_us is not None:
        numbers["released"] = float(activity.published_at_us)
    exact = {
        "namespace": _paths(artifact.namespace),
        "tags": metadata.tags,
        "keywords": metadata.keywords,
        "type": [artifact.type.value],
        "state": [artifact.state.value],
        "visibility": [artifact.visibility.value],
        "version": [artifact.version],
        "author": [metadata.author] if metadata.author else [],
        "license": metadata.licenses,
        "owner": [owner_value(document.owner)] if document.owner else [],
        "name": [artifact.name],
        "published": [published],
        "deprecated": [_flag(artifact.state is ArtifactState.DEPRECATED)],
        "signed": [_flag(bool(artifact.signatures))],
    }
    return FlatDocument(
        artifact.id,
        {
            "name": artifact.name,
            "namespace": artifact.namespace,
            "description": metadata.description,
            "tags": "\n".join(metadata.tags),
            "keywords": "\n".join(metadata.keywords),
            "body": document.body[:MAX_BODY],
        },
        {name: tuple(dict.fromkeys(map(folded, items))) for name, items in exact.items()},
        numbers,
        {
            **{name: tuple(dict.fromkeys(exact[name])) for name in _COUNTED},
            "namespace": (artifact.namespace,),
            "popularity": (_step(rated),),
            "quality": (_step(good),),
        },
    )


_COUNTED: Final = ("type", "state", "visibility", "published", "author", "license", "tags", "keywords")


def owner_value(principal_id: str) -> str:
    """What stands in the field ``owner`` for a principal.

    Values are compared whatever the case and accents of letters, and two ids may differ in nothing else; what
    is not the same folded has its SHA-256 behind it.
    """
    if "#" not in principal_id and folded(principal_id) == principal_id:
        return principal_id
    return f"{folded(principal_id)}#{hashlib.sha256(principal_id.encode(errors='surrogatepass')).hexdigest()}"


def popularity(artifact: Artifact) -> float:
    """0 to 100: seven parts of ten for downloads (a million are the most that counts, by their logarithm),
    three for the rating.
    """  # noqa: D205 - a formula does not fit one line
    downloads = min(1.0, math.log10(1 + artifact.activity.download_count) / 6)
    return round(100 * (0.7 * downloads + 0.3 * artifact.activity.rating / 5), 1)


def quality(artifact: Artifact) -> float:
    """0 to 100: what it says of itself. Description 25, licence 20, author 10, homepage or repository 15,
    tags or keywords 15, signature 15.
    """  # noqa: D205 - a formula does not fit one line
    metadata = artifact.metadata
    parts = (
        (25, len(metadata.description) >= 20),
        (20, metadata.licenses),
        (10, metadata.author),
        (15, metadata.homepage or metadata.repository),
        (15, metadata.tags or metadata.keywords),
        (15, artifact.signatures),
    )
    return float(sum(points for points, given in parts if given))


def _paths(namespace: str) -> list[str]:
    """A namespace and all above it."""
    parts = namespace.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _step(number: float) -> str:
    low = min(80, int(number // 20) * 20)
    return f"{low}-{low + 20}"
