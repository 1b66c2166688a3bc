"""An artifact as the graph keeps it: one row for each version, with what it needs and what marks it."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hyperhost.contracts import Artifact, ArtifactState, ArtifactType, Dependency, DependencyType, Visibility
from hyperhost.errors import VersionError
from hyperhost.query import folded, words
from hyperhost.versions import parse

__all__ = [
    "LICENCE", "NAMESPACE", "STATES", "TAG", "TYPES", "USER", "VISIBILITIES", "WORD", "Row", "label_of",
    "rows_of", "weight_of",
]  # fmt: skip

WORD, TAG, LICENCE, USER, NAMESPACE = "w", "t", "l", "u", "n"
"""Kinds of marks: each is written before the text."""
VISIBILITIES: Final = tuple(Visibility)
STATES: Final = tuple(ArtifactState)
TYPES: Final = tuple(ArtifactType)
_WEIGHTS: Final = {
    DependencyType.RUNTIME.value: 1.0,
    DependencyType.PEER.value: 0.5,
    DependencyType.BUILD.value: 0.5,
    DependencyType.DEV.value: 0.25,
}
_TEXT: Final = 4_000
"""Characters of a description that are looked at."""
_MARK: Final = 300
"""Characters of a tag, a licence or a user."""


@dataclass(frozen=True, slots=True)
class Row:
    """One version.

    Attributes:
        name: ``namespace/name``.
        id: Of the artifact.
        version: SemVer.
        visibility: Position in :data:`VISIBILITIES`; so are ``state`` and ``type`` in theirs.
        state: As ``visibility``.
        type: As ``visibility``.
        downloads: Of this version.
        content: A number that equal contents share; 0 without content.
        needs: Name → label of the dependency, see :func:`label_of`.
        marks: Kind and text → how often, dampened: ``1 + ln(times)`` of a word, else 1.
    """

    name: str
    id: str
    version: str
    visibility: int
    state: int
    type: int
    downloads: int = 0
    content: int = 0
    needs: dict[str, str] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)


def rows_of(artifacts: Iterable[Artifact]) -> list[Row]:
    """The rows of all versions of one name, the one that stands for it first; archived ones have none.

    Published and deprecated versions go before drafts, releases before pre-releases, then higher ones. Only
    the first of each visibility and state has marks: one of them is the first that anybody can see.
    """
    kept = sorted((each for each in artifacts if each.state is not ArtifactState.ARCHIVED), key=_rank)
    marked: set[tuple[int, int]] = set()
    found = []
    for each in reversed(kept):
        place = (VISIBILITIES.index(each.visibility), STATES.index(each.state))
        found.append(
            Row(
                f"{each.namespace}/{each.name}",
                each.id,
                each.version,
                *place,
                TYPES.index(each.type),
                each.activity.download_count,
                _content(each.content_hash),
                {_clean(need.artifact): label_of(need) for need in reversed(each.dependencies)},
                {} if place in marked else _marks(each),
            )
        )
        marked.add(place)
    return found


def label_of(need: Dependency) -> str:
    """Constraint, type and whether it is optional, in one text."""
    return f"{_clean(need.constraint)}\t{need.type.value}\t{'optional' if need.optional else ''}"


def weight_of(label: str) -> tuple[float, str]:
    """How much a dependency counts, and what people are shown of it."""
    constraint, kind, optional = label.split("\t")
    shown = [constraint] + [each for each in (kind, optional) if each and each != "runtime"]
    return _WEIGHTS.get(kind, 1.0) * (0.5 if optional else 1.0), " ".join(shown)


def _rank(artifact: Artifact) -> tuple[object, ...]:
    is_draft = artifact.state is ArtifactState.DRAFT
    try:
        version = parse(artifact.version)
    except VersionError:
        return (not is_draft, False, False, artifact.version, artifact.version)
    return (not is_draft, True, not version.is_prerelease, version, artifact.version)


def _marks(artifact: Artifact) -> dict[str, float]:
    metadata = artifact.metadata
    counted: Counter[str] = Counter(words(metadata.description[:_TEXT]))
    counted.update(words(" ".join(metadata.keywords)[:_TEXT]))
    for each in words(artifact.name):
        counted[each] += 2
    marks = {WORD + each: 1 + math.log(times) for each, times in counted.items() if len(each) > 1}
    marks |= {TAG + text: 1.0 for each in metadata.tags if (text := folded(_clean(each)))}
    marks |= {LICENCE + text: 1.0 for each in metadata.licenses if (text := folded(_clean(each)))}
    publisher = artifact.publisher
    author = metadata.author or (publisher.name or publisher.id if publisher else "")
    if text := " ".join(_clean(author).split()):
        marks[USER + text] = 1.0
    marks[NAMESPACE + artifact.namespace] = 1.0
    return marks


def _clean(text: str) -> str:
    """Without what separates texts in a snapshot, and not without end."""
    if len(text) > _MARK:
        text = f"{text[:_MARK]}~{zlib.crc32(text.encode(errors='replace')):08x}"
    return text.replace("\0", "").replace("\t", " ").encode(errors="replace").decode()


def _content(content_hash: str | None) -> int:
    if content_hash is None:
        return 0
    digest = hashlib.blake2b(content_hash.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) or 1
