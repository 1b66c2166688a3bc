"""Answers of the service: the graph as it is now, and what whoever asks may see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import (
    ClusterList,
    GraphPart,
    GraphQuestion,
    GraphRoute,
    GraphState,
    ImpactReport,
    Principal,
    SimilarArtifact,
)

from .asking import check_limit, neighbours, route
from .clusters import clusters
from .follower import Follower
from .places import Places
from .settings import weights_of
from .sight import Sight
from .similar import Similarity
from .walking import Walker, impact

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Desk"]


class Desk:
    """Answers questions. Any number of threads may ask at once.

    Args:
        context: What the host says of itself.

    Raises:
        ConfigError: the configuration is not what it has to be.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._hook = context.hook
        self._weights = weights_of(context.config)
        self.follower = Follower(context)

    def neighbours(self, principal: Principal, question: GraphQuestion) -> GraphPart:
        """See the hook ``graph_neighbours``."""
        walker, places = self._for(principal)
        return neighbours(walker, places, self._weights, question)

    def similar(self, principal: Principal, artifact: str, limit: int) -> list[SimilarArtifact]:
        """See the hook ``graph_similar``; what is missing is like nothing."""
        check_limit(limit)
        walker, places = self._for(principal)
        at = walker.sight.face(places.artifact(artifact))
        return Similarity(walker.view, walker.sight, self._weights, at).best(limit) if at is not None else []

    def path(self, principal: Principal, target: str, question: GraphQuestion) -> GraphRoute:
        """See the hook ``graph_path``."""
        walker, places = self._for(principal)
        return route(walker, places, question, target)

    def impact(self, principal: Principal, artifact: str, depth: int, limit: int) -> ImpactReport:
        """See the hook ``graph_impact``."""
        check_limit(limit)
        walker, places = self._for(principal)
        return impact(walker, places.artifact(artifact), depth, limit)

    def clusters(
        self, principal: Principal, namespace: str, least: int, limit: int, members: int
    ) -> ClusterList:
        """See the hook ``graph_clusters``."""
        check_limit(limit)
        check_limit(members, "members")
        check_limit(least, "least", 2)
        walker, _ = self._for(principal)
        return clusters(walker, namespace, least, limit, members)

    def status(self) -> GraphState:
        """See the hook ``graph_status``."""
        view = self.follower.view()
        return GraphState(view.artifacts, view.edges, view.sequence, view.built_at_us)

    def _for(self, principal: Principal) -> tuple[Walker, Places]:
        view = self.follower.view()
        sight = Sight(self._hook, principal, view)
        return Walker(view, sight), Places(self._hook, view, sight)
