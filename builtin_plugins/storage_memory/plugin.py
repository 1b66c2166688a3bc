"""Provider of the service ``storage`` that keeps everything in memory and nothing on disk.

Lists are sorted anew for each page (n log n in the artifacts that match), which is right for
thousands of artifacts and wrong for millions.
"""

from __future__ import annotations

import copy
import hashlib
from typing import Final

from hyperhost.contracts import (
    Artifact,
    ArtifactPage,
    ArtifactQuery,
    ArtifactWrite,
    ContentInfo,
    KeptNames,
    LogEntry,
    LogPage,
    LogWrite,
    NamespaceUsage,
    PageRequest,
    PutMode,
    Record,
    RecordPage,
    StorageLayout,
    StorageTotals,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

from .pages import SORT_KEYS, check_size, make_token, matches, read_token
from .tables import Table, Tables

__all__ = ["StorageMemory"]

_DIGESTS: Final = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}
_NAMES: Final = ("artifacts", "ids", "usage", "contents", "records", "entries", "ends")
_LAYOUT: Final = 1
"""What is in memory has one layout, as nothing outlives the program."""
_BULK_MAX: Final = 10_000
_LOG_PAGE_MAX: Final = 10_000
_KEY_BYTES: Final = 1000


class StorageMemory:
    """The provider. Each instance is a store of its own; any number of threads may use one.

    Artifacts go in and come out as copies, so that what is stored changes by a write and by
    nothing else.

    Args:
        busy_timeout_ms: How long a writer waits for others before it is refused, in milliseconds.
    """

    def __init__(self, busy_timeout_ms: int = 10_000) -> None:
        self._tables = Tables(_NAMES, busy_timeout_ms / 1000)

    # --- units of work --------------------------------------------------------------------------

    @hookimpl
    def storage_begin(self, write: bool) -> bool:
        """See the hookspec."""
        return self._tables.begin(write)

    @hookimpl
    def storage_end(self, commit: bool) -> bool:
        """See the hookspec."""
        return self._tables.end(commit)

    @hookimpl
    def storage_layouts(self) -> StorageLayout:
        """See the hookspec."""
        return StorageLayout(_LAYOUT, _LAYOUT)

    @hookimpl
    def storage_migrate(self, to: int | None) -> list[str]:
        """See the hookspec."""
        if to not in (None, _LAYOUT):
            raise RefusalError(
                f"there is no layout {to}", "storage.layout", hint=f"the only one is {_LAYOUT}"
            )
        return []

    # --- artifacts ------------------------------------------------------------------------------

    @hookimpl
    def storage_get_artifact(self, artifact_id: str) -> Artifact | None:
        """See the hookspec."""
        with self._tables.reading() as tables:
            found = tables["artifacts"].get(artifact_id)
        return copy.deepcopy(found[0]) if found else None

    @hookimpl
    def storage_find_artifact(self, namespace: str, name: str, version: str) -> Artifact | None:
        """See the hookspec."""
        with self._tables.reading() as tables:
            artifact_id = tables["ids"].get((namespace, name, version))
            found = tables["artifacts"].get(artifact_id) if artifact_id is not None else None
        return copy.deepcopy(found[0]) if found else None

    @hookimpl
    def storage_get_manifest(self, artifact_id: str) -> str | None:
        """See the hookspec."""
        with self._tables.reading() as tables:
            found = tables["artifacts"].get(artifact_id)
        return found[1] if found else None

    @hookimpl
    def storage_put_artifact(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        """See the hookspec."""
        with self._tables.writing() as tables:
            return _put(tables, artifact, manifest_json, mode)

    @hookimpl
    def storage_put_artifacts(self, items: list[ArtifactWrite], mode: PutMode) -> int:
        """See the hookspec."""
        if len(items) > _BULK_MAX:
            raise RefusalError(
                f"{len(items)} artifacts at once", "storage.value", hint=f"write at most {_BULK_MAX} at once"
            )
        with self._tables.writing(in_steps=True) as tables:
            return sum(_put(tables, item.artifact, item.manifest_json, mode) for item in items)

    @hookimpl
    def storage_delete_artifact(self, artifact_id: str) -> bool:
        """See the hookspec."""
        with self._tables.writing() as tables:
            found = tables["artifacts"].get(artifact_id)
            if found is None:
                return False
            tables["artifacts"].remove(artifact_id)
            tables["ids"].remove(_coordinates(found[0]))
            _count(tables["usage"], found[0], -1)
            return True

    @hookimpl
    def storage_list_artifacts(self, query: ArtifactQuery, page: PageRequest) -> ArtifactPage:
        """See the hookspec."""
        check_size(page.size)
        key = SORT_KEYS[query.sort]
        found = sorted(self._matching(query), key=key, reverse=query.descending)
        if page.token:
            after = read_token(page.token, query)
            found = [item for item in found if (key(item) < after if query.descending else key(item) > after)]
        items = found[: page.size]
        token = make_token(key(items[-1]), query) if len(found) > len(items) else ""
        return ArtifactPage(copy.deepcopy(items), token)

    @hookimpl
    def storage_count_artifacts(self, query: ArtifactQuery) -> int:
        """See the hookspec."""
        return len(self._matching(query))

    def _matching(self, query: ArtifactQuery) -> list[Artifact]:
        with self._tables.reading() as tables:
            found = tables["artifacts"].items()
        return [artifact for _, (artifact, _) in found if matches(artifact, query)]

    # --- content --------------------------------------------------------------------------------

    @hookimpl
    def storage_stat_content(self, content_hash: str) -> ContentInfo | None:
        """See the hookspec."""
        with self._tables.reading() as tables:
            data = tables["contents"].get(content_hash)
        return None if data is None else ContentInfo(content_hash, len(data))

    @hookimpl
    def storage_get_content(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """See the hookspec."""
        with self._tables.reading() as tables:
            data = tables["contents"].get(content_hash)
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
        with self._tables.writing() as tables:
            if tables["contents"].get(content_hash) is not None:
                return False
            tables["contents"].set(content_hash, bytes(data))
            return True

    @hookimpl
    def storage_delete_content(self, content_hash: str) -> bool:
        """See the hookspec."""
        with self._tables.writing() as tables:
            if tables["contents"].get(content_hash) is None:
                return False
            tables["contents"].remove(content_hash)
            return True

    @hookimpl
    def storage_usage(self) -> StorageTotals:
        """See the hookspec."""
        with self._tables.reading() as tables:
            artifacts, contents = tables["artifacts"].items(), tables["contents"].items()
        return StorageTotals(len(artifacts), len(contents), sum(len(data) for _, data in contents))

    @hookimpl
    def storage_namespace_usage(self, namespace: str) -> NamespaceUsage:
        """See the hookspec."""
        with self._tables.reading() as tables:
            return NamespaceUsage(*(tables["usage"].get(namespace) or (0, 0)))

    # --- records --------------------------------------------------------------------------------

    @hookimpl
    def storage_get_record(self, collection: str, key: str) -> str | None:
        """See the hookspec."""
        with self._tables.reading() as tables:
            found: str | None = tables["records"].get((collection, key))
        return found

    @hookimpl
    def storage_put_record(self, collection: str, key: str, data_json: str, mode: PutMode | None) -> bool:
        """See the hookspec."""
        _check_key("key", key)
        with self._tables.writing() as tables:
            before = tables["records"].get((collection, key))
            if mode is PutMode.CREATE and before is not None:
                raise RefusalError(f"record {key!r} of {collection} is there already", "storage.exists")
            if mode is PutMode.REPLACE and before is None:
                raise RefusalError(f"there is no record {key!r} of {collection}", "storage.missing")
            tables["records"].set((collection, key), data_json)
            return bool(before != data_json)

    @hookimpl
    def storage_delete_record(self, collection: str, key: str) -> bool:
        """See the hookspec."""
        with self._tables.writing() as tables:
            if tables["records"].get((collection, key)) is None:
                return False
            tables["records"].remove((collection, key))
            return True

    @hookimpl
    def storage_list_records(self, collection: str, prefix: str, page: PageRequest) -> RecordPage:
        """See the hookspec."""
        check_size(page.size)
        query = [collection, prefix]
        after = read_token(page.token, query)[0] if page.token else None
        with self._tables.reading() as tables:
            known = tables["records"].items()
        found = sorted(
            (key, data)
            for (owner, key), data in known
            if owner == collection and key.startswith(prefix) and (after is None or key > after)
        )
        items = [Record(key, data) for key, data in found[: page.size]]
        return RecordPage(items, make_token([items[-1].key], query) if len(found) > page.size else "")

    # --- logs -----------------------------------------------------------------------------------

    @hookimpl
    def storage_append_log(self, log: str, subject: str, data_json: str, at_us: int) -> int:
        """See the hookspec."""
        _check_key("subject", subject)
        with self._tables.writing() as tables:
            seq: int = (tables["ends"].get(log) or 0) + 1
            tables["ends"].set(log, seq)
            tables["entries"].set((log, seq), LogEntry(seq, at_us, data_json, subject))
            return seq

    @hookimpl
    def storage_list_log(
        self, log: str, subject: str, after: int, until_us: int | None, limit: int
    ) -> LogPage:
        """See the hookspec."""
        check_size(limit, _LOG_PAGE_MAX)
        items: list[LogEntry] = []
        with self._tables.reading() as tables:
            for seq in range(after + 1, (tables["ends"].get(log) or 0) + 1):
                entry: LogEntry = tables["entries"].get((log, seq))
                if (not subject or entry.subject == subject) and (
                    until_us is None or entry.at_us <= until_us
                ):
                    items.append(entry)
                    if len(items) > limit:
                        break
        more = len(items) > limit
        del items[limit:]
        return LogPage(items, items[-1].seq if items else after, more)

    @hookimpl
    def storage_append_logs(self, log: str, items: list[LogWrite]) -> int:
        """See the hookspec."""
        if len(items) > _LOG_PAGE_MAX:
            raise RefusalError(
                f"{len(items)} entries at once",
                "storage.value",
                hint=f"write at most {_LOG_PAGE_MAX} at once",
            )
        for item in items:
            _check_key("subject", item.subject)
        with self._tables.writing() as tables:
            seq: int = tables["ends"].get(log) or 0
            for item in items:
                seq += 1
                tables["entries"].set((log, seq), LogEntry(seq, item.at_us, item.data_json, item.subject))
            if items:
                tables["ends"].set(log, seq)
            return seq

    # --- everything -----------------------------------------------------------------------------

    @hookimpl
    def storage_names(self) -> KeptNames:
        """See the hookspec."""
        with self._tables.reading() as tables:
            collections = {collection for (collection, _), _ in tables["records"].items()}
            return KeptNames(sorted(collections), sorted(name for name, _ in tables["ends"].items()))

    @hookimpl
    def storage_clear(self, names: KeptNames) -> bool:
        """See the hookspec."""
        with self._tables.writing() as tables:
            gone = [
                (table, key) for table in ("artifacts", "ids", "usage") for key, _ in tables[table].items()
            ]
            gone += [("records", key) for key, _ in tables["records"].items() if key[0] in names.collections]
            gone += [("entries", key) for key, _ in tables["entries"].items() if key[0] in names.logs]
            gone += [("ends", log) for log, _ in tables["ends"].items() if log in names.logs]
            for table, key in gone:
                tables[table].remove(key)
            return bool(gone)


def _coordinates(artifact: Artifact) -> tuple[str, str, str]:
    return artifact.namespace, artifact.name, artifact.version


def _put(tables: dict[str, Table], artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
    place, found = _coordinates(artifact), tables["artifacts"].get(artifact.id)
    if mode is PutMode.CREATE and found is not None:
        raise RefusalError(f"artifact id {artifact.id} is taken", "storage.exists")
    if mode is PutMode.REPLACE and found is None:
        raise RefusalError(f"there is no artifact {artifact.id} to replace", "storage.missing")
    if (tables["ids"].get(place) or artifact.id) != artifact.id:
        raise RefusalError(f"{place[0]}/{place[1]} {place[2]} is taken", "storage.exists")
    if found == (artifact, manifest_json):
        return False
    if found is not None:
        tables["ids"].remove(_coordinates(found[0]))
        _count(tables["usage"], found[0], -1)
    tables["ids"].set(place, artifact.id)
    tables["artifacts"].set(artifact.id, (copy.deepcopy(artifact), manifest_json))
    _count(tables["usage"], artifact, 1)
    return True


def _count(usage: Table, artifact: Artifact, sign: int) -> None:
    """Count an artifact, or no longer, in its namespace and all above it."""
    parts = artifact.namespace.split(".")
    for length in range(1, len(parts) + 1):
        path = ".".join(parts[:length])
        artifacts, size = usage.get(path) or (0, 0)
        usage.set(path, (artifacts + sign, size + sign * artifact.content_size))


def _check_key(what: str, text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > _KEY_BYTES:
        raise RefusalError(
            f"the {what} has {size} bytes", "storage.value", hint=f"the most is {_KEY_BYTES} bytes"
        )
