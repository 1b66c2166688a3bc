"""Storage with 1,000,000 artifacts against 63,000: gets, lists of every kind, and memory.

Takes minutes and about 4 GB of disk, so it is not part of ``run_all.py``. The variable HYPERHOST_SCALE
is the number of artifacts, 1,000,000 when it is not set.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import corpus
from common import Row, interleave, main, ratio_row

from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import (
    ArtifactQuery,
    ArtifactSort,
    ArtifactState,
    ArtifactType,
    ArtifactWrite,
    PageRequest,
    PutMode,
)

COUNT = int(os.environ.get("HYPERHOST_SCALE", "1000000"))
SMALL = 63_000
PYTHON = "org.debian.python"
FILTERS = {
    "everything": ArtifactQuery(),
    "a namespace": ArtifactQuery(namespace=PYTHON),
    "a namespace and below": ArtifactQuery(namespace=PYTHON, descendants=True),
    "the root and below": ArtifactQuery(namespace="org", descendants=True),
    "a type": ArtifactQuery(type=ArtifactType.THEME),
    "a state": ArtifactQuery(state=ArtifactState.DEPRECATED),
    "a label": ArtifactQuery(labels={"role": "program"}),
    "a label, a namespace and a type": ArtifactQuery(
        labels={"arch": "all"}, namespace=PYTHON, descendants=True, type=ArtifactType.LIBRARY
    ),
}


def filled(path: str, count: int) -> tuple[StorageSql, list[str]]:
    """A store of so many artifacts, and ids of some of them."""
    storage = StorageSql(path)
    source = corpus.artifacts(count)
    ids: list[str] = []
    began = time.perf_counter()
    while piece := list(islice(source, 10_000)):
        storage.storage_put_artifacts([ArtifactWrite(item) for item in piece], PutMode.CREATE)
        ids += [item.id for item in piece[::5]]
    print(f"{count:,} artifacts in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return storage, random.Random(4).choices(ids, k=3000)


def getting(storage: StorageSql, ids: list[str]) -> Callable[[int], None]:
    """Reads artifacts by id."""

    def run(count: int) -> None:
        for artifact_id in ids[:count]:
            storage.storage_get_artifact(artifact_id)

    return run


def listing(storage: StorageSql, query: ArtifactQuery) -> Callable[[int], None]:
    """Reads the first two pages of a list."""

    def run(count: int) -> None:
        for _ in range(count):
            page = storage.storage_list_artifacts(query, PageRequest(50))
            assert page.next_token, query
            storage.storage_list_artifacts(query, PageRequest(50, page.next_token))

    return run


def reader_memory(path: str, ids: list[str]) -> float:
    """Peak memory, in MiB, of a process of its own that opens a store, and gets and lists."""
    command = [sys.executable, __file__, "--read", path]
    done = subprocess.run(command, input="\n".join(ids), capture_output=True, text=True, check=True)
    return float(done.stdout)


def read(path: str) -> None:
    """What :func:`reader_memory` runs."""
    storage = StorageSql(path)
    getting(storage, sys.stdin.read().split())(3000)
    for query in FILTERS.values():
        listing(storage, query)(8)
    storage.plugin_stop()
    # What getrusage says of a new process includes the peak of the one that started it.
    [peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    print(int(peak.split()[1]) / 1024)


def measure() -> list[Row]:
    """The rows of this benchmark."""
    import dataclasses

    rows = []
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as place:
        small, small_ids = filled(f"{place}/small.db", SMALL)
        large, large_ids = filled(f"{place}/large.db", COUNT)
        timing = interleave(
            {"small": getting(small, small_ids), "large": getting(large, large_ids)}, rounds=5, calls=3000
        )
        rows.append(ratio_row(f"get, {COUNT:,} to {SMALL:,}", timing, "large", "small", 1.5))
        for name, base in FILTERS.items():
            for sort in ArtifactSort:
                query = dataclasses.replace(base, sort=sort, descending=sort is not ArtifactSort.NAME)
                timing = interleave(
                    {"small": listing(small, query), "large": listing(large, query)}, rounds=5, calls=8
                )
                rows.append(ratio_row(f"list {name}, by {sort.value}", timing, "large", "small", 1.5))
        before, after = (
            reader_memory(f"{place}/{name}.db", ids)
            for name, ids in (("small", small_ids), ("large", large_ids))
        )
        rows.append(
            Row(
                "memory of a process that reads",
                after,
                before,
                "MiB",
                after / before,
                1.5,
                median=after / before,
            )
        )
        small.plugin_stop()
        large.plugin_stop()
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2])
    else:
        main(measure)
