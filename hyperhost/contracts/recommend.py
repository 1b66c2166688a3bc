"""Contract types of recommendations: what is asked, and answers that say how each score came about."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts.artifact import ArtifactType
from hyperhost.contracts.types import S64, U32, U64

__all__ = [
    "Recommendation",
    "RecommendationPart",
    "RecommendationState",
    "Recommendations",
    "RecommendRequest",
]


@dataclass(frozen=True, slots=True)
class RecommendRequest:
    """What recommendations are to start from. With nothing given it is what the person has used.

    Attributes:
        artifact: ``namespace/name`` or id of an artifact that they are to go with; empty for none.
        person: Id of the principal that they are for; empty for whoever asks. Whoever answers does not ask
            whether that is allowed.
        using: ``namespace/name`` of what is in use already, such as the dependencies of a project; at most
            1,000.
        text: Words about what is looked for; at most 4,000 characters.
        type: Only artifacts of this type.
        namespace: Only artifacts of this namespace and those below it; empty for all.
        limit: Answers at most, 1 to 1,000.
    """

    artifact: str = ""
    person: str = ""
    using: list[str] = field(default_factory=list)
    text: str = ""
    type: ArtifactType | None = None
    namespace: str = ""
    limit: U32 = 10


@dataclass(frozen=True, slots=True)
class RecommendationPart:
    """One part of a score.

    Attributes:
        name: ``collaborative``, ``content``, ``knowledge``, ``context``, ``popularity`` or ``quality``; other
            providers may have others.
        weight: How much of the whole it is; the weights add up to 1.
        value: 0 to 1.
        contribution: ``weight`` times ``value``.
        reason: Why, for a person; empty when there is nothing to say.
    """

    name: str
    weight: float
    value: float
    contribution: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An artifact that is recommended.

    Attributes:
        artifact: ``namespace/name``.
        version: The version that is meant.
        id: Of that version.
        score: 0 to 1: the contributions of the parts, added.
        parts: In a fixed order, all of them.
        reasons: Those of the parts, what contributed most first; never empty.
        popularity: 0 to 100, as in a search.
        quality: 0 to 100, as in a search.
        private: It names something that is not public; asking for it is written into the audit log.
    """

    artifact: str
    version: str
    id: str
    score: float
    parts: list[RecommendationPart] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    popularity: float = 0.0
    quality: float = 0.0
    private: bool = False


@dataclass(frozen=True, slots=True)
class Recommendations:
    """An answer.

    Attributes:
        items: The best first, equals by popularity, quality and name.
        behind: Events that were not learned from yet.
    """

    items: list[Recommendation] = field(default_factory=list)
    behind: U64 = 0


@dataclass(frozen=True, slots=True)
class RecommendationState:
    """What was learned so far.

    Attributes:
        artifacts: That could be recommended to somebody.
        people: Whose use was learned from.
        uses: Of one artifact by one person, each counted once.
        pairs: Of artifacts that somebody used both of.
        changes: The last change of the store that is known.
        events: The last entry of the audit log that was learned from.
        behind: Entries behind that one.
        learns: Whether what people use is learned from at all.
        updated_at_us: When any of this last changed; 0 for never.
    """

    artifacts: U64 = 0
    people: U64 = 0
    uses: U64 = 0
    pairs: U64 = 0
    changes: U64 = 0
    events: U64 = 0
    behind: U64 = 0
    learns: bool = True
    updated_at_us: S64 = 0
