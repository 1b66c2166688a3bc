"""Find the artifact that somebody means: by id, by coordinates, by tag, by a constraint."""

from __future__ import annotations

import difflib
import json
import re
from itertools import compress
from typing import TYPE_CHECKING, Final

import semver

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactState, PageRequest
from hyperhost.errors import ConstraintError, VersionError
from hyperhost.offering import invalid, missing
from hyperhost.versions import Constraint, parse

from .names import check_name, check_namespace
from .seeing import sees

if TYPE_CHECKING:
    from hyperhost.errors import RefusalError

    from .work import Work

__all__ = ["CHANNELS", "TAGS", "YANKED", "coordinates", "find", "versions_of", "yank_of"]

TAGS: Final = "tags"
CHANNELS: Final = "channels"
YANKED: Final = "yanked"
"""Collections: tags and channels by ``namespace/name@word``, yanks by the id of the version."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LONGEST: Final = 300
"""Characters of a version or a tag that are looked up; none is longer."""
_VERSIONS_SHOWN: Final = 10
_VERSION_BEGINS = re.compile(r"\d+\.\d")


def coordinates(artifact: Artifact) -> str:
    """``namespace/name@version``."""
    return f"{artifact.namespace}/{artifact.name}@{artifact.version}"


def find(work: Work, reference: str) -> Artifact:
    """The artifact that a reference means.

    Args:
        work: The call.
        reference: An id; ``namespace/name@version``; ``namespace/name@tag``, or a channel in its place;
            ``namespace/name@constraint``, as in ``org.acme/log@^1.2``, which is the highest published
            version that satisfies it, else the highest deprecated one; or ``namespace/name``, which is the
            version tagged ``latest``, else the highest published one that is no pre-release, else the
            highest published, deprecated or draft. Without a version, what is archived or yanked is never
            chosen.

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
        if found is not None:
            return found
    if wanted and found is None:
        found = _satisfying(work, path, name, wanted)
    elif not wanted:
        found = _marked(work, TAGS, path, name, "latest")
        if found is None or found.state is ArtifactState.ARCHIVED or yank_of(work, found) is not None:
            found = _newest(work, path, name)
    if found is None and not wanted and (known := versions_of(work, path, name)):
        raise _nothing_to_choose(work, f"{path}/{name}", known)
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
    """The version with a tag, or the current one of a channel; ``None`` when it must not be seen."""
    key = f"{namespace}/{name}@{word[:_LONGEST]}"
    data = work.hook.storage_get_record(collection=collection, key=key)
    if data is None:
        return None
    found: Artifact | None = work.hook.storage_find_artifact(
        namespace=namespace, name=name, version=json.loads(data)["version"]
    )
    return found if found is not None and sees(work, [found])[0] else None


def _newest(work: Work, namespace: str, name: str) -> Artifact | None:
    """The version that is meant when none is named."""
    found = versions_of(work, namespace, name)
    published = [item for item in found if item.state is ArtifactState.PUBLISHED]
    final = [item for item in published if "-" not in item.version.partition("+")[0]]
    deprecated = [item for item in found if item.state is ArtifactState.DEPRECATED]
    drafts = [item for item in found if item.state is ArtifactState.DRAFT]
    wanted = (item for group in (final, published, deprecated, drafts) for item in group)
    return next((item for item in wanted if yank_of(work, item) is None), None)


def _satisfying(work: Work, namespace: str, name: str, wanted: str) -> Artifact | None:
    """The highest version that satisfies a constraint; ``None`` for what is a version, or no constraint.

    Raises:
        RefusalError: it can be nothing but a constraint, and cannot be read; or no version satisfies it.
    """
    if wanted[0].isalpha() and wanted[0] not in "vVxX":
        return None  # a tag, or a channel, that is not there
    try:
        constraint = Constraint.parse(wanted)
    except ConstraintError as error:
        if wanted[0].isalpha() or _VERSION_BEGINS.match(wanted):
            return None
        shown = f"{namespace}/{name}@{wanted[:80]}"
        raise invalid("artifact", "range", f"{shown} is no reference: {error.message}", error.hint) from None
    if _is_version(wanted):
        return None
    known = versions_of(work, namespace, name)
    if not known:
        return None
    fitting = [item for item in known if constraint.allows(item.version)]
    for state in (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED):
        for item in fitting:
            if item.state is state and yank_of(work, item) is None:
                return item
    shown = ", ".join(item.version for item in fitting[:_VERSIONS_SHOWN])
    raise missing(
        "artifact",
        f"no version of {namespace}/{name} that may be chosen satisfies {wanted[:80]}",
        f"{shown} would, and may be chosen by name only" if shown else _nearby(work, namespace, name),
    )


def _is_version(text: str) -> bool:
    try:
        parse(text)
    except VersionError:
        return False
    return True


def _nothing_to_choose(work: Work, name: str, known: list[Artifact]) -> RefusalError:
    """Versions are there, and none that is chosen unless it is named; why, and how to name one."""
    yanks = {item.version: yank_of(work, item) for item in known}
    yanked = sum(reason is not None for reason in yanks.values())
    each = "its only version" if len(known) == 1 else f"each of its {len(known)} versions"
    state = "yanked" if yanked == len(known) else "yanked or archived" if yanked else "archived"
    reason = yanks[known[0].version]
    why = f" ({known[0].version}: {reason[:200]})" if reason else ""
    shown = ", ".join(item.version for item in known[:_VERSIONS_SHOWN])
    more = " …" if len(known) > _VERSIONS_SHOWN else ""
    return missing(
        "artifact",
        f"there is no version of {name} to choose: {each} is {state}{why}",
        f"name one exactly, as in {name}@{known[0].version}; there are {shown}{more}",
    )


def _nearby(work: Work, namespace: str, name: str) -> str:
    known = versions_of(work, namespace, name)
    if known:
        return f"versions are {', '.join(item.version for item in known[:_VERSIONS_SHOWN])}"
    page = work.hook.storage_list_artifacts(query=ArtifactQuery(namespace=namespace), page=PageRequest(1000))
    names = sorted({item.name for item in compress(page.items, sees(work, page.items))})
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {namespace}/{near[0]}?" if near else ""
