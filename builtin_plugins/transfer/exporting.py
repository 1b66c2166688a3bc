"""Export: what a registry holds as one file, the same bytes for the same state."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactSort
from hyperhost.contracts.codec import to_data

from .reading import FORMAT, VERSION
from .states import portable
from .store import MARKS, NAMESPACES, all_artifacts, all_records, pieces_of, unit
from .writing import Sink, Writer, line_of

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Exported", "export", "write_artifacts", "write_records"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        artifacts: Artifacts.
        namespaces: Namespaces.
        records: Tags, channels, yanks and ratings.
        contents: Contents, each counted once.
        content_bytes: Bytes of them.
        identity: SHA-256 of the manifest of the file.
    """

    artifacts: int = 0
    namespaces: int = 0
    records: int = 0
    contents: int = 0
    content_bytes: int = 0
    identity: str = ""


def export(
    hook: HookRelay, sink: Sink, query: ArtifactQuery | None = None, *, contents: bool = True
) -> Exported:
    """Write artifacts, and what belongs to them, to a file or another stream.

    All of it is what was there at one moment, whatever is written meanwhile. Memory does not grow
    with its amount.

    Args:
        hook: The host's hooks.
        sink: Where to.
        query: Which artifacts; all when not given. Its order does not matter.
        contents: Write their bytes, too.

    Raises:
        RefusalError: a content is gone or damaged; the store cannot be read.
    """
    wanted = _in_order(query or ArtifactQuery())
    head = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "export",
        "contents": contents,
        "query": to_data(wanted) if wanted != _in_order(ArtifactQuery()) else None,
        "at_us": 0,
    }
    with unit(hook, write=False):
        writer = Writer(sink, head)
        namespaces = 0
        for record in all_records(hook, NAMESPACES):
            if _is_within(record.key, wanted):
                namespaces += 1
                data = {"collection": NAMESPACES, "key": record.key, "data": record.data_json}
                writer.line("namespaces", line_of(data))
        writer.flush("namespaces")
        artifacts, amounts = write_artifacts(hook, writer, wanted, contents=contents)
        records = write_records(hook, writer, MARKS, wanted)
        summary = {"artifacts": artifacts, "namespaces": namespaces, "records": records}
        identity = writer.finish(summary)
    return Exported(artifacts, namespaces, records, *amounts, identity)


def write_artifacts(
    hook: HookRelay, writer: Writer, query: ArtifactQuery, *, contents: bool
) -> tuple[int, tuple[int, int]]:
    """Write artifacts, the contents of each chunk before it; how many, and contents and their bytes."""
    count, amounts = 0, (0, 0)
    with _Seen() as seen:
        for artifact in all_artifacts(hook, query):
            count += 1
            if contents and artifact.content is not None and seen.is_new(artifact.content.hash):
                content = artifact.content
                writer.content(content.hash, content.size, pieces_of(hook, content.hash))
                amounts = amounts[0] + 1, amounts[1] + content.size
            manifest = hook.storage_get_manifest(artifact_id=artifact.id) or ""
            writer.line("artifacts", line_of({"artifact": to_data(portable(artifact)), "manifest": manifest}))
    writer.flush("artifacts")
    return count, amounts


def write_records(
    hook: HookRelay, writer: Writer, collections: tuple[str, ...], query: ArtifactQuery | None = None
) -> int:
    """Write records, those of artifacts that the query leaves out excepted; how many."""
    everything = query is None or query == _in_order(ArtifactQuery())
    count = 0
    for collection in collections:
        for record in all_records(hook, collection):
            if everything or (
                query is not None and _goes_along(hook, collection, record.key, record.data_json, query)
            ):
                count += 1
                data = {"collection": collection, "key": record.key, "data": record.data_json}
                writer.line("records", line_of(data))
    writer.flush("records")
    return count


class _Seen:
    """Hashes that were met already; on disk when there are many."""

    def __enter__(self) -> _Seen:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def is_new(self, text: str) -> bool:
        """Whether a text is met for the first time."""
        digest = hashlib.sha256(text.encode()).digest()
        return bool(self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount)


def _in_order(query: ArtifactQuery) -> ArtifactQuery:
    """The query in the one order that files have."""
    import dataclasses

    return dataclasses.replace(query, sort=ArtifactSort.CREATED, descending=False)


def _is_within(path: str, query: ArtifactQuery) -> bool:
    if query.namespace is None:
        return True
    return path == query.namespace or (query.descendants and path.startswith(f"{query.namespace}."))


def _goes_along(hook: HookRelay, collection: str, key: str, data_json: str, query: ArtifactQuery) -> bool:
    artifact: Artifact | None
    if collection in ("tags", "channels"):
        namespace, _, rest = key.partition("/")
        data: Any = json.loads(data_json)
        artifact = hook.storage_find_artifact(
            namespace=namespace, name=rest.rpartition("@")[0], version=data["version"]
        )
    else:
        artifact = hook.storage_get_artifact(artifact_id=key.partition("/")[0])
    return artifact is not None and _matches(artifact, query)


def _matches(artifact: Artifact, query: ArtifactQuery) -> bool:
    return _is_within(artifact.namespace, query) and all(_conditions(artifact, query))


def _conditions(artifact: Artifact, query: ArtifactQuery) -> Iterator[bool]:
    for name in ("name", "type", "state", "visibility"):
        yield getattr(query, name) in (None, getattr(artifact, name))
    for key, value in query.labels.items():
        yield artifact.labels.get(key) == value
