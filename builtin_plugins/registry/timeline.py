"""What something was at a time, read from the history by what it is about.

One artifact costs its own changes, found by an index; nothing looks through the whole history.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import Artifact, LogEntry
from hyperhost.contracts.codec import from_data

from .gates import HISTORY
from .masking import masked_manifest
from .references import CHANNELS, TAGS, YANKED

if TYPE_CHECKING:
    from .work import Work

__all__ = [
    "FieldChange",
    "Marks",
    "State",
    "differences",
    "entries_about",
    "marks_at",
    "state_at",
    "states_of",
]

_UNTOLD = ("activity.updated_at_us", "activity.download_count", "activity.rating", "content.uri")
"""What changes by itself, or is no property of the artifact."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs; what is sensitive is masked.

    Attributes:
        path: Which, for example ``metadata.description``.
        before: What it was; ``None`` when it was not there.
        after: What it is; ``None`` when it is not there.
    """

    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class State:
    """An artifact from one of its changes on.

    Attributes:
        seq: Number of the change in the history.
        at_us: When it happened.
        kind: What it was: ``created``, ``updated``, ``published``, ``deprecated``, ``deleted``.
        actor: Who did it.
        origin: Where a copy came from; empty for what was made here.
        data: The artifact as JSON data.
        manifest: Its manifest as JSON data, nothing masked.
    """

    seq: int
    at_us: int
    kind: str
    actor: str
    origin: str
    data: dict[str, Any]
    manifest: Any

    @property
    def artifact(self) -> Artifact:
        """The artifact. Downloads and rating are not part of the history and 0."""
        activity = {**self.data["activity"], "download_count": 0, "rating": 0.0}
        return from_data(Artifact, {**self.data, "activity": activity})

    @property
    def shown_manifest(self) -> Any:
        """The manifest, what is sensitive masked."""
        return masked_manifest(self.artifact.type, self.manifest)


@dataclass(frozen=True, slots=True)
class Marks:
    """Tags, channels and yanks of all versions of one artifact.

    Attributes:
        tags: Version by tag.
        channels: Version by channel.
        yanked: Reason by id of the version.
    """

    tags: dict[str, str]
    channels: dict[str, str]
    yanked: dict[str, str]

    def apply(self, entry: dict[str, Any]) -> None:
        """Bring them up to date with an entry of the history."""
        held = {TAGS: self.tags, CHANNELS: self.channels, YANKED: self.yanked}.get(entry["collection"])
        if held is None:
            return
        key, data = entry["key"], entry["data"]
        word = key if held is self.yanked else key.rpartition("@")[2]
        if data is None:
            held.pop(word, None)
        else:
            held[word] = data["reason"] if held is self.yanked else data["version"]

    def of(self, version: str, artifact_id: str) -> dict[str, Any]:
        """Those of one version, as JSON data."""
        return {
            "tags": sorted(word for word, marked in self.tags.items() if marked == version),
            "channels": sorted(word for word, marked in self.channels.items() if marked == version),
            "yanked": self.yanked.get(artifact_id),
        }


def entries_about(work: Work, subject: str, until_us: int | None = None) -> Iterator[LogEntry]:
    """The history of one subject up to a time."""
    after = 0
    while True:
        page = work.hook.storage_list_log(
            log=HISTORY, subject=subject, after=after, until_us=until_us, limit=1000
        )
        yield from page.items
        if not page.more:
            return
        after = page.next_after


def states_of(work: Work, artifact_id: str, until_us: int | None = None) -> Iterator[State]:
    """Every state of an artifact up to a time, in their order."""
    for entry in entries_about(work, artifact_id, until_us):
        yield _state(entry)


def state_at(work: Work, artifact_id: str, at_us: int) -> State | None:
    """What an artifact was at a time; ``None`` when it was not there."""
    last: LogEntry | None = None
    for last in entries_about(work, artifact_id, at_us):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return None
    state = _state(last)
    return None if state.kind == "deleted" else state


def marks_at(work: Work, name: str, at_us: int) -> Marks:
    """Tags, channels and yanks of ``namespace/name`` at a time."""
    marks = Marks({}, {}, {})
    for entry in entries_about(work, name, at_us):
        marks.apply(json.loads(entry.data_json))
    return marks


def record_at(work: Work, subject: str, collection: str, at_us: int) -> Any:
    """A record that is the only one of its subject and collection, at a time; ``None`` without one."""
    found = None
    for entry in entries_about(work, subject, at_us):
        data = json.loads(entry.data_json)
        if data.get("collection") == collection:
            found = data["data"]
    return found


def view(state: State | None, marks: Marks | None) -> tuple[Any, Any]:
    """All that is compared of a state: as it is, and as it may be shown."""
    if state is None:
        return None, None
    more = marks.of(state.data["version"], state.data["id"]) if marks is not None else {}
    return (
        {**state.data, "manifest": state.manifest, **more},
        {**state.data, "manifest": state.shown_manifest, **more},
    )


def differences(before: tuple[Any, Any], after: tuple[Any, Any], path: str = "") -> list[FieldChange]:
    """Fields that differ.

    Args:
        before: As it was, and as that may be shown.
        after: As it is, and as that may be shown.
        path: Of both.
    """
    if before[0] == after[0] or path in _UNTOLD:
        return []
    if not (isinstance(before[0], dict) and isinstance(after[0], dict)):
        return [FieldChange(path, before[1], after[1])]
    found = []
    for key in sorted({*before[0], *after[0]}):
        place = f"{path}.{key}" if path else str(key)
        found += differences(_below(before, key), _below(after, key), place)
    return found


def _below(pair: tuple[Any, Any], key: str) -> tuple[Any, Any]:
    """A field of both; where what may be shown is masked as a whole, the mask."""
    whole, shown = pair
    return whole.get(key), shown.get(key) if isinstance(shown, dict) else shown


def _state(entry: LogEntry) -> State:
    data = json.loads(entry.data_json)
    text = data["manifest"]
    return State(
        entry.seq,
        entry.at_us,
        data["kind"],
        data["actor"],
        data.get("origin", ""),
        data["artifact"],
        json.loads(text) if text else None,
    )
