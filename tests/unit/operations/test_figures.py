"""Figures of operations, and events once a change is durable."""

from __future__ import annotations

import json
import random
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry_hosts import created, draft, operations_on, storage_of

import hyperhost
from builtin_plugins.operations.figures import Figure, Figures, merged, percentile, row
from builtin_plugins.operations.plugin import Operations as Plugin
from hyperhost.contracts import OperationCall, OperationOutcome
from hyperhost.errors import HyperHostError, InvalidInputError, RefusalError, UnknownOperationError


@pytest.mark.parametrize(
    ("count", "median", "high"),
    [(1, 1, 1), (2, 1, 2), (3, 2, 3), (19, 10, 19), (20, 10, 19), (100, 50, 95), (101, 51, 96)],
)
def test_percentiles_are_of_the_nearest_rank(count: int, median: int, high: int) -> None:
    values = [float(number) for number in range(1, count + 1)]
    assert (percentile(values, 50), percentile(values, 95)) == (median, high)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], percent: int) -> None:
    values.sort()
    found = percentile(values, percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def figure(durations: list[float]) -> Figure:
    found = Figure()
    for at_us, duration in enumerate(durations):
        found.add(duration, at_us, good=duration < 50)
    return found


DURATIONS = st.lists(st.integers(1, 100).map(float), min_size=1, max_size=30)


@given(DURATIONS, DURATIONS)
def test_two_spans_of_time_are_as_one(first: list[float], second: list[float]) -> None:
    both, together = merged(figure(first), figure(second)), figure(first + second)
    both.last_us = together.last_us
    assert both.data() == together.data()
    assert Figure(**json.loads(json.dumps(both.data()))).data() == both.data()


def test_only_the_latest_runs_count_for_percentiles() -> None:
    found = figure([1000.0] * 500 + [1.0] * 1000)
    shown = row("x", found)
    assert (shown["count"], shown["max_ms"], shown["p95_ms"]) == (1500, 1000.0, 1.0)
    assert len(found.data()["latest"]) == 1000
    assert len(figure([1.0] * 100_000).latest) < 2_000


def test_many_threads_lose_no_run() -> None:
    figures = Figures()
    taken: list[Figure] = []

    def work(number: int) -> None:
        for index in range(500):
            figures.add("x", 1.0, index, good=index % 2 == 0)
            if index % 100 == number:
                found = figures.take()
                if number % 2:
                    figures.put_back(found)
                else:
                    taken.extend(found.values())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    taken += figures.take().values()
    assert sum(each.count for each in taken) == 4_000
    assert sum(each.good for each in taken) == 2_000


def stats(run: hyperhost.Operations) -> dict[str, dict[str, Any]]:
    return {each["operation"]: each for each in run.run("operation_stats")}


def test_each_operation_is_counted_with_how_it_ended() -> None:
    with operations_on() as run:
        for _ in range(3):
            created(run, f"a-{random.randrange(10**9)}")
        for _ in range(2):
            with pytest.raises(HyperHostError):
                run.run("read", artifact="org.acme/none")
        run.run("list")
        found = stats(run)
        assert {name: (each["count"], each["success_rate"]) for name, each in found.items()} == {
            "create": (3, 1.0),
            "read": (2, 0.0),
            "list": (1, 1.0),
        }
        create = found["create"]
        assert 0 < create["min_ms"] <= create["p50_ms"] <= create["p95_ms"] <= create["max_ms"]
        assert create["last_run_us"] > 0
        assert stats(run)["operation_stats"]["count"] == 1
        with pytest.raises(InvalidInputError, match="takes no arguments"):
            run.run("operation_stats", name="create")


def test_names_that_nobody_knows_are_not_remembered() -> None:
    with operations_on() as run:
        for number in range(50):
            with pytest.raises(UnknownOperationError, match="there is no operation"):
                run.run(f"nothing-{number}")
        assert stats(run) == {}


def test_figures_are_those_of_all_processes_that_used_the_store(tmp_path: Path) -> None:
    for number in range(3):
        with operations_on(storage_of("sqlite", tmp_path)) as run:
            created(run, f"a-{number}")
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        created(run, "b")
        assert stats(run)["create"]["count"] == 4


def test_figures_are_kept_now_and_then_while_a_process_runs() -> None:
    with operations_on() as run:
        for _ in range(250):
            run.run("list")
        record = run.host.hook.storage_get_record(collection="operation-figures", key="list")
        assert json.loads(record)["count"] == 200
        assert stats(run)["list"]["count"] == 250


def test_a_store_that_takes_no_figures_stops_no_operation() -> None:
    class Full:
        @hyperhost.hookimpl(wrapper=True)
        def storage_put_record(self, collection: str) -> Generator[None, Any, Any]:
            if collection == "operation-figures":
                raise RefusalError("no room", "storage.full")
            return (yield)

    with operations_on(None, Full()) as run:
        for _ in range(210):
            run.run("list")
        assert stats(run)["list"]["count"] == 210
        lines = [line.message for line in run.host.state.logs("operations")]
        assert any("were not kept" in line and "no room" in line for line in lines)


def test_figures_do_without_a_store() -> None:
    class Echo:
        @hyperhost.hookimpl
        def operation_run(self, call: OperationCall) -> OperationOutcome | None:
            return OperationOutcome(call.arguments_json) if call.operation == "echo" else None

    with hyperhost.Host("test") as host:
        host.register(Plugin(keep_every=2), "operations")
        host.register(Echo())
        run = hyperhost.Operations(host)
        assert [run.run("echo", a=number) for number in range(5)] == [{"a": number} for number in range(5)]
        assert stats(run)["echo"]["count"] == 5


class Batch:
    """An operation that calls others."""

    def __init__(self) -> None:
        self.host: Any = None
        self.fail = False

    @hyperhost.hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        if call.operation != "batch":
            return None
        run = hyperhost.Operations(self.host, call.principal)
        self.host.hook.storage_begin(write=True)
        commit = False
        try:
            for name in ("a", "b"):
                run.run("create", draft=draft(name))
                assert Observer.heard == [], "before it is durable"
            if self.fail:
                raise RefusalError("enough", "state:batch")
            commit = True
        finally:
            self.host.hook.storage_end(commit=commit)
        return OperationOutcome()


class Observer:
    heard: list[str]

    @hyperhost.hookimpl
    def artifact_created(self, change: Any) -> None:
        self.heard.append(change.artifact.name)


def test_what_an_operation_does_through_others_is_heard_of_at_its_end() -> None:
    Observer.heard = []
    batch = Batch()
    with operations_on(None, batch, Observer()) as run:
        batch.host, batch.fail = run.host, True
        with pytest.raises(HyperHostError, match="enough"):
            run.run("batch")
        assert Observer.heard == []
        assert run.run("list")["items"] == []
        batch.fail = False
        run.run("batch")
        assert Observer.heard == ["a", "b"]
        counts = {name: each["count"] for name, each in stats(run).items()}
        assert counts == {"batch": 2, "create": 4, "list": 1}


def test_an_observer_may_call_operations() -> None:
    class Follower:
        @hyperhost.hookimpl
        def artifact_created(self, change: Any) -> None:
            hyperhost.Operations(host).run("tag", artifact=change.artifact.id, tag="fresh")

    with operations_on(None, Follower()) as run:
        host = run.host
        created(run)
        assert run.run("version_list", name="org.acme/auth")[0]["tags"] == ["fresh"]
        assert not host.faults


def test_many_threads_hear_of_their_own_changes_once() -> None:
    Observer.heard = []
    with operations_on(None, Observer()) as run, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: created(run, f"a-{number}"), range(40)))
    assert sorted(Observer.heard) == sorted(f"a-{number}" for number in range(40))
