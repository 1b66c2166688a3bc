"""A canary that means harm: it costs its share of the calls until it is dropped, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from wat import ENV, GOOD, Guest, run

import hyperhost
from hyperhost import Limits
from hyperhost.errors import CapabilityDeniedError, DeadlineError, HyperHostError, TrapError

POLICY = hyperhost.CanaryPolicy(faults=3, calls=20, floor="1s")
SPINS = Guest([run("(loop $l (br $l)) (i64.const 0)")])
TRAPS_NOW_AND_THEN = Guest(
    [run("(if (i64.eqz (i64.rem_u (local.get $n) (i64.const 4))) (then unreachable)) (local.get $n)")]
)
READS_HOME = Guest(
    [run("(call $env (i32.const 1024) (i32.const 4) (i32.const 16)) (i64.const 0)")],
    [ENV],
    core='(data (i32.const 1024) "HOME")',
)
READS_HOME_TOO = Guest(
    READS_HOME.hooks, READS_HOME.imports, core=READS_HOME.core + "(global i32 (i32.const 1))"
)
"""The same in other bytes."""
KEEPS_MEMORY = Guest([run("(drop (memory.grow (i32.const 100))) (i64.const 0)")], memory="2 200")


@pytest.fixture
def arena(make_arena):
    return make_arena(canary=POLICY, quarantine=hyperhost.QuarantinePolicy(faults=3, rest="60s"))


def new(arena, guest: Guest) -> Path:
    (arena.path / "next").mkdir(exist_ok=True)
    return guest.write(arena.path / "next" / "evil.wasm")


def outcomes(arena, calls: int) -> list[object]:
    found: list[object] = []
    for n in range(calls):
        try:
            found.append(arena.host.hook.run(n=n))
        except HyperHostError as error:
            found.append(type(error))
    arena.host._canaries.wait()
    return found


def test_a_canary_that_never_ends_is_stopped_each_time_and_then_dropped(arena) -> None:
    plugin = arena.load(GOOD, limits=Limits(deadline="100ms"))
    plugin.canary(new(arena, SPINS), share=0.5)
    found = outcomes(arena, 10)
    assert found.count(DeadlineError) == 3
    assert found[6:] == [12, 14, 16, 18]
    assert (plugin.canary_state, plugin.state) == (None, "active")


def test_its_faults_do_not_put_the_plugin_to_rest(arena) -> None:
    plugin = arena.load(GOOD)
    plugin.canary(new(arena, Guest([run("unreachable")])), share=0.5)
    assert outcomes(arena, 10).count(TrapError) == 3
    assert plugin.state == "active"
    assert outcomes(arena, 20) == [2 * n for n in range(20)]


def test_a_gate_fails_closed_and_no_call_is_made_twice(arena) -> None:
    """The old version is not asked instead: the new one may have done half of the work."""
    plugin = arena.load(GOOD)
    plugin.canary(new(arena, Guest([run("unreachable")])), share=0.5)
    with arena.ends(TrapError, "unreachable"):
        outcomes(arena, 1)
        arena.host.hook.run(n=1)
    assert plugin.stats["run"].calls == 1


def test_good_answers_in_between_do_not_hide_faults(arena) -> None:
    plugin = arena.load(GOOD)
    plugin.canary(new(arena, TRAPS_NOW_AND_THEN), share=0.9999)
    outcomes(arena, 16)
    assert plugin.canary_state is None
    assert any("3 calls of 0.0.0" in fault.message for fault in arena.host.faults)


def test_faults_far_apart_are_found_by_their_rate(make_arena) -> None:
    policy = hyperhost.CanaryPolicy(faults=3, window="1us", calls=20, floor="1s")
    arena = make_arena(canary=policy)
    plugin = arena.load(GOOD)
    plugin.canary(new(arena, TRAPS_NOW_AND_THEN), share=0.5)
    for n in range(400):
        try:
            arena.host.hook.run(n=n // 2)
        except TrapError:
            continue
        if plugin.canary_state is None:
            break
    arena.host._canaries.wait()
    assert plugin.canary_state is None
    assert any("% of 2" in fault.message and "and 0.0% of 2" in fault.message for fault in arena.host.faults)


def test_it_does_not_inherit_what_the_old_version_may_do(arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/secret")
    plugin = arena.load(READS_HOME, grants=["env:HOME"])
    plugin.canary(new(arena, READS_HOME_TOO), share=0.5, grants=["env:LANG"])
    assert outcomes(arena, 2) == [0, CapabilityDeniedError]
    assert plugin.granted == ("env:HOME",)


def test_a_revocation_binds_it_at_once(arena) -> None:
    plugin = arena.load(READS_HOME, grants=["env:HOME"])
    plugin.canary(new(arena, READS_HOME_TOO), share=0.5)
    assert outcomes(arena, 2) == [0, 0]
    plugin.revoke("env:HOME")
    assert outcomes(arena, 2) == [CapabilityDeniedError, CapabilityDeniedError]


def test_memory_of_a_dropped_canary_is_given_back(arena) -> None:
    plugin = arena.load(GOOD)
    path = new(arena, KEEPS_MEMORY)
    for _ in range(3):
        plugin.canary(path, share=0.5)
        outcomes(arena, 10)
        plugin.rollback()
    assert plugin.trial is None
