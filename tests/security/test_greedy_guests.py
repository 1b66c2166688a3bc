"""Guests that take more than their share: of time, stack, memory, output, host calls, slots."""

from __future__ import annotations

import threading
import time

import pytest
from wat import DOUBLE, ECHO, LOG, NOW, SLEEP, Guest, Hook, run

from hyperhost import Limits
from hyperhost.errors import (
    DeadlineError,
    FuelLimitError,
    HostBytesLimitError,
    HostCallLimitError,
    HyperHostError,
    LimitError,
    MemoryLimitError,
    OutputLimitError,
    StackLimitError,
    TrapError,
)

FOREVER = "(loop $l (br $l))"
SHORT = Limits(deadline="100ms")
STOPPED = r"stopped at its deadline of 100 ms"


# --- time -----------------------------------------------------------------------------------------


def test_a_guest_that_loops(arena) -> None:
    started = time.monotonic()
    with arena.ends(DeadlineError, STOPPED, hint=r"Limits\.deadline", limit="deadline"):
        arena.run(Guest([run(f"{FOREVER} (i64.const 1)")]), limits=SHORT)
    assert time.monotonic() - started < 5


def test_a_start_function_that_loops(arena) -> None:
    with arena.ends(DeadlineError, STOPPED, limit="deadline"):
        arena.run(Guest([DOUBLE], core=f"(func $s {FOREVER}) (start $s)"), limits=SHORT)


def test_a_start_function_that_traps(arena) -> None:
    with arena.ends(TrapError, "trapped: .*unreachable"):
        arena.run(Guest([DOUBLE], core="(func $s unreachable) (start $s)"))


def test_a_start_function_that_sleeps(arena) -> None:
    guest = Guest([DOUBLE], [SLEEP], core="(func $s (call $sleep (i32.const 60000))) (start $s)")
    with arena.ends(DeadlineError, STOPPED, limit="deadline"):
        arena.run(guest, limits=SHORT, grants=["clock"])


def test_an_allocator_that_loops_while_arguments_are_written(arena) -> None:
    from wat import realloc

    with arena.ends(DeadlineError, STOPPED, hook="text", limit="deadline"):
        arena.run(Guest([ECHO], realloc=realloc(f"{FOREVER} (i32.const 0)")), "text", limits=SHORT)


def test_a_post_return_function_that_loops(arena) -> None:
    with arena.ends(DeadlineError, STOPPED, limit="deadline"):
        arena.run(Guest([run("(local.get $n)", post=f"(param i64) {FOREVER}")]), limits=SHORT)


def test_a_guest_that_sleeps_in_a_host_function(arena) -> None:
    started = time.monotonic()
    guest = Guest([run("(call $sleep (i32.const -1)) (i64.const 1)")], [SLEEP])
    with arena.ends(DeadlineError, STOPPED, hint=r"Limits\.deadline", limit="deadline"):
        arena.run(guest, limits=SHORT, grants=["clock"])
    assert time.monotonic() - started < 5


def test_a_guest_that_sleeps_many_short_naps(arena) -> None:
    guest = Guest([run("(loop $l (call $sleep (i32.const 1)) (br $l)) (i64.const 1)")], [SLEEP])
    with arena.ends(DeadlineError, STOPPED, limit="deadline"):
        arena.run(guest, limits=SHORT, grants=["clock"])


def test_fuel_makes_the_end_of_a_loop_repeatable(arena) -> None:
    guest = Guest([run(f"{FOREVER} (i64.const 1)")])
    plugin = arena.load(guest, limits=Limits(deadline="5s", fuel=10_000))
    for _ in range(3):
        with arena.ends(FuelLimitError, "used up its fuel of 10000", hint=r"Limits\.fuel", limit="fuel"):
            plugin.call("run", n=1)
    assert plugin.usage.fuel == 10_000


@pytest.mark.parametrize(
    "guest",
    [
        Guest([run("(local.get $n)", post=f"(param i64) {FOREVER}")]),
        Guest([DOUBLE], core=f"(func $s {FOREVER}) (start $s)"),
    ],
    ids=["post-return", "start"],
)
def test_fuel_counts_outside_of_the_hook_itself(arena, guest: Guest) -> None:
    with arena.ends(FuelLimitError, "used up its fuel of 10000", limit="fuel"):
        arena.run(guest, limits=Limits(deadline="5s", fuel=10_000))


# --- stack and memory -----------------------------------------------------------------------------


def test_a_guest_that_recurses(arena) -> None:
    endless = "(func $f (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0))))"
    with arena.ends(StackLimitError, "recursed too deeply", limit="stack"):
        arena.run(Guest([run("(call $f (local.get $n))")], core=endless))


def test_a_memory_that_is_too_large_from_the_start(arena) -> None:
    with arena.ends(
        MemoryLimitError, r"could not start: memory minimum size of 2000 pages", hint=r"64MiB", limit="memory"
    ):
        arena.run(Guest([DOUBLE], memory="2000"))


def test_a_memory_that_grows_until_it_is_refused(arena) -> None:
    grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable"
    with arena.ends(
        MemoryLimitError, r"grown to \d+\.\d MiB of the 8\.0 MiB", hint=r"Limits\.memory", limit="memory"
    ):
        arena.run(Guest([run(grow)]), limits=Limits(memory="8MiB"))


def test_a_refused_growth_is_an_answer_that_a_guest_can_live_with(arena) -> None:
    grow = "(i64.extend_i32_s (memory.grow (i32.const 10000)))"
    assert arena.run(Guest([run(grow)]), limits=Limits(memory="8MiB")) == -1


def test_many_memories(arena) -> None:
    more = " ".join(f"(memory $m{index} 1)" for index in range(50))
    with arena.ends(MemoryLimitError, "memory count too high at 51", hint="memories", limit="memory"):
        arena.run(Guest([DOUBLE], core=more))


def test_a_huge_table(arena) -> None:
    with arena.ends(MemoryLimitError, "table minimum size of 9000000", limit="memory"):
        arena.run(Guest([DOUBLE], core="(table 9000000 funcref)"))


def test_many_tables_together_take_no_more_than_a_memory(arena, resident) -> None:
    tables = range(100 - 1)
    grow = " ".join(
        f"(loop $l{t} (br_if $l{t} "
        f"(i32.ne (table.grow $t{t} (ref.func $g) (i32.const 1000)) (i32.const -1))))"
        for t in tables
    )
    guest = Guest(
        [run(f"{grow} (i64.extend_i32_u (table.size $t1))")],
        core=" ".join(f"(table $t{t} 1 funcref)" for t in tables) + "(func $g) (elem declare func $g)",
    )
    with resident.within(40):
        assert arena.run(guest, limits=Limits(memory="16MiB", deadline="5s")) < 25_000


# --- output ---------------------------------------------------------------------------------------


def test_a_guest_that_floods_its_log(arena) -> None:
    flood = "(loop $l (call $log (i32.const 1) (i32.const 0) (i32.const 4096)) (br $l)) (i64.const 1)"
    with arena.ends(
        OutputLimitError, "logged or printed more than 100000 bytes", hint=r"Limits\.output", limit="output"
    ):
        arena.run(Guest([run(flood)], [LOG]), limits=Limits(output=100_000), grants=["log"])
    lines = arena.host.state.logs("evil", limit=1000)
    assert len(lines) == 24
    assert all(line.message == "" for line in lines)  # 4096 zero bytes, of which a terminal sees none


def test_a_guest_that_moves_too_many_bytes(arena) -> None:
    flood = "(loop $l (call $log (i32.const 1) (i32.const 0) (i32.const 60000)) (br $l)) (i64.const 1)"
    with arena.ends(
        HostBytesLimitError, "moved more than 1000000 bytes", hint=r"Limits\.host_bytes", limit="host_bytes"
    ):
        limits = Limits(output="100MB", host_bytes=1_000_000)
        arena.run(Guest([run(flood)], [LOG]), limits=limits, grants=["log"])


def test_a_guest_that_calls_a_host_function_a_million_times(arena) -> None:
    million = """(loop $l (drop (call $now)) (local.set $n (i64.add (local.get $n) (i64.const 1)))
        (br_if $l (i64.lt_u (local.get $n) (i64.const 1000000)))) (local.get $n)"""
    with arena.ends(
        HostCallLimitError, "more than 10000 times", hint=r"Limits\.host_calls", limit="host_calls"
    ):
        arena.run(Guest([run(million)], [NOW]), grants=["clock"])
    assert arena.host.plugin("evil").usage.host_calls == 10_001


# --- slots ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("instances", ["per-call", "pooled", "persistent"])
def test_a_guest_that_hogs_every_slot(arena, instances: str) -> None:
    limits = Limits(deadline="300ms", concurrency=1)
    plugin = arena.load(
        Guest([run(f"(if (i64.eqz (local.get $n)) (then {FOREVER})) (local.get $n)")]),
        limits=limits,
        instances=instances,
    )
    ends: list[HyperHostError] = []
    inside = threading.Event()

    def hog() -> None:
        inside.set()
        with pytest.raises(DeadlineError) as caught:
            plugin.call("run", n=0)
        ends.append(caught.value)

    first = threading.Thread(target=hog)
    first.start()
    inside.wait()
    while not arena.host.sandbox.gate.calls:
        time.sleep(0.001)
    started = time.monotonic()
    try:
        assert plugin.call("run", n=7) == 7  # the hog's deadline came first, by a hair
    except LimitError as refused:
        assert refused.limit in ("concurrency", "deadline")  # noqa: PT017 - either outcome is right
        assert refused.plugin == "evil"  # noqa: PT017 - the same
    assert time.monotonic() - started < 3
    first.join()
    assert [type(end) for end in ends] == [DeadlineError]
    assert plugin.call("run", n=7) == 7  # the slot is free again


def test_others_are_served_while_a_guest_hogs_its_slots(arena) -> None:
    evil = arena.load(Guest([run(f"{FOREVER} (i64.const 1)")]), limits=Limits(deadline="300ms"))
    good = arena.load(Guest([DOUBLE]), name="kind")
    ends: list[type[BaseException]] = []

    def hog() -> None:
        try:
            evil.call("run", n=1)
        except HyperHostError as error:
            ends.append(type(error))

    thread = threading.Thread(target=hog)
    thread.start()
    while not arena.host.sandbox.gate.calls:
        time.sleep(0.001)
    for n in range(50):
        assert good.call("run", n=n) == 2 * n
    assert thread.is_alive()
    thread.join()
    assert ends == [DeadlineError]


def test_a_hook_of_an_observer_goes_on_without_the_guest_that_loops(arena) -> None:
    hint = Hook(
        "hint", '(param "n" s64) (result s64)', f"(param $n i64) (result i64) {FOREVER} (i64.const 1)"
    )
    arena.load(Guest([hint]), limits=SHORT)
    kind = Hook("hint", '(param "n" s64) (result s64)', "(param $n i64) (result i64) (local.get $n)")
    arena.load(Guest([kind]), name="kind")
    assert arena.host.hook.hint(n=5) == [5]
    (fault,) = arena.host.faults
    assert (fault.plugin, fault.hook, fault.code) == ("evil", "hint", "HH-LIMIT-DEADLINE")
