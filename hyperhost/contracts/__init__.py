"""Contract types: everything that crosses a hook, in both worlds.

Frozen dataclasses, enums and numbers of a stated width, one module per domain, built on nothing
but the standard library. Each has one WIT counterpart, so a component and a native plugin see the
same thing. A field that is added to a released type comes last and has a default; then what was
written against the older type keeps working.

Names are imported when they are first used, because building all the dataclasses takes longer than
many a program that uses two of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; a test keeps it equal to the table below
    from hyperhost.contracts.access import *  # noqa: F403
    from hyperhost.contracts.artifact import *  # noqa: F403
    from hyperhost.contracts.command import *  # noqa: F403
    from hyperhost.contracts.content import *  # noqa: F403
    from hyperhost.contracts.graph import *  # noqa: F403
    from hyperhost.contracts.limits import Limits as Limits
    from hyperhost.contracts.mesh import *  # noqa: F403
    from hyperhost.contracts.metrics import *  # noqa: F403
    from hyperhost.contracts.operations import *  # noqa: F403
    from hyperhost.contracts.policy import *  # noqa: F403
    from hyperhost.contracts.recommend import *  # noqa: F403
    from hyperhost.contracts.records import *  # noqa: F403
    from hyperhost.contracts.resolution import *  # noqa: F403
    from hyperhost.contracts.schedule import *  # noqa: F403
    from hyperhost.contracts.search import *  # noqa: F403
    from hyperhost.contracts.semantic import *  # noqa: F403
    from hyperhost.contracts.signing import *  # noqa: F403
    from hyperhost.contracts.storage import *  # noqa: F403
    from hyperhost.contracts.trust import *  # noqa: F403
    from hyperhost.contracts.types import *  # noqa: F403

CONTRACT_VERSION = "1.0.0"
"""Version of what plugins are built against: every kernel hook and every host interface.

A new minor version may only add; ``sdk/wit/`` holds each version, and ``sdk/contract.py`` writes them.
"""

_NAMES_OF = {
    "types": "F32 S8 S16 S32 S64 U8 U16 U32 U64",
    "limits": "Limits",
    "artifact": (
        "Artifact ArtifactActivity ArtifactChange ArtifactMetadata ArtifactPatch ArtifactState "
        "ArtifactType ChangeKind ContentInfo Dependency DependencyCondition DependencyType "
        "Deprecation IssueSeverity Publisher ValidationIssue Visibility"
    ),
    "storage": "ArtifactPage ArtifactQuery ArtifactSort ArtifactWrite PageRequest PutMode StorageTotals",
    "records": "LogEntry LogPage LogWrite NamespaceUsage Record RecordPage StorageLayout KeptNames",
    "content": "ContentPage ContentTotals StoredContent",
    "access": (
        "AccessDecision AccessGrant AccessPlace AccessRequest Credential CredentialKind LoginStart Resource"
    ),
    "operations": "OperationCall OperationInfo OperationOutcome Principal PrincipalKind",
    "policy": "PolicyAction PolicyEnforcement PolicyFinding PolicyRequest",
    "search": (
        "Facet FacetValue Highlight RankAdjustment SearchDocument SearchHit SearchIndexState "
        "SearchMode SearchRequest SearchResults SearchSort"
    ),
    "semantic": "EmbeddingModel SemanticState",
    "graph": (
        "ArtifactCluster ClusterList GraphEdge GraphEdgeKind GraphNode GraphNodeKind GraphPart "
        "GraphQuestion GraphRoute GraphState ImpactLevel ImpactReport ImpactedArtifact "
        "SimilarArtifact SimilarPart"
    ),
    "recommend": ("Recommendation RecommendationPart RecommendationState Recommendations RecommendRequest"),
    "signing": "Signature SignerRole SigningKey TrustRule Verification",
    "trust": "ServedFile TrustSource TrustState TrustedTarget",
    "resolution": "Candidate Exclusion Resolution ResolutionRequest ResolvedNeed ResolvedVersion",
    "mesh": "DiscoveredService HealthReport HealthState MeshService ServiceLease ServiceQuery",
    "command": "Command CommandArgument CommandOutcome",
    "metrics": "Metric MetricKind OperationSample",
    "schedule": "Daily Every Job JobReport",
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names.split()}

__all__ = ["CONTRACT_VERSION", *_MODULE_OF]  # the table is the one list of names


if not TYPE_CHECKING:  # a type checker that saw this would take any name for granted

    def __getattr__(name: str) -> Any:
        """Import the module that defines ``name`` and keep the name here (PEP 562)."""
        module = _MODULE_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{module}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """All public names, imported or not."""
    return sorted(__all__)
