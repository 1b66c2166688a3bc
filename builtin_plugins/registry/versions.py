"""Operations on versions: list, tag, promote to a channel, yank; and what users say of them."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import Final

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactState,
    PageRequest,
    PutMode,
    Visibility,
)
from hyperhost.offering import invalid, missing, operation, wrong_state

from .names import check_coordinates, check_text
from .references import CHANNELS, TAGS, YANKED, coordinates, find, versions_of, yank_of
from .remembering import drop_record, keep_record
from .work import Work

__all__ = ["RATINGS", "Version", "counted", "forget", "leave_channels"]

RATINGS: Final = "ratings"
"""Collection: the sum of an artifact's ratings by its id, and each rating by id and principal."""

_WORD: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MAX_WORD: Final = 63
_RATEABLE: Final = (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)


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
    path, short = check_coordinates(name, "name")
    found = versions_of(work, path, short)
    if not found:
        raise missing("artifact", f"there is no artifact {name}")
    work.about(name, path)
    work.private = any(item.visibility is not Visibility.PUBLIC for item in found)
    tags, channels = (_by_version(work, each, name) for each in (TAGS, CHANNELS))
    return [
        Version(
            item.version,
            item.id,
            item.state,
            tags.get(item.version, []),
            channels.get(item.version, []),
            yank_of(work, item),
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
    return _remove(work, TAGS, name, tag)


@operation("promote", group="version", permission="version:promote", changes=True)
def promote(work: Work, artifact: str, channel: str) -> Version:
    """Make a published version the current one of a channel: stable, edge, nightly or another."""
    return _mark(work, CHANNELS, artifact, channel, published=True)


@operation("demote", group="version", permission="version:promote", changes=True)
def demote(work: Work, name: str, channel: str) -> bool:
    """Remove a channel from namespace/name; no version is the current one of it then."""
    return _remove(work, CHANNELS, name, channel)


@operation("yank", group="version", permission="version:yank", changes=True)
def yank(work: Work, artifact: str, reason: str) -> Version:
    """Say that a version must not be chosen anew; lockfiles that hold it still resolve."""
    if not reason.strip():
        raise invalid("reason", "missing", "a yank needs a reason", "say what is wrong with the version")
    check_text(reason, "reason")
    found = find(work, artifact)
    if found.state is ArtifactState.DRAFT:
        raise wrong_state("state", f"{coordinates(found)} is a draft, which nobody chooses", "delete it")
    work.about(coordinates(found), found.namespace, reason=reason)
    data = json.dumps({"reason": reason, "by": work.principal.id, "at_us": work.at_us})
    keep_record(work, YANKED, found.id, data, f"{found.namespace}/{found.name}")
    return _one(work, found)


@operation("unyank", group="version", permission="version:yank", changes=True)
def unyank(work: Work, artifact: str) -> Version:
    """Take a yank back."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    if not drop_record(work, YANKED, found.id, f"{found.namespace}/{found.name}"):
        raise wrong_state("yanked", f"{coordinates(found)} is not yanked")
    return _one(work, found)


@operation("rate", group="artifact", permission="artifact:rate", changes=True)
def rate(work: Work, artifact: str, stars: int) -> Artifact:
    """Rate an artifact with 1 to 5 stars; a second rating replaces the first of the same principal."""
    if not 1 <= stars <= 5:
        raise invalid("stars", "range", f"{stars} is no rating", "give 1 to 5 stars")
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace, stars=stars)
    if found.state not in _RATEABLE:
        raise wrong_state("state", f"{coordinates(found)} is {found.state.value}", "rate what is published")
    key = f"{found.id}/{work.principal.id}"
    sums = json.loads(work.hook.storage_get_record(collection=RATINGS, key=found.id) or '{"n":0,"sum":0}')
    old = work.hook.storage_get_record(collection=RATINGS, key=key)
    sums["n"] += 0 if old else 1
    sums["sum"] += stars - (json.loads(old) if old else 0)
    for place, data in ((key, stars), (found.id, sums)):
        work.hook.storage_put_record(collection=RATINGS, key=place, data_json=json.dumps(data), mode=None)
    rating = round(sums["sum"] / sums["n"], 4)
    return counted(work, found, dataclasses.replace(found.activity, rating=rating))


def forget(work: Work, artifact: Artifact) -> None:
    """Remove what is kept beside an artifact that is being deleted: tags, channels, yank, ratings."""
    _unmark(work, TAGS, artifact)
    _unmark(work, CHANNELS, artifact)
    drop_record(work, YANKED, artifact.id, f"{artifact.namespace}/{artifact.name}")
    work.hook.storage_delete_record(collection=RATINGS, key=artifact.id)
    while True:
        page = work.hook.storage_list_records(
            collection=RATINGS, prefix=f"{artifact.id}/", page=PageRequest(1000)
        )
        for record in page.items:
            work.hook.storage_delete_record(collection=RATINGS, key=record.key)
        if not page.items:
            return


def leave_channels(work: Work, artifact: Artifact) -> None:
    """Take a version that is no longer published out of its channels."""
    left = _unmark(work, CHANNELS, artifact)
    if left:
        work.details["left_channels"] = left


def counted(work: Work, artifact: Artifact, activity: ArtifactActivity) -> Artifact:
    """Write downloads or ratings. They are no updates: no plugin is asked, and no history is written."""
    after = dataclasses.replace(artifact, activity=activity)
    text = work.hook.storage_get_manifest(artifact_id=artifact.id) or ""
    work.hook.storage_put_artifact(artifact=after, manifest_json=text, mode=PutMode.REPLACE)
    return after


def _mark(work: Work, collection: str, reference: str, word: str, *, published: bool = False) -> Version:
    kind = collection.removesuffix("s")
    _check_word(word, kind)
    found = find(work, reference)
    work.about(coordinates(found), found.namespace, **{kind: word})
    if published and found.state is not ArtifactState.PUBLISHED:
        raise wrong_state("state", f"{coordinates(found)} is {found.state.value}", "publish it first")
    if found.state is ArtifactState.ARCHIVED and word != ArtifactState.ARCHIVED.value:
        raise wrong_state("state", f"{coordinates(found)} is archived", "restore it first")
    data = json.dumps({"version": found.version, "by": work.principal.id, "at_us": work.at_us})
    name = f"{found.namespace}/{found.name}"
    keep_record(work, collection, f"{name}@{word}", data, name)
    return _one(work, found)


def _remove(work: Work, collection: str, name: str, word: str) -> bool:
    """Remove a tag, or a channel, from namespace/name."""
    kind = collection.removesuffix("s")
    path, _ = check_coordinates(name, "name")
    _check_word(word, kind)
    work.about(name, path, **{kind: word})
    if not drop_record(work, collection, f"{name}@{word}", name):
        raise missing(kind, f"{name} has no {kind} {word!r}", _known(work, collection, name))
    return True


def _unmark(work: Work, collection: str, artifact: Artifact) -> list[str]:
    """Remove the tags, or channels, of one version; which they were."""
    name = f"{artifact.namespace}/{artifact.name}"
    words = _by_version(work, collection, name).get(artifact.version, [])
    for word in words:
        drop_record(work, collection, f"{name}@{word}", name)
    return words


def _check_word(word: str, kind: str) -> None:
    if len(word) > _MAX_WORD or not _WORD.fullmatch(word):
        raise invalid(
            kind,
            "kebab-case",
            f"{word[:_MAX_WORD]!r} is no {kind}",
            f"write at most {_MAX_WORD} characters in kebab-case, as in 'stable'",
        )


def _one(work: Work, artifact: Artifact) -> Version:
    name = f"{artifact.namespace}/{artifact.name}"
    tags, channels = (_by_version(work, each, name).get(artifact.version, []) for each in (TAGS, CHANNELS))
    return Version(artifact.version, artifact.id, artifact.state, tags, channels, yank_of(work, artifact))


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
