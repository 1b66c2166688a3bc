"""The repository follows the registry: what the history says, the targets become.

Everything is read from the log ``history`` behind a cursor, never from what an event carries. So an
event that was not heard, or a crash between the commit of a change and the signing of it, is made up
for by the next look, and many changes cost one signature of each role.

With the targets of versions go those of indexes, see :mod:`.indexes`. Of an index only the versions
that the history names are looked up anew; the others are taken from the index that is signed.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactSort,
    LogEntry,
    LogPage,
    PageRequest,
    Visibility,
)
from hyperhost.errors import CanonicalJsonError, RefusalError

from .indexes import entry_of, read_index, write_index
from .layout import covering, index_path, is_index, packaged, target_path
from .records import offered, record_of, target_of

if TYPE_CHECKING:
    from pluggy import HookRelay
    from tuf.api.metadata import TargetFile

    from .keeper import Keeper
    from .state import Repository

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
        targets: Targets that are different now, indexes not counted.
        cursor: Number of the last entry that the repository knows of.
    """

    entries: int
    targets: int
    cursor: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One version that everybody may have.

    Attributes:
        target: What the repository says of it.
        entry: What the index of its artifact says of it.
    """

    target: TargetFile
    entry: dict[str, Any]


_Changes = dict[str, "TargetFile | None"]


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
        if everything or not self._keeper.indexed or not self._goes_on(*self._keeper.cursor):
            return self._rebuild()
        entries, targets = 0, 0
        while True:
            with self._keeper.edit() as repository:
                before = self._keeper.cursor
                places, cursor, read = self._changes(before)
                targets += self._sign(repository, places)
            if cursor != before:
                self._keeper.cursor = cursor
            entries += read
            if read < _BATCH:
                return Caught(entries, targets, cursor[0])

    def _rebuild(self) -> Caught:
        cursor = self._end()  # what happens from here on is read again the next time
        with self._keeper.edit() as repository:
            had = [path for role in list(repository.delegations) for path, _ in repository.targets(role)]
            versions: _Changes = {}
            indexes: _Changes = {}
            for (namespace, name), offers in self._all():
                versions |= {each.target.path: each.target for each in offers}
                entries = {each.entry["version"]: each.entry for each in offers}
                indexes |= self._index(repository, namespace, name, entries)
            looked_at = len(versions)
            for path in had:
                if not is_index(path):
                    versions.setdefault(path, None)
                elif path not in indexes:
                    indexes[path] = self._keeper.shelve(repository, path, None)
            targets = repository.change(versions)
            repository.change(indexes)
        self._keeper.tidy()
        self._keeper.cursor = cursor
        return Caught(looked_at, targets, cursor[0])

    def _sign(self, repository: Repository, places: Iterable[tuple[str, str, str]]) -> int:
        """Have the repository say of some versions what the registry does; how many are different now."""
        by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
        for namespace, name, version in places:
            by_name[namespace, name].append(version)
        versions: _Changes = {}
        indexes: _Changes = {}
        for (namespace, name), named in by_name.items():
            entries = self._indexed(repository, namespace, name)
            if entries is None:
                entries = {}
                named = [*self._versions(repository, namespace, name), *named]
            for version in dict.fromkeys(named):
                offer = self._wanted(namespace, name, version)
                versions[target_path(namespace, name, version)] = None if offer is None else offer.target
                entries.pop(version, None)
                if offer is not None:
                    entries[version] = offer.entry
            indexes |= self._index(repository, namespace, name, entries)
        targets = repository.change(versions)
        repository.change(indexes)
        return targets

    def _index(
        self, repository: Repository, namespace: str, name: str, entries: dict[str, dict[str, Any]]
    ) -> _Changes:
        """The change of an artifact's index that makes it say this."""
        path = index_path(namespace, name)
        data = write_index(f"{namespace}/{name}", entries) if entries else None
        return {path: self._keeper.shelve(repository, path, data)}

    def _indexed(self, repository: Repository, namespace: str, name: str) -> dict[str, dict[str, Any]] | None:
        """What the signed index of an artifact says by version; ``None`` without one that can be read."""
        signed = repository.target(index_path(namespace, name))
        data = None if signed is None else self._keeper.indexes.read(signed.hashes["sha256"])
        if data is None:
            return None
        try:
            return read_index(data, f"{namespace}/{name}")
        except RefusalError:
            return None

    def _versions(self, repository: Repository, namespace: str, name: str) -> Iterator[str]:
        """Versions of an artifact that the registry has; where its index was lost, those signed, too."""
        query = ArtifactQuery(namespace=namespace, name=name)
        for each in self._listed(query):
            if packaged(namespace, name, each.version):
                yield each.version
        role = covering(namespace, repository.delegations)
        if role is not None and repository.target(index_path(namespace, name)) is not None:
            above = f"{namespace}/{name}/"
            for path, _ in repository.targets(role):
                if path.startswith(above) and not is_index(path):
                    yield path.removeprefix(above)

    def _changes(self, cursor: tuple[int, str]) -> tuple[list[tuple[str, str, str]], tuple[int, str], int]:
        """Which artifacts entries behind a cursor concern; the new cursor; how many entries."""
        places: dict[tuple[str, str, str], None] = {}
        read = 0
        while read < _BATCH:
            page = self._entries(cursor[0], _PAGE)
            for entry in page.items:
                place = self._place(json.loads(entry.data_json))
                if place is not None and packaged(*place):
                    places[place] = None
                cursor = entry.seq, _digest(entry)
            read += len(page.items)
            if not page.more:
                break
        return list(places), cursor, read

    def _place(self, data: dict[str, Any]) -> tuple[str, str, str] | None:
        """Whom an entry concerns: the artifact of its own, or the one that was yanked."""
        if data["kind"] != "record":
            found = data["artifact"]
            return found["namespace"], found["name"], found["version"]
        if data["collection"] != _YANKED:
            return None
        artifact: Artifact | None = self._hook.storage_get_artifact(artifact_id=data["key"])
        return None if artifact is None else (artifact.namespace, artifact.name, artifact.version)

    def _wanted(self, namespace: str, name: str, version: str) -> Offer | None:
        artifact = self._hook.storage_find_artifact(namespace=namespace, name=name, version=version)
        return None if artifact is None else self._offer(artifact)

    def _offer(self, artifact: Artifact) -> Offer | None:
        hook = self._hook
        if not packaged(artifact.namespace, artifact.name, artifact.version):
            return None
        yanked = hook.storage_get_record(collection=_YANKED, key=artifact.id) is not None
        if not offered(artifact, self._visible, yanked=yanked):
            return None
        manifest = hook.storage_get_manifest(artifact_id=artifact.id) or ""
        try:
            record = record_of(artifact, manifest)
            return Offer(target_of(artifact, record), entry_of(artifact, manifest, record))
        except CanonicalJsonError:
            return None  # nothing that can be signed; one such artifact must not stop all others

    def _all(self) -> Iterator[tuple[tuple[str, str], list[Offer]]]:
        """All that there is to sign, by namespace and name; as a listing by name has them together."""
        listed = self._listed(ArtifactQuery(sort=ArtifactSort.NAME))
        for place, artifacts in groupby(listed, key=lambda each: (each.namespace, each.name)):
            offers = [offer for each in artifacts if (offer := self._offer(each)) is not None]
            if offers:
                yield place, offers

    def _listed(self, query: ArtifactQuery) -> Iterator[Artifact]:
        token = ""
        while True:
            page = self._hook.storage_list_artifacts(query=query, page=PageRequest(_PAGE, token))
            yield from page.items
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
