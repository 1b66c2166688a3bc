"""The artifact graph through its hooks: questions, building it, starting from what is kept on the disk.

The corpus is that of :mod:`corpus`, each dependency led to the package of that name; the questions are 200
artifacts by chance and the 20 that most need. The peer of ``impact`` is rustworkx alone: ``ancestors`` of the
same nodes in a graph that lies in memory, which knows no depth, no downloads and no names. ``RECORDS`` in the
environment asks for fewer records.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rustworkx
from common import ROOT, Row, interleave, main
from corpus import artifacts

import hyperhost
from builtin_plugins.graph.plugin import Graph
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactSort,
    ArtifactWrite,
    PageRequest,
    Principal,
    PutMode,
)

RECORDS = int(os.environ.get("RECORDS", "0")) or None
QUESTIONS, MOST = 200, 20
OWNER = Principal("local:owner")
_START = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from builtin_plugins.graph.snapshot import read
from builtin_plugins.graph.view import Part, View
kept = read(Path(sys.argv[1]))
view = View([Part(kept.segment)], kept.names, kept.marks, kept.labels, kept.sequence, 0)
view.figures
print(time.perf_counter() - began)
"""


def corpus() -> list[Artifact]:
    """The records, with dependencies on each other."""
    found = list(artifacts(RECORDS))
    where = {each.name: f"{each.namespace}/{each.name}" for each in found}

    def led(artifact: Artifact) -> Artifact:
        needs = [
            dataclasses.replace(need, artifact=where.get(need.artifact.partition("/")[2], need.artifact))
            for need in artifact.dependencies
        ]
        return dataclasses.replace(artifact, dependencies=needs)

    return [led(each) for each in found]


def fill(hook: Any, records: list[Artifact]) -> None:
    """Put the records into the store; the history gets one entry, to be recognised by."""
    for start in range(0, len(records), 1000):
        writes = [ArtifactWrite(each) for each in records[start : start + 1000]]
        hook.storage_put_artifacts(items=writes, mode=PutMode.CREATE)
    hook.storage_append_log(log="history", subject="corpus", data_json="{}", at_us=1)


def alone(records: list[Artifact]) -> tuple[Any, dict[str, int]]:
    """The same dependencies in rustworkx."""
    number: dict[str, int] = {}
    for each in records:
        number.setdefault(f"{each.namespace}/{each.name}", len(number))
        for need in each.dependencies:
            number.setdefault(need.artifact, len(number))
    graph: Any = rustworkx.PyDiGraph(multigraph=False)
    graph.add_nodes_from(list(number))
    graph.add_edges_from_no_data(
        [
            (number[f"{each.namespace}/{each.name}"], number[need.artifact])
            for each in records
            if each.state.value != "archived"
            for need in each.dependencies
        ]
    )
    return graph, number


def listed(hook: Any) -> float:
    """Seconds that it takes to read all artifacts and nothing else."""
    began, token = time.perf_counter(), ""
    query = ArtifactQuery(sort=ArtifactSort.NAME)
    while True:
        page = hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
        token = page.next_token
        if not token:
            return time.perf_counter() - began


def asked_about(records: list[Artifact]) -> tuple[list[str], list[str]]:
    """Names by chance, and those that most need."""
    there = [f"{each.namespace}/{each.name}" for each in records if each.state.value != "archived"]
    counts = Counter(need.artifact for each in records for need in each.dependencies)
    known = set(there)
    most = [name for name, _ in counts.most_common(10 * MOST) if name in known][:MOST]
    return random.Random(3).sample(there, min(QUESTIONS, len(there))), most


def slowest(ask: Callable[[str], object], names: list[str]) -> tuple[float, float]:
    """The 95th percentile and the median in milliseconds, of three tries of each; every try counts."""
    took = []
    for name in names:
        for _ in range(3):
            began = time.perf_counter()
            ask(name)
            took.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(took, n=20)[-1], statistics.median(took)


def memory_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure() -> list[Row]:
    """The rows."""
    records = corpus()
    chance, most = asked_about(records)
    rows = []
    with tempfile.TemporaryDirectory() as directory, hyperhost.Host("bench", home=Path(directory)) as host:
        host.register(StorageSql(), "storage-sql")
        fill(host.hook, records)
        host.register(Graph(), "graph")
        hook = host.hook
        gc.collect()
        before, began = memory_mb(), time.perf_counter()
        state = hook.graph_status()
        built, grown = time.perf_counter() - began, memory_mb() - before
        size = f"{state.artifacts:,} artifacts, {state.edges:,} edges"
        questions: dict[str, tuple[Callable[[str], object], float]] = {
            "similar": (lambda name: hook.graph_similar(principal=OWNER, artifact=name, limit=10), 20),
            "impact": (
                lambda name: hook.graph_impact(principal=OWNER, artifact=name, depth=0, limit=100),
                50,
            ),
        }
        for what, (ask, bound) in questions.items():
            for which, names in (("by chance", chance), ("the most needed", most)):
                worst, middle = slowest(ask, names)
                rows.append(
                    Row(f"{what}, {which}, 95 of 100", worst, None, "ms", worst, bound, "under", middle, size)
                )
        graph, number = alone(records)

        def ours(count: int) -> None:
            for name in (most * count)[:count]:
                hook.graph_impact(principal=OWNER, artifact=name, depth=0, limit=100)

        def theirs(count: int) -> None:
            for name in (most * count)[:count]:
                rustworkx.ancestors(graph, number[name])

        timing = interleave({"ours": ours, "alone": theirs}, rounds=3, calls=len(most))
        best, peer = timing.best("ours"), timing.best("alone")
        middle = timing.median("ours") / timing.median("alone")
        rows.append(
            Row("impact, the most needed", best * 1e3, peer * 1e3, "ms", best / peer, None, "at most", middle)
        )
        began = time.perf_counter()
        hook.graph_clusters(principal=OWNER, namespace="", least=2, limit=20, members=10)
        took = (time.perf_counter() - began) * 1e3
        rows.append(Row("clusters of all", took, None, "ms", took))
        read = listed(hook)
        rows.append(Row("building it; peer: reading the store", built * 1e3, read * 1e3, "ms", built / read))
        rows.append(Row("memory of it, with reading the store", grown, None, "MB", grown))
        host.hook.graph_status()
        place = Path(directory) / "data" / "graph"
        rows.append(started(place))
    return rows


def started(place: Path) -> Row:
    """A new process that reads what is kept, and is ready for a question."""
    took = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _START, str(place)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        took.append(float(done.stdout) * 1000)
    size = (place / "graph.npz").stat().st_size / 1e6
    return Row(
        "a new process is ready", min(took), None, "ms", min(took), 1000, "under", statistics.median(took),
        f"imports included; {size:.1f} MB on the disk",
    )  # fmt: skip


if __name__ == "__main__":
    main(measure)
