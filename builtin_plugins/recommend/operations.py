"""Operations on recommendations: what the service answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hyperhost.contracts import ArtifactType, Recommendations, RecommendationState, RecommendRequest
from hyperhost.contracts.types import U32
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError
from hyperhost.offering import Asked, OperationTable, invalid, operation

__all__ = ["Asked", "table"]


@cache
def table() -> OperationTable:
    """All operations, in the order in which help shows them."""
    return OperationTable([recommend, recommend_for, recommend_status, recommend_rebuild])


@operation(group="recommend", permission="artifact:read", reads_private=True)
def recommend(
    asked: Asked,
    artifact: str = "",
    using: list[str] | None = None,
    text: str = "",
    type: ArtifactType | None = None,  # noqa: A002 - the argument's name outside
    namespace: str = "",
    limit: U32 = 10,
) -> Recommendations:
    """Recommend artifacts that go with one, or with what the caller uses, and say why."""
    return _recommended(
        asked, RecommendRequest(artifact, "", using or [], text, type, namespace, limit), artifact
    )


@operation(group="recommend", permission="audit:read", reads_private=True)
def recommend_for(
    asked: Asked,
    person: str,
    artifact: str = "",
    using: list[str] | None = None,
    text: str = "",
    type: ArtifactType | None = None,  # noqa: A002 - the argument's name outside
    namespace: str = "",
    limit: U32 = 10,
) -> Recommendations:
    """Recommend artifacts to somebody else, by what they have used; that tells what that was."""
    if not person or len(person) > 1_000:
        raise invalid("person", "principal", "nobody is named", "write the id of a principal: user:alice")
    request = RecommendRequest(artifact, person, using or [], text, type, namespace, limit)
    found = _recommended(asked, request, person)
    asked.private = True
    return found


@operation(group="recommend", permission="administration:read")
def recommend_status(asked: Asked) -> RecommendationState:
    """Show what recommendations have learned so far."""
    found: RecommendationState = _answer(lambda: asked.hook.recommend_status())
    return found


@operation(group="recommend", permission="administration:index", reads_private=True)
def recommend_rebuild(asked: Asked) -> RecommendationState:
    """Forget what was learned for recommendations, and learn everything anew."""
    found: RecommendationState = _answer(lambda: asked.hook.recommend_rebuild())
    asked.private = True
    return found


def _recommended(asked: Asked, request: RecommendRequest, about: str) -> Recommendations:
    found: Recommendations = _answer(
        lambda: asked.hook.recommend_artifacts(principal=asked.principal, request=request)
    )
    asked.about(about[:300])
    asked.private = any(each.private for each in found.items)
    return found


def _answer(ask: Callable[[], Any]) -> Any:
    """What the service answers.

    Raises:
        RefusalError: it refuses, or nothing answers it, or several could.
    """
    try:
        return ask()
    except (ProviderMissingError, ProviderConflictError) as error:
        raise RefusalError(
            f"nothing recommends: {error.message}",
            "state:recommend:provider",
            plugin=error.plugin,
            hint=error.hint or "activate a plugin that provides the service recommend",
        ) from error
