"""Recommendations through their hook: learning, and questions, on the corpus of :mod:`corpus`.

What people use is made up, always the same: each of 2,000 people begins with two artifacts and goes on with
what is needed by, needs, or lies beside something they use already; now and then with something by chance.
The entries are those that the audit log would have. Nothing comparable was found to run beside it, so the
bounds are on the figures themselves. ``RECORDS`` and ``PEOPLE`` in the environment ask for less.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import Row, main
from graph import corpus, fill

import hyperhost
from builtin_plugins.recommend.plugin import Recommend
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import Artifact, LogWrite, Principal, RecommendRequest

RECORDS = int(os.environ.get("RECORDS", "0")) or None
PEOPLE = int(os.environ.get("PEOPLE", "2000"))
USED = 25
QUESTIONS = 200
OWNER = Principal("local:owner")


def uses(records: list[Artifact]) -> Iterator[tuple[str, str]]:
    """Who uses what, in the order in which it happened."""
    chance = random.Random(5)
    names = [f"{each.namespace}/{each.name}" for each in records]
    known = set(names)
    beside: dict[str, list[str]] = defaultdict(list)
    near: dict[str, set[str]] = defaultdict(set)
    for each, name in zip(records, names, strict=True):
        beside[each.namespace].append(name)
        for need in each.dependencies:
            if need.artifact in known:
                near[name].add(need.artifact)
                near[need.artifact].add(name)
    around = {name: sorted(some)[:30] for name, some in near.items()}
    for person in range(PEOPLE):
        mine = [names[int(len(names) * chance.random() ** 3)] for _ in range(2)]
        while len(mine) < USED:
            last, dice = chance.choice(mine), chance.random()
            pool = around.get(last, names) if dice < 0.6 else names
            if 0.6 <= dice < 0.9:
                pool = beside[last.partition("/")[0]][:200]
            mine.append(chance.choice(pool))
        for name in mine:
            yield f"user:{person}", name


def entries(events: list[tuple[str, str]], at_us: int) -> Iterator[LogWrite]:
    """The entries of the audit log, as far as they are read."""
    for number, (person, name) in enumerate(events):
        entry = {
            "actor": {"id": person, "kind": "user"},
            "details": {},
            "operation": "download",
            "success": True,
            "target": f"{name}@1.0.0",
        }
        text = json.dumps({"entry": entry, "hash": f"{number:064x}"}, separators=(",", ":"))
        yield LogWrite(text, at_us + number * 1000, name)


def append(hook: Any, writes: list[LogWrite]) -> None:
    """Put them into the store."""
    for start in range(0, len(writes), 10_000):
        hook.storage_append_logs(log="audit", items=writes[start : start + 10_000])


def slowest(ask: Callable[[str], object], names: list[str]) -> tuple[float, float]:
    """The 95th percentile and the median in milliseconds; the best of three tries of each."""
    took = []
    for name in names:
        best = float("inf")
        for _ in range(3):
            began = time.perf_counter()
            ask(name)
            best = min(best, time.perf_counter() - began)
        took.append(best * 1000)
    return statistics.quantiles(took, n=20)[-1], statistics.median(took)


def measure() -> list[Row]:
    """The rows."""
    records = corpus()[:RECORDS]
    chance = random.Random(3)
    now_us = time.time_ns() // 1000
    writes = list(entries(list(uses(records)), now_us - PEOPLE * USED * 1000))
    with tempfile.TemporaryDirectory() as directory, hyperhost.Host("bench", home=Path(directory)) as host:
        host.register(StorageSql(), "storage-sql")
        fill(host.hook, records)
        host.register(Recommend(), "recommend")
        hook = host.hook
        began = time.perf_counter()
        hook.recommend_status()
        built = time.perf_counter() - began
        append(hook, writes)
        began = time.perf_counter()
        while hook.recommend_status().behind:
            pass
        trained = time.perf_counter() - began
        state = hook.recommend_status()
        size = f"{state.people:,} people, {state.uses:,} uses, {state.pairs:,} pairs"
        file = Path(directory) / "data" / "recommend" / "model.db"
        rate = len(writes) / trained
        rows = [
            Row("learning, events", rate, None, "/s", rate, 1000, "at least", note=size),
            Row("knowing all artifacts", built, None, "s", built, note=f"{state.artifacts:,} to recommend"),
            Row("file", file.stat().st_size / 1e6, None, "MB", file.stat().st_size / 1e6),
        ]
        shown = [each for each in records if each.state.value != "archived"]
        there = [f"{each.namespace}/{each.name}" for each in shown]
        people = [f"user:{chance.randrange(PEOPLE)}" for _ in range(QUESTIONS)]
        some = chance.sample(there, QUESTIONS)
        ten = {name: chance.sample(there, 10) for name in some}

        def asked(principal: Principal, request: RecommendRequest) -> None:
            hook.recommend_artifacts(principal=principal, request=request)

        questions: dict[str, tuple[Callable[[str], object], list[str]]] = {
            "with an artifact": (lambda name: asked(OWNER, RecommendRequest(name)), some),
            "to a person": (lambda who: asked(Principal(who), RecommendRequest()), people),
            "to somebody unknown": (lambda _: asked(OWNER, RecommendRequest()), some),
            "with ten dependencies": (lambda name: asked(OWNER, RecommendRequest(using=ten[name])), some),
        }
        for what, (ask, names) in questions.items():
            worst, middle = slowest(ask, names)
            rows.append(
                Row(f"{what}, 95 of 100", worst, None, "ms", worst, 50, "under", middle, "best of three")
            )
    return rows


if __name__ == "__main__":
    main(measure)
