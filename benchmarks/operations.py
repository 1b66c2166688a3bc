"""One operation through the door, audit and events included, against ``sqlite3`` writing the same rows.

``create`` writes an artifact, its place in every list, the sums of its namespaces, an entry of the
history and one of the audit chain, and is durable when it returns. The peer has the same rows worked
out beforehand and writes them in one transaction with the same ``synchronous``.
"""

from __future__ import annotations

import itertools
import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import corpus
import storage_peer as peer
from common import Row, Timing, interleave, main
from storage_sqlite import raw_connection

from builtin_plugins.audit.plugin import Audit
from builtin_plugins.operations.plugin import Operations as OperationsPlugin
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost import Host, Operations
from hyperhost.contracts import Artifact
from hyperhost.contracts.codec import to_data

ROUNDS = 5
CREATES = 150
LOG = "INSERT INTO log_entry (log, seq, at_us, subject, data) VALUES (?, ?, ?, ?, ?)"


def draft(artifact: Artifact) -> dict[str, Any]:
    """What an author sends to create an artifact."""
    data = to_data(artifact)
    kept = ("namespace", "name", "metadata", "labels")
    return {**{key: data[key] for key in kept}, "type": "library", "version": "1.0.0"}


def measure() -> list[Row]:
    """The rows of this benchmark."""
    known = (item for item in corpus.artifacts() if re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", item.name))
    items = list(itertools.islice(known, 2 * ROUNDS * CREATES))
    source, _ = corpus.stanzas()
    timing = Timing({"create": [], "raw": []})
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as place:
        directory = Path(place)
        raw = raw_connection(directory / "raw.db")
        with Host("benchmark", home=directory / "home") as host:
            host.register(StorageSql(str(directory / "ours.db")), "storage-sql")
            for plugin, name in (
                (Registry(), "registry"),
                (OperationsPlugin(), "operations"),
                (Audit(), "audit"),
            ):
                host.register(plugin, name)
            run = Operations(host).run
            rows, seq = peer.Rows(), 0
            for piece in peer.batches(items[: 2 * ROUNDS * CREATES], CREATES)[: ROUNDS + 1]:
                logs = []
                for item in piece:
                    seq += 1
                    history = json.dumps(
                        {"kind": "created", "actor": "local:owner", "artifact": to_data(item)}
                    )
                    logs.append(
                        [("history", seq, seq, item.id, history), ("audit", seq, seq, item.name, history)]
                    )
                prepared = [rows.of([item]) for item in piece]
                timing.rounds["raw"].append(_raw(raw, prepared, logs) / len(piece))
                drafts = [draft(item) for item in piece]
                began = time.perf_counter()
                for each in drafts:
                    run("create", draft=each)
                timing.rounds["create"].append((time.perf_counter() - began) / len(piece))
            named = [f"{item.namespace}/{item.name}@1.0.0" for item in items[:CREATES]]

            def read(count: int) -> None:
                for number in range(count):
                    run("read", artifact=named[number % CREATES])

            reads = interleave({"read": read}, rounds=5, calls=2_000)
    for name in timing.rounds:
        timing.rounds[name] = timing.rounds[name][1:]  # the first round warms both up
    ours, theirs = timing.best("create"), timing.best("raw")
    middle = timing.median("raw") / timing.median("create")
    return [
        Row(
            "durable create, audit and events included",
            ours * 1e6,
            theirs * 1e6,
            "µs",
            theirs / ours,
            0.4,
            "at least",
            middle,
            f"speed as a share of sqlite3's; artifacts from {source}",
        ),
        Row(
            "read through the door",
            1 / reads.best("read"),
            unit="/s",
            value=1 / reads.best("read"),
            note="an operation with JSON in and out; the typed hook alone is in storage_sqlite.py",
        ),
    ]


def _raw(connection: Any, prepared: list[peer.Prepared], logs: list[Any]) -> float:
    began = time.perf_counter()
    for piece, entries in zip(prepared, logs, strict=True):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(peer.INSERT, piece.artifacts)
        connection.executemany(peer.SCOPE, piece.scopes)
        connection.executemany(peer.PLACEMENT, piece.placements)
        connection.executemany(LOG, entries)
        connection.execute("COMMIT")
    return time.perf_counter() - began


if __name__ == "__main__":
    main(measure)
