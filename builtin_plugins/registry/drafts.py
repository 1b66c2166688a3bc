"""What an author sends to create or change an artifact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hyperhost.contracts import (
    Artifact,
    ArtifactMetadata,
    ArtifactType,
    Dependency,
    Publisher,
    ValidationIssue,
    Visibility,
)

__all__ = ["Changed", "Draft", "Edit"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A new artifact.

    Attributes:
        namespace: Where it belongs.
        name: kebab-case.
        type: Which manifest it carries.
        version: SemVer 2.0.0.
        visibility: Who may see it; that of its namespace when not given.
        metadata: What it says about itself.
        labels: For selecting.
        annotations: For tools.
        manifest: Manifest of its type, a JSON object; may be left out where the type needs none.
        content_hash: Hash of a content that was uploaded before; ``None`` without content.
        dependencies: What it needs.
        publisher: Who publishes it.
    """

    namespace: str
    name: str
    type: ArtifactType
    version: str
    visibility: Visibility | None = None
    metadata: ArtifactMetadata = field(default_factory=ArtifactMetadata)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    manifest: Any = None
    content_hash: str | None = None
    dependencies: list[Dependency] = field(default_factory=list)
    publisher: Publisher | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Changes of an artifact. What is ``None`` stays as it is.

    Attributes:
        visibility: Who may see it.
        metadata: Replaces the metadata as a whole.
        labels: Replaces all labels.
        annotations: Replaces all annotations.
        manifest: Replaces the manifest; drafts only.
        content_hash: Another content; drafts only.
        dependencies: Replaces all dependencies; drafts only.
        publisher: Who publishes it; drafts only.
    """

    visibility: Visibility | None = None
    metadata: ArtifactMetadata | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    manifest: Any = None
    content_hash: str | None = None
    dependencies: list[Dependency] | None = None
    publisher: Publisher | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """An artifact after a change.

    Attributes:
        artifact: As it is now.
        issues: What its author should know, though it did not stop the change.
    """

    artifact: Artifact
    issues: list[ValidationIssue] = field(default_factory=list)
