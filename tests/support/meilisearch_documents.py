"""Documents to index, for the tests of ``search-meilisearch``."""

from __future__ import annotations

from typing import Any

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactType,
    SearchDocument,
    Visibility,
)

__all__ = ["document"]


def document(
    number: int,
    name: str,
    description: str = "",
    *,
    rating: float = 0.0,
    visibility: Visibility = Visibility.PUBLIC,
    **metadata: Any,
) -> SearchDocument:
    """One of an artifact whose id ends with a number."""
    return SearchDocument(
        Artifact(
            f"00000000-0000-7000-8000-{number:012d}",
            "org.acme",
            name,
            ArtifactType.LIBRARY,
            "1.0.0",
            visibility,
            metadata=ArtifactMetadata(description, **metadata),
            activity=ArtifactActivity(rating=rating),
        )
    )
