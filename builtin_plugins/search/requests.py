"""Arguments and answers of the operations."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts import Artifact, Facet, Highlight, SearchMode, SearchSort, SemanticState

__all__ = ["Found", "FoundArtifact", "IndexReport", "Nothing", "Query", "Search"]


@dataclass(frozen=True, slots=True)
class Search:
    """What ``search`` takes; see :class:`hyperhost.contracts.SearchRequest`."""

    query: str = ""
    filter: str = ""
    sort: list[SearchSort] = field(default_factory=list)
    facets: list[str] = field(default_factory=list)
    size: int = 20
    token: str = ""
    highlight: bool = False
    explain: bool = False
    mode: SearchMode = SearchMode.KEYWORD


@dataclass(frozen=True, slots=True)
class Query:
    """What ``query`` takes: a filter instead of words."""

    filter: str = ""
    sort: list[SearchSort] = field(default_factory=list)
    facets: list[str] = field(default_factory=list)
    size: int = 20
    token: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


@dataclass(frozen=True, slots=True)
class FoundArtifact:
    """One hit.

    Attributes:
        artifact: The artifact as it is now.
        score: Relevance; comparable within one answer only.
        highlights: Where its words are, when that was asked for.
        explanation: How the score came about, when that was asked for.
    """

    artifact: Artifact
    score: float
    highlights: list[Highlight] = field(default_factory=list)
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of an answer.

    Attributes:
        hits: In the order asked for. Fewer than asked for before the end when some are gone meanwhile.
        total: Hits on all pages together.
        facets: In the order asked for, then those that plugins offer.
        next_token: Asks for what follows; empty at the end, and only there.
        query: The query that was answered. It is another one than was asked when nothing has the words as
            they were typed, or when a plugin has rewritten it.
        behind: Changes that a search by meaning has not seen yet; they are embedded in the background.
    """

    hits: list[FoundArtifact] = field(default_factory=list)
    total: int = 0
    facets: list[Facet] = field(default_factory=list)
    next_token: str = ""
    query: str = ""
    behind: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """How far the index is.

    Attributes:
        documents: Artifacts in it.
        sequence: The last change of the store that it reflects.
        behind: Changes that it has not seen; the next search brings it there.
        updated_at_us: When it last changed; 0 when it never did.
        rebuilding: It is being built anew; the old one answers meanwhile.
        took_ms: How long what was asked for has taken.
        semantic: The same of the index of vectors; ``None`` when there is none.
    """

    documents: int
    sequence: int
    behind: int
    updated_at_us: int
    rebuilding: bool
    took_ms: float
    semantic: SemanticState | None = None
