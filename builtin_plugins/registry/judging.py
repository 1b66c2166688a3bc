"""The registry's own rules as a gate: what reaches the store by another door is judged like a draft.

Operations of the registry check what they were given while they read it, with the path of each argument,
and ask plugins afterwards. A copy comes whole, from a file or from another registry; whoever writes one
asks ``artifact_validate``, and gets the answer of this module among those of all other plugins.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import hyperhost
from hyperhost.contracts import Artifact, ArtifactChange, ArtifactState, ArtifactType, ChangeKind
from hyperhost.offering import conflict, invalid, read_json

from .artifacts import RETIRED
from .checks import check_artifact
from .inheritance import check_extends
from .lifecycle import BEFORE_ARCHIVE
from .manifests import MAX_MANIFEST_BYTES, check_manifest_data
from .names import check_name, check_namespace, check_text, check_version
from .references import coordinates
from .vault import is_sealed

if TYPE_CHECKING:
    from .work import Work

__all__ = ["judge"]

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LIVE: Final = (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)
_BEFORE: Final = (ArtifactState.DRAFT.value, *(state.value for state in _LIVE))


def judge(work: Work, change: ArtifactChange) -> None:
    """Judge a change that no operation of the registry makes. A deletion is never refused.

    Args:
        work: A call to read the store with.
        change: What is about to be written.

    Raises:
        RefusalError: something in the artifact or its manifest is not what it has to be; the version
            was given out before, with another content; or it is published, and not signed as its
            namespace needs.
    """
    if change.kind is ChangeKind.DELETED:
        return
    artifact = change.artifact
    if not _ID.fullmatch(artifact.id):
        raise invalid("id", "uuid7", f"{artifact.id[:40]!r} is no UUIDv7")
    check_namespace(artifact.namespace)
    check_name(artifact.name)
    check_version(artifact.version)
    check_artifact(work, artifact)
    _check_state(artifact)
    _check_manifest(work, artifact, change.manifest_json)
    if change.previous is None:
        _check_retired(work, artifact)
    if _is_given_out(artifact) and not _was_signed(artifact, change.previous):
        hyperhost.require_signatures(work.hook, artifact)


def _check_state(artifact: Artifact) -> None:
    """Refuse a state that no operation leads to: it would let what was published change again."""
    notes = artifact.annotations.get(BEFORE_ARCHIVE)
    if notes is not None and notes not in _BEFORE:
        raise invalid(
            f"annotations.{BEFORE_ARCHIVE}", "state", f"{notes[:40]!r} is no state before archiving"
        )
    states = (artifact.state.value, notes) if artifact.state is ArtifactState.ARCHIVED else (artifact.state,)
    if any(state in _LIVE for state in states) and artifact.activity.published_at_us is None:
        raise invalid(
            "activity.published_at_us", "missing", f"it is {artifact.state.value} and never was published"
        )
    if artifact.deprecation is not None:
        check_text(artifact.deprecation.reason, "deprecation.reason")


def _is_given_out(artifact: Artifact) -> bool:
    """Whether it counts as published: by its state, or by the one that restoring it leads back to."""
    if artifact.state is ArtifactState.ARCHIVED:
        return artifact.annotations.get(BEFORE_ARCHIVE) in _LIVE
    return artifact.state in _LIVE


def _was_signed(artifact: Artifact, previous: Artifact | None) -> bool:
    """Whether it was given out before, and nothing that is signed has changed.

    Then it was judged when it came in, and keys of then may have expired since.
    """
    return (
        previous is not None
        and _is_given_out(previous)
        and hyperhost.artifact_payload(artifact) == hyperhost.artifact_payload(previous)
        and all(each in artifact.signatures for each in previous.signatures)
    )


def _check_manifest(work: Work, artifact: Artifact, text: str) -> None:
    # Four bytes are the most that a character takes, so counting is needed only near the limit.
    if len(text) * 4 > MAX_MANIFEST_BYTES and len(text.encode(errors="replace")) > MAX_MANIFEST_BYTES:
        raise invalid("manifest", "size", "the manifest is larger than 1 MiB")
    data: Any = read_json(text, "manifest", "the data of the manifest") if text else None
    check_manifest_data(artifact.type, data)
    if artifact.type is not ArtifactType.CONFIG:
        return
    in_sight = not is_sealed(data) or data.get("defaults") or data.get("overrides")
    if data.get("encrypted") and in_sight:
        raise invalid(
            "manifest.values",
            "sealed",
            "the config says that it is encrypted, and its values are in plain sight",
            "export it again from the registry that holds it",
        )
    check_extends(work, artifact, text)


def _check_retired(work: Work, artifact: Artifact) -> None:
    place = coordinates(artifact)
    text = work.hook.storage_get_record(collection=RETIRED, key=place)
    if text is None:
        return
    if json.loads(text).get("content") != artifact.content_hash:
        raise conflict(
            "version",
            f"{place} was published once and deleted, with another content",
            "give it a new version where it comes from",
        )
