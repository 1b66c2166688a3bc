"""What the local registry holds, as scans read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactState, PageRequest, Principal
from hyperhost.offering import visible_artifacts
from hyperhost.versions import parse

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["highest", "pages"]

_PAGE: Final = 1_000


def highest(artifacts: Iterator[Artifact]) -> Iterator[Artifact]:
    """Of artifacts sorted by name, the highest published or deprecated version of each, releases first."""
    best: Artifact | None = None
    for each in artifacts:
        if each.state not in (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED):
            continue
        if best is not None and (best.namespace, best.name) != (each.namespace, each.name):
            yield best
            best = None
        if best is None or _rank(each) > _rank(best):
            best = each
    if best is not None:
        yield best


def _rank(artifact: Artifact) -> tuple[object, ...]:
    version = parse(artifact.version)
    return (not version.is_prerelease, version)


def pages(hook: HookRelay, query: ArtifactQuery, principal: Principal | None) -> Iterator[Artifact]:
    """All artifacts that a query finds, in its order, without those that somebody must not see."""
    token = ""
    while True:
        page = hook.storage_list_artifacts(query=query, page=PageRequest(_PAGE, token))
        yield from visible_artifacts(hook, principal, page.items)
        token = page.next_token
        if not token:
            return
