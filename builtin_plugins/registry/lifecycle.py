"""Operations that move an artifact through its life: publish, deprecate, archive, and back.

draft ──publish──▶ published ──deprecate──▶ deprecated
  ▲                   │  ▲                     │
  └────unpublish──────┘  └────undeprecate──────┘
published, deprecated, draft ──archive──▶ archived ──restore──▶ what it was
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import hyperhost
from hyperhost.contracts import (
    Artifact,
    ArtifactState,
    ChangeKind,
    Deprecation,
    Publisher,
    PutMode,
    SignerRole,
)
from hyperhost.offering import invalid, operation, wrong_state

from .artifacts import touched
from .checks import RESERVED
from .drafts import Changed
from .gates import propose, write
from .names import check_coordinates, check_text, check_version
from .references import coordinates, find
from .signing import attested, signed
from .versions import leave_channels
from .work import Work

__all__ = ["BEFORE_ARCHIVE", "archive", "deprecate", "publish", "restore", "undeprecate", "unpublish"]

BEFORE_ARCHIVE = f"{RESERVED}state-before-archive"
"""Annotation that remembers what an archived artifact was."""


@operation("publish", group="artifact", permission="artifact:publish", changes=True)
def publish(work: Work, artifact: str, key: str = "") -> Changed:
    """Publish a draft, signed with a key if one is named; what it holds and needs never changes from then on.

    Where a trust rule says whose signatures its namespace needs, they have to be there. The registry
    attests what is public, if it has a key for that.
    """
    before = _in_state(work, artifact, "published", ArtifactState.DRAFT)
    activity, publisher = before.activity, before.publisher
    if activity.published_at_us is None:
        at_us = max(work.at_us, activity.created_at_us)
        activity = dataclasses.replace(activity, published_at_us=at_us)
    if publisher is None:
        asks = work.principal
        publisher = Publisher(asks.id, asks.name, asks.attributes.get("email", ""))
    after = dataclasses.replace(before, state=ArtifactState.PUBLISHED, activity=activity, publisher=publisher)
    if key:
        after = signed(work, after, key, SignerRole.PUBLISHER)
    hyperhost.require_signatures(work.hook, after)
    return _move(work, ChangeKind.PUBLISHED, after, before, attested)


@operation("unpublish", group="artifact", permission="artifact:publish", changes=True)
def unpublish(work: Work, artifact: str) -> Changed:
    """Take a published artifact back to being a draft; its content stays fixed all the same.

    It leaves its channels, which hold published versions only.
    """
    before = _in_state(work, artifact, "unpublished", ArtifactState.PUBLISHED)
    leave_channels(work, before)
    return _move(work, ChangeKind.UPDATED, dataclasses.replace(before, state=ArtifactState.DRAFT), before)


@operation("deprecate", group="artifact", permission="artifact:deprecate", changes=True)
def deprecate(
    work: Work,
    artifact: str,
    reason: str = "",
    replacement: str | None = None,
    removed_at_us: int | None = None,
    alternate_versions: list[str] | None = None,
) -> Changed:
    """Say that a version should no longer be used, and what to use instead."""
    before = _in_state(work, artifact, "deprecated", ArtifactState.PUBLISHED)
    check_text(reason, "reason")
    if replacement is not None and check_coordinates(replacement, "replacement") == (
        before.namespace,
        before.name,
    ):
        raise invalid(
            "replacement",
            "itself",
            f"{replacement} is what is deprecated",
            "see alternate_versions",
        )
    for index, version in enumerate(alternate_versions or ()):
        check_version(version, f"alternate_versions[{index}]")
        if version == before.version:
            raise invalid(f"alternate_versions[{index}]", "itself", f"{version} is the deprecated version")
    if removed_at_us is not None and removed_at_us < work.at_us:
        raise invalid("removed_at_us", "past", "the moment of removal lies in the past")
    about = Deprecation(work.at_us, reason, removed_at_us, replacement, alternate_versions or [])
    after = dataclasses.replace(before, state=ArtifactState.DEPRECATED, deprecation=about)
    return _move(work, ChangeKind.DEPRECATED, after, before)


@operation("undeprecate", group="artifact", permission="artifact:deprecate", changes=True)
def undeprecate(work: Work, artifact: str) -> Changed:
    """Take a deprecation back."""
    before = _in_state(work, artifact, "undeprecated", ArtifactState.DEPRECATED)
    after = dataclasses.replace(before, state=ArtifactState.PUBLISHED, deprecation=None)
    return _move(work, ChangeKind.UPDATED, after, before)


@operation("archive", group="artifact", permission="artifact:archive", changes=True)
def archive(work: Work, artifact: str) -> Changed:
    """Put an artifact away: it is kept, and is found by its version or id only."""
    known = (ArtifactState.DRAFT, ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)
    before = _in_state(work, artifact, "archived", *known)
    leave_channels(work, before)
    notes = {**before.annotations, BEFORE_ARCHIVE: before.state.value}
    after = dataclasses.replace(before, state=ArtifactState.ARCHIVED, annotations=notes)
    return _move(work, ChangeKind.UPDATED, after, before)


@operation("restore", group="artifact", permission="artifact:archive", changes=True)
def restore(work: Work, artifact: str) -> Changed:
    """Bring an archived artifact back to what it was."""
    before = _in_state(work, artifact, "restored", ArtifactState.ARCHIVED)
    notes = dict(before.annotations)
    state = ArtifactState(notes.pop(BEFORE_ARCHIVE, ArtifactState.DRAFT))
    after = dataclasses.replace(before, state=state, annotations=notes)
    return _move(work, ChangeKind.UPDATED, after, before)


def _in_state(work: Work, reference: str, done: str, *states: ArtifactState) -> Artifact:
    found = find(work, reference)
    work.about(coordinates(found), found.namespace, state=found.state.value)
    if found.state not in states:
        names = " or ".join("a draft" if state is ArtifactState.DRAFT else state.value for state in states)
        raise wrong_state(
            "state",
            f"{coordinates(found)} is {found.state.value} and cannot be {done}",
            f"only what is {names} can",
        )
    return found


def _move(
    work: Work,
    kind: ChangeKind,
    after: Artifact,
    before: Artifact,
    finish: Callable[[Work, Artifact], Artifact] | None = None,
) -> Changed:
    manifest_json = work.hook.storage_get_manifest(artifact_id=before.id) or ""
    after, manifest_json, issues = propose(work, kind, after, before, manifest_json)
    if finish is not None:
        after = finish(work, after)
    after = touched(after, work.at_us)
    write(work, kind, after, before, manifest_json, PutMode.REPLACE)
    work.about(coordinates(after), after.namespace, to=after.state.value)
    return Changed(after, issues)
