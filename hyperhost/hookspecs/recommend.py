"""Hooks of recommendations: the service ``recommend``.

Exactly one provider answers it (``[providers]`` in ``hyperhost.toml``). It knows who asks: what
``access_visible`` says they must not see is neither recommended nor named in a reason, and changes no score.
Nobody's use of anything is told to anybody else.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.operations import Principal
from hyperhost.contracts.recommend import Recommendations, RecommendationState, RecommendRequest
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["RecommendHooks"]


class RecommendHooks(Protocol):
    """The service ``recommend``."""

    @hookspec(service="recommend", firstresult=True, raises=RefusalError)
    def recommend_artifacts(self, principal: Principal, request: RecommendRequest) -> Recommendations:
        """Recommend artifacts, and say why.

        A fault ends the operation that asked.

        Args:
            principal: Who asks.
            request: What to start from.

        Returns:
            Published artifacts that the person does not have yet; fewer than asked for when there are no
            more.

        Raises:
            RefusalError: rule ``missing:artifact`` (there is none of that name, or they must not know of it)
                or ``invalid:FIELD:RULE``.

        Example:
            ```python
            from hyperhost.contracts import (
                Principal, Recommendation, RecommendationPart, Recommendations, RecommendRequest
            )
            from hyperhost.hookspecs import hookimpl

            class Always:
                @hookimpl
                def recommend_artifacts(self, request: RecommendRequest) -> Recommendations:
                    part = RecommendationPart("content", 1.0, 0.5, 0.5, "everybody needs it")
                    found = Recommendation("org.acme/log", "1.0.0", "a1", 0.5, [part], [part.reason])
                    return Recommendations([found][: request.limit])

            host.register(Always())
            ask = host.hook.recommend_artifacts
            [found] = ask(principal=Principal("user:bob"), request=RecommendRequest("org.acme/auth")).items
            assert found.reasons == ["everybody needs it"]
            ```
        """
        ...

    @hookspec(service="recommend", firstresult=True)
    def recommend_status(self) -> RecommendationState:
        """Say what was learned so far.

        A fault ends the operation that asked.

        Returns:
            Figures, and the places in the logs that were reached.

        Example:
            ```python
            from hyperhost.contracts import RecommendationState
            from hyperhost.hookspecs import hookimpl

            class Nothing:
                @hookimpl
                def recommend_status(self) -> RecommendationState:
                    return RecommendationState()

            host.register(Nothing())
            assert host.hook.recommend_status().people == 0
            ```
        """
        ...

    @hookspec(service="recommend", firstresult=True, raises=RefusalError)
    def recommend_rebuild(self) -> RecommendationState:
        """Forget what was learned, and learn everything anew.

        After a fault the rest is learned with the next question.

        Returns:
            What was learned then.

        Raises:
            RefusalError: the store cannot be read.

        Example:
            ```python
            from hyperhost.contracts import RecommendationState
            from hyperhost.hookspecs import hookimpl

            class Quick:
                @hookimpl
                def recommend_rebuild(self) -> RecommendationState:
                    return RecommendationState(artifacts=2)

            host.register(Quick())
            assert host.hook.recommend_rebuild().artifacts == 2
            ```
        """
        ...
