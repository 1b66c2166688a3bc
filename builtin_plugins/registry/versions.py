"""Operations on versions: list, tag, promote to a channel, yank; and what users say of them."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import Any

from hyperhost.contracts import Artifact, ArtifactState, PageRequest, PutMode

from .names import check_name, check_namespace
from .references import coordinates, find, versions_of
from .refusals import invalid, missing, wrong_state
from .table import operation
from .work import Work

__all__ = ["CHANNELS", "TAGS", "YANKED", "Version", "is_yanked"]

TAGS = "tags"
CHANNELS = "channels"
YANKED = "yanked"
RATINGS = "ratings"
_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an artifact.

    Attributes:
        version: SemVer.
        id: Id of the artifact.
        state: Where it is in its life.
        tags: Its tags, sorted.
        channels: Channels that it is the current version of, sorted.
        yanked: Why it must not be chosen anew; ``None`` when it may.
    """

    version: str
    id: str
    state: ArtifactState
    tags: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    yanked: str | None = None


@operation("version_list", group="version", permission="artifact:read", reads_private=True)
def version_list(work: Work, name: str) -> list[Version]:
    """List the versions of namespace/name with tags, channels and yanks, the highest first."""
    path, short = _split(name)
    found = versions_of(work, path, short)
    if not found:
        raise missing("artifact", f"there is no artifact {name}")
    work.about(name, path)
    tags, channels = (_by_version(work, each, name) for each in (TAGS, CHANNELS))
    return [
        Version(
            item.version,
            item.id,
            item.state,
            tags.get(item.version, []),
            channels.get(item.version, []),
            is_yanked(work, item),
        )
        for item in found
    ]


@operation("tag", group="version", permission="version:tag", changes=True)
def tag(work: Work, artifact: str, tag: str) -> Version:
    """Give a version a tag; it is taken from the version that had it."""
    return _mark(work, TAGS, artifact, tag)


@operation("untag", group="version", permission="version:tag", changes=True)
def untag(work: Work, name: str, tag: str) -> bool:
    """Remove a tag from namespace/name."""
    path, short = _split(name)
    work.about(f"{path}/{short}", path, tag=tag)
    if not work.hook.storage_delete_record(collection=TAGS, key=f"{path}/{short}@{tag}"):
        raise missing("tag", f"{name} has no tag {tag!r}", _known(work, TAGS, name))
    return True


@operation("promote", group="version", permission="version:promote", changes=True)
def promote(work: Work, artifact: str, channel: str) -> Version:
    """Make a published version the current one of a channel: stable, edge, nightly or another."""
    return _mark(work, CHANNELS, artifact, channel, published=True)


@operation("yank", group="version", permission="version:yank", changes=True)
def yank(work: Work, artifact: str, reason: str) -> Version:
    """Say that a version must not be chosen anew; lockfiles that hold it still resolve."""
    found = find(work, artifact)
    if not reason.strip():
        raise invalid("reason", "missing", "a yank needs a reason", "say what is wrong with the version")
    if found.state is ArtifactState.DRAFT:
        raise wrong_state("state", f"{coordinates(found)} is a draft, which nobody chooses", "delete it")
    work.about(coordinates(found), found.namespace, reason=reason)
    data = json.dumps({"reason": reason, "by": work.principal.id, "at_us": work.at_us})
    work.hook.storage_put_record(collection=YANKED, key=found.id, data_json=data, mode=None)
    return _one(work, found)


@operation("unyank", group="version", permission="version:yank", changes=True)
def unyank(work: Work, artifact: str) -> Version:
    """Take a yank back."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    if not work.hook.storage_delete_record(collection=YANKED, key=found.id):
        raise wrong_state("yanked", f"{coordinates(found)} is not yanked")
    return _one(work, found)


@operation("rate", group="artifact", permission="artifact:rate", changes=True)
def rate(work: Work, artifact: str, stars: int) -> Artifact:
    """Rate an artifact with 1 to 5 stars; a second rating replaces the first of the same principal."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace, stars=stars)
    if not 1 <= stars <= 5:
        raise invalid("stars", "range", f"{stars} is no rating", "give 1 to 5 stars")
    key = f"{found.id}/{work.principal.id}"
    sums = json.loads(work.hook.storage_get_record(collection=RATINGS, key=found.id) or '{"n":0,"sum":0}')
    old = work.hook.storage_get_record(collection=RATINGS, key=key)
    sums["n"] += 0 if old else 1
    sums["sum"] += stars - (json.loads(old) if old else 0)
    for place, data in ((key, stars), (found.id, sums)):
        work.hook.storage_put_record(collection=RATINGS, key=place, data_json=json.dumps(data), mode=None)
    rating = round(sums["sum"] / sums["n"], 4)
    return _counted(work, found, dataclasses.replace(found.activity, rating=rating))


@operation("count_download", group="artifact", permission="artifact:read", changes=True)
def count_download(work: Work, artifact: str) -> Artifact:
    """Count one download of an artifact."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    activity = dataclasses.replace(found.activity, download_count=found.activity.download_count + 1)
    return _counted(work, found, activity)


def is_yanked(work: Work, artifact: Artifact) -> str | None:
    """Why a version must not be chosen anew; ``None`` when it may."""
    data = work.hook.storage_get_record(collection=YANKED, key=artifact.id)
    return json.loads(data)["reason"] if data else None


def _counted(work: Work, artifact: Artifact, activity: Any) -> Artifact:
    """Downloads and ratings are no updates: no plugin is asked, and no history is written."""
    after = dataclasses.replace(artifact, activity=activity)
    text = work.hook.storage_get_manifest(artifact_id=artifact.id) or ""
    work.hook.storage_put_artifact(artifact=after, manifest_json=text, mode=PutMode.REPLACE)
    return after


def _mark(work: Work, collection: str, reference: str, word: str, *, published: bool = False) -> Version:
    kind = collection.removesuffix("s")
    if len(word) > 63 or not _WORD.fullmatch(word):
        raise invalid(kind, "kebab-case", f"{word[:63]!r} is no {kind}", "write it as in 'stable'")
    found = find(work, reference)
    work.about(coordinates(found), found.namespace, **{kind: word})
    if found.state is ArtifactState.ARCHIVED or (published and found.state is not ArtifactState.PUBLISHED):
        raise wrong_state("state", f"{coordinates(found)} is {found.state.value}", "publish it first")
    data = json.dumps({"version": found.version, "by": work.principal.id, "at_us": work.at_us})
    key = f"{found.namespace}/{found.name}@{word}"
    work.hook.storage_put_record(collection=collection, key=key, data_json=data, mode=None)
    return _one(work, found)


def _one(work: Work, artifact: Artifact) -> Version:
    name = f"{artifact.namespace}/{artifact.name}"
    tags, channels = (_by_version(work, each, name).get(artifact.version, []) for each in (TAGS, CHANNELS))
    return Version(artifact.version, artifact.id, artifact.state, tags, channels, is_yanked(work, artifact))


def _by_version(work: Work, collection: str, name: str) -> dict[str, list[str]]:
    """Tags, or channels, by the version that has them."""
    found: dict[str, list[str]] = {}
    token = ""
    while True:
        page = work.hook.storage_list_records(
            collection=collection, prefix=f"{name}@", page=PageRequest(1000, token)
        )
        for record in page.items:
            word = record.key.rpartition("@")[2]
            found.setdefault(json.loads(record.data_json)["version"], []).append(word)
        token = page.next_token
        if not token:
            return found


def _known(work: Work, collection: str, name: str) -> str:
    words = sorted({word for found in _by_version(work, collection, name).values() for word in found})
    return f"known are {', '.join(words)}" if words else ""


def _split(name: str) -> tuple[str, str]:
    path, _, short = name.partition("/")
    check_namespace(path)
    check_name(short)
    return path, short
