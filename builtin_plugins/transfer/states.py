"""When two artifacts are the same: digests of what is copied from one registry to another."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from hyperhost.contracts import Artifact, ArtifactActivity
from hyperhost.contracts.codec import to_data

from .writing import line_of

__all__ = ["coordinates", "likeness", "portable", "state"]


def coordinates(artifact: Artifact) -> str:
    """``namespace/name@version``."""
    return f"{artifact.namespace}/{artifact.name}@{artifact.version}"


def portable(artifact: Artifact) -> Artifact:
    """An artifact without what only this registry means: the place where its bytes are."""
    if artifact.content is None or artifact.content.uri is None:
        return artifact
    return dataclasses.replace(artifact, content=dataclasses.replace(artifact.content, uri=None))


def state(artifact: Artifact, manifest_json: str) -> str:
    """Digest of one state of one artifact; downloads and ratings belong to no state."""
    activity = dataclasses.replace(artifact.activity, download_count=0, rating=0.0)
    return _digest(dataclasses.replace(portable(artifact), activity=activity), manifest_json)


def likeness(artifact: Artifact, manifest_json: str) -> str:
    """Digest of what an artifact is, whoever created it, and when: without id and times."""
    return _digest(dataclasses.replace(portable(artifact), id="", activity=ArtifactActivity()), manifest_json)


def _digest(artifact: Artifact, manifest_json: str) -> str:
    data: Any = [to_data(artifact), manifest_json]
    return hashlib.sha256(line_of(data)).hexdigest()
