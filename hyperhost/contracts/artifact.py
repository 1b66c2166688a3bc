"""Contract types of artifacts: what the registry holds, and what happens to it.

Field names follow the specification, with units where they have one. What belongs together is
nested (``content``, ``metadata``, ``activity``) so that a record stays small enough to read in
any guest language; :class:`Artifact` also answers to the flat names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.signing import Signature
from hyperhost.contracts.types import S64, U64

__all__ = [
    "Artifact",
    "ArtifactActivity",
    "ArtifactChange",
    "ArtifactMetadata",
    "ArtifactPatch",
    "ArtifactState",
    "ArtifactType",
    "ChangeKind",
    "ContentInfo",
    "Dependency",
    "DependencyCondition",
    "DependencyType",
    "Deprecation",
    "IssueSeverity",
    "Publisher",
    "ValidationIssue",
    "Visibility",
]


class ArtifactType(StrEnum):
    """What an artifact is; decides which manifest it carries."""

    PLUGIN = "plugin"
    SERVICE = "service"
    CONFIG = "config"
    TEMPLATE = "template"
    LIBRARY = "library"
    THEME = "theme"


class ArtifactState(StrEnum):
    """Where an artifact is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    DEPRECATED = "deprecated"
    ARCHIVED = "archived"


class Visibility(StrEnum):
    """Who may see an artifact."""

    PUBLIC = "public"
    PRIVATE = "private"
    INTERNAL = "internal"


class DependencyType(StrEnum):
    """When a dependency is needed."""

    RUNTIME = "runtime"
    DEV = "dev"
    BUILD = "build"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class DependencyCondition:
    """Where a dependency applies. An empty list is no condition; all that are set must hold.

    Attributes:
        os: Operating systems, any of them: ``linux``, ``macos``, ``windows``.
        arch: Machine architectures, any of them: ``x86_64``, ``aarch64``.
        env: Environments, any of them, for example ``production``.
        feature: Features that must all be switched on.
    """

    os: list[str] = field(default_factory=list)
    arch: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    feature: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dependency:
    """A need of one artifact for another.

    Attributes:
        artifact: ``namespace/name``.
        constraint: Version range in npm's language, for example ``^1.2.3``.
        type: When it is needed.
        optional: The artifact works without it.
        registry: The only registry it may come from; ``None`` is any.
        scope: Free text that groups dependencies; ``None`` is none.
        condition: Where it applies; ``None`` is everywhere.
        reason: Why it is needed, for a person.
    """

    artifact: str
    constraint: str = "*"
    type: DependencyType = DependencyType.RUNTIME
    optional: bool = False
    registry: str | None = None
    scope: str | None = None
    condition: DependencyCondition | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactMetadata:
    """What an artifact says about itself. Empty text and empty lists mean "not given".

    Attributes:
        description: What it is, one paragraph.
        author: Who wrote it.
        licenses: SPDX expressions; any of them applies.
        tags: Curated words, in the author's order.
        keywords: Words to be found by, in the author's order.
        homepage: URL.
        repository: URL of the source.
    """

    description: str = ""
    author: str = ""
    licenses: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    homepage: str = ""
    repository: str = ""


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """Which bytes an artifact holds, without the bytes.

    Attributes:
        hash: ``algorithm:hex``, lower case; ``sha256`` or ``sha3-512``.
        size: Bytes.
        uri: Where they are when they are stored outside the database, otherwise ``None``.
    """

    hash: str
    size: U64
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who published an artifact. Empty text means "not given"."""

    id: str
    name: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """That a version should no longer be used, and what to use instead.

    Attributes:
        deprecated_at_us: Since when.
        reason: Why, for a person.
        removed_at_us: When it will be removed; ``None`` is never.
        replacement: ``namespace/name`` to use instead; ``None`` is none.
        alternate_versions: Versions of the same artifact to use instead, best first.
    """

    deprecated_at_us: S64
    reason: str = ""
    removed_at_us: S64 | None = None
    replacement: str | None = None
    alternate_versions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ArtifactActivity:
    """What happened to an artifact so far.

    Attributes:
        created_at_us: When it was created.
        updated_at_us: When it was last changed; at least ``created_at_us``.
        published_at_us: When it was first published; ``None`` while it never was.
        download_count: Downloads.
        rating: Mean of its ratings, 0 to 5; 0 while nobody rated it.
    """

    created_at_us: S64 = 0
    updated_at_us: S64 = 0
    published_at_us: S64 | None = None
    download_count: U64 = 0
    rating: float = 0.0


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of something the registry holds.

    ``(namespace, name, version)`` is unique, and so is ``id``.

    Attributes:
        id: UUIDv7 as text; never changes.
        namespace: Dotted path, lower case.
        name: kebab-case.
        type: Which manifest it carries. The manifest travels beside the artifact, as JSON text.
        version: SemVer 2.0.0.
        visibility: Who may see it.
        state: Where it is in its life.
        metadata: What it says about itself.
        labels: For selecting; short.
        annotations: For tools; may be long.
        content: Which bytes it holds; ``None`` when it has none.
        dependencies: In the author's order.
        publisher: Who published it; ``None`` while it is a draft without one.
        signatures: In the order they were made.
        activity: Times, downloads and rating.
        deprecation: Set while ``state`` is deprecated.
    """

    id: str
    namespace: str
    name: str
    type: ArtifactType
    version: str
    visibility: Visibility = Visibility.PRIVATE
    state: ArtifactState = ArtifactState.DRAFT
    metadata: ArtifactMetadata = field(default_factory=ArtifactMetadata)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    content: ContentInfo | None = None
    dependencies: list[Dependency] = field(default_factory=list)
    publisher: Publisher | None = None
    signatures: list[Signature] = field(default_factory=list)
    activity: ArtifactActivity = field(default_factory=ArtifactActivity)
    deprecation: Deprecation | None = None

    @property
    def content_hash(self) -> str | None:
        """``content.hash``, or ``None`` without content."""
        return self.content.hash if self.content else None

    @property
    def content_size(self) -> int:
        """``content.size`` (bytes), or 0 without content."""
        return self.content.size if self.content else 0

    @property
    def content_uri(self) -> str | None:
        """``content.uri``, or ``None`` without content."""
        return self.content.uri if self.content else None


class ChangeKind(StrEnum):
    """What is happening, or has happened, to an artifact."""

    CREATED = "created"
    UPDATED = "updated"
    PUBLISHED = "published"
    DEPRECATED = "deprecated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ArtifactChange:
    """One change of one artifact, as the ``artifact_*`` hooks see it.

    Attributes:
        kind: What the change is.
        artifact: The artifact as it is to be, or is, after the change; for a deletion, as it was.
        previous: The artifact before the change; ``None`` for a creation and a deletion.
        manifest_json: Its manifest as JSON text; empty when its type carries none.
        actor: Principal that asked for the change; empty when it is the registry itself.
        at_us: When the change was asked for.
    """

    kind: ChangeKind
    artifact: Artifact
    previous: Artifact | None = None
    manifest_json: str = ""
    actor: str = ""
    at_us: S64 = 0


@dataclass(frozen=True, slots=True)
class ArtifactPatch:
    """What a transforming plugin wants changed. ``None`` and empty collections change nothing.

    Attributes:
        metadata: Replaces the metadata as a whole.
        set_labels: Labels to add or replace.
        remove_labels: Labels to remove, before ``set_labels`` is applied.
        set_annotations: Annotations to add or replace.
        remove_annotations: Annotations to remove, before ``set_annotations`` is applied.
        manifest_json: Replaces the manifest as a whole; JSON text.
    """

    metadata: ArtifactMetadata | None = None
    set_labels: dict[str, str] = field(default_factory=dict)
    remove_labels: list[str] = field(default_factory=list)
    set_annotations: dict[str, str] = field(default_factory=dict)
    remove_annotations: list[str] = field(default_factory=list)
    manifest_json: str | None = None


class IssueSeverity(StrEnum):
    """How much an issue matters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class ValidationIssue:
    """Something worth telling the author that does not stop the change.

    Attributes:
        rule: Stable name of the rule, for example ``license.missing``.
        message: What is wrong and what would be right, for a person.
        severity: How much it matters.
        path: The field concerned, for example ``metadata.licenses``; empty when it is the artifact
            as a whole.
    """

    rule: str
    message: str
    severity: IssueSeverity = IssueSeverity.MEDIUM
    path: str = ""
