"""Every change of an artifact goes through here: plugins may alter and refuse it, then it is written."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import Artifact, ArtifactChange, ArtifactPatch, ChangeKind, PutMode, ValidationIssue
from hyperhost.contracts.codec import to_data

from .names import check_labels
from .refusals import invalid

if TYPE_CHECKING:
    from .work import Work

__all__ = ["HISTORY", "apply_patch", "propose", "remember", "write"]

HISTORY = "history"
"""Log with every committed state of every artifact: what lies behind point in time, diff and sync."""


def propose(
    work: Work, kind: ChangeKind, artifact: Artifact, previous: Artifact | None, manifest_json: str
) -> tuple[Artifact, str, list[ValidationIssue]]:
    """Let plugins alter a change and judge it.

    Returns:
        The artifact and its manifest as they are to be written, and what the author should know.

    Raises:
        RefusalError: a plugin refuses the change.
    """
    change = ArtifactChange(kind, artifact, previous, manifest_json, work.principal.id, work.at_us)
    for patch in work.hook.artifact_transform(change=change):
        if patch is not None:
            artifact, manifest_json = apply_patch(artifact, manifest_json, patch)
    change = dataclasses.replace(change, artifact=artifact, manifest_json=manifest_json)
    issues = [issue for found in work.hook.artifact_validate(change=change) for issue in found]
    return artifact, manifest_json, issues


def apply_patch(artifact: Artifact, manifest_json: str, patch: ArtifactPatch) -> tuple[Artifact, str]:
    """An artifact with what a transforming plugin wants changed.

    Raises:
        RefusalError: the patch holds labels or a manifest that nobody might write.
    """
    labels = {key: value for key, value in artifact.labels.items() if key not in patch.remove_labels}
    notes = {key: value for key, value in artifact.annotations.items() if key not in patch.remove_annotations}
    labels |= patch.set_labels
    check_labels(labels)
    if patch.manifest_json is not None:
        try:
            json.loads(patch.manifest_json or "{}")
        except ValueError:
            raise invalid("manifest", "json", "a plugin replaced the manifest with what is no JSON") from None
        manifest_json = patch.manifest_json
    return (
        dataclasses.replace(
            artifact,
            metadata=patch.metadata or artifact.metadata,
            labels=labels,
            annotations=notes | patch.set_annotations,
        ),
        manifest_json,
    )


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
    """Append a change to the history."""
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
    work.changes.append(
        ArtifactChange(kind, artifact, previous, manifest_json, work.principal.id, work.at_us)
    )
