"""Deadlines are met, for guests that never look up, whatever the order in which calls come and go."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from echo_components import package
from small_components import SPIN, Small, component

import hyperhost
from hyperhost.errors import DeadlineError
from hyperhost.sandbox.ticker import Ticker

LATE_S = 1.0
"""How late a tick may come on a machine that is busy with other things. A missed one never comes."""
NAME = "hyperhost-deadlines"


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == NAME]


class Calls:
    """Stands for the guests: notes when a tick finds a call overdue, and ends it."""

    def __init__(self) -> None:
        self.ended: dict[int, float] = {}
        self.deadlines: dict[int, float] = {}
        self.early: list[int] = []
        self.all_ended = threading.Event()
        self.ticks = 0
        self.ticker = Ticker(self.tick)

    def start(self, key: int, seconds: float) -> None:
        self.deadlines[key] = time.monotonic() + seconds
        self.ticker.start(key, self.deadlines[key])

    def tick(self) -> None:
        self.ticks += 1
        now = time.monotonic()
        for key, deadline in list(self.deadlines.items()):
            if deadline <= now and key not in self.ended:
                self.ended[key] = now - deadline
                self.ticker.stop(key)
        if len(self.ended) == len(self.deadlines):
            self.all_ended.set()


@pytest.fixture
def calls() -> Iterator[Calls]:
    before = threads()
    made = Calls()
    yield made
    made.ticker.close()
    assert threads() == before


def test_each_call_ends_at_its_own_deadline(calls: Calls) -> None:
    for key, seconds in enumerate([0.12, 0.03, 0.2, 0.001, 0.07]):
        calls.start(key, seconds)
    assert calls.all_ended.wait(5)
    assert all(0 <= late < LATE_S for late in calls.ended.values()), calls.ended


def test_calls_of_many_threads_with_mixed_deadlines(calls: Calls) -> None:
    def run(first: int) -> None:
        for key in range(first, 100, 5):
            calls.start(key, 0.3 - (key * 37 % 100) * 0.0025)

    calls.deadlines[-1] = float("inf")  # keeps all_ended from being set before every thread is through
    workers = [threading.Thread(target=run, args=(first,)) for first in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    del calls.deadlines[-1]
    assert calls.all_ended.wait(5)
    assert len(calls.ended) == 100
    assert max(calls.ended.values()) < LATE_S


def test_a_call_that_ends_in_time_costs_no_tick(calls: Calls) -> None:
    for key in range(50):
        calls.ticker.start(key, time.monotonic() + 60)
        calls.ticker.stop(key)
    assert calls.ticks == 0


def test_a_shorter_deadline_is_noticed_while_waiting_for_a_longer_one(calls: Calls) -> None:
    calls.start(1, 60)
    time.sleep(0.02)  # now the thread waits for that
    calls.start(2, 0.01)
    wait_until(lambda: 2 in calls.ended)
    assert calls.ended[2] < LATE_S
    assert 1 not in calls.ended


def test_a_deadline_that_comes_between_looking_and_waiting_is_not_missed() -> None:
    calls = Calls()
    found = Ticker._wait_s
    asked = []

    class Interrupted(Ticker):
        def _wait_s(self) -> float | None:
            wait = found(self)
            if not asked:
                asked.append(wait)
                other = threading.Thread(target=calls.start, args=(2, 0.02))
                other.start()
                other.join()
            return wait

    calls.ticker = Interrupted(calls.tick)
    calls.start(1, 30)
    wait_until(lambda: 2 in calls.ended)
    assert asked[0] is not None
    assert asked[0] > 20
    assert calls.ended[2] < LATE_S
    calls.ticker.close()


def test_a_deadline_that_comes_while_the_thread_falls_idle_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hyperhost.sandbox.ticker._IDLE_S", 30)
    calls = Calls()
    earliest = Ticker._earliest
    looked: list[float] = []

    class Interrupted(Ticker):
        def _earliest(self) -> float:
            result = earliest(self)
            if result == float("inf") and 2 not in calls.deadlines:
                calls.start(2, 0.02)  # later than what the thread waited for, so it is not woken
                looked.append(time.monotonic())
            return result

    calls.ticker = Interrupted(calls.tick)
    calls.start(1, 0.01)
    wait_until(lambda: 2 in calls.ended)
    assert looked
    assert calls.ended[2] < LATE_S
    calls.ticker.close()


def test_the_thread_ends_some_time_after_the_last_call_and_comes_back_for_the_next(calls: Calls) -> None:
    others = len(threads())
    calls.start(1, 0.005)
    assert len(threads()) == others + 1
    wait_until(lambda: len(threads()) == others)
    calls.all_ended.clear()
    calls.start(2, 0.005)
    assert calls.all_ended.wait(5)


def test_closing_does_not_wait_for_deadlines() -> None:
    calls = Calls()
    calls.start(1, 60)
    began = time.monotonic()
    calls.ticker.close()
    assert time.monotonic() - began < 5
    calls.ticker.close()
    calls.start(2, 0)  # no thread is started any more
    assert not [thread for thread in threads() if thread is calls.ticker._thread]


def test_two_hundred_guests_that_never_end_are_all_stopped() -> None:
    before = threads()
    limits = hyperhost.Limits(deadline="4ms")
    failures: list[BaseException] = []
    times: list[float] = []

    def run(plugin: hyperhost.Plugin) -> None:
        for _ in range(50):
            began = time.monotonic()
            try:
                plugin.call("spin")
            except DeadlineError:
                times.append(time.monotonic() - began)
            except BaseException as caught:
                failures.append(caught)

    # Rests would be in the way: these faults are expected.
    policy = hyperhost.QuarantinePolicy(faults=1_000_000)
    with hyperhost.Host("test", specs=[Small], quarantine=policy) as host:
        plugin = host.load(package(component([SPIN])), limits=limits)
        workers = [threading.Thread(target=run, args=(plugin,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert failures == []
        assert len(times) == 200
        assert min(times) >= 0.004
        assert max(times) < LATE_S
    assert threads() == before


def test_the_deadline_covers_instantiation_and_host_functions_alike() -> None:
    with hyperhost.Host("test", specs=[Small]) as host:
        plugin = host.load(package(component([SPIN])), limits=hyperhost.Limits(deadline="20ms"))
        with pytest.raises(DeadlineError, match=r"stopped at its deadline of 20 ms") as caught:
            plugin.call("spin")
        assert (caught.value.plugin, caught.value.hook) == ("guest", "spin")
        assert "Limits.deadline" in caught.value.hint


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def test_a_forked_child_watches_its_own_calls() -> None:
    limits = hyperhost.Limits(deadline="100ms")
    with hyperhost.Host("test", specs=[Small]) as host:
        plugin = host.load(package(component([SPIN])), limits=limits)
        with pytest.raises(DeadlineError):
            plugin.call("spin")
        assert threads()  # it lives on for a moment, and the child has no copy of it
        child = os.fork()
        if child == 0:
            try:
                plugin.call("spin")
            except DeadlineError:
                os._exit(7)
            finally:
                os._exit(1)
        overdue = threading.Timer(10, os.kill, (child, signal.SIGKILL))
        overdue.start()
        try:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        finally:
            overdue.cancel()
