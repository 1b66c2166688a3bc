"""Storage in SQLite against ``sqlite3`` writing the same rows with the same ``synchronous``."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import corpus
import storage_peer as peer
from common import Row, Timing, interleave, main, ratio_row

from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import Artifact

PRAGMAS = ("journal_mode=wal", "synchronous=full", "foreign_keys=1", "cache_size=-32768", "temp_store=memory")


def raw_connection(path: Path) -> Any:
    """An empty database with the same tables."""
    StorageSql(str(path)).migrate()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def raw_write(connection: Any, prepared: list[peer.Prepared]) -> float:
    """Write rows, a transaction for each piece; seconds."""
    began = time.perf_counter()
    for piece in prepared:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(peer.INSERT, piece.artifacts)
        connection.executemany(peer.SCOPE, piece.scopes)
        connection.executemany(peer.PLACEMENT, piece.placements)
        connection.execute("COMMIT")
    return time.perf_counter() - began


def measure() -> list[Row]:
    """The rows of this benchmark."""
    source, _ = corpus.stanzas()
    items = list(corpus.artifacts())
    rows = peer.Rows()
    prepared = [rows.of(piece) for piece in peer.batches(items, peer.BULK)]
    timing = Timing({"bulk": [], "raw bulk": []})
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as place:
        directory = Path(place)
        for number in range(2):
            raw = raw_connection(directory / f"raw{number}.db")
            timing.rounds["raw bulk"].append(raw_write(raw, prepared) / len(items))
            storage = StorageSql(str(directory / f"ours{number}.db"))
            timing.rounds["bulk"].append(peer.bulk(storage, items) / len(items))
        timing.rounds |= creating(storage, raw, items, rows).rounds

        def fetch_one(artifact_id: str) -> Any:
            return raw.execute(peer.GET, (artifact_id,)).fetchone()

        def fetch_list() -> Any:
            return raw.execute(peer.LIST, (peer.QUERY.namespace,)).fetchall()

        calls = {"get": 5000, "raw get": 5000, "list": 50, "raw list": 50}
        found = interleave(peer.reading(storage, fetch_one, fetch_list, items), rounds=5, calls=calls)
        timing.rounds |= found.rounds
        storage.plugin_stop()
    note = f"{len(items):,} artifacts: {source}"
    per_second = 1 / timing.best("get")
    return [
        peer.speed_row("sqlite: durable create", timing, "create", "raw create", 0.4, note=note),
        peer.speed_row("sqlite: bulk import", timing, "bulk", "raw bulk", 0.35),
        peer.speed_row("sqlite: get by id, typed", timing, "get", "raw get", 0.4),
        Row("sqlite: get by id", per_second, unit="/s", value=per_second, bound=10_000, better="at least"),
        ratio_row("sqlite: list 50, filtered, sorted", timing, "list", "raw list", 3),
    ]


def creating(storage: StorageSql, raw: Any, items: Sequence[Artifact], rows: peer.Rows) -> Timing:
    """Create more artifacts in the full stores, one by one, in turns."""
    more = list(corpus.artifacts(len(items) + 3 * peer.CREATES))[len(items) :]
    timing = Timing({"create": [], "raw create": []})
    for piece in peer.batches(more, peer.CREATES):
        single = [rows.of([item]) for item in piece]
        timing.rounds["raw create"].append(raw_write(raw, single) / len(piece))
        timing.rounds["create"].append(peer.create(storage, piece) / len(piece))
    return timing


if __name__ == "__main__":
    main(measure)
