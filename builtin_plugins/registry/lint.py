"""The operation ``lint``: remarks on style, none of which stops anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactType, IssueSeverity, ValidationIssue, Visibility
from hyperhost.offering import invalid, operation

from .artifacts import drafted
from .drafts import Draft
from .licences import problem_of_licence
from .references import coordinates, find
from .work import Work

__all__ = ["remarks"]

_URL: Final = re.compile(r"https?://[^\s/]+(?:/\S*)?|[a-z+]+://\S+|git@[^\s:]+:\S+")
_WEB: Final = re.compile(r"https?://[^\s/]+(?:/\S*)?")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9+#.-]*")
_SHORT: Final = 10
_MANY: Final = 20

_LOW, _MEDIUM, _HIGH = IssueSeverity.LOW, IssueSeverity.MEDIUM, IssueSeverity.HIGH


@operation("lint", group="checking", permission="artifact:read", reads_private=True)
def lint(work: Work, artifact: str | None = None, draft: Draft | None = None) -> list[ValidationIssue]:
    """Remark on the style of an artifact, or of a draft before it is created."""
    if (artifact is None) == (draft is None):
        raise invalid("artifact", "choice", "lint takes an artifact, or a draft", "give one of them")
    if draft is not None:
        found, manifest_json = drafted(work, draft)
        work.about(coordinates(found), found.namespace)
    else:
        found = find(work, artifact or "")
        work.about(coordinates(found), found.namespace)
        work.private = found.visibility is not Visibility.PUBLIC
        manifest_json = work.hook.storage_get_manifest(artifact_id=found.id) or ""
    return remarks(found, json.loads(manifest_json) if manifest_json else {})


def remarks(artifact: Artifact, manifest: Any) -> list[ValidationIssue]:
    """Remarks on an artifact and its manifest, in the order of their fields."""
    found = [*_about_metadata(artifact), *_about_words(artifact), *_about_dependencies(artifact)]
    match artifact.type:
        case ArtifactType.PLUGIN:
            found += _about_plugin(manifest)
        case ArtifactType.SERVICE:
            found += _about_service(manifest)
        case ArtifactType.CONFIG:
            found += _about_config(manifest)
        case ArtifactType.TEMPLATE:
            found += _about_template(manifest)
        case ArtifactType.LIBRARY | ArtifactType.THEME:
            if artifact.content is None:
                found.append(
                    ValidationIssue(
                        "content.missing",
                        f"a {artifact.type.value} has content as a rule",
                        _MEDIUM,
                        "content",
                    )
                )
    return found


def _about_metadata(artifact: Artifact) -> Iterator[ValidationIssue]:
    metadata = artifact.metadata
    if not metadata.description.strip():
        yield ValidationIssue("description.missing", "say what it is for", _MEDIUM, "metadata.description")
    elif len(metadata.description.strip()) < _SHORT:
        yield ValidationIssue(
            "description.short", "say what it is for in a sentence", _LOW, "metadata.description"
        )
    if not metadata.author.strip() and artifact.publisher is None:
        yield ValidationIssue("author.missing", "name who wrote it", _LOW, "metadata.author")
    if not metadata.licenses:
        yield ValidationIssue("license.missing", "name a licence", _MEDIUM, "metadata.licenses")
    for index, each in enumerate(metadata.licenses):
        problem = problem_of_licence(each)
        if problem is not None:
            yield ValidationIssue("license.spdx", problem, _MEDIUM, f"metadata.licenses[{index}]")
    if metadata.homepage and not _WEB.fullmatch(metadata.homepage):
        yield ValidationIssue("homepage.url", "write a web address", _LOW, "metadata.homepage")
    if metadata.repository and not _URL.fullmatch(metadata.repository):
        yield ValidationIssue(
            "repository.url", "write the address of a repository", _LOW, "metadata.repository"
        )
    if not metadata.repository and artifact.visibility is Visibility.PUBLIC:
        yield ValidationIssue("repository.missing", "say where its source is", _LOW, "metadata.repository")


def _about_words(artifact: Artifact) -> Iterator[ValidationIssue]:
    metadata = artifact.metadata
    if not metadata.keywords and not metadata.tags:
        yield ValidationIssue("keywords.missing", "give words to find it by", _LOW, "metadata.keywords")
    for name in ("tags", "keywords"):
        words = getattr(metadata, name)
        if len(words) > _MANY:
            yield ValidationIssue(
                f"{name}.many", f"{len(words)} {name} find it everywhere", _LOW, f"metadata.{name}"
            )
        for index, word in enumerate(words):
            place = f"metadata.{name}[{index}]"
            if word in words[:index]:
                yield ValidationIssue(f"{name}.twice", f"{word!r} is there twice", _LOW, place)
            elif not _WORD.fullmatch(word):
                yield ValidationIssue(
                    f"{name}.style", f"write {word!r} in lower case, as one word", _LOW, place
                )


def _about_dependencies(artifact: Artifact) -> Iterator[ValidationIssue]:
    for index, each in enumerate(artifact.dependencies):
        if each.constraint.strip() in ("*", "x", "latest", ">=0.0.0"):
            yield ValidationIssue(
                "dependency.open",
                f"any version of {each.artifact} may be chosen, the next incompatible one too",
                _MEDIUM,
                f"dependencies[{index}].constraint",
            )


def _about_plugin(manifest: dict[str, Any]) -> Iterator[ValidationIssue]:
    if manifest.get("config_defaults") is not None and manifest.get("config_schema") is None:
        yield ValidationIssue(
            "config.schema", "defaults without a schema are not checked", _LOW, "manifest.config_schema"
        )
    if not manifest.get("hooks") and not manifest.get("commands"):
        yield ValidationIssue(
            "hooks.missing", "it answers no hook and has no command", _LOW, "manifest.hooks"
        )
    for index, permission in enumerate(manifest.get("permissions") or []):
        if permission.endswith((":*", ":/")) or permission == "*":
            yield ValidationIssue(
                "permission.wide", f"{permission!r} is everything", _HIGH, f"manifest.permissions[{index}]"
            )


def _about_service(manifest: dict[str, Any]) -> Iterator[ValidationIssue]:
    deployment = manifest.get("deployment") or {}
    image = str(deployment.get("image") or "")
    if image.endswith(":latest") or (image and ":" not in image.rpartition("/")[2] and "@" not in image):
        yield ValidationIssue(
            "image.version", f"{image!r} is another image tomorrow", _MEDIUM, "manifest.deployment.image"
        )
    if not manifest.get("health_check") and not deployment.get("liveness"):
        yield ValidationIssue(
            "health.missing", "say how to see that it lives", _MEDIUM, "manifest.health_check"
        )
    if deployment.get("memory_bytes") is None:
        yield ValidationIssue(
            "memory.missing", "say how much it takes", _LOW, "manifest.deployment.memory_bytes"
        )


def _about_config(manifest: dict[str, Any]) -> Iterator[ValidationIssue]:
    if manifest.get("schema") is None:
        yield ValidationIssue(
            "schema.missing", "without a schema nothing is checked", _MEDIUM, "manifest.schema"
        )
    for index, path in enumerate(manifest.get("sensitive") or []):
        if _lookup(manifest.get("values"), path) not in (None, ""):
            yield ValidationIssue(
                "secret.plain",
                f"the value of {path!r} stands in the config; refer to a secret instead",
                _HIGH,
                f"manifest.sensitive[{index}]",
            )


def _about_template(manifest: dict[str, Any]) -> Iterator[ValidationIssue]:
    for index, each in enumerate(manifest.get("parameters") or []):
        if not each.get("description"):
            yield ValidationIssue(
                "parameter.description",
                f"say what {each.get('name')!r} is for",
                _LOW,
                f"manifest.parameters[{index}].description",
            )


def _lookup(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data
