"""Instances: what survives a call and what never does, how many calls run at one time, what is reported."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import pytest
import wasmtime
from echo_components import package
from small_components import (
    CALLS,
    COUNT,
    EVERYTHING,
    MEETS,
    Hook,
    Meeting,
    Small,
    component,
)

import hyperhost
from hyperhost.capabilities.grammar import Grammar
from hyperhost.capabilities.grants import GrantSet
from hyperhost.errors import (
    BadArgumentError,
    BadResultError,
    ConcurrencyLimitError,
    DeadlineError,
    FuelLimitError,
    HostFunctionError,
    MemoryLimitError,
    PluginStateError,
    TrapError,
)
from hyperhost.host.component import build_runtime
from hyperhost.host.specs import read_specs
from hyperhost.sandbox.engine import Sandbox
from hyperhost.sandbox.runtime import ComponentRuntime, InstanceMode
from hyperhost.sandbox.services import Services

MODES: list[InstanceMode] = ["per-call", "pooled", "persistent"]
Run = Callable[..., Any]
MINUS_ONE = bytes(
    wasmtime.wat2wasm("""
(component
  (type $p' (record (field "value" s64))) (import "positive" (type $p (eq $p')))
  (core module $m (func (export "count") (result i64) (i64.const -1)))
  (core instance $i (instantiate $m))
  (func (export "count") (result $p) (canon lift (core func $i "count"))))""")
)
"""A record of one number, which is returned as that number."""


class Runtimes:
    """Makes runtimes of one sandbox, and keeps what they report."""

    def __init__(self, sandbox: Sandbox, services: Services) -> None:
        self._sandbox = sandbox
        self._services = services
        self.reports: list[tuple[str, BaseException | None, int | None, int | None]] = []
        self.seconds: list[float] = []
        self.made: list[ComponentRuntime] = []

    def __call__(
        self,
        data: bytes = component(EVERYTHING, core=CALLS),
        instances: InstanceMode = "per-call",
        specs: type = Small,
        **limits: Any,
    ) -> tuple[ComponentRuntime, Run]:
        grammar = Grammar()
        grammar.register("meet", describe="meet", target_required=False)
        runtime = build_runtime(
            package(data),
            self._sandbox,
            read_specs(specs),
            GrantSet("guest", None, ["meet"], grammar=grammar),
            limits=hyperhost.Limits(**{"deadline": "20s", **limits}),
            instances=instances,
            stub_denied=False,
            config={},
            services=self._services,
            observe=self._observe,
        )
        self.made.append(runtime)
        return runtime, lambda hook, *arguments: runtime.call(runtime.exports[hook], arguments)

    def _observe(
        self,
        call: hyperhost.Call,
        seconds: float,
        error: BaseException | None,
        fuel: int | None,
        memory: int | None,
    ) -> None:
        self.reports.append((call.hook, error, fuel, memory))
        self.seconds.append(seconds)


class Gathering:
    """A host function that holds its callers until it is told to let them go."""

    def __init__(self) -> None:
        self.inside = threading.Semaphore(0)
        self.go = threading.Event()
        self.present = 0
        self.most = 0
        self._lock = threading.Lock()

    def __call__(self, call: hyperhost.Call, n: int) -> int:
        with self._lock:
            self.present += 1
            self.most = max(self.most, self.present)
        self.inside.release()
        assert self.go.wait(20)
        with self._lock:
            self.present -= 1
        return n + 1


@pytest.fixture
def gathering() -> Gathering:
    return Gathering()


@pytest.fixture
def make(gathering: Gathering) -> Iterator[Runtimes]:
    sandbox, services = Sandbox([Meeting(gathering)]), Services()
    made = Runtimes(sandbox, services)
    yield made
    gathering.go.set()
    for runtime in made.made:
        runtime.close()
    sandbox.close()
    services.close()


# --- what survives ------------------------------------------------------------------------------------


def test_per_call_nothing_survives(make: Runtimes) -> None:
    runtime, run = make(instances="per-call")
    assert [run("count") for _ in range(5)] == [1, 1, 1, 1, 1]
    assert runtime.live_instances == 0


def test_a_pooled_instance_is_used_again(make: Runtimes) -> None:
    runtime, run = make(instances="pooled")
    assert [run("count") for _ in range(5)] == [1, 2, 3, 4, 5]
    assert runtime.live_instances == 1


def test_a_persistent_instance_is_used_by_all(make: Runtimes) -> None:
    runtime, run = make(instances="persistent")
    with ThreadPoolExecutor(4) as pool:
        counts = sorted(pool.map(lambda _: run("count"), range(40)))
    assert counts == list(range(1, 41))
    assert runtime.live_instances == 1


def test_a_pool_grows_with_the_calls_that_run_at_one_time(make: Runtimes, gathering: Gathering) -> None:
    runtime, run = make(component([MEETS, COUNT], core=CALLS, meets=True), instances="pooled")
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(run, "meet", n) for n in range(3)]
        for _ in calls:
            assert gathering.inside.acquire(timeout=20)
        gathering.go.set()
        assert [call.result() for call in calls] == [1, 2, 3]
    assert runtime.live_instances == 3
    runtime.close()
    assert runtime.live_instances == 0


@pytest.mark.parametrize("mode", ["pooled", "persistent"])
def test_an_instance_is_thrown_away_after_a_trap(make: Runtimes, mode: InstanceMode) -> None:
    runtime, run = make(instances=mode)
    assert [run("count"), run("count")] == [1, 2]
    with pytest.raises(TrapError, match="unreachable") as caught:
        run("trap")
    assert caught.value.trap == "unreachable"
    assert runtime.live_instances == 0
    assert [run("count"), run("count")] == [1, 2]


def test_an_instance_is_thrown_away_after_its_deadline(make: Runtimes) -> None:
    runtime, run = make(instances="persistent", deadline="30ms")
    assert run("count") == 1
    with pytest.raises(DeadlineError):
        run("spin")
    assert runtime.live_instances == 0
    assert run("count") == 1


def test_an_instance_is_thrown_away_after_a_host_function_failed(
    make: Runtimes, gathering: Gathering
) -> None:
    def fail(call: hyperhost.Call, n: int) -> int:
        raise OSError("no such thing")

    make._sandbox.interfaces[:] = [Meeting(fail)]
    _, run = make(component([MEETS, COUNT], core=CALLS, meets=True), instances="persistent")
    assert run("count") == 1
    with pytest.raises(HostFunctionError, match="a host function raised OSError: no such thing") as caught:
        run("meet", 1)
    assert isinstance(caught.value.__cause__, OSError)
    assert run("count") == 1


@pytest.mark.parametrize("mode", ["pooled", "persistent"])
def test_an_argument_that_does_not_fit_costs_no_instance(make: Runtimes, mode: InstanceMode) -> None:
    _, run = make(instances=mode)
    assert run("count") == 1
    with pytest.raises(BadArgumentError, match=r"argument 'n' is 9223372036854775808, outside s64"):
        run("work", 2**63)
    with pytest.raises(BadArgumentError, match=r"argument 'n' is str 'x', expected int"):
        run("work", "x")
    assert run("count") == 2


def test_what_a_dataclass_refuses_is_a_bad_result(make: Runtimes) -> None:
    @dataclasses.dataclass(frozen=True)
    class Positive:
        value: int

        def __post_init__(self) -> None:
            if self.value < 0:
                raise ValueError("not positive")

    class Specs:
        @hyperhost.hookspec
        def count(self): ...

    Specs.count.__annotations__ = {"return": Positive}
    _, run = make(MINUS_ONE, specs=Specs)
    with pytest.raises(BadResultError, match="that count does not allow: ValueError: not positive"):
        run("count")


# --- how many ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_no_more_calls_run_at_one_time_than_allowed(
    make: Runtimes, gathering: Gathering, mode: InstanceMode
) -> None:
    allowed = 1 if mode == "persistent" else 2
    _, run = make(component([MEETS], meets=True), instances=mode, concurrency=2)
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(run, "meet", n) for n in range(6)]
        for _ in range(allowed):
            assert gathering.inside.acquire(timeout=20)
        assert not gathering.inside.acquire(timeout=0.05)
        gathering.go.set()
        assert sorted(call.result() for call in calls) == [1, 2, 3, 4, 5, 6]
    assert gathering.most == allowed


@pytest.mark.parametrize("mode", MODES)
def test_a_call_that_gets_no_turn_before_its_deadline_is_refused(
    make: Runtimes, gathering: Gathering, mode: InstanceMode
) -> None:
    _, run = make(component([MEETS], meets=True), instances=mode, concurrency=1, deadline="300ms")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, "meet", 1)
        assert gathering.inside.acquire(timeout=20)
        began = time.monotonic()
        with pytest.raises(ConcurrencyLimitError, match="1 calls were already running and none ended"):
            run("meet", 2)
        assert time.monotonic() - began >= 0.29
        gathering.go.set()
        # The first one had to wait in the host function until its own deadline was over.
        assert isinstance(first.exception(), DeadlineError)
    gathering.present = 0
    assert run("meet", 3) == 4


def test_slots_come_back_whatever_a_call_ends_in(make: Runtimes) -> None:
    _, run = make(concurrency=1, deadline="100ms")
    for _ in range(3):
        with pytest.raises(TrapError):
            run("trap")
        with pytest.raises(BadArgumentError):
            run("work", None)
        with pytest.raises(DeadlineError):
            run("spin")
        assert run("count") == 1


# --- fuel, memory, reports --------------------------------------------------------------------------------


def test_fuel_is_the_same_for_the_same_work(make: Runtimes) -> None:
    _, run = make(fuel=10_000_000)
    for n in (10, 1000, 10, 1000):
        assert run("work", n) == n * (n + 1) // 2
    few, many, few_again, many_again = (fuel for _, _, fuel, _ in make.reports)
    assert few == few_again
    assert many == many_again
    assert few is not None
    assert many is not None
    assert 0 < few < many < 10_000_000


@pytest.mark.parametrize("mode", MODES)
def test_fuel_is_filled_up_for_each_call(make: Runtimes, mode: InstanceMode) -> None:
    _, run = make(instances=mode, fuel=20_000)
    for _ in range(10):
        assert run("work", 1000) == 500_500
    assert len({fuel for _, _, fuel, _ in make.reports[1:]}) == 1


def test_the_same_call_runs_out_of_the_same_fuel_every_time(make: Runtimes) -> None:
    _, run = make(fuel=1000)
    for _ in range(5):
        with pytest.raises(FuelLimitError, match="used up its fuel of 1000") as caught:
            run("work", 1000)
        assert caught.value.limit == "fuel"
        assert run("work", 10) == 55
    assert {fuel for _, error, fuel, _ in make.reports if error is not None} == {1000}


def test_memory_ends_at_its_limit(make: Runtimes) -> None:
    _, run = make(memory="1MiB")
    assert run("grow", 15) == 16
    with pytest.raises(MemoryLimitError, match=r"of the 1.0 MiB allowed") as caught:
        run("grow", 16)
    assert caught.value.limit == "memory"


def test_every_call_is_reported_once_with_what_ended_it(make: Runtimes) -> None:
    _, run = make()
    run("count")
    for hook, arguments in (("trap", ()), ("work", ("x",))):
        with pytest.raises(hyperhost.errors.HyperHostError):
            run(hook, *arguments)
    assert [(hook, type(error)) for hook, error, _, _ in make.reports] == [
        ("count", type(None)),
        ("trap", TrapError),
        ("work", BadArgumentError),
    ]
    assert {(fuel, memory) for _, _, fuel, memory in make.reports} == {(None, None)}
    assert all(0 < seconds < 20 for seconds in make.seconds)


def test_memory_is_measured_when_asked_for(make: Runtimes) -> None:
    runtime, run = make()
    runtime.measure = True
    run("grow", 30)
    memory = make.reports[-1][3]
    assert memory is None or memory >= 31 * 65536


def test_errors_name_the_plugin_and_the_hook(make: Runtimes) -> None:
    _, run = make(fuel=100_000)
    for hook, arguments in (("trap", ()), ("work", ("x",)), ("spin", ())):
        with pytest.raises(hyperhost.errors.HyperHostError) as caught:
            run(hook, *arguments)
        assert (caught.value.plugin, caught.value.hook) == ("guest", hook)
        assert str(caught.value).startswith(f"plugin 'guest', hook '{hook}': ")


# --- the end -----------------------------------------------------------------------------------------------


def test_closing_refuses_new_calls_and_waits_for_running_ones(make: Runtimes, gathering: Gathering) -> None:
    runtime, run = make(component([MEETS], meets=True), instances="pooled")
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(run, "meet", 1)
        assert gathering.inside.acquire(timeout=20)
        closing = pool.submit(runtime.close)
        while not runtime._closed:
            time.sleep(0.001)
        with pytest.raises(PluginStateError, match=r"is unloaded \(load it again\)"):
            run("meet", 2)
        assert not closing.done()
        gathering.go.set()
        assert running.result() == 2
        closing.result()
    assert runtime.live_instances == 0


def test_closing_twice_is_harmless(make: Runtimes) -> None:
    runtime, run = make(instances="pooled")
    run("count")
    runtime.close()
    runtime.close()
    with pytest.raises(PluginStateError):
        run("count")


def test_a_guest_may_call_another_component_through_a_host_function(make: Runtimes) -> None:
    _, inner = make()
    make._sandbox.interfaces[:] = [Meeting(lambda call, n: inner("work", n))]
    _, outer = make(component([MEETS], meets=True))
    assert outer("meet", 100) == 5050
    assert [hook for hook, *_ in make.reports] == ["work", "meet"]


def test_the_state_of_an_instance_lives_as_long_as_it_does(make: Runtimes) -> None:
    seen: list[int] = []

    def remember(call: hyperhost.Call, n: int) -> int:
        call.state.setdefault("seen", []).append(n)
        seen.append(len(call.state["seen"]))
        if n < 0:
            raise ValueError("gone")
        return n

    make._sandbox.interfaces[:] = [Meeting(remember)]
    kinds: dict[InstanceMode, list[int]] = {"per-call": [1, 1, 1, 1], "pooled": [1, 2, 3, 1]}
    for mode, expected in kinds.items():
        seen.clear()
        _, run = make(component([MEETS], meets=True), instances=mode)
        run("meet", 1)
        run("meet", 2)
        with pytest.raises(HostFunctionError):
            run("meet", -1)
        run("meet", 3)
        assert seen == expected


def test_an_error_that_is_kept_does_not_keep_the_arguments_as_c_values(make: Runtimes) -> None:
    class Takes:
        @hyperhost.hookspec
        def trap(self, data: bytes) -> int: ...

    hook = Hook("trap", '(param "data" (list u8)) (result s64)', "(param i32 i32) (result i64) unreachable")
    _, run = make(component([hook]), specs=Takes)
    with pytest.raises(TrapError) as caught:
        run("trap", b"x" * 100_000)
    [kept] = [
        frame.tb_frame.f_locals["keep"]
        for frame in _frames(caught.value)
        if "keep" in frame.tb_frame.f_locals and "call" in frame.tb_frame.f_locals
    ]
    assert kept == []


def _frames(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next


def test_closing_hears_of_a_slot_that_is_freed_while_it_looks(make: Runtimes) -> None:
    runtime, _ = make(deadline="20s", concurrency=1)
    slots = runtime._slots
    slots.pop()

    class Looked(deque[None]):
        """Has a call end right after close() saw that it was running."""

        ended: threading.Thread | None = None

        def __len__(self) -> int:
            length = super().__len__()
            if self.ended is None:
                self.ended = threading.Thread(target=runtime._free_slot)
                self.ended.start()
                while not super().__len__():
                    time.sleep(0.001)
            return length

    runtime._slots = Looked(slots)
    started = time.monotonic()
    runtime.close()
    assert time.monotonic() - started < 10
