"""Which artifacts match, how they are sorted, and the tokens of pages."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactSort
from hyperhost.errors import RefusalError

__all__ = ["SORT_KEYS", "check_size", "make_token", "matches", "read_token"]

_PAGE_MAX: Final = 1000
SORT_KEYS: Final[dict[ArtifactSort, Callable[[Artifact], tuple[Any, ...]]]] = {
    ArtifactSort.CREATED: lambda artifact: (artifact.activity.created_at_us, artifact.id),
    ArtifactSort.UPDATED: lambda artifact: (artifact.activity.updated_at_us, artifact.id),
    ArtifactSort.NAME: lambda artifact: (artifact.namespace, artifact.name, artifact.id),
    ArtifactSort.DOWNLOADS: lambda artifact: (artifact.activity.download_count, artifact.id),
    ArtifactSort.RATING: lambda artifact: (artifact.activity.rating, artifact.id),
}


def check_size(size: int, most: int = _PAGE_MAX) -> None:
    """Return if a page may have that size.

    Raises:
        RefusalError: rule ``storage.page``.
    """
    if not 1 <= size <= most:
        raise RefusalError(f"page size is 1 to {most}, not {size}", "storage.page")


def matches(artifact: Artifact, query: ArtifactQuery) -> bool:
    """Whether a query asks for an artifact."""
    below = query.descendants and artifact.namespace.startswith(f"{query.namespace}.")
    wanted = (
        (query.namespace, query.namespace if below else artifact.namespace),
        (query.name, artifact.name),
        (query.type, artifact.type),
        (query.state, artifact.state),
        (query.visibility, artifact.visibility),
    )
    fits = all(asked is None or asked == found for asked, found in wanted)
    if query.needs is not None and all(each.artifact != query.needs for each in artifact.dependencies):
        return False
    return fits and query.labels.items() <= artifact.labels.items()


def make_token(key: Sequence[Any], query: Any) -> str:
    """The sort key of the last item shown: what follows it is found again whatever was written."""
    return json.dumps([*key, _seal(key, query)])


def read_token(token: str, query: Any) -> tuple[Any, ...]:
    """The key in a token.

    Raises:
        RefusalError: rule ``storage.page``: it is no token of this query.
    """
    try:
        *key, seal = json.loads(token)
    except (ValueError, TypeError, RecursionError):
        key, seal = [], ""
    if seal != _seal(key, query):
        raise RefusalError("the page token is not one of this query", "storage.page")
    return tuple(key)


def _seal(key: Sequence[Any], query: Any) -> str:
    """Ties a token to its query and catches a damaged one; it keeps nothing secret."""
    words = dataclasses.asdict(query) if isinstance(query, ArtifactQuery) else query
    text = json.dumps([list(key), words], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
