"""Every change of an artifact goes through here: plugins may alter and refuse it, then it is written."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactChange,
    ArtifactPatch,
    ArtifactType,
    ChangeKind,
    PutMode,
    ValidationIssue,
)
from hyperhost.contracts.codec import to_data
from hyperhost.offering import invalid, read_json, wrong_state

from .checks import RESERVED, check_artifact
from .inheritance import check_extends
from .manifests import check_manifest
from .masking import masked_manifest
from .references import coordinates
from .remembering import bury
from .vault import Vault, is_sealed

if TYPE_CHECKING:
    from .work import Work

__all__ = ["HISTORY", "apply_patch", "propose", "remember", "was_published", "write"]

HISTORY: Final = "history"
"""Log with every committed state of every artifact: what lies behind point in time, diff and sync."""


def propose(
    work: Work, kind: ChangeKind, artifact: Artifact, previous: Artifact | None, manifest_json: str
) -> tuple[Artifact, str, list[ValidationIssue]]:
    """Let plugins alter a change and judge it. What is to be deleted is judged only.

    Args:
        work: The call.
        kind: What is about to happen.
        artifact: As it is to be.
        previous: As it was; ``None`` for a creation and a deletion.
        manifest_json: The manifest that is to be.

    Returns:
        The artifact and its manifest as they are to be written, and what the author should know.

    Raises:
        RefusalError: a plugin refuses the change, or would make of it what is not allowed.
    """
    change = ArtifactChange(kind, artifact, previous, manifest_json, work.principal.id, work.at_us)
    if kind is not ChangeKind.DELETED:
        patches = [patch for patch in work.hook.artifact_transform(change=change) if patch is not None]
        if patches:
            artifact, manifest_json = _altered(work, artifact, previous, manifest_json, patches)
            change = dataclasses.replace(change, artifact=artifact, manifest_json=manifest_json)
    return artifact, manifest_json, _asked(work, change)


def _asked(work: Work, change: ArtifactChange) -> list[ValidationIssue]:
    """What plugins say of a change. The registry, which is one of them, has checked it already."""
    judged = work.judged
    if judged is None:
        return [issue for found in work.hook.artifact_validate(change=change) for issue in found]
    before, judged.change = judged.change, change
    try:
        return [issue for found in work.hook.artifact_validate(change=change) for issue in found]
    finally:
        judged.change = before


def was_published(artifact: Artifact) -> bool:
    """Whether it is published, or ever was; what it holds and needs is fixed from then on."""
    return artifact.activity.published_at_us is not None


def apply_patch(artifact: Artifact, manifest_json: str, patch: ArtifactPatch) -> tuple[Artifact, str]:
    """An artifact with what a transforming plugin wants changed; not checked yet.

    Raises:
        RefusalError: the patch touches an annotation of the registry, or its manifest is no JSON.
    """
    for key in (*patch.set_annotations, *patch.remove_annotations):
        if key.startswith(RESERVED):
            raise invalid(
                "annotations", "reserved", f"a plugin would change {key[:80]!r}, which is the registry's"
            )
    labels = {key: value for key, value in artifact.labels.items() if key not in patch.remove_labels}
    notes = {key: value for key, value in artifact.annotations.items() if key not in patch.remove_annotations}
    altered = dataclasses.replace(
        artifact,
        metadata=patch.metadata or artifact.metadata,
        labels=labels | patch.set_labels,
        annotations=notes | patch.set_annotations,
    )
    if patch.manifest_json is None:
        return altered, manifest_json
    return altered, _read_manifest(artifact.type, patch.manifest_json)


def write(
    work: Work,
    kind: ChangeKind,
    artifact: Artifact,
    previous: Artifact | None,
    manifest_json: str,
    mode: PutMode,
) -> Artifact:
    """Write an artifact, remember the change, and note that observers have to hear of it."""
    work.hook.storage_put_artifact(artifact=artifact, manifest_json=manifest_json, mode=mode)
    remember(work, kind, artifact, previous, manifest_json)
    return artifact


def remember(
    work: Work, kind: ChangeKind, artifact: Artifact, previous: Artifact | None, manifest_json: str
) -> None:
    """Append a change to the history, and note it for observers.

    The history holds the manifest as it is, to restore it; observers get it with everything sensitive
    masked, as they are not asked whether they may see it.
    """
    entry: dict[str, Any] = {
        "kind": kind.value,
        "actor": work.principal.id,
        "artifact": to_data(artifact),
        "manifest": manifest_json,
    }
    work.hook.storage_append_log(
        log=HISTORY,
        subject=artifact.id,
        data_json=json.dumps(entry, ensure_ascii=False, separators=(",", ":")),
        at_us=work.at_us,
    )
    if kind is ChangeKind.DELETED:
        bury(work, artifact)
    if artifact.type is ArtifactType.CONFIG and manifest_json:
        shown = masked_manifest(artifact.type, json.loads(manifest_json))
        manifest_json = json.dumps(shown, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    work.changes.append(
        ArtifactChange(kind, artifact, previous, manifest_json, work.principal.id, work.at_us)
    )


def _altered(
    work: Work,
    artifact: Artifact,
    previous: Artifact | None,
    manifest_json: str,
    patches: list[ArtifactPatch],
) -> tuple[Artifact, str]:
    """The artifact after all patches, checked as if its author had written it so."""
    before, manifest_before = artifact, manifest_json
    for patch in patches:
        artifact, manifest_json = apply_patch(artifact, manifest_json, patch)
    if previous is not None and was_published(previous) and manifest_json != manifest_before:
        raise wrong_state(
            "manifest",
            f"a plugin would change the manifest of {coordinates(artifact)}, which was published",
            "deactivate the plugin, or make it leave published manifests alone",
        )
    if artifact.signatures and artifact.metadata != before.metadata:
        raise wrong_state(
            "metadata",
            f"a plugin would change the metadata of {coordinates(artifact)}, which is signed",
            "deactivate the plugin, or make it leave signed metadata alone",
        )
    check_artifact(work, artifact)
    if artifact.type is ArtifactType.CONFIG and manifest_json != manifest_before:
        data = json.loads(manifest_json)
        if data["encrypted"] and not is_sealed(data):
            manifest_json = (work.vault or Vault(None)).written(artifact, data)
        check_extends(work, artifact, manifest_json)
    return artifact, manifest_json


def _read_manifest(kind: ArtifactType, text: str) -> str:
    data = read_json(text, "manifest", "the data of a manifest from a plugin") if text else None
    return check_manifest(kind, data)
