"""What storage is compared with: the same rows into the same tables, without the provider.

Rows are worked out before the clock starts. What the provider adds is turning artifacts into rows and
back, checking, locking, and finding the numbers of scopes.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from common import Row, Timing, ratio_row

from builtin_plugins.storage_sql.codec import COLUMNS, row_of
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.storage_sql.scopes import deltas, placements, scopes_of
from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactSort,
    ArtifactType,
    ArtifactWrite,
    PageRequest,
    PutMode,
)

BULK = 5000
CREATES = 150
INSERT = f"INSERT INTO artifact ({', '.join(COLUMNS)}, manifest) VALUES ({', '.join(['?'] * 14)})"
SCOPE = (
    "INSERT INTO scope (no, sort, name, value, artifacts, direct, content_bytes) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (sort, name, value) DO UPDATE SET artifacts = scope.artifacts + excluded.artifacts, "
    "direct = scope.direct + excluded.direct, content_bytes = scope.content_bytes + excluded.content_bytes"
)
PLACEMENT = (
    "INSERT INTO placement (scope, created, id, kind, updated, downloads, rating, namespace, name) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
GET = f"SELECT {', '.join(COLUMNS)} FROM artifact WHERE id = ?"
QUERY = ArtifactQuery(
    namespace="org.debian.python",
    descendants=True,
    type=ArtifactType.LIBRARY,
    sort=ArtifactSort.DOWNLOADS,
    descending=True,
)
LIST = (
    f"SELECT {', '.join('a.' + name for name in COLUMNS)} FROM artifact a JOIN placement p ON p.id = a.id "
    "WHERE p.scope = (SELECT no FROM scope WHERE sort = 1 AND name = ? AND value = '') "
    "AND (p.kind & 15) = 4 ORDER BY p.downloads DESC, p.id DESC LIMIT 50"
)


@dataclass
class Prepared:
    """Rows of some artifacts."""

    artifacts: list[tuple[Any, ...]]
    scopes: list[tuple[Any, ...]]
    placements: list[tuple[Any, ...]]


class Rows:
    """Turns artifacts into rows, giving scopes numbers of its own."""

    def __init__(self, first: int = 10) -> None:
        self._numbers: Any = {}
        self._first = first

    def of(self, items: Sequence[Artifact]) -> Prepared:
        """The rows that the provider would write."""
        counted: Any = {}
        placed = []
        for item in items:
            for scope in scopes_of(item):
                self._numbers.setdefault(scope, 1 if scope.sort == 0 else self._first + len(self._numbers))
            for scope, delta in deltas(item, 1):
                counted[scope] = delta.plus(counted[scope]) if scope in counted else delta
            placed += placements(item, self._numbers)
        scopes = [(self._numbers[scope], *scope, *delta) for scope, delta in counted.items()]
        return Prepared([(*row_of(item), "") for item in items], scopes, sorted(placed))


def batches(items: Sequence[Artifact], size: int) -> list[list[Artifact]]:
    """Pieces of a size."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def bulk(storage: StorageSql, items: Sequence[Artifact]) -> float:
    """Import artifacts with the provider; seconds."""
    began = time.perf_counter()
    for piece in batches(items, BULK):
        storage.storage_put_artifacts([ArtifactWrite(item) for item in piece], PutMode.CREATE)
    return time.perf_counter() - began


def create(storage: StorageSql, items: Sequence[Artifact]) -> float:
    """Create artifacts one by one with the provider; seconds."""
    began = time.perf_counter()
    for item in items:
        storage.storage_put_artifact(item, "", PutMode.CREATE)
    return time.perf_counter() - began


def reading(
    storage: StorageSql,
    fetch_one: Callable[[str], Any],
    fetch_list: Callable[[], Any],
    items: Sequence[Artifact],
) -> dict[str, Callable[[int], None]]:
    """Competitors for get and list."""
    ids = [item.id for item in random.Random(3).choices(items, k=5000)]
    document = COLUMNS.index("document")
    page = PageRequest(50)

    def get(count: int) -> None:
        for artifact_id in ids[:count]:
            storage.storage_get_artifact(artifact_id)

    def raw_get(count: int) -> None:
        for artifact_id in ids[:count]:
            json.loads(fetch_one(artifact_id)[document])

    def lists(count: int) -> None:
        for _ in range(count):
            storage.storage_list_artifacts(QUERY, page)

    def raw_lists(count: int) -> None:
        for _ in range(count):
            [json.loads(row[document]) for row in fetch_list()]

    assert len(storage.storage_list_artifacts(QUERY, page).items) == len(fetch_list()) == 50
    assert [item.id for item in storage.storage_list_artifacts(QUERY, page).items] == [
        r[0] for r in fetch_list()
    ]
    return {"get": get, "raw get": raw_get, "list": lists, "raw list": raw_lists}


def speed_row(
    what: str, timing: Timing, project: str, peer: str, bound: float | None, *, note: str = ""
) -> Row:
    """A row for the speed of ``project`` as a fraction of that of ``peer``; larger is better."""
    row = ratio_row(what, timing, project, peer, bound, note=note)
    assert row.value is not None
    assert row.median is not None
    return Row(what, row.project, row.peer, "µs", 1 / row.value, bound, "at least", 1 / row.median, note)


PLACED = ("scope", "created", "id", "kind", "updated", "downloads", "rating", "namespace", "name")
"""Columns of ``placement``, in order."""
