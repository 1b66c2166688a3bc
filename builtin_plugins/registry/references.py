"""Find the artifact that somebody means: by id, by coordinates, by tag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import semver

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactState, PageRequest

from .names import check_name, check_namespace
from .refusals import invalid, missing

if TYPE_CHECKING:
    from .work import Work

__all__ = ["coordinates", "find", "versions_of"]

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_VERSION_BEGINS = re.compile(r"\d+\.\d")


def coordinates(artifact: Artifact) -> str:
    """``namespace/name@version``."""
    return f"{artifact.namespace}/{artifact.name}@{artifact.version}"


def find(work: Work, reference: str) -> Artifact:
    """The artifact that a reference means.

    Args:
        work: The call.
        reference: An id; ``namespace/name@version``; ``namespace/name@tag``; or ``namespace/name``, which
            is the version tagged ``latest``, else the highest published one, else the highest.

    Raises:
        RefusalError: it is no reference, or there is no such artifact.
    """
    if _ID.fullmatch(reference):
        by_id: Artifact | None = work.hook.storage_get_artifact(artifact_id=reference)
        if by_id is None:
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
        found = work.hook.storage_find_artifact(namespace=path, name=name, version=wanted)
    else:
        found = _tagged(work, path, name, wanted or "latest") or (
            None if wanted else _newest(work, path, name)
        )
    if found is None:
        raise missing("artifact", f"there is no artifact {reference}", _nearby(work, path, name))
    return found


def versions_of(work: Work, namespace: str, name: str) -> list[Artifact]:
    """All versions of an artifact, the highest first."""
    query = ArtifactQuery(namespace=namespace, name=name)
    found: list[Artifact] = []
    token = ""
    while True:
        page = work.hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
        found += page.items
        token = page.next_token
        if not token:
            break
    return sorted(found, key=lambda item: semver.Version.parse(item.version), reverse=True)


def _tagged(work: Work, namespace: str, name: str, tag: str) -> Artifact | None:
    version = work.hook.storage_get_record(collection="tags", key=f"{namespace}/{name}@{tag}")
    if version is None:
        return None
    import json

    found: Artifact | None = work.hook.storage_find_artifact(
        namespace=namespace, name=name, version=json.loads(version)["version"]
    )
    return found


def _newest(work: Work, namespace: str, name: str) -> Artifact | None:
    found = versions_of(work, namespace, name)
    published = [item for item in found if item.state is ArtifactState.PUBLISHED]
    final = [item for item in published if "-" not in item.version.partition("+")[0]]
    return next(iter(final or published or found), None)


def _nearby(work: Work, namespace: str, name: str) -> str:
    known = versions_of(work, namespace, name)
    if known:
        return f"versions are {', '.join(item.version for item in known[:10])}"
    import difflib

    page = work.hook.storage_list_artifacts(query=ArtifactQuery(namespace=namespace), page=PageRequest(1000))
    names = sorted({item.name for item in page.items})
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {namespace}/{near[0]}?" if near else ""
