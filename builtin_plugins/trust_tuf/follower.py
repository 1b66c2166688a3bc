"""The repository follows the registry: what the history says, the targets become.

Everything is read from the log ``history`` behind a cursor, never from what an event carries. So an
event that was not heard, or a crash between the commit of a change and the signing of it, is made up
for by the next look, and many changes cost one signature of each role.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import Artifact, ArtifactQuery, LogEntry, LogPage, PageRequest, Visibility

from .layout import target_path
from .records import offered, target_of

if TYPE_CHECKING:
    from pluggy import HookRelay
    from tuf.api.metadata import TargetFile

    from .keeper import Keeper

__all__ = ["Caught", "Follower"]

_LOG: Final = "history"
_YANKED: Final = "yanked"
_PAGE: Final = 1_000
_BATCH: Final = 20_000
"""Changes of artifacts that are signed together at most."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What catching up came to.

    Attributes:
        entries: Entries of the history that were read; artifacts, when everything was.
        targets: Targets that are different now.
        cursor: Number of the last entry that the repository knows of.
    """

    entries: int
    targets: int
    cursor: int


class Follower:
    """Brings a repository up to date with the registry.

    Args:
        hook: The host's hooks.
        keeper: The repository.
        visible: Which artifacts become targets. Metadata is for everybody to read.
    """

    def __init__(self, hook: HookRelay, keeper: Keeper, visible: frozenset[Visibility]) -> None:
        self._hook = hook
        self._keeper = keeper
        self._visible = visible

    def update(self, *, everything: bool = False) -> Caught:
        """Sign what has changed since the last time.

        Args:
            everything: Look at every artifact, not only at those the history names; done by itself when
                the history is not the one of the last time, as after a backup was restored.

        Raises:
            RefusalError: there is no repository, or keys to sign with are missing.
        """
        if everything or not self._goes_on(*self._keeper.cursor):
            return self._rebuild()
        entries, targets = 0, 0
        while True:
            with self._keeper.edit() as repository:
                before = self._keeper.cursor
                changes, cursor, read = self._changes(before)
                if changes:
                    targets += repository.change(changes)
            if cursor != before:
                self._keeper.cursor = cursor
            entries += read
            if read < _BATCH:
                return Caught(entries, targets, cursor[0])

    def _rebuild(self) -> Caught:
        cursor = self._end()  # what happens from here on is read again the next time
        with self._keeper.edit() as repository:
            wanted = {found.path: found for found in self._all()}
            had = [path for role in list(repository.delegations) for path, _ in repository.targets(role)]
            gone: dict[str, TargetFile | None] = {path: None for path in had if path not in wanted}
            targets = repository.change(gone | wanted)
        self._keeper.cursor = cursor
        return Caught(len(wanted), targets, cursor[0])

    def _changes(self, cursor: tuple[int, str]) -> tuple[dict[str, TargetFile | None], tuple[int, str], int]:
        """What is said of each target that entries behind a cursor concern; the new cursor; how many."""
        places: dict[tuple[str, str, str], None] = {}
        read = 0
        while read < _BATCH:
            page = self._entries(cursor[0], _PAGE)
            for entry in page.items:
                place = self._place(json.loads(entry.data_json))
                if place is not None:
                    places[place] = None
                cursor = entry.seq, _digest(entry)
            read += len(page.items)
            if not page.more:
                break
        return {target_path(*place): self._wanted(*place) for place in places}, cursor, read

    def _place(self, data: dict[str, Any]) -> tuple[str, str, str] | None:
        """Whom an entry concerns: the artifact of its own, or the one that was yanked."""
        if data["kind"] != "record":
            found = data["artifact"]
            return found["namespace"], found["name"], found["version"]
        if data["collection"] != _YANKED:
            return None
        artifact: Artifact | None = self._hook.storage_get_artifact(artifact_id=data["key"])
        return None if artifact is None else (artifact.namespace, artifact.name, artifact.version)

    def _wanted(self, namespace: str, name: str, version: str) -> TargetFile | None:
        artifact = self._hook.storage_find_artifact(namespace=namespace, name=name, version=version)
        return None if artifact is None else self._target(artifact)

    def _target(self, artifact: Artifact) -> TargetFile | None:
        hook = self._hook
        yanked = hook.storage_get_record(collection=_YANKED, key=artifact.id) is not None
        if not offered(artifact, self._visible, yanked=yanked):
            return None
        return target_of(artifact, hook.storage_get_manifest(artifact_id=artifact.id) or "")

    def _all(self) -> Iterator[TargetFile]:
        token = ""
        while True:
            page = self._hook.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest(_PAGE, token))
            for artifact in page.items:
                target = self._target(artifact)
                if target is not None:
                    yield target
            token = page.next_token
            if not token:
                return

    def _entries(self, after: int, limit: int) -> LogPage:
        found: LogPage = self._hook.storage_list_log(
            log=_LOG, subject="", after=after, until_us=None, limit=limit
        )
        return found

    def _goes_on(self, seq: int, digest: str) -> bool:
        """Whether the history still has the entry that the cursor stands at."""
        found = self._entries(seq - 1, 1).items if seq else []
        return not seq or (bool(found) and (found[0].seq, _digest(found[0])) == (seq, digest))

    def _end(self) -> tuple[int, str]:
        """The last entry of the history, found in a number of looks that grows with its logarithm."""
        low, high, last = 0, 1, (0, "")
        while found := self._entries(high - 1, 1).items:
            last = found[0].seq, _digest(found[0])
            low, high = last[0], last[0] * 2
        while low < high:
            middle = (low + high) // 2
            if found := self._entries(middle, 1).items:
                last = found[0].seq, _digest(found[0])
                low = last[0]
            else:
                high = middle
        return last


def _digest(entry: LogEntry) -> str:
    return hashlib.sha256(entry.data_json.encode()).hexdigest()
