"""Contract types of storage: how artifacts are written, asked for and handed out in pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.artifact import Artifact, ArtifactState, ArtifactType, Visibility
from hyperhost.contracts.types import U32, U64

__all__ = [
    "ArtifactPage",
    "ArtifactQuery",
    "ArtifactSort",
    "ArtifactWrite",
    "PageRequest",
    "PutMode",
    "StorageTotals",
]


class PutMode(StrEnum):
    """What a write expects to find."""

    CREATE = "create"
    """Nothing: neither the id nor ``(namespace, name, version)`` may be taken."""
    REPLACE = "replace"
    """The artifact: its id must be known."""


@dataclass(frozen=True, slots=True)
class ArtifactWrite:
    """One artifact to be written, with its manifest.

    Attributes:
        artifact: The whole artifact.
        manifest_json: The whole manifest as JSON text; empty when there is none.
    """

    artifact: Artifact
    manifest_json: str = ""


class ArtifactSort(StrEnum):
    """What a list is sorted by. Ties are broken by id, so every order is total."""

    CREATED = "created"
    UPDATED = "updated"
    NAME = "name"
    """Namespace, then name, as text."""
    DOWNLOADS = "downloads"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class ArtifactQuery:
    """Which artifacts, in which order. What is ``None`` or empty does not restrict.

    Attributes:
        namespace: Dotted path.
        descendants: Take namespaces below ``namespace`` too.
        name: The whole name.
        type: The type.
        state: The state.
        visibility: The visibility.
        labels: Labels that must all be there with these values.
        sort: Order of the answer.
        descending: Turn the order round, ties included.
        needs: ``namespace/name`` that an artifact must depend on, by whatever constraint. A provider may
            have to look at every artifact that fits otherwise.
    """

    namespace: str | None = None
    descendants: bool = False
    name: str | None = None
    type: ArtifactType | None = None
    state: ArtifactState | None = None
    visibility: Visibility | None = None
    labels: dict[str, str] = field(default_factory=dict)
    sort: ArtifactSort = ArtifactSort.CREATED
    descending: bool = False
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list.

    Attributes:
        size: Items at most, 1 to 1,000.
        token: ``next_token`` of the page before; empty for the first page.
    """

    size: U32 = 50
    token: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactPage:
    """One part of a list.

    Attributes:
        items: In the order asked for. May be fewer than asked for before the end is reached.
        next_token: Asks for what follows; empty at the end, and only there.
    """

    items: list[Artifact] = field(default_factory=list)
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class StorageTotals:
    """How much a storage provider holds.

    Attributes:
        artifacts: Artifacts.
        contents: Distinct contents.
        content_bytes: Bytes of them, each counted once however many artifacts share it.
    """

    artifacts: U64 = 0
    contents: U64 = 0
    content_bytes: U64 = 0
