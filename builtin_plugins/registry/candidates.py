"""The local registry's versions, as a resolution wants to see them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactState,
    ArtifactType,
    Candidate,
    PageRequest,
    Principal,
)
from hyperhost.offering import visible_artifacts
from hyperhost.versions import parse

from .references import YANKED

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["candidates"]

_PAGE: Final = 1_000
_ARCHIVED: Final = "archived"


def candidates(hook: HookRelay, artifacts: list[str], principal: Principal | None) -> list[Candidate]:
    """All versions of some artifacts but drafts, highest first within each; see the hookspec.

    An archived version counts as yanked: nobody chooses it anew, and who has it locked keeps it.
    """
    found: list[Candidate] = []
    for artifact in artifacts:
        namespace, _, name = artifact.partition("/")
        if namespace and name:
            shown = visible_artifacts(hook, principal, _versions(hook, namespace, name))
            found += (_candidate(hook, each) for each in shown)
    return found


def _versions(hook: HookRelay, namespace: str, name: str) -> list[Artifact]:
    query = ArtifactQuery(namespace=namespace, name=name)
    found: list[Artifact] = []
    token = ""
    while True:
        page = hook.storage_list_artifacts(query=query, page=PageRequest(_PAGE, token))
        found += (each for each in page.items if each.state is not ArtifactState.DRAFT)
        token = page.next_token
        if not token:
            # Versions that differ in their build metadata alone are equal; the text decides.
            return sorted(found, key=lambda each: (parse(each.version), each.version), reverse=True)


def _candidate(hook: HookRelay, artifact: Artifact) -> Candidate:
    yank = hook.storage_get_record(collection=YANKED, key=artifact.id)
    is_archived = artifact.state is ArtifactState.ARCHIVED
    reason = str(json.loads(yank)["reason"]) if yank else _ARCHIVED if is_archived else ""
    return Candidate(
        f"{artifact.namespace}/{artifact.name}",
        artifact.version,
        artifact.dependencies,
        artifact.content.hash if artifact.content is not None else None,
        artifact.activity.published_at_us or 0,
        artifact.activity.download_count,
        yanked=bool(yank) or is_archived,
        yank_reason=reason,
        deprecation=_deprecation(artifact),
        host_constraint=_host_constraint(hook, artifact),
    )


def _deprecation(artifact: Artifact) -> str:
    """Why it should no longer be used, and what to use instead, in words."""
    if artifact.deprecation is None:
        return ""
    said = artifact.deprecation
    reason = said.reason or "deprecated"
    return f"{reason}; use {said.replacement}" if said.replacement else reason


def _host_constraint(hook: HookRelay, artifact: Artifact) -> str:
    if artifact.type is not ArtifactType.PLUGIN:
        return ""
    text = hook.storage_get_manifest(artifact_id=artifact.id)
    manifest = json.loads(text) if text else {}
    wanted = manifest.get("host_constraint", "") if isinstance(manifest, dict) else ""
    return wanted if isinstance(wanted, str) else ""
