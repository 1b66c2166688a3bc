"""An artifact as recommendations know it: one for each visibility that versions of a name have."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactState, ArtifactType, Resource, Visibility
from hyperhost.errors import VersionError
from hyperhost.query import folded, words
from hyperhost.query.document import popularity, quality
from hyperhost.versions import parse

__all__ = ["Doc", "doc_of", "faces", "terms_of"]

_TEXT: Final = 2_000
"""Characters of a description that are looked at."""
_TERMS: Final = 64
"""Different words that count; those of the name come first."""
_NEEDS: Final = 500
"""Dependencies that count."""
_MARK: Final = 300
"""Characters of an author or a licence."""


@dataclass(frozen=True, slots=True)
class Doc:
    """One version, which stands for all of its name that have its visibility.

    Attributes:
        id: Of the artifact.
        name: ``namespace/name``.
        version: SemVer.
        type: What it is.
        visibility: Who may see it.
        state: Where it is in its life.
        offered: It may be recommended: it is published and not yanked.
        author: Who wrote it; folded.
        licences: SPDX expressions.
        replacement: What is to be used in its place; empty for nothing.
        popularity: 0 to 100.
        quality: 0 to 100.
        terms: Words with their weights, of length 1 together.
        needs: Names of what it depends on.
        number: In the model; 0 for one that is not there.
    """

    id: str
    name: str
    version: str
    type: ArtifactType
    visibility: Visibility
    state: ArtifactState
    offered: bool
    author: str
    licences: list[str]
    replacement: str
    popularity: float
    quality: float
    terms: Mapping[str, float]
    needs: list[str] = field(default_factory=list)
    number: int = 0

    @property
    def namespace(self) -> str:
        """Where it lies."""
        return self.name.partition("/")[0]

    @property
    def hidden(self) -> bool:
        """Whether it is not for everybody."""
        return self.visibility is not Visibility.PUBLIC

    @property
    def resource(self) -> Resource:
        """It, as far as access depends on it."""
        return Resource(
            "artifact",
            self.id,
            self.namespace,
            self.visibility,
            "?",
            self.state.value,
            f"{self.name}@{self.version}",
        )


def doc_of(artifact: Artifact, *, yanked: bool = False) -> Doc:
    """What is known of an artifact."""
    metadata = artifact.metadata
    deprecation = artifact.deprecation
    needs = dict.fromkeys(each.artifact for each in artifact.dependencies[:_NEEDS])
    return Doc(
        artifact.id,
        f"{artifact.namespace}/{artifact.name}",
        artifact.version,
        artifact.type,
        artifact.visibility,
        artifact.state,
        artifact.state is ArtifactState.PUBLISHED and not yanked,
        folded(_clean(metadata.author[:_MARK])),
        [_clean(each[:_MARK]) for each in metadata.licenses[:10]],
        (deprecation.replacement or "") if deprecation else "",
        popularity(artifact),
        quality(artifact),
        terms_of(
            artifact.name,
            " ".join((*metadata.keywords[:100], *metadata.tags[:100]))[:_TEXT],
            metadata.description[:_TEXT],
        ),
        list(needs),
    )


def faces(artifacts: Iterable[Artifact], yanked: Collection[str]) -> list[Doc]:
    """Of all versions of a name the one that stands for it, for each visibility; archived ones never do.

    Published ones go before deprecated ones and these before the rest, releases before pre-releases, then
    higher ones.

    Args:
        artifacts: The versions.
        yanked: Ids of those that must not be chosen anew.
    """
    best: dict[Visibility, tuple[tuple[Any, ...], Artifact]] = {}
    for each in artifacts:
        if each.state is ArtifactState.ARCHIVED:
            continue
        rank = _rank(each, each.id in yanked)
        if each.visibility not in best or best[each.visibility][0] < rank:
            best[each.visibility] = (rank, each)
    return [doc_of(each, yanked=each.id in yanked) for _, each in best.values()]


def terms_of(name: str, *texts: str) -> dict[str, float]:
    """Words with their weights: ``1 + ln times``, made of length 1. A word of the name counts twice."""
    counted: Counter[str] = Counter()
    for each in words(name):
        counted[each] += 2
    for text in texts:
        counted.update(each for each in words(text) if len(each) > 1 or each in counted)
    kept = list(counted.items())[:_TERMS]
    return of_length_one({word: 1 + math.log(times) for word, times in kept})


def of_length_one(weights: Mapping[str, float]) -> dict[str, float]:
    """The same vector with length 1."""
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()} if length else {}


def _rank(artifact: Artifact, is_yanked: bool) -> tuple[Any, ...]:
    stage = {ArtifactState.PUBLISHED: 0 if is_yanked else 2, ArtifactState.DEPRECATED: 1}.get(
        artifact.state, 0
    )
    try:
        version = parse(artifact.version)
    except VersionError:
        return (stage, False, False, artifact.version, artifact.version)
    return (stage, True, not version.is_prerelease, version, artifact.version)


def _clean(text: str) -> str:
    """What a database takes as text."""
    return text.encode(errors="replace").decode()
