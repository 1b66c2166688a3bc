"""Contract types of the artifact graph: nodes, edges, and answers to questions about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.types import S64, U32, U64

__all__ = [
    "ArtifactCluster",
    "ClusterList",
    "GraphEdge",
    "GraphEdgeKind",
    "GraphNode",
    "GraphNodeKind",
    "GraphPart",
    "GraphQuestion",
    "GraphRoute",
    "GraphState",
    "ImpactLevel",
    "ImpactReport",
    "ImpactedArtifact",
    "SimilarArtifact",
    "SimilarPart",
]


class GraphNodeKind(StrEnum):
    """What a node is."""

    ARTIFACT = "artifact"
    """All versions of ``namespace/name``."""
    NAMESPACE = "namespace"
    USER = "user"
    """Who an artifact says is its author, else its publisher."""
    TAG = "tag"


class GraphEdgeKind(StrEnum):
    """What an edge says of its source."""

    DEPENDS = "depends"
    """It needs the target."""
    USED_BY = "used-by"
    """The target needs it: ``depends`` the other way round."""
    SIMILAR = "similar"
    CO_OCCURS = "co-occurs"
    """The same artifacts need both."""
    AUTHOR = "author"
    """The target, a user, has made it."""
    TAG = "tag"
    """It has the target, a tag."""
    NAMESPACE = "namespace"
    """It lies in the target, a namespace."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node.

    Attributes:
        id: ``KIND:NAME``, unique in the graph.
        kind: What it is.
        name: ``namespace/name`` of an artifact, the path of a namespace, a user or a tag as it is written.
        version: Of an artifact the highest version, a release before a pre-release; empty otherwise.
        type: Of an artifact its type; empty otherwise.
        downloads: Of an artifact those of all its versions.
        missing: An artifact that others need and that is not there, as far as the asker may know.
        depth: Edges from the node that was asked about.
    """

    id: str
    kind: GraphNodeKind
    name: str
    version: str = ""
    type: str = ""
    downloads: U64 = 0
    missing: bool = False
    depth: U32 = 0


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An edge.

    Attributes:
        source: Id of a node.
        target: Id of a node.
        kind: What it says.
        weight: How much it counts, over 0 and up to 1.
        label: Of a dependency the constraint and, unless it is needed at run time, when; else empty.
        current: The highest version of who needs says so; ``False`` when only older versions do.
    """

    source: str
    target: str
    kind: GraphEdgeKind
    weight: float = 1.0
    label: str = ""
    current: bool = True


@dataclass(frozen=True, slots=True)
class GraphPart:
    """A part of the graph.

    Attributes:
        nodes: What was asked about, then the others by depth and name.
        edges: Between these nodes, in the order of source and target.
        more: Nodes of this part that were left out, as there were too many; counted up to the depth at
            which that happened.
        private: It names something that is not public; asking for it is written into the audit log.
    """

    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)
    more: U64 = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class GraphQuestion:
    """Which part of the graph.

    Attributes:
        node: ``namespace/name`` of an artifact, its id, or ``KIND:NAME`` of any node.
        kinds: Edges to go along; empty for all but ``similar`` and ``co-occurs``. Those are followed from the
            node that was asked about only.
        depth: Edges to go at most; 0 is as far as it goes.
        limit: Nodes at most, 1 to 1,000.
    """

    node: str
    kinds: list[GraphEdgeKind] = field(default_factory=list)
    depth: U32 = 1
    limit: U32 = 100


@dataclass(frozen=True, slots=True)
class SimilarPart:
    """One part of a similarity.

    Attributes:
        name: ``content``, ``metadata``, ``usage`` or ``dependencies``; other providers may have others.
        score: 0 to 1.
        weight: How much of the whole it is; the weights add up to 1.
        reason: Why, for a person; empty when the score is 0.
    """

    name: str
    score: float
    weight: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SimilarArtifact:
    """An artifact that is like another one.

    Attributes:
        artifact: ``namespace/name``.
        version: Its highest version.
        score: 0 to 1: the scores of the parts, each times its weight, added.
        parts: In a fixed order, all of them.
        private: It names something that is not public; asking for it is written into the audit log.
    """

    artifact: str
    version: str
    score: float
    parts: list[SimilarPart] = field(default_factory=list)
    private: bool = False


@dataclass(frozen=True, slots=True)
class ImpactLevel:
    """Dependents of one depth.

    Attributes:
        depth: 1 for those that need it directly.
        artifacts: How many.
        downloads: Theirs together.
    """

    depth: U32
    artifacts: U64
    downloads: U64


@dataclass(frozen=True, slots=True)
class ImpactedArtifact:
    """One dependent.

    Attributes:
        artifact: ``namespace/name``.
        version: Its highest version.
        depth: Dependencies between it and what was asked about.
        downloads: Of all its versions.
        by: ``namespace/name`` of what it needs on a shortest way.
        current: Its highest version needs that; ``False`` when only older versions do.
    """

    artifact: str
    version: str
    depth: U32
    downloads: U64
    by: str
    current: bool = True


@dataclass(frozen=True, slots=True)
class ImpactReport:
    """Who is concerned when an artifact changes.

    Attributes:
        artifact: ``namespace/name``.
        total: Dependents, directly or not.
        downloads: Of all dependents together.
        score: Each dependent counts ``log10(10 + downloads) / depth``.
        levels: By depth, nearest first; all of them.
        artifacts: Nearest first, of equals the most downloaded, as many as were asked for.
        more: Dependents that are counted and not listed.
        cycle: Direct dependencies that need it in turn, so that it concerns itself; sorted.
        missing: There is no such artifact, and yet somebody needs it.
        private: It names something that is not public; asking for it is written into the audit log.
    """

    artifact: str
    total: U64 = 0
    downloads: U64 = 0
    score: float = 0.0
    levels: list[ImpactLevel] = field(default_factory=list)
    artifacts: list[ImpactedArtifact] = field(default_factory=list)
    more: U64 = 0
    cycle: list[str] = field(default_factory=list)
    missing: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class GraphRoute:
    """The way with the fewest edges from one node to another; of several the strongest.

    Attributes:
        found: There is one.
        nodes: From the first to the last; empty when there is none.
        edges: Between them, in that order. An edge may point backwards when that was allowed.
        length: ``1 / weight`` of each edge, added.
        private: It names something that is not public; asking for it is written into the audit log.
    """

    found: bool
    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)
    length: float = 0.0
    private: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactCluster:
    """Artifacts that need each other more than others.

    Attributes:
        label: ``namespace/name`` of the member that most members need.
        size: Members.
        members: The most needed first, as many as were asked for.
        tags: What at least a third of the members have in common, the most frequent first; five at most.
    """

    label: str
    size: U64
    members: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClusterList:
    """Clusters.

    Attributes:
        clusters: The largest first.
        total: Clusters of two and more.
        artifacts: Artifacts in them.
        more: Clusters that are not listed.
        private: It names something that is not public; asking for it is written into the audit log.
    """

    clusters: list[ArtifactCluster] = field(default_factory=list)
    total: U64 = 0
    artifacts: U64 = 0
    more: U64 = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class GraphState:
    """How far a graph is.

    Attributes:
        artifacts: Names with at least one version in it.
        edges: Dependencies between names.
        sequence: The last change of the store that it reflects.
        built_at_us: When it was last built from the whole store; 0 when it never was.
    """

    artifacts: U64 = 0
    edges: U64 = 0
    sequence: U64 = 0
    built_at_us: S64 = 0
