"""Operations on single artifacts: create, read, update, delete, list, and checks without a change."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactPage,
    ArtifactQuery,
    ArtifactState,
    ChangeKind,
    ContentInfo,
    Dependency,
    PageRequest,
    PutMode,
    ValidationIssue,
    Visibility,
)

from .drafts import Changed, Draft, Edit
from .gates import propose, remember, write
from .identifiers import uuid7
from .manifests import check_manifest
from .names import check_labels, check_name, check_namespace, check_version
from .quotas import check_quota
from .references import coordinates, find
from .refusals import conflict, invalid, missing, wrong_state
from .table import operation
from .work import Work

__all__ = ["create", "delete", "list_artifacts", "read", "update"]

_MAX_DEPENDENCIES = 1_000
_MAX_TEXT = 10_000
_MAX_ANNOTATIONS_BYTES = 256 * 1024


@operation("create", group="artifact", permission="artifact:create", changes=True)
def create(work: Work, draft: Draft) -> Changed:
    """Create an artifact as a draft."""
    artifact, manifest_json = drafted(work, draft)
    work.about(coordinates(artifact), artifact.namespace, type=artifact.type.value)
    check_quota(work, artifact)
    artifact, manifest_json, issues = propose(work, ChangeKind.CREATED, artifact, None, manifest_json)
    taken = work.hook.storage_find_artifact(
        namespace=artifact.namespace, name=artifact.name, version=artifact.version
    )
    if taken is not None:
        raise conflict("version", f"{coordinates(artifact)} exists already", "choose another version")
    write(work, ChangeKind.CREATED, artifact, None, manifest_json, PutMode.CREATE)
    return Changed(artifact, issues)


@operation("read", group="artifact", permission="artifact:read", reads_private=True)
def read(work: Work, artifact: str) -> Artifact:
    """Show an artifact, named by id, namespace/name, namespace/name@version or namespace/name@tag."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    work.private = found.visibility is not Visibility.PUBLIC
    return found


@operation("read_manifest", group="artifact", permission="artifact:read", reads_private=True)
def read_manifest(work: Work, artifact: str) -> Any:
    """Show the manifest of an artifact, its sensitive fields masked."""
    from .masking import masked_manifest

    found = read(work, artifact)
    text = work.hook.storage_get_manifest(artifact_id=found.id)
    return masked_manifest(found.type, json.loads(text)) if text else None


@operation("list", group="artifact", permission="artifact:read", reads_private=True)
def list_artifacts(
    work: Work,
    query: ArtifactQuery | None = None,
    page: PageRequest | None = None,
) -> ArtifactPage:
    """List artifacts, a page at a time."""
    found: ArtifactPage = work.hook.storage_list_artifacts(
        query=query or ArtifactQuery(), page=page or PageRequest()
    )
    work.private = any(item.visibility is not Visibility.PUBLIC for item in found.items)
    return found


@operation("update", group="artifact", permission="artifact:update", changes=True)
def update(work: Work, artifact: str, edit: Edit) -> Changed:
    """Change an artifact; of a published one, what it holds and needs stays as it is."""
    before = find(work, artifact)
    work.about(coordinates(before), before.namespace, fields=_given(edit))
    after, manifest_json = edited(work, before, edit)
    after, manifest_json, issues = propose(work, ChangeKind.UPDATED, after, before, manifest_json)
    if after == before and manifest_json == (work.hook.storage_get_manifest(artifact_id=before.id) or ""):
        return Changed(before, issues)
    after = touched(after, work.at_us)
    check_quota(work, after, before)
    write(work, ChangeKind.UPDATED, after, before, manifest_json, PutMode.REPLACE)
    return Changed(after, issues)


@operation("delete", group="artifact", permission="artifact:delete", changes=True)
def delete(work: Work, artifact: str) -> Artifact:
    """Delete a draft or an archived artifact, and its manifest with it."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    if found.state in (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED):
        raise wrong_state(
            "state", f"{coordinates(found)} is {found.state.value}", "unpublish or archive it first"
        )
    manifest_json = work.hook.storage_get_manifest(artifact_id=found.id) or ""
    propose(work, ChangeKind.DELETED, found, None, manifest_json)
    work.hook.storage_delete_artifact(artifact_id=found.id)
    remember(work, ChangeKind.DELETED, found, None, manifest_json)
    return found


@operation("validate", group="artifact", permission="artifact:read")
def validate(work: Work, draft: Draft) -> list[ValidationIssue]:
    """Judge a draft as creating it would, without creating it."""
    artifact, manifest_json = drafted(work, draft)
    return propose(work, ChangeKind.CREATED, artifact, None, manifest_json)[2]


def drafted(work: Work, draft: Draft) -> tuple[Artifact, str]:
    """The artifact that a draft describes, with its manifest as JSON text.

    Raises:
        RefusalError: something in it is not what it has to be.
    """
    scope = check_namespace(draft.namespace)
    artifact = Artifact(
        uuid7(work.at_us),
        draft.namespace,
        check_name(draft.name),
        draft.type,
        check_version(draft.version),
        draft.visibility or scope.visibility,
        ArtifactState.DRAFT,
        draft.metadata,
        draft.labels,
        draft.annotations,
        _content(work, draft.content_hash),
        draft.dependencies,
        draft.publisher,
        [],
        ArtifactActivity(work.at_us, work.at_us),
    )
    _check(artifact)
    return artifact, check_manifest(draft.type, draft.manifest)


def edited(work: Work, before: Artifact, edit: Edit) -> tuple[Artifact, str]:
    """An artifact with an edit applied, and its manifest.

    Raises:
        RefusalError: something in it is not what it has to be, or may not be changed any more.
    """
    if before.state is not ArtifactState.DRAFT:
        for name in ("manifest", "content_hash", "dependencies", "publisher"):
            if getattr(edit, name) is not None:
                raise wrong_state(
                    name,
                    f"{coordinates(before)} is {before.state.value}, so its {name} stays as it is",
                    "create a new version",
                )
    after = dataclasses.replace(
        before,
        visibility=edit.visibility or before.visibility,
        metadata=edit.metadata or before.metadata,
        labels=before.labels if edit.labels is None else edit.labels,
        annotations=before.annotations if edit.annotations is None else edit.annotations,
        content=before.content if edit.content_hash is None else _content(work, edit.content_hash),
        dependencies=before.dependencies if edit.dependencies is None else edit.dependencies,
        publisher=edit.publisher or before.publisher,
    )
    _check(after)
    if edit.manifest is not None:
        return after, check_manifest(after.type, edit.manifest)
    return after, work.hook.storage_get_manifest(artifact_id=before.id) or ""


def touched(artifact: Artifact, at_us: int) -> Artifact:
    """The artifact as changed at a time."""
    return dataclasses.replace(artifact, activity=dataclasses.replace(artifact.activity, updated_at_us=at_us))


def _content(work: Work, content_hash: str | None) -> ContentInfo | None:
    if content_hash is None:
        return None
    found: ContentInfo | None = work.hook.content_stat(content_hash=content_hash)
    if found is None:
        raise missing("content", f"there is no content {content_hash[:140]}", "upload it first")
    return found


def _check(artifact: Artifact) -> None:
    check_labels(artifact.labels)
    notes = sum(len(key.encode()) + len(value.encode()) for key, value in artifact.annotations.items())
    if notes > _MAX_ANNOTATIONS_BYTES:
        raise invalid("annotations", "size", f"annotations take {notes} bytes", "at most 256 KiB")
    for name in ("description", "author", "homepage", "repository"):
        if len(getattr(artifact.metadata, name)) > _MAX_TEXT:
            raise invalid(f"metadata.{name}", "length", f"{name} is longer than {_MAX_TEXT} characters")
    if len(artifact.dependencies) > _MAX_DEPENDENCIES:
        raise invalid("dependencies", "count", f"there are more than {_MAX_DEPENDENCIES} dependencies")
    for index, each in enumerate(artifact.dependencies):
        _check_dependency(each, f"dependencies[{index}]", artifact)


def _check_dependency(each: Dependency, field: str, artifact: Artifact) -> None:
    path, _, name = each.artifact.partition("/")
    try:
        check_namespace(path)
        check_name(name)
    except Exception as error:
        raise invalid(
            f"{field}.artifact", "coordinates", f"{each.artifact[:120]!r} is no namespace/name"
        ) from error
    if each.artifact == f"{artifact.namespace}/{artifact.name}":
        raise invalid(f"{field}.artifact", "itself", f"{each.artifact} depends on itself", "remove it")
    if len(each.constraint) > 1_000:
        raise invalid(f"{field}.constraint", "length", "the constraint is longer than 1,000 characters")


def _given(edit: Edit) -> list[str]:
    return [field.name for field in dataclasses.fields(edit) if getattr(edit, field.name) is not None]
