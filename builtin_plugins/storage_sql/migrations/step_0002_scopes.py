"""What artifacts are listed by, with counters: derived from the artifacts, so it can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from .step import Step

__all__ = ["STEP"]

_BATCH: Final = 2000
_DIRECT: Final = 0x1000
_HALF: Final = 2**63
_COLUMNS: Final = (
    "scope",
    "created",
    "id",
    "kind",
    "updated",
    "downloads",
    "rating",
    "namespace",
    "name",
)
_READ: Final = (
    "SELECT id, namespace, name, kind, created, updated, downloads, rating, content_size, document "
    "FROM artifact WHERE id > ? ORDER BY id LIMIT ?"
)


def _scopes(row: tuple[Any, ...]) -> Iterator[tuple[tuple[int, str, str], bool]]:
    """Scopes of an artifact as it was when this step was written, and whether it is directly in it."""
    namespace = row[1]
    yield (0, "", ""), False
    parts = namespace.split(".")
    for length in range(1, len(parts) + 1):
        yield (1, ".".join(parts[:length]), ""), length == len(parts)
    for name, value in json.loads(row[9]).get("labels", {}).items():
        yield (2, name, value), False


def _fill(database: Any) -> None:
    mark = database.param
    database.insert_many(
        "scope",
        ("no", "sort", "name", "value", "artifacts", "direct", "content_bytes"),
        [(1, 0, "", "", 0, 0, 0)],
    )
    if database.dialect == "postgresql":
        database.execute("SELECT setval(pg_get_serial_sequence('scope', 'no'), 1)")
    last = ""
    while rows := database.execute(_READ.replace("?", mark), (last, _BATCH)).fetchall():
        last = rows[-1][0]
        counters: dict[tuple[int, str, str], list[int]] = {}
        for row in rows:
            for scope, direct in _scopes(row):
                counter = counters.setdefault(scope, [0, 0, 0])
                counter[0] += 1
                counter[1] += direct
                counter[2] += row[8]
        numbers = database.add_to_scopes(counters)
        placed = []
        for row in rows:
            for scope, direct in _scopes(row):
                downloads = row[6] - _HALF if row[6] >= 0 else row[6] + _HALF
                place = (row[1], row[2]) if scope[0] == 2 else (None, None)
                kind = row[3] | (_DIRECT if direct else 0)
                placed.append((numbers[scope], row[4], row[0], kind, row[5], downloads, row[7], *place))
        database.insert_many("placement", _COLUMNS, placed)
    count, size = database.execute("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM content").fetchone()
    if count:
        database.add_to_scopes({(3, "", ""): (count, 0, int(size))})


STEP = Step(
    2,
    "scopes",
    up=(
        """CREATE TABLE scope (no {SERIAL}, sort SMALLINT NOT NULL, name {TEXT} NOT NULL,
          value {TEXT} NOT NULL, artifacts BIGINT NOT NULL, direct BIGINT NOT NULL,
          content_bytes BIGINT NOT NULL
          CHECK (content_bytes BETWEEN -9223372036854775807 AND 9223372036854775807))""",
        "CREATE UNIQUE INDEX scope_name ON scope (sort, name, value)",
        """CREATE TABLE placement (scope BIGINT NOT NULL, created BIGINT NOT NULL, id {TEXT} NOT NULL,
          kind SMALLINT NOT NULL, updated BIGINT NOT NULL, downloads BIGINT NOT NULL,
          rating DOUBLE PRECISION NOT NULL, namespace {TEXT}, name {TEXT},
          PRIMARY KEY (scope, created, id)){CLUSTERED}""",
        "CREATE INDEX placement_updated ON placement (scope, updated, id, kind, created)",
        "CREATE INDEX placement_downloads ON placement (scope, downloads, id, kind, created)",
        "CREATE INDEX placement_rating ON placement (scope, rating, id, kind, created)",
        """CREATE INDEX placement_place ON placement (scope, namespace, name, id, kind, created)
          WHERE namespace IS NOT NULL""",
        "CREATE INDEX artifact_place ON artifact (namespace, name, id, kind, created)",
        "CREATE INDEX artifact_name ON artifact (name, namespace, id, kind, created)",
    ),
    down=(
        "DROP INDEX artifact_name",
        "DROP INDEX artifact_place",
        "DROP TABLE placement",
        "DROP TABLE scope",
    ),
    fill=_fill,
)
