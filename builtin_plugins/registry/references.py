"""Find the artifact that somebody means: by id, by coordinates, by tag."""

from __future__ import annotations

import difflib
import json
import re
from itertools import compress
from typing import TYPE_CHECKING, Final

import semver

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactState, PageRequest

from .names import check_name, check_namespace
from .refusals import invalid, missing
from .seeing import sees

if TYPE_CHECKING:
    from .work import Work

__all__ = ["CHANNELS", "TAGS", "YANKED", "coordinates", "find", "versions_of", "yank_of"]

TAGS: Final = "tags"
CHANNELS: Final = "channels"
YANKED: Final = "yanked"
"""Collections: tags and channels by ``namespace/name@word``, yanks by the id of the version."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LONGEST: Final = 300
"""Characters of a version or a tag that are looked up; none is longer."""
_VERSION_BEGINS = re.compile(r"\d+\.\d")


def coordinates(artifact: Artifact) -> str:
    """``namespace/name@version``."""
    return f"{artifact.namespace}/{artifact.name}@{artifact.version}"


def find(work: Work, reference: str) -> Artifact:
    """The artifact that a reference means.

    Args:
        work: The call.
        reference: An id; ``namespace/name@version``; ``namespace/name@tag``, or a channel in its place; or
            ``namespace/name``, which is the version tagged ``latest``, else the highest published one that
            is no pre-release, else the highest published, deprecated or draft. Without a version, what is
            archived or yanked is never chosen.

    Raises:
        RefusalError: it is no reference, or there is no such artifact.
    """
    if _ID.fullmatch(reference):
        by_id: Artifact | None = work.hook.storage_get_artifact(artifact_id=reference)
        if by_id is None or not sees(work, [by_id])[0]:
            raise missing("artifact", f"there is no artifact {reference}")
        return by_id
    path, _, name = reference.partition("/")
    name, marked, wanted = name.partition("@")
    if not name or (marked and not wanted):
        raise invalid(
            "artifact",
            "reference",
            f"{reference[:120]!r} names no artifact",
            "write an id, or namespace/name, or namespace/name@version",
        )
    check_namespace(path)
    check_name(name)
    found: Artifact | None
    if wanted and _VERSION_BEGINS.match(wanted):
        found = work.hook.storage_find_artifact(namespace=path, name=name, version=wanted[:_LONGEST])
    elif wanted:
        found = _marked(work, TAGS, path, name, wanted) or _marked(work, CHANNELS, path, name, wanted)
    else:
        found = _marked(work, TAGS, path, name, "latest")
        if (
            found is None
            or found.state is ArtifactState.ARCHIVED
            or yank_of(work, found) is not None
            or not sees(work, [found])[0]
        ):
            found = _newest(work, path, name)
    if found is None or not sees(work, [found])[0]:
        raise missing("artifact", f"there is no artifact {reference[:500]}", _nearby(work, path, name))
    return found


def yank_of(work: Work, artifact: Artifact) -> str | None:
    """Why a version must not be chosen anew; ``None`` when it may."""
    data = work.hook.storage_get_record(collection=YANKED, key=artifact.id)
    return str(json.loads(data)["reason"]) if data else None


def versions_of(work: Work, namespace: str, name: str) -> list[Artifact]:
    """All versions of an artifact that the principal may see, the highest first."""
    query = ArtifactQuery(namespace=namespace, name=name)
    found: list[Artifact] = []
    token = ""
    while True:
        page = work.hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
        found += compress(page.items, sees(work, page.items))
        token = page.next_token
        if not token:
            break
    # Versions that differ in their build metadata alone are equal to SemVer; text decides on their order.
    return sorted(found, key=lambda item: (semver.Version.parse(item.version), item.version), reverse=True)


def _marked(work: Work, collection: str, namespace: str, name: str, word: str) -> Artifact | None:
    """The version with a tag, or the current one of a channel."""
    key = f"{namespace}/{name}@{word[:_LONGEST]}"
    data = work.hook.storage_get_record(collection=collection, key=key)
    if data is None:
        return None
    found: Artifact | None = work.hook.storage_find_artifact(
        namespace=namespace, name=name, version=json.loads(data)["version"]
    )
    return found


def _newest(work: Work, namespace: str, name: str) -> Artifact | None:
    """The version that is meant when none is named."""
    found = versions_of(work, namespace, name)
    published = [item for item in found if item.state is ArtifactState.PUBLISHED]
    final = [item for item in published if "-" not in item.version.partition("+")[0]]
    deprecated = [item for item in found if item.state is ArtifactState.DEPRECATED]
    drafts = [item for item in found if item.state is ArtifactState.DRAFT]
    wanted = (item for group in (final, published, deprecated, drafts) for item in group)
    return next((item for item in wanted if yank_of(work, item) is None), None)


def _nearby(work: Work, namespace: str, name: str) -> str:
    known = versions_of(work, namespace, name)
    if known:
        return f"versions are {', '.join(item.version for item in known[:10])}"
    page = work.hook.storage_list_artifacts(query=ArtifactQuery(namespace=namespace), page=PageRequest(1000))
    names = sorted({item.name for item in compress(page.items, sees(work, page.items))})
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {namespace}/{near[0]}?" if near else ""
