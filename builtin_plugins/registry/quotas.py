"""How much may lie in a namespace: checked within the unit of work, so two writers cannot both pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import Artifact, NamespaceUsage

from .names import check_namespace, parents
from .namespaces import stored
from .refusals import over_quota

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
    path = artifact.namespace
    along = [path, *parents(path)]
    scope = check_namespace(path)
    for each in along:
        known = stored(work, each)
        limit = known.quotas.artifacts if known is not None else None
        if each == along[-1] and scope.artifacts is not None:
            limit = scope.artifacts if limit is None else min(limit, scope.artifacts)
        storage = known.quotas.storage_bytes if known is not None else None
        if limit is None and storage is None:
            continue
        usage: NamespaceUsage = work.hook.storage_namespace_usage(namespace=each)
        if limit is not None and more and usage.artifacts + more > limit:
            raise over_quota(
                "artifacts",
                f"{each} holds {usage.artifacts} of at most {limit} artifacts",
                "delete some, or raise its quota",
            )
        if storage is not None and usage.content_bytes + more_bytes > storage:
            raise over_quota(
                "storage_bytes",
                f"{each} holds {usage.content_bytes} of at most {storage} bytes, and this takes {more_bytes}",
                "delete some, or raise its quota",
            )
