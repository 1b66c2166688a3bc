"""What goes wrong inside of host functions, or while a guest is in one."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wat import DOUBLE, LOG, NOW, Guest, Import, run

import hyperhost
from hyperhost import Limits
from hyperhost.errors import (
    BadResultError,
    CapabilityDeniedError,
    ConcurrencyLimitError,
    DeadlineError,
    HostFunctionError,
    HyperHostError,
    QuotaError,
    StackLimitError,
)

NAME = "acme:test/trouble@1.0.0"
ASK = Import("ask", NAME, "ask", '(param "n" s64) (result s64)', "(param i64) (result i64)")
TELL = Import("tell", NAME, "tell", '(param "n" s64)', "(param i64)")
ASKING = Guest([run("(call $ask (local.get $n))")], [ASK])
TELLING = Guest([run("(call $tell (local.get $n)) (i64.const 77)")], [TELL])


class Trouble(hyperhost.HostInterface):
    """Does whatever a test wants."""

    name = NAME
    capability = "trouble"
    describes = "make trouble"
    target_required = False

    def __init__(self) -> None:
        self.does: Callable[[hyperhost.Call, int], Any] = lambda call, n: n

    @hyperhost.hostfunction(requires="trouble")
    def ask(self, call: hyperhost.Call, n: int) -> int:
        return self.does(call, n)

    @hyperhost.hostfunction(requires="trouble")
    def tell(self, call: hyperhost.Call, n: int) -> None:
        self.does(call, n)


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
def arena(make_arena, trouble: Trouble):
    return make_arena(interfaces=[trouble])


def raising(error: BaseException) -> Callable[[hyperhost.Call, int], Any]:
    def does(call: hyperhost.Call, n: int) -> Any:
        raise error

    return does


# --- exceptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such thing"),
        RecursionError("maximum recursion depth exceeded"),
        StopIteration(3),
        MemoryError(),
        OSError(28, "No space left on device"),
        hyperhost.Err("an err case that the function does not have"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("guest", [ASKING, TELLING], ids=["with result", "without"])
def test_a_host_function_that_raises(arena, trouble, guest: Guest, error: Exception) -> None:
    trouble.does = raising(error)
    with arena.ends(
        HostFunctionError, f"a host function raised {type(error).__name__}", hint="not of the plugin"
    ) as caught:
        arena.run(guest, grants=["trouble"])
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=lambda e: type(e).__name__
)
def test_a_host_function_that_is_told_to_end_the_program(arena, trouble, error: BaseException) -> None:
    trouble.does = raising(error)
    plugin = arena.load(ASKING, grants=["trouble"])
    with pytest.raises(type(error)) as caught:
        plugin.call("run", n=1)
    assert caught.value is error
    assert arena.host.faults == ()  # nobody's fault
    trouble.does = lambda call, n: n + 1
    assert plugin.call("run", n=1) == 2


def test_an_error_of_hyperhost_keeps_its_class_and_learns_where_it_was(arena, trouble) -> None:
    trouble.does = raising(QuotaError("too much", hint="store less"))
    with arena.ends(QuotaError, "too much", limit="kv"):
        arena.run(ASKING, grants=["trouble"])


@pytest.mark.parametrize(
    "answer", ["text", None, 2**64, 1.5, [1], object()], ids=lambda value: type(value).__name__
)
def test_a_host_function_that_answers_with_the_wrong_type(arena, trouble, answer: object) -> None:
    trouble.does = lambda call, n: answer
    with pytest.raises(BadResultError, match=rf"host function {NAME} ask: its answer is ") as caught:
        arena.run(ASKING, grants=["trouble"])
    assert (caught.value.plugin, caught.value.hook) == ("evil", "run")


def test_a_host_function_that_takes_longer_than_the_call_may(arena, trouble) -> None:
    trouble.does = lambda call, n: time.sleep(0.12) or 1
    with arena.ends(DeadlineError, "deadline of 100 ms", limit="deadline"):
        arena.run(ASKING, grants=["trouble"], limits=Limits(deadline="100ms"))


def test_what_two_threads_raise_is_never_swapped(arena, trouble) -> None:
    def does(call: hyperhost.Call, n: int) -> int:
        time.sleep(0.0005)
        raise ValueError(f"{call.plugin} {n}")

    trouble.does = does
    plugins = [arena.load(ASKING, name=f"evil-{index}", grants=["trouble"]) for index in range(4)]
    swapped: list[str] = []

    def calls(plugin: hyperhost.Plugin) -> None:
        for n in range(40):
            try:
                plugin.call("run", n=n)
            except HostFunctionError as error:
                if error.plugin != plugin.id or str(error.__cause__) != f"{plugin.id} {n}":
                    swapped.append(str(error))
            except HyperHostError as other:
                if other.code != "HH-QUARANTINED":
                    swapped.append(str(other))

    for plugin in plugins:
        plugin.quarantine = None
    threads = [threading.Thread(target=calls, args=(plugin,)) for plugin in plugins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert swapped == []
    assert len(arena.host.faults) == 160


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What other tests left to the garbage collector is not finalised where no finaliser has room to run."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# --- signals and exhausted stacks: what fails before a callback's first line ------------------------


@pytest.mark.parametrize(
    ("body", "imports"),
    [
        ("(loop $l (br $l)) (i64.const 1)", []),
        ("(loop $l (call $tell (i64.const 0)) (br $l)) (i64.const 1)", [TELL]),
        ("(loop $l (drop (call $now)) (br $l)) (i64.const 1)", [NOW]),
    ],
    ids=["in guest code", "in a host function without result", "in a host function with one"],
)
def test_ctrl_c_while_a_guest_runs(arena, body: str, imports: list[Import], no_collector) -> None:
    limits = Limits(deadline="400ms", host_calls=10**9, host_bytes="10GB")
    plugin = arena.load(Guest([run(body)], imports), grants=["trouble", "clock"], limits=limits)

    def interrupt() -> None:
        while not arena.host.sandbox.gate.calls:
            time.sleep(0.001)
        time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        plugin.call("run", n=1)
    sender.join()
    assert arena.host.faults == ()


def test_a_signal_handler_that_raises_its_own_error(arena, no_collector) -> None:
    class Alarm(Exception):
        pass

    def ring(number: int, frame: object) -> None:
        raise Alarm

    guest = Guest([run("(loop $l (call $tell (i64.const 0)) (br $l)) (i64.const 1)")], [TELL])
    plugin = arena.load(guest, grants=["trouble"], limits=Limits(deadline="2s", host_calls=10**9))
    before = signal.signal(signal.SIGUSR1, ring)

    def send() -> None:
        while not arena.host.sandbox.gate.calls:
            time.sleep(0.001)
        time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGUSR1)

    try:
        sender = threading.Thread(target=send)
        sender.start()
        with pytest.raises(HyperHostError) as caught:
            plugin.call("run", n=1)
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert isinstance(caught.value, HostFunctionError)
    assert isinstance(caught.value.__cause__, Alarm)


@pytest.mark.parametrize("guest", [ASKING, TELLING], ids=["with result", "without"])
def test_a_call_where_python_has_almost_no_stack_left(arena, trouble, guest: Guest, no_collector) -> None:
    plugin = arena.load(guest, grants=["trouble"])
    plugin.quarantine = None
    done: list[int] = []
    trouble.does = lambda call, n: done.append(n) or n
    wrong: list[int] = []

    def at_depth(left: int) -> int:
        return plugin.call("run", n=5) if left == 0 else at_depth(left - 1)

    here = len(__import__("inspect").stack())
    for depth in range(sys.getrecursionlimit() - here - 60, sys.getrecursionlimit() - here):
        done.clear()
        try:
            answer = at_depth(depth)
        except Exception:
            continue
        if not done or answer not in (5, 77):
            wrong.append(depth)  # it "succeeded" although the host function never ran
    assert wrong == []
    assert plugin.call("run", n=5) in (5, 77)


# --- calls within calls ---------------------------------------------------------------------------


def test_a_host_function_that_calls_a_hook_of_the_same_persistent_plugin(arena, trouble) -> None:
    plugin = arena.load(ASKING, grants=["trouble"], instances="persistent", limits=Limits(deadline="150ms"))
    trouble.does = lambda call, n: plugin.call("run", n=n)
    with arena.ends(
        ConcurrencyLimitError, "1 calls were already running", hint="pooled", limit="concurrency"
    ):
        plugin.call("run", n=1)
    trouble.does = lambda call, n: n
    assert plugin.call("run", n=1) == 1


def test_a_host_function_that_calls_hooks_without_end(arena, trouble) -> None:
    plugin = arena.load(ASKING, grants=["trouble"])
    depths: list[int] = []

    def does(call: hyperhost.Call, n: int) -> int:
        depths.append(n)
        return plugin.call("run", n=n + 1)

    trouble.does = does
    with arena.ends(StackLimitError, "6 deep", hint="should not call hooks", limit="stack"):
        plugin.call("run", n=1)
    assert depths == [1, 2, 3, 4, 5, 6]


def test_two_plugins_that_call_each_other_through_the_host_with_all_the_stack_they_have(
    arena, trouble
) -> None:
    # Each call may use half a MiB of the thread's own stack: with no bound on nesting the process would end.
    deep = """(func $f (param i64) (result i64) (if (result i64) (i64.eqz (local.get 0))
        (then (call $ask (i64.const 1)))
        (else (i64.add (i64.const 1) (call $f (i64.sub (local.get 0) (i64.const 1)))))))"""
    guest = Guest([run("(call $f (i64.const 15000))")], [ASK], core=deep)
    plugins = [arena.load(guest, name=name, grants=["trouble"]) for name in ("evil", "evil-too")]
    trouble.does = lambda call, n: plugins[call.plugin == "evil"].call("run", n=n)
    with pytest.raises(StackLimitError, match="6 deep"):
        plugins[0].call("run", n=1)


def test_a_call_within_a_call_keeps_its_own_deadline_and_failure(arena, trouble) -> None:
    looping = arena.load(
        Guest([run("(loop $l (br $l)) (i64.const 1)")]), name="looping", limits=Limits(deadline="50ms")
    )

    def does(call: hyperhost.Call, n: int) -> int:
        with pytest.raises(DeadlineError, match="50 ms") as caught:
            looping.call("run", n=n)
        assert caught.value.plugin == "looping"
        return 9

    trouble.does = does
    assert arena.run(ASKING, grants=["trouble"]) == 9
    assert [fault.plugin for fault in arena.host.faults] == ["looping"]


def test_a_host_function_that_unloads_the_plugin_that_called_it(arena, trouble) -> None:
    plugin = arena.load(ASKING, grants=["trouble"], limits=Limits(deadline="200ms"))
    trouble.does = lambda call, n: plugin.unload() or 5
    started = time.monotonic()
    assert plugin.call("run", n=1) == 5  # the call ends as it would have, and frees everything
    assert time.monotonic() - started < 1
    assert plugin.state == "uninstalled"


# --- revocation -----------------------------------------------------------------------------------


def test_revocation_while_a_call_runs(arena) -> None:
    guest = Guest(
        [run("(loop $l (call $log (i32.const 1) (i32.const 0) (i32.const 0)) (br $l)) (i64.const 1)")], [LOG]
    )
    plugin = arena.load(
        guest, grants=["log"], limits=Limits(deadline="5s", host_calls=10**9, host_bytes="10GB")
    )

    def revoke() -> None:
        while plugin.usage.host_calls == 0 and not arena.host.sandbox.gate.calls:
            time.sleep(0.001)
        time.sleep(0.02)
        plugin.revoke("log")

    thread = threading.Thread(target=revoke)
    thread.start()
    started = time.monotonic()
    with arena.ends(
        CapabilityDeniedError, "capability 'log' is not granted", hint="hyperhost plugin grant evil log"
    ):
        plugin.call("run", n=1)
    thread.join()
    assert time.monotonic() - started < 3
    assert plugin.granted == ()
    assert plugin.usage.host_calls > 10  # it was well under way
    with arena.ends(CapabilityDeniedError, "capability 'log' is not granted"):
        plugin.call("run", n=1)


def test_unloading_while_calls_run_ends_them_or_lets_them_end(arena) -> None:
    for _ in range(10):
        plugin = arena.load(Guest([DOUBLE]))
        unexpected: list[BaseException] = []

        def calls(plugin: hyperhost.Plugin = plugin, unexpected: list[BaseException] = unexpected) -> None:
            for n in range(10_000):
                try:
                    assert plugin.call("run", n=n) == 2 * n
                except HyperHostError as error:
                    if error.code != "HH-STATE":
                        unexpected.append(error)
                    return

        threads = [threading.Thread(target=calls) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.005)
        plugin.unload()
        for thread in threads:
            thread.join()
        assert unexpected == []
