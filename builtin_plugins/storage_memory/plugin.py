"""Provider of the service ``storage`` that keeps everything in memory and nothing on disk.

Lists are sorted anew for each page (n log n in the artifacts that match), which is right for
thousands of artifacts and wrong for millions.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import threading
from typing import Any

from hyperhost.contracts import (
    Artifact,
    ArtifactPage,
    ArtifactQuery,
    ArtifactSort,
    ContentInfo,
    PageRequest,
    PutMode,
    StorageTotals,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

__all__ = ["StorageMemory"]

_DIGESTS = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}
_PAGE_MAX = 1000
_SORT_KEYS: dict[ArtifactSort, Any] = {
    ArtifactSort.CREATED: lambda artifact: (artifact.activity.created_at_us, artifact.id),
    ArtifactSort.UPDATED: lambda artifact: (artifact.activity.updated_at_us, artifact.id),
    ArtifactSort.NAME: lambda artifact: (artifact.namespace, artifact.name, artifact.id),
    ArtifactSort.DOWNLOADS: lambda artifact: (artifact.activity.download_count, artifact.id),
    ArtifactSort.RATING: lambda artifact: (artifact.activity.rating, artifact.id),
}


class StorageMemory:
    """The provider. Each instance is a store of its own; any number of threads may use one.

    Artifacts go in and come out as copies, so that what is stored changes by a write and by
    nothing else.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._artifacts: dict[str, Artifact] = {}
        self._manifests: dict[str, str] = {}
        self._ids: dict[tuple[str, str, str], str] = {}
        self._contents: dict[str, bytes] = {}

    @hookimpl
    def storage_get_artifact(self, artifact_id: str) -> Artifact | None:
        """See the hookspec."""
        return copy.deepcopy(self._artifacts.get(artifact_id))

    @hookimpl
    def storage_find_artifact(self, namespace: str, name: str, version: str) -> Artifact | None:
        """See the hookspec."""
        with self._lock:
            artifact_id = self._ids.get((namespace, name, version))
            found = self._artifacts[artifact_id] if artifact_id is not None else None
        return copy.deepcopy(found)

    @hookimpl
    def storage_get_manifest(self, artifact_id: str) -> str | None:
        """See the hookspec."""
        return self._manifests.get(artifact_id)

    @hookimpl
    def storage_put_artifact(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        """See the hookspec."""
        artifact = copy.deepcopy(artifact)
        place = _coordinates(artifact)
        with self._lock:
            before = self._artifacts.get(artifact.id)
            if mode is PutMode.CREATE and before is not None:
                raise RefusalError(f"artifact id {artifact.id} is taken", "storage.exists")
            if mode is PutMode.REPLACE and before is None:
                raise RefusalError(f"there is no artifact {artifact.id} to replace", "storage.missing")
            if self._ids.get(place, artifact.id) != artifact.id:
                raise RefusalError(f"{place[0]}/{place[1]} {place[2]} is taken", "storage.exists")
            changed = before != artifact or self._manifests[artifact.id] != manifest_json
            if before is not None:
                del self._ids[_coordinates(before)]
            self._ids[place] = artifact.id
            self._artifacts[artifact.id] = artifact
            self._manifests[artifact.id] = manifest_json
        return changed

    @hookimpl
    def storage_delete_artifact(self, artifact_id: str) -> bool:
        """See the hookspec."""
        with self._lock:
            artifact = self._artifacts.pop(artifact_id, None)
            if artifact is None:
                return False
            del self._manifests[artifact_id]
            del self._ids[_coordinates(artifact)]
        return True

    @hookimpl
    def storage_list_artifacts(self, query: ArtifactQuery, page: PageRequest) -> ArtifactPage:
        """See the hookspec."""
        if not 1 <= page.size <= _PAGE_MAX:
            raise RefusalError(f"page size is 1 to {_PAGE_MAX}, not {page.size}", "storage.page")
        key = _SORT_KEYS[query.sort]
        found = sorted(self._matching(query), key=key, reverse=query.descending)
        if page.token:
            after = _parse_token(page.token, query)
            found = [item for item in found if (key(item) < after if query.descending else key(item) > after)]
        items = found[: page.size]
        token = _token(key(items[-1]), query) if len(found) > len(items) else ""
        return ArtifactPage(copy.deepcopy(items), token)

    @hookimpl
    def storage_count_artifacts(self, query: ArtifactQuery) -> int:
        """See the hookspec."""
        return len(self._matching(query))

    @hookimpl
    def storage_stat_content(self, content_hash: str) -> ContentInfo | None:
        """See the hookspec."""
        data = self._contents.get(content_hash)
        return None if data is None else ContentInfo(content_hash, len(data))

    @hookimpl
    def storage_get_content(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """See the hookspec."""
        data = self._contents.get(content_hash)
        return None if data is None else data[offset : offset + length]

    @hookimpl
    def storage_put_content(self, content_hash: str, data: bytes) -> bool:
        """See the hookspec."""
        algorithm, _, digest = content_hash.partition(":")
        if algorithm not in _DIGESTS:
            raise RefusalError(
                f"hash algorithm {algorithm!r} is not one of {', '.join(_DIGESTS)}", "storage.hash"
            )
        if _DIGESTS[algorithm](data).hexdigest() != digest:
            raise RefusalError(f"the content does not have the hash {content_hash}", "storage.hash")
        with self._lock:
            if content_hash in self._contents:
                return False
            self._contents[content_hash] = bytes(data)
        return True

    @hookimpl
    def storage_delete_content(self, content_hash: str) -> bool:
        """See the hookspec."""
        with self._lock:
            return self._contents.pop(content_hash, None) is not None

    @hookimpl
    def storage_usage(self) -> StorageTotals:
        """See the hookspec."""
        with self._lock:
            size = sum(map(len, self._contents.values()))
            return StorageTotals(len(self._artifacts), len(self._contents), size)

    def _matching(self, query: ArtifactQuery) -> list[Artifact]:
        with self._lock:
            artifacts = list(self._artifacts.values())
        return [artifact for artifact in artifacts if _matches(artifact, query)]


def _coordinates(artifact: Artifact) -> tuple[str, str, str]:
    return artifact.namespace, artifact.name, artifact.version


def _matches(artifact: Artifact, query: ArtifactQuery) -> bool:
    below = query.descendants and artifact.namespace.startswith(f"{query.namespace}.")
    wanted = (
        (query.namespace, query.namespace if below else artifact.namespace),
        (query.name, artifact.name),
        (query.type, artifact.type),
        (query.state, artifact.state),
        (query.visibility, artifact.visibility),
    )
    fits = all(asked is None or asked == found for asked, found in wanted)
    return fits and query.labels.items() <= artifact.labels.items()


def _token(key: tuple[Any, ...], query: ArtifactQuery) -> str:
    """The sort key of the last artifact shown: what follows it is found again whatever was written."""
    return json.dumps([*key, _seal(key, query)])


def _parse_token(token: str, query: ArtifactQuery) -> tuple[Any, ...]:
    try:
        *key, seal = json.loads(token)
    except (ValueError, TypeError, RecursionError):
        key, seal = [], ""
    if seal != _seal(tuple(key), query):
        raise RefusalError("the page token is not one of this query", "storage.page")
    return tuple(key)


def _seal(key: tuple[Any, ...], query: ArtifactQuery) -> str:
    """Ties a token to its query and catches a damaged one; it keeps nothing secret."""
    text = json.dumps([key, dataclasses.asdict(query)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
