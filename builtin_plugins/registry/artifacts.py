"""Operations on single artifacts: create, read, update, delete, list, and checks without a change."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import partial
from typing import Any, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactPage,
    ArtifactQuery,
    ArtifactState,
    ChangeKind,
    ContentInfo,
    PageRequest,
    PutMode,
    ValidationIssue,
    Visibility,
)
from hyperhost.offering import conflict, invalid, missing, operation, wrong_state

from .checks import check_artifact, kept_annotations
from .drafts import Changed, Draft, Edit
from .gates import propose, remember, was_published, write
from .identifiers import uuid7
from .inheritance import check_extends
from .masking import masked_manifest
from .names import check_name, check_namespace, check_version
from .namespaces import visibility_of
from .quotas import check_quota
from .references import coordinates, find
from .seeing import sees, sees_all, visible_page
from .vault import Vault
from .versions import forget
from .work import Work

__all__ = [
    *(
        "RETIRED",
        "create",
        "delete",
        "list_artifacts",
        "read",
        "read_manifest",
        "resolve",
        "update",
        "validate",
    ),
]

RETIRED: Final = "retired-versions"
"""Collection of versions that were published and then deleted, by ``namespace/name@version``."""

_FIXED: Final = ("manifest", "content_hash", "dependencies", "publisher")
_GIVEN_OUT: Final = (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)
_SIGNED: Final = ("metadata", "content_hash", "dependencies")
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}|sha3-512:[0-9a-f]{128}")


@operation("create", group="artifact", permission="artifact:create", changes=True)
def create(work: Work, draft: Draft) -> Changed:
    """Create an artifact as a draft."""
    artifact, manifest_json = drafted(work, draft)
    work.about(coordinates(artifact), artifact.namespace, type=artifact.type.value)
    _check_free(work, artifact)
    check_quota(work, artifact)
    artifact, manifest_json, issues = propose(work, ChangeKind.CREATED, artifact, None, manifest_json)
    write(work, ChangeKind.CREATED, artifact, None, manifest_json, PutMode.CREATE)
    return Changed(artifact, issues)


@operation("read", group="artifact", permission="artifact:read", reads_private=True)
def read(work: Work, artifact: str) -> Artifact:
    """Show an artifact, named by id, namespace/name, namespace/name@version or namespace/name@tag."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    work.private = found.visibility is not Visibility.PUBLIC
    return found


@operation("resolve", group="artifact", permission="artifact:read", reads_private=True)
def resolve(work: Work, artifact: str) -> Artifact:
    """Say which version a reference means now, as in org.acme/auth@^1.2 or org.acme/auth@stable."""
    found: Artifact = read(work, artifact)
    return found


@operation("read_manifest", group="artifact", permission="artifact:read", reads_private=True)
def read_manifest(work: Work, artifact: str) -> Any:
    """Show the manifest of an artifact, its sensitive fields masked."""
    found = read(work, artifact)
    text = work.hook.storage_get_manifest(artifact_id=found.id)
    return masked_manifest(found.type, json.loads(text)) if text else None


@operation("list", group="artifact", permission="artifact:read", reads_private=True)
def list_artifacts(
    work: Work,
    query: ArtifactQuery | None = None,
    page: PageRequest | None = None,
) -> ArtifactPage:
    """List artifacts, a page at a time.

    Those that the principal must not see are left out, and nothing tells that they are there.
    """
    if query is not None and query.namespace is not None:
        work.about(query.namespace, query.namespace)
    wanted = query or ArtifactQuery()

    def fetch(part: PageRequest) -> tuple[list[Artifact], str]:
        found: ArtifactPage = work.hook.storage_list_artifacts(query=wanted, page=part)
        return found.items, found.next_token

    if sees_all(work.principal):
        found = ArtifactPage(*fetch(page or PageRequest()))
    else:
        found = ArtifactPage(*visible_page(fetch, partial(sees, work), page or PageRequest()))
    work.private = any(item.visibility is not Visibility.PUBLIC for item in found.items)
    return found


@operation("update", group="artifact", permission="artifact:update", changes=True)
def update(work: Work, artifact: str, edit: Edit) -> Changed:
    """Change an artifact; of a published one, what it holds and needs stays as it is.

    One that becomes public after it was published is attested then, as others are when they are published.
    """
    from .signing import attested

    before = find(work, artifact)
    work.about(coordinates(before), before.namespace, fields=_given(edit))
    _check_changeable(before, _given(edit))
    after, manifest_json = edited(work, before, edit)
    after, manifest_json, issues = propose(work, ChangeKind.UPDATED, after, before, manifest_json)
    if after == before and manifest_json == (work.hook.storage_get_manifest(artifact_id=before.id) or ""):
        return Changed(before, issues)
    check_quota(work, after, before)
    if before.visibility is not Visibility.PUBLIC and after.state in _GIVEN_OUT:
        after = attested(work, after)
    after = touched(after, work.at_us)
    write(work, ChangeKind.UPDATED, after, before, manifest_json, PutMode.REPLACE)
    return Changed(after, issues)


@operation("delete", group="artifact", permission="artifact:delete", changes=True)
def delete(work: Work, artifact: str) -> Artifact:
    """Delete a draft or an archived artifact, its manifest, tags and ratings.

    A version that was published is never given out again.
    """
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    if found.state in (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED):
        ways = "unpublish or archive" if found.state is ArtifactState.PUBLISHED else "archive"
        raise wrong_state("state", f"{coordinates(found)} is {found.state.value}", f"{ways} it first")
    manifest_json = work.hook.storage_get_manifest(artifact_id=found.id) or ""
    propose(work, ChangeKind.DELETED, found, None, manifest_json)
    work.hook.storage_delete_artifact(artifact_id=found.id)
    forget(work, found)
    if was_published(found):
        data = {"id": found.id, "content": found.content_hash, "by": work.principal.id, "at_us": work.at_us}
        work.hook.storage_put_record(
            collection=RETIRED, key=coordinates(found), data_json=json.dumps(data), mode=None
        )
    remember(work, ChangeKind.DELETED, found, None, manifest_json)
    return found


@operation("validate", group="checking", permission="artifact:create")
def validate(work: Work, draft: Draft) -> list[ValidationIssue]:
    """Judge a draft as creating it would, without creating it."""
    artifact, manifest_json = drafted(work, draft)
    _check_free(work, artifact)
    check_quota(work, artifact)
    return propose(work, ChangeKind.CREATED, artifact, None, manifest_json)[2]


def drafted(work: Work, draft: Draft) -> tuple[Artifact, str]:
    """The artifact that a draft describes, with its manifest as JSON text.

    Raises:
        RefusalError: something in it is not what it has to be.
    """
    check_namespace(draft.namespace)
    artifact = Artifact(
        uuid7(work.at_us),
        draft.namespace,
        check_name(draft.name),
        draft.type,
        check_version(draft.version),
        draft.visibility or visibility_of(work, draft.namespace),
        ArtifactState.DRAFT,
        draft.metadata,
        draft.labels,
        kept_annotations({}, draft.annotations),
        _content(work, draft.content_hash),
        draft.dependencies,
        draft.publisher,
        [],
        ArtifactActivity(work.at_us, work.at_us),
    )
    check_artifact(work, artifact)
    return artifact, _manifest(work, artifact, draft.manifest)


def edited(work: Work, before: Artifact, edit: Edit) -> tuple[Artifact, str]:
    """An artifact with an edit applied, and its manifest.

    Raises:
        RefusalError: something in it is not what it has to be.
    """
    notes = before.annotations
    after = dataclasses.replace(
        before,
        visibility=edit.visibility or before.visibility,
        metadata=edit.metadata or before.metadata,
        labels=before.labels if edit.labels is None else edit.labels,
        annotations=notes if edit.annotations is None else kept_annotations(notes, edit.annotations),
        content=before.content if edit.content_hash is None else _content(work, edit.content_hash),
        dependencies=before.dependencies if edit.dependencies is None else edit.dependencies,
        publisher=edit.publisher or before.publisher,
    )
    check_artifact(work, after)
    if edit.manifest is not None:
        stored = work.hook.storage_get_manifest(artifact_id=before.id) or ""
        return after, _manifest(work, after, edit.manifest, stored)
    return after, work.hook.storage_get_manifest(artifact_id=before.id) or ""


def _manifest(work: Work, artifact: Artifact, given: Any, stored: str = "") -> str:
    """A manifest as it may be stored: of its type, sealed where it asks for that, and no part of a circle."""
    text = (work.vault or Vault(None)).written(artifact, given, stored)
    check_extends(work, artifact, text)
    return text


def touched(artifact: Artifact, at_us: int) -> Artifact:
    """The artifact as changed at a time; never before it was created, whatever the clock says."""
    at_us = max(at_us, artifact.activity.created_at_us)
    return dataclasses.replace(artifact, activity=dataclasses.replace(artifact.activity, updated_at_us=at_us))


def _check_free(work: Work, artifact: Artifact) -> None:
    """Check that the version was never given out."""
    place = coordinates(artifact)
    taken = work.hook.storage_find_artifact(
        namespace=artifact.namespace, name=artifact.name, version=artifact.version
    )
    if taken is not None:
        raise conflict("version", f"{place} exists already", "choose another version")
    if work.hook.storage_get_record(collection=RETIRED, key=place) is not None:
        raise conflict(
            "version",
            f"{place} was published once and deleted, and a published version never changes",
            "choose another version",
        )


def _check_changeable(before: Artifact, fields: list[str]) -> None:
    """Check that the fields may still change: fixed once published, and where a signature covers them."""
    if before.state is ArtifactState.ARCHIVED:
        raise wrong_state("state", f"{coordinates(before)} is archived", "restore it first")
    for name in fields:
        if name in _FIXED and (was_published(before) or before.state is not ArtifactState.DRAFT):
            raise wrong_state(
                name,
                f"{coordinates(before)} was published, so its {name} stays as it is",
                "create a new version",
            )
        if name in _SIGNED and before.signatures:
            raise wrong_state(
                name,
                f"{coordinates(before)} is signed, and its signatures cover its {name}",
                "create a new version",
            )


def _content(work: Work, content_hash: str | None) -> ContentInfo | None:
    if content_hash is None:
        return None
    if not _HASH.fullmatch(content_hash):
        raise invalid(
            "content_hash",
            "hash",
            f"{content_hash[:40]!r} is no hash of a content",
            "write it as sha256:… or sha3-512:…, in lower case",
        )
    found: ContentInfo | None = work.hook.content_stat(content_hash=content_hash)
    if found is None:
        raise missing("content_hash", f"there is no content {content_hash}", "upload it first")
    return found


def _given(edit: Edit) -> list[str]:
    return [field.name for field in dataclasses.fields(edit) if getattr(edit, field.name) is not None]
