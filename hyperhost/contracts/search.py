"""Contract types of search: documents, requests, hits and what rank plugins say about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.artifact import Artifact
from hyperhost.contracts.types import S64, U32, U64

__all__ = [
    "Facet",
    "FacetValue",
    "Highlight",
    "RankAdjustment",
    "SearchDocument",
    "SearchHit",
    "SearchIndexState",
    "SearchMode",
    "SearchRequest",
    "SearchResults",
    "SearchSort",
]


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What is indexed of one artifact.

    Attributes:
        artifact: The artifact; its id is the document's id.
        body: Text of its content where that is searched (plugins and configs), otherwise empty.
        sequence: Number of the store's change it reflects; an index keeps the highest it has seen.
        owner: Id of the principal who owns it, for filters on what somebody may find. Empty for what is
            public, which is found whoever owns it.
    """

    artifact: Artifact
    body: str = ""
    sequence: U64 = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class SearchSort:
    """One sort key: ``rating``, ``downloads``, ``created`` or ``relevance``."""

    key: str
    descending: bool = True


class SearchMode(StrEnum):
    """What makes an artifact a hit."""

    KEYWORD = "keyword"
    """It has the words of the query."""
    SEMANTIC = "semantic"
    """Its text means something similar."""
    HYBRID = "hybrid"
    """Either; the ranks of both decide."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search.

    Attributes:
        query: Text in the query language, for example ``name:auth* type:plugin -legacy``.
        filter: Boolean filter that does not count towards the score, for example ``published=true``.
        sort: Sort keys, the first decides; empty sorts by relevance.
        facets: Fields to count values of.
        size: Hits at most, 1 to 1,000.
        token: ``next_token`` of the page before; empty for the first page.
        highlight: Mark where the words were found.
        explain: Say how each score came about.
        mode: How it is searched. The service ``search`` is only asked to search by words; rank plugins are
            told how the hits that they see were found.
    """

    query: str
    filter: str = ""
    sort: list[SearchSort] = field(default_factory=list)
    facets: list[str] = field(default_factory=list)
    size: U32 = 20
    token: str = ""
    highlight: bool = False
    explain: bool = False
    mode: SearchMode = SearchMode.KEYWORD


@dataclass(frozen=True, slots=True)
class Highlight:
    """A piece of text in which a word was found.

    Attributes:
        field_name: Where, for example ``description``.
        text: The piece.
        start: First character of the word in ``text``, counted from 0.
        end: The character after its last.
    """

    field_name: str
    text: str
    start: U32
    end: U32


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One artifact found.

    Attributes:
        artifact_id: Its id.
        score: Relevance, higher is better; comparable within one answer only.
        highlights: In order of the text; empty unless asked for.
        explanation: How the score came about; empty unless asked for.
    """

    artifact_id: str
    score: float
    highlights: list[Highlight] = field(default_factory=list)
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet and how many hits have it."""

    value: str
    count: U64


@dataclass(frozen=True, slots=True)
class Facet:
    """Counts over all hits, not only those of the page; most frequent value first."""

    name: str
    values: list[FacetValue] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SearchResults:
    """One page of an answer.

    Attributes:
        hits: In the order asked for.
        total: Hits on all pages together.
        facets: In the order asked for.
        next_token: Asks for what follows; empty at the end.
    """

    hits: list[SearchHit] = field(default_factory=list)
    total: U64 = 0
    facets: list[Facet] = field(default_factory=list)
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class RankAdjustment:
    """What a rank plugin thinks of one hit.

    Attributes:
        artifact_id: Id of a hit that was shown to it; any other is refused.
        boost: Added to the hit's score; negative moves it down.
        reason: Why, for a person; shown by ``explain``.
    """

    artifact_id: str
    boost: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SearchIndexState:
    """How far an index is.

    Attributes:
        documents: Documents in it.
        sequence: The last change of the store that it reflects.
        updated_at_us: When it last changed; 0 when it never did.
        rebuilding: A rebuild is running; searches are answered from the old index meanwhile.
        mark: What ``search_commit`` was last given to recognise the change by; empty for an index that
            reflects no store yet.
        joins: It lies in the store's own database: what is indexed within a unit of work of the store is
            kept or undone with it.
    """

    documents: U64 = 0
    sequence: U64 = 0
    updated_at_us: S64 = 0
    rebuilding: bool = False
    mark: str = ""
    joins: bool = False
