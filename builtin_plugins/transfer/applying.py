"""Write copied artifacts and records into a registry, inside of a step: bulk, history, events."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactChange,
    ArtifactType,
    ArtifactWrite,
    ChangeKind,
    LogWrite,
    PutMode,
)
from hyperhost.contracts.codec import to_data
from hyperhost.errors import RefusalError

from .states import coordinates
from .store import HISTORY

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .steps import Step

__all__ = ["Issue", "Plan", "counterpart", "named", "perform", "placed", "refused", "write_record"]

_DELETED: Final = "deleted"
"""Collection in which the registry notes what was deleted, for lists of the past."""
_RATINGS: Final = "ratings"
_MODES: Final = {ChangeKind.CREATED: PutMode.CREATE, ChangeKind.UPDATED: PutMode.REPLACE}
_NAMED_MAX: Final = 700
"""Characters of coordinates that are repeated; a namespace, a name and a version have no more."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that was not done, and why.

    Attributes:
        kind: ``conflict``, ``refused`` (by a plugin, the registry among them) or ``content`` (its bytes are
            nowhere).
        what: ``artifact`` or the name of a collection.
        key: ``namespace/name@version``, or the key of a record.
        reason: For a person.
        field: What in it is at fault, where that is known: ``manifest.outputs[0].mode``.
        rule: The rule that it breaks: ``mode``.
    """

    kind: str
    what: str
    key: str
    reason: str
    field: str = ""
    rule: str = ""


@dataclass(slots=True)
class Plan:
    """What is to be done to artifacts, and what came up.

    Attributes:
        create: Artifacts that are new.
        replace: Artifacts that are there and change, with what they were.
        delete: Artifacts that go, with their manifests.
        issues: What is not done.
        known: By id of what is written: digests of the states that it had elsewhere before.
    """

    create: list[ArtifactWrite] = field(default_factory=list)
    replace: list[tuple[ArtifactWrite, Artifact]] = field(default_factory=list)
    delete: list[ArtifactWrite] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    known: dict[str, list[str]] = field(default_factory=dict)


def counterpart(hook: HookRelay, artifact: Artifact) -> Artifact | None:
    """The artifact of the same id in another registry, else that at the same coordinates."""
    found: Artifact | None = hook.storage_get_artifact(artifact_id=artifact.id)
    if found is None:
        found = hook.storage_find_artifact(
            namespace=artifact.namespace, name=artifact.name, version=artifact.version
        )
    return found


def placed(hook: HookRelay, artifact: Artifact, like: Artifact | None = None) -> Artifact:
    """A copied artifact as it is in this registry.

    Args:
        hook: The registry's hooks.
        artifact: The copy.
        like: What is replaced; it keeps its id, its downloads and its rating.
    """
    if like is not None:
        activity = dataclasses.replace(
            artifact.activity, download_count=like.activity.download_count, rating=like.activity.rating
        )
        artifact = dataclasses.replace(artifact, id=like.id, activity=activity)
    if artifact.content is None:
        return artifact
    here = hook.content_stat(content_hash=artifact.content.hash)
    uri = here.uri if here is not None else None
    if uri == artifact.content.uri:
        return artifact
    return dataclasses.replace(artifact, content=dataclasses.replace(artifact.content, uri=uri))


def perform(step: Step, plan: Plan, origin: str) -> None:
    """Do what a plan says, but for what a plugin refuses, which becomes an issue.

    Args:
        step: The step that does it.
        plan: The plan.
        origin: Where it comes from, for the history: ``import:…`` or ``sync:…``.
    """
    changes = [_change(step, ChangeKind.DELETED, item, None) for item in plan.delete]
    changes += [_change(step, ChangeKind.CREATED, item, None) for item in plan.create]
    changes += [_change(step, ChangeKind.UPDATED, item, before) for item, before in plan.replace]
    allowed: list[ArtifactChange] = []
    waiting: dict[ChangeKind, list[ArtifactWrite]] = {kind: [] for kind in _MODES}
    for change in changes:
        if not _is_allowed(step, change, plan.issues):
            continue
        allowed.append(change)
        item = ArtifactWrite(change.artifact, change.manifest_json)
        if change.kind is ChangeKind.DELETED:
            _delete(step, change.artifact)
        elif change.artifact.type is ArtifactType.CONFIG:
            # Whoever judges the next one has to see this one: two could build on each other.
            step.hook.storage_put_artifacts(items=[item], mode=_MODES[change.kind])
        else:
            waiting[change.kind].append(item)
    for kind, items in waiting.items():
        if items:
            step.hook.storage_put_artifacts(items=items, mode=_MODES[kind])
    if allowed:
        step.hook.storage_append_logs(log=HISTORY, items=_history(step, allowed, origin, plan.known))
    step.changes += map(_shown, allowed)


def refused(artifact: Artifact, refusal: RefusalError) -> Issue:
    """That a plugin, the registry among them, does not let an artifact in."""
    by = f"{refusal.plugin}: " if refusal.plugin else ""
    _, _, rest = refusal.rule.partition(":")
    field, _, rule = rest.rpartition(":") if ":" in rest else (rest, "", "")
    return Issue("refused", "artifact", named(artifact), f"{by}{refusal.reason}", field, rule or refusal.rule)


def named(artifact: Artifact) -> str:
    """The coordinates of an artifact that was not judged yet, for a person: on one line, and no novel."""
    text = coordinates(artifact)[:_NAMED_MAX]
    return text if text.isprintable() else ascii(text)[1:-1]


def write_record(step: Step, collection: str, key: str, data_json: str | None, origin: str) -> None:
    """Write a copied record, or remove one, and remember that as the registry does.

    Args:
        step: The step that does it.
        collection: Which records.
        key: Which of them.
        data_json: The record; ``None`` to remove it.
        origin: As in :func:`perform`.
    """
    subject = _subject(step.hook, collection, key)
    if data_json is None:
        step.hook.storage_delete_record(collection=collection, key=key)
    else:
        step.hook.storage_put_record(collection=collection, key=key, data_json=data_json, mode=None)
    if collection == _RATINGS:
        return  # what users say of an artifact is no change of it
    entry = {
        "kind": "record",
        "actor": step.principal.id,
        "collection": collection,
        "key": key,
        "data": None if data_json is None else json.loads(data_json),
        "origin": origin,
    }
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    step.hook.storage_append_log(log=HISTORY, subject=subject, data_json=text, at_us=step.at_us)


def _subject(hook: HookRelay, collection: str, key: str) -> str:
    """What the history of a record is looked for by."""
    if collection in ("tags", "channels"):
        return key.rpartition("@")[0]
    if collection == "yanked":
        artifact = hook.storage_get_artifact(artifact_id=key)
        return f"{artifact.namespace}/{artifact.name}" if artifact is not None else ""
    return key


def _shown(change: ArtifactChange) -> ArtifactChange:
    """A change as observers hear of it: without the manifest where that may hold secrets."""
    if change.artifact.type is ArtifactType.CONFIG:
        return dataclasses.replace(change, manifest_json="")
    return change


def _change(step: Step, kind: ChangeKind, item: ArtifactWrite, before: Artifact | None) -> ArtifactChange:
    return ArtifactChange(kind, item.artifact, before, item.manifest_json, step.principal.id, step.at_us)


def _is_allowed(step: Step, change: ArtifactChange, issues: list[Issue]) -> bool:
    """Whether no plugin refuses a change. A copy stays a copy: nobody is asked to transform it."""
    try:
        step.hook.artifact_validate(change=change)
    except RefusalError as refusal:
        issues.append(refused(change.artifact, refusal))
        return False
    return True


def _delete(step: Step, artifact: Artifact) -> None:
    step.hook.storage_delete_artifact(artifact_id=artifact.id)
    step.hook.storage_put_record(
        collection=_DELETED,
        key=f"{coordinates(artifact)}#{artifact.id}",
        data_json=json.dumps({"at_us": step.at_us}),
        mode=None,
    )


def _history(
    step: Step, changes: Sequence[ArtifactChange], origin: str, known: dict[str, list[str]]
) -> list[LogWrite]:
    found = []
    for change in changes:
        entry: dict[str, Any] = {
            "kind": change.kind.value,
            "actor": step.principal.id,
            "artifact": to_data(change.artifact),
            "manifest": change.manifest_json,
            "origin": origin,
        }
        if known.get(change.artifact.id):
            entry["known"] = known[change.artifact.id]
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        found.append(LogWrite(text, step.at_us, change.artifact.id))
    return found
