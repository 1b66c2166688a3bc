"""How much may lie in a namespace: checked within the unit of work, so two writers cannot both pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import Artifact, NamespaceUsage
from hyperhost.offering import over_quota

from .names import check_namespace, parents
from .namespaces import stored

if TYPE_CHECKING:
    from .work import Work

__all__ = ["check_quota"]


def check_quota(work: Work, artifact: Artifact, previous: Artifact | None = None) -> None:
    """Check that an artifact still fits into its namespace and all that lie above it.

    Args:
        work: The call; its unit of work has begun.
        artifact: As it is to be written.
        previous: As it was, for a change.

    Raises:
        RefusalError: it does not fit; says into which namespace, and how full that is.
    """
    more = 0 if previous is not None else 1
    more_bytes = artifact.content_size - (previous.content_size if previous is not None else 0)
    if not more and more_bytes <= 0:
        return
    along = [artifact.namespace, *parents(artifact.namespace)]
    scope = check_namespace(artifact.namespace)
    for path in along:
        known = stored(work, path)
        count = known.quotas.artifacts if known is not None else None
        if path == along[-1] and scope.artifacts is not None:
            count = scope.artifacts if count is None else min(count, scope.artifacts)
        size = known.quotas.storage_bytes if known is not None else None
        if not more:
            count = None
        if more_bytes <= 0:
            size = None
        if count is not None or size is not None:
            _check(work, path, count, size, more, more_bytes)


def _check(work: Work, path: str, count: int | None, size: int | None, more: int, more_bytes: int) -> None:
    usage: NamespaceUsage = work.hook.storage_namespace_usage(namespace=path)
    if count is not None and usage.artifacts + more > count:
        raise over_quota(
            "artifacts",
            f"{path} holds {usage.artifacts} of at most {count} artifacts",
            "delete some, or raise its quota",
        )
    if size is not None and usage.content_bytes + more_bytes > size:
        raise over_quota(
            "storage_bytes",
            f"{path} holds {usage.content_bytes} of at most {size} bytes, and this takes {more_bytes} more",
            "delete some, or raise its quota",
        )
