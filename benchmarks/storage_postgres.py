"""Storage in PostgreSQL against psycopg writing the same rows. ``HYPERHOST_TEST_POSTGRES`` is the server."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

import corpus
import storage_peer as peer
from common import Row, Timing, interleave, main

from builtin_plugins.storage_sql.codec import COLUMNS
from builtin_plugins.storage_sql.plugin import StorageSql

SERVER = os.environ.get("HYPERHOST_TEST_POSTGRES", "postgresql:///test")
COUNT = 20_000
"""Artifacts; the rest of the corpus would only take longer."""
LOCK = "LOCK TABLE schema_migration IN SHARE ROW EXCLUSIVE MODE"


def raw_write(connection: Any, prepared: list[peer.Prepared]) -> float:
    """Write rows, a transaction for each piece; seconds."""
    began = time.perf_counter()
    for piece in prepared:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(LOCK)
            cursor.executemany(peer.SCOPE.replace("?", "%s"), piece.scopes)
            if len(piece.artifacts) == 1:
                cursor.execute(peer.INSERT.replace("?", "%s"), piece.artifacts[0])
                cursor.executemany(peer.PLACEMENT.replace("?", "%s"), piece.placements)
                continue
            for table, columns, rows in (
                ("artifact", (*COLUMNS, "manifest"), piece.artifacts),
                ("placement", peer.PLACED, piece.placements),
            ):
                with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
    return time.perf_counter() - began


def measure() -> list[Row]:
    """The rows of this benchmark."""
    import psycopg

    try:
        admin = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        return [Row("postgresql", error=f"no server at {SERVER}: {error}")]
    schemas = [f"hyperhost_benchmark_{secrets.token_hex(4)}" for _ in range(2)]
    for schema in schemas:
        admin.execute(f"CREATE SCHEMA {schema}")
    try:
        urls = [f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{name}" for name in schemas]
        return compared(psycopg, *urls)
    finally:
        for schema in schemas:
            admin.execute(f"DROP SCHEMA {schema} CASCADE")
        admin.close()


def compared(psycopg: Any, ours: str, theirs: str) -> list[Row]:
    """Both do the same work, each in its own schema."""
    items = list(corpus.artifacts(COUNT + peer.CREATES))
    items, more = items[:COUNT], items[COUNT:]
    rows = peer.Rows()
    StorageSql(theirs).migrate()
    raw = psycopg.connect(theirs, autocommit=True)
    storage = StorageSql(ours)
    timing = Timing({"bulk": [], "raw bulk": [], "create": [], "raw create": []})
    prepared = [rows.of(piece) for piece in peer.batches(items, peer.BULK)]
    timing.rounds["raw bulk"].append(raw_write(raw, prepared) / len(items))
    timing.rounds["bulk"].append(peer.bulk(storage, items) / len(items))
    for piece in peer.batches(more, peer.CREATES // 3):
        single = [rows.of([item]) for item in piece]
        timing.rounds["raw create"].append(raw_write(raw, single) / len(piece))
        timing.rounds["create"].append(peer.create(storage, piece) / len(piece))
    raw.execute("ANALYZE artifact, placement, scope")
    storage._store.database.execute("ANALYZE artifact, placement, scope")
    get, listing = peer.GET.replace("?", "%s"), peer.LIST.replace("?", "%s")

    def fetch_one(artifact_id: str) -> Any:
        return raw.execute(get, (artifact_id,)).fetchone()

    def fetch_list() -> Any:
        return raw.execute(listing, (peer.QUERY.namespace,)).fetchall()

    calls = {"get": 1000, "raw get": 1000, "list": 30, "raw list": 30}
    found = interleave(peer.reading(storage, fetch_one, fetch_list, items), rounds=5, calls=calls)
    timing.rounds |= found.rounds
    storage.plugin_stop()
    raw.close()
    return [
        peer.speed_row("postgresql: durable create", timing, "create", "raw create", 0.4),
        peer.speed_row("postgresql: bulk import", timing, "bulk", "raw bulk", 0.4, note="both by COPY"),
        peer.speed_row("postgresql: get by id, typed", timing, "get", "raw get", 0.4),
        peer.speed_row("postgresql: list 50, filtered, sorted", timing, "list", "raw list", 0.4),
    ]


if __name__ == "__main__":
    main(measure)
