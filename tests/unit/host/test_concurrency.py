"""Many threads at once: every call gets its own answer or its own error, whatever comes and goes."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from echo_components import package
from small_components import (
    CALLS,
    COUNT,
    MEETS,
    SPIN,
    TRAP,
    WORK,
    Meeting,
    Small,
    answering,
    component,
    write_plugin,
)

import hyperhost
from hyperhost.errors import (
    CapabilityDeniedError,
    DeadlineError,
    HostFunctionError,
    PluginStateError,
    TrapError,
)

NEVER_REST = hyperhost.QuarantinePolicy(faults=1_000_000)
LIMITS = hyperhost.Limits(deadline="20s")


class Native:
    """Answers with a number."""

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.plugin_id = name

    @hyperhost.hookimpl
    def count(self):
        return self.number

    @hyperhost.hookimpl
    def store_read(self, n):
        return self.number


class Named(Exception):
    """Says which call it belongs to."""


@pytest.fixture(autouse=True)
def _switch_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    def meet(call: hyperhost.Call, n: int) -> int:
        if n < 0:
            raise Named(call.plugin, n)
        return n

    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting(meet)], quarantine=NEVER_REST) as made:
        yield made


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Run ``work`` in several threads at once; the first error of any of them is raised."""
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, number) for number in range(count)]:
            done.result(60)


class Callers:
    """Threads that call until they are told to stop, and count what they get."""

    def __init__(self, *calls: Callable[[], Any]) -> None:
        self.outcomes: Counter[str] = Counter()
        self.unexpected: list[BaseException] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(call,)) for call in calls]

    def _run(self, call: Callable[[], Any]) -> None:
        mine: Counter[str] = Counter()
        while not self._stop.is_set():
            try:
                mine[repr(call())] += 1
            except Exception as caught:
                mine[type(caught).__name__] += 1
                self.unexpected.append(caught)
        with self._lock:
            self.outcomes += mine

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


# --- answers and errors stay with their call ---------------------------------------------------------------


@pytest.mark.parametrize("mode", ["per-call", "pooled", "persistent"])
def test_every_call_gets_its_own_answer(host: hyperhost.Host, mode: Any) -> None:
    plugin = host.load(package(component([WORK])), instances=mode, limits=LIMITS)

    def work(thread: int) -> None:
        for number in range(100):
            n = thread * 1000 + number
            assert plugin.call("work", n=n) == max(n * (n + 1) // 2, 0)

    in_threads(work, 6)


def test_exceptions_of_host_functions_are_never_swapped(host: hyperhost.Host) -> None:
    data = component([MEETS], meets=True)
    plugins = [
        host.load(package(data, f"p{number}"), grants=["meet"], limits=LIMITS, instances=mode)
        for number, mode in enumerate(["per-call", "pooled", "per-call", "pooled"])
    ]

    def work(thread: int) -> None:
        plugin = plugins[thread % 4]
        for number in range(1, 80):
            n = -(thread * 1000 + number)
            with pytest.raises(HostFunctionError) as caught:
                plugin.call("meet", n=n)
            assert isinstance(caught.value.__cause__, Named)
            assert caught.value.__cause__.args == (plugin.id, n)
            assert caught.value.plugin == plugin.id
            assert plugin.call("meet", n=-n) == -n

    in_threads(work, 8)


def test_different_ends_of_calls_do_not_mix(host: hyperhost.Host) -> None:
    data = component([COUNT, TRAP, SPIN, MEETS], core=CALLS, meets=True)
    plugin = host.load(package(data), grants=["meet"], limits=LIMITS)
    brief = host.load(package(data, "brief"), grants=["meet"], limits=hyperhost.Limits(deadline="30ms"))
    ends: list[tuple[str, dict[str, int], type[BaseException] | int]] = [
        ("count", {}, 1),
        ("trap", {}, TrapError),
        ("spin", {}, DeadlineError),
        ("meet", {"n": 5}, 5),
        ("meet", {"n": -5}, HostFunctionError),
    ]

    def work(thread: int) -> None:
        for hook, arguments, end in itertools.islice(itertools.cycle(ends), thread, thread + 15):
            if isinstance(end, int):
                assert plugin.call(hook, **arguments) == end
            else:
                with pytest.raises(end) as caught:
                    (brief if end is DeadlineError else plugin).call(hook, **arguments)
                assert type(caught.value) is end
                assert caught.value.hook == hook  # type: ignore[attr-defined]

    in_threads(work, 5)


def test_a_slow_plugin_does_not_hold_up_another(host: hyperhost.Host) -> None:
    slow = host.load(package(component([SPIN]), "slow"), limits=hyperhost.Limits(deadline="400ms"))
    quick = host.load(package(component([WORK]), "quick"), limits=LIMITS)
    ended = threading.Event()

    def spin() -> None:
        with pytest.raises(DeadlineError):
            slow.call("spin")
        ended.set()

    thread = threading.Thread(target=spin)
    thread.start()
    calls = 0
    while not ended.is_set():
        assert quick.call("work", n=10) == 55
        calls += 1
    thread.join()
    assert calls > 10


# --- while plugins come and go ---


def test_calls_go_on_while_other_plugins_come_and_go(host: hyperhost.Host) -> None:
    host.register(Native(1, "native"))
    host.load(package(answering(2, "count"), "stays"), limits=LIMITS)
    visitors = [package(answering(3, "count"), "visitor"), package(component([TRAP]), "other")]
    with Callers(*[lambda: sorted(host.hook.count())] * 4) as callers:
        for _ in range(25):
            loaded = [host.load(visitor, limits=LIMITS) for visitor in visitors]
            native = host.register(Native(4, "visiting"))
            native.deactivate()
            native.activate()
            for plugin in (native, *loaded):
                plugin.unload()
    # A call that saw the visitor just before it went may find it gone; it must then say so by its name.
    assert {type(error) for error in callers.unexpected} <= {PluginStateError}
    assert {getattr(error, "plugin", None) for error in callers.unexpected} <= {"visitor"}
    answers = {outcome for outcome in callers.outcomes if outcome.startswith("[")}
    assert "[1, 2]" in answers
    assert answers <= {"[1, 2]", "[1, 2, 3]", "[1, 2, 4]", "[1, 2, 3, 4]"}


def test_every_call_sees_the_old_version_or_the_new_one(host: hyperhost.Host, tmp_path: Path) -> None:
    path = write_plugin(tmp_path / "scan", answering(0, "count"))
    plugin = host.load(path, limits=LIMITS)
    with Callers(*[host.hook.count] * 4) as callers:
        for number in range(1, 20):
            write_plugin(path, answering(number, "count"))
            plugin.reload()
            assert host.hook.count() == [number]
    assert {type(error) for error in callers.unexpected} <= {PluginStateError}
    answers = {outcome for outcome in callers.outcomes if outcome.startswith("[")}
    assert answers <= {f"[{number}]" for number in range(20)}
    assert len(answers) > 1


def test_a_grant_that_comes_and_goes_is_obeyed_at_once(host: hyperhost.Host) -> None:
    plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"], limits=LIMITS)
    with Callers(*[lambda: plugin.call("meet", n=3)] * 4) as callers:
        for _ in range(100):
            plugin.revoke("meet")
            with pytest.raises(CapabilityDeniedError):
                plugin.call("meet", n=1)
            plugin.grant("meet")
            assert plugin.call("meet", n=1) == 1
    assert set(callers.outcomes) <= {"3", "CapabilityDeniedError"}
    assert {type(error) for error in callers.unexpected} <= {CapabilityDeniedError}


def test_plugins_are_loaded_and_unloaded_by_many_threads(host: hyperhost.Host) -> None:
    def work(thread: int) -> None:
        data = package(answering(thread, "count"), f"p{thread}")
        for _ in range(15):
            plugin = host.load(data, limits=LIMITS)
            assert plugin.call("count") == thread
            native = host.register(Native(thread, f"n{thread}"))
            plugin.deactivate()
            plugin.activate()
            native.unload()
            plugin.unload()

    in_threads(work, 5)
    assert host.plugins == {}
    assert host.hook.count() == []
    assert host.sandbox.gate.calls == {}


def test_one_id_is_loaded_once_by_racing_threads(host: hyperhost.Host) -> None:
    data = package(answering(1, "count"))
    outcomes: Counter[str] = Counter()

    def work(thread: int) -> None:
        try:
            host.load(data)
            outcomes["loaded"] += 1
        except hyperhost.errors.DuplicatePluginError:
            outcomes["duplicate"] += 1

    in_threads(work, 6)
    assert outcomes == {"loaded": 1, "duplicate": 5}
    assert host.hook.count() == [1]


def test_faults_of_many_threads_are_all_counted(host: hyperhost.Host) -> None:
    plugin = host.load(package(component([TRAP])), limits=LIMITS)

    def work(thread: int) -> None:
        for _ in range(50):
            with pytest.raises(TrapError):
                host.hook.trap()

    in_threads(work, 5)
    assert len(host.faults) == 250
    assert dict(plugin.stats["trap"].outcomes) == {"HH-TRAP": 250}


def test_a_host_function_may_call_other_hooks(host: hyperhost.Host) -> None:
    host.load(package(component([WORK]), "inner"), limits=LIMITS)

    def nested(call: hyperhost.Call, n: int) -> int:
        (answer,) = host.hook.work(n=n)
        return answer

    host.sandbox.interfaces[:] = [Meeting(nested)]
    outer = host.load(package(component([MEETS], meets=True), "outer"), grants=["meet"], limits=LIMITS)

    def work(thread: int) -> None:
        for n in range(1, 40):
            assert outer.call("meet", n=n * 10 + thread) == sum(range(n * 10 + thread + 1))

    in_threads(work, 4)


def test_closing_the_host_waits_for_running_calls(host: hyperhost.Host) -> None:
    inside, go = threading.Event(), threading.Event()

    def meet(call: hyperhost.Call, n: int) -> int:
        inside.set()
        assert go.wait(20)
        return n

    host.sandbox.interfaces[:] = [Meeting(meet)]
    plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"], limits=LIMITS)
    results: list[Any] = []
    running = threading.Thread(target=lambda: results.append(plugin.call("meet", n=5)))
    running.start()
    assert inside.wait(20)
    closing = threading.Thread(target=host.close)
    closing.start()
    while plugin.state != "uninstalled":
        time.sleep(0.001)
    assert closing.is_alive()
    go.set()
    running.join(20)
    closing.join(20)
    assert results == [5]


# --- between two steps of a change --------------------------------------------------------------------------


def between(target: Any, method: str, call: Callable[[], Any]) -> list[Any]:
    """Make another thread ``call`` just before ``method`` of ``target`` runs; the list is what it got."""
    seen: list[Any] = []
    original = getattr(target, method)

    def interrupted(*arguments: Any, **keywords: Any) -> Any:
        def ask() -> None:
            try:
                seen.append(call())
            except Exception as caught:
                seen.append(type(caught).__name__)

        other = threading.Thread(target=ask)
        other.start()
        other.join(20)
        return original(*arguments, **keywords)

    setattr(target, method, interrupted)
    return seen


def test_a_provider_that_is_not_selected_never_answers(host: hyperhost.Host) -> None:
    host.register(Native(1, "one"))
    host.select("store", "one")
    seen = between(host._roster.selection, "apply", lambda: host.hook.store_read(n=1))
    host.register(Native(2, "two"))
    assert seen
    assert set(seen) == {1}


@pytest.mark.parametrize("step", ["selection.apply", "manager.unregister"])
def test_a_provider_that_leaves_is_missed_and_not_passed_over(host: hyperhost.Host, step: str) -> None:
    plugin = host.register(Native(1, "one"))
    host.select("store", "one")
    part, method = step.split(".")
    seen = between(getattr(host._roster, part), method, lambda: host.hook.store_read(n=1))
    plugin.deactivate()
    assert seen
    assert set(seen) <= {1, "ProviderMissingError"}


def test_an_order_holds_while_a_plugin_is_registered(host: hyperhost.Host) -> None:
    class First:
        plugin_id = "first"

        @hyperhost.hookimpl(before=["late"])
        def count(self):
            return 1

    host.register(First())
    seen = between(host._roster.manager, "arrange_all", host.hook.count)
    host.register(Native(2, "late"))
    assert seen
    assert [answer for answer in seen if answer not in ([1], [1, 2])] == []


def test_a_call_that_begins_while_a_plugin_is_swapped_is_answered(
    host: hyperhost.Host, tmp_path: Path
) -> None:
    plugin = host.load(write_plugin(tmp_path / "scan", answering(1, "count")), limits=LIMITS)
    ((_, implementation),) = host._roster.implementations(plugin)
    looked_up = implementation.function  # as a call in another thread does, right before it goes on
    write_plugin(tmp_path / "scan", answering(2, "count"))
    plugin.reload()
    assert looked_up() in (1, 2)
