"""Faults that repeat: gates fail closed, observers go on, and the blame stays with the plugin at fault."""

from __future__ import annotations

import pytest
from wat import DOUBLE, Guest, Hook, run

import hyperhost
from hyperhost.errors import QuarantinedError, TrapError

POLICY = hyperhost.QuarantinePolicy(faults=3, window="60s", rest="60s")
TRAPS = run("(if (i64.eqz (local.get $n)) (then unreachable)) (local.get $n)")
HINT = Hook(
    "hint",
    '(param "n" s64) (result s64)',
    "(param $n i64) (result i64) (if (i64.eqz (local.get $n)) (then unreachable)) (local.get $n)",
)


@pytest.fixture
def arena(make_arena):
    return make_arena(quarantine=POLICY)


def break_it(arena, hook: str = "run", times: int = 3) -> None:
    for _ in range(times):
        with arena.ends(TrapError, "unreachable", hook=hook):
            arena.host.plugin("evil").call(hook, n=0)


def test_a_gate_fails_closed_while_its_plugin_rests(arena) -> None:
    plugin = arena.load(Guest([TRAPS]))
    break_it(arena)
    assert plugin.state == "quarantined"
    for call in (lambda: arena.host.hook.run(n=5), lambda: plugin.call("run", n=5)):
        with arena.ends(
            QuarantinedError, r"is quarantined for \d+ s more", hint="hyperhost plugin release evil"
        ):
            call()
    assert len(arena.host.faults) == 3  # resting is no fault
    plugin.release()
    assert arena.host.hook.run(n=5) == 5


def test_a_gate_does_not_fall_back_to_another_plugin(arena) -> None:
    arena.load(Guest([DOUBLE]), name="fallback")
    arena.load(Guest([TRAPS]))  # registered later, so it is asked first
    break_it(arena)
    with arena.ends(QuarantinedError, "is quarantined"):
        arena.host.hook.run(n=5)


def test_an_observer_goes_on_without_the_plugin_that_rests(arena) -> None:
    arena.load(Guest([HINT]))
    break_it(arena, "hint")
    assert arena.host.hook.hint(n=5) == []
    arena.load(Guest([Hook("hint", HINT.type, "(param $n i64) (result i64) (i64.const 8)")]), name="other")
    assert arena.host.hook.hint(n=5) == [8]


def test_the_fault_of_one_plugin_does_not_count_against_another(arena) -> None:
    good = arena.load(Guest([DOUBLE]), name="kind")
    arena.load(Guest([TRAPS]))
    break_it(arena)
    assert good.state == "active"
    assert good.call("run", n=2) == 4
    assert {fault.plugin for fault in arena.host.faults} == {"evil"}


def test_a_wrapper_that_faults_is_blamed_itself_and_keeps_the_first_error(arena) -> None:
    class Wrapper:
        @hyperhost.hookimpl(wrapper=True)
        def run(self, n: int):
            try:
                return (yield)
            except TrapError as error:
                raise RuntimeError("the wrapper broke, too") from error

    arena.host.register(Wrapper(), "wrapper")
    arena.load(Guest([TRAPS]))
    with pytest.raises(RuntimeError, match="the wrapper broke") as caught:
        arena.host.hook.run(n=0)
    assert isinstance(caught.value.__cause__, TrapError)
    assert [fault.plugin for fault in arena.host.faults] == ["evil", "wrapper"]
    assert arena.host.hook.run(n=4) == 4


def test_a_wrapper_that_never_ends_its_generator_does_not_hide_the_plugin(arena) -> None:
    class Greedy:
        @hyperhost.hookimpl(wrapper=True)
        def run(self, n: int):
            yield
            yield

    arena.host.register(Greedy(), "greedy")
    arena.load(Guest([DOUBLE]))
    with pytest.raises(RuntimeError, match="second yield"):
        arena.host.hook.run(n=4)
    arena.host.plugin("greedy").unload()
    assert arena.host.hook.run(n=4) == 8


def test_a_wrapper_on_a_gate_fails_closed_while_it_rests(arena) -> None:
    class Wrapper:
        @hyperhost.hookimpl(wrapper=True)
        def run(self, n: int):
            if n == 0:
                raise ValueError("broken")
            return (yield)

    arena.host.register(Wrapper(), "wrapper")
    arena.load(Guest([DOUBLE]))
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            arena.host.hook.run(n=0)
    with arena.ends(QuarantinedError, "is quarantined", plugin="wrapper"):
        arena.host.hook.run(n=4)


def test_a_fault_message_that_a_guest_wrote_cannot_escape_the_terminal(arena) -> None:
    arena.load(Guest([TRAPS]))
    break_it(arena, times=1)
    (fault,) = arena.host.faults
    assert fault.message.isprintable()
    assert "\n" not in fault.message
