"""Import and export of a file with artifacts, against ``sqlite3`` writing and reading the same rows.

The bound is on what of the import is storage: artifacts in bulk and their history. The rest is reading
the file twice, judging every line, and asking plugins; it is shown beside it.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import corpus
import storage_peer as peer
from common import Row, Timing, main
from storage_sqlite import raw_connection

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.exporting import export
from builtin_plugins.transfer.importing import import_file
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.contracts import Artifact, ArtifactType, ArtifactWrite, PutMode
from hyperhost.contracts.codec import to_data
from hyperhost.host.operations import LOCAL_OWNER

SIZE = 20_000
CHUNK = 1_000
HISTORY = "INSERT INTO log_entry (log, seq, at_us, subject, data) VALUES (?, ?, ?, ?, ?)"


def artifacts() -> list[Artifact]:
    """Artifacts of the corpus, called as the registry allows."""
    found = []
    for number, item in enumerate(corpus.artifacts(SIZE)):
        needs = {_called(each.artifact): each for each in item.dependencies}
        found.append(
            dataclasses.replace(
                item,
                name=f"{_called(item.name)}-{number}",
                dependencies=[dataclasses.replace(each, artifact=name) for name, each in needs.items()],
                version=f"1.{number % 90}.0",
                type=ArtifactType.LIBRARY,  # which needs no manifest
                content=None,
            )
        )
    return found


def _called(text: str) -> str:
    path, slash, name = text.lower().rpartition("/")
    return path + slash + re.sub(r"[^a-z0-9]+", "-", name).strip("-")


def registry(path: Path) -> hyperhost.Host:
    """A host with a database."""
    host = hyperhost.Host("registry")
    host.register(StorageSql(str(path)), "storage-sql")
    for plugin in (ContentMemory(), Registry(), Operations(), Transfer()):
        host.register(plugin)
    return host


class Timed:
    """A hook that adds up its time."""

    def __init__(self, hook: Callable[..., Any], totals: list[float]) -> None:
        self._hook, self._totals = hook, totals

    def __call__(self, **arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._hook(**arguments)
        finally:
            self._totals[0] += time.perf_counter() - began


def imported(path: Path, data: bytes) -> tuple[float, float]:
    """Import a file into an empty registry; seconds of all, and of storage alone."""
    totals = [0.0]
    with registry(path) as host:
        kept = {name: getattr(host.hook, name) for name in ("storage_put_artifacts", "storage_append_logs")}
        host.hook.storage_begin(write=True)  # opens the database
        host.hook.storage_end(commit=False)
        ending = {"storage_end": host.hook.storage_end}
        for name, hook in (kept | ending).items():
            setattr(host.hook, name, Timed(hook, totals))
        began = time.perf_counter()
        report = import_file(host.hook, LOCAL_OWNER, io.BytesIO(data))
        seconds = time.perf_counter() - began
        for name, hook in (kept | ending).items():
            setattr(host.hook, name, hook)
        assert report.created == SIZE, report.issues[:3]
    return seconds, totals[0]


def raw_import(connection: Any, prepared: list[peer.Prepared], items: list[Artifact]) -> float:
    """Write the same rows, a transaction for each chunk; seconds."""
    began, seq = 0.0, 0
    for rows, piece in zip(prepared, peer.batches(items, CHUNK), strict=True):
        entries = []
        for item in piece:
            seq += 1
            entry = {"kind": "created", "actor": "local:owner", "artifact": to_data(item), "manifest": ""}
            text = json.dumps(entry | {"origin": "import:" + "0" * 64}, separators=(",", ":"))
            entries.append(("history", seq, seq, item.id, text))
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(peer.INSERT, rows.artifacts)
        connection.executemany(peer.SCOPE, rows.scopes)
        connection.executemany(peer.PLACEMENT, rows.placements)
        connection.executemany(HISTORY, entries)
        connection.execute("COMMIT")
        began += time.perf_counter() - started
    return began


def raw_export(connection: Any) -> float:
    """Read the same rows and write them as JSON lines; seconds."""
    began = time.perf_counter()
    sink = io.BytesIO()
    for row in connection.execute("SELECT * FROM artifact ORDER BY created, id"):
        sink.write(json.dumps(row).encode() + b"\n")
    return time.perf_counter() - began


def measure() -> list[Row]:
    """The rows of this benchmark."""
    source, _ = corpus.stanzas()
    items = artifacts()
    rows = peer.Rows()
    prepared = [rows.of(piece) for piece in peer.batches(items, CHUNK)]
    names = ("storage", "import", "raw import", "export", "raw export")
    timing = Timing({name: [] for name in names})
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as place:
        directory = Path(place)
        with registry(directory / "full.db") as host:
            for piece in peer.batches(items, peer.BULK):
                writes = [ArtifactWrite(item) for item in piece]
                host.hook.storage_put_artifacts(items=writes, mode=PutMode.CREATE)
            for number in range(3):
                raw = raw_connection(directory / f"raw{number}.db")
                timing.rounds["raw import"].append(raw_import(raw, prepared, items) / SIZE)
                timing.rounds["raw export"].append(raw_export(raw) / SIZE)
                raw.close()
                sink = io.BytesIO()
                began = time.perf_counter()
                export(host.hook, sink)
                timing.rounds["export"].append((time.perf_counter() - began) / SIZE)
                whole, storage = imported(directory / f"ours{number}.db", sink.getvalue())
                timing.rounds["import"].append(whole / SIZE)
                timing.rounds["storage"].append(storage / SIZE)
    note = f"{SIZE:,} artifacts: {source}"
    return [
        peer.speed_row("import: storage and history", timing, "storage", "raw import", 0.35, note=note),
        peer.speed_row("import: all of it", timing, "import", "raw import", None),
        peer.speed_row("export", timing, "export", "raw export", None),
    ]


if __name__ == "__main__":
    main(measure)
