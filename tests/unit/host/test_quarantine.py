"""A plugin that faults too often rests, is tried once, and rests longer when it has learnt nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from echo_components import package
from small_components import MEETS, TRAP, Hook, Meeting, Small, component

import hyperhost
from hyperhost.errors import BadArgumentError, QuarantinedError, RefusalError, TrapError
from hyperhost.host.quarantine import Quarantine

POLICY = hyperhost.QuarantinePolicy(faults=3, window="10s", rest="2s", max_rest="10s")


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Moody:
    """Fails as long as it is told to."""

    plugin_id = "moody"

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.calls = 0

    def _answer(self) -> int:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return 1

    @hyperhost.hookimpl
    def count(self):
        return self._answer()

    @hyperhost.hookimpl
    def observe(self):
        return self._answer()

    @hyperhost.hookimpl
    def judge(self):
        return self._answer()


class Other:
    plugin_id = "other"

    @hyperhost.hookimpl
    def observe(self):
        return 2


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()], quarantine=POLICY) as made:
        yield made


@pytest.fixture
def moody(host: hyperhost.Host, clock: Clock) -> Moody:
    made = Moody()
    watch(host.register(made), clock)
    host.register(Other())
    return made


def watch(plugin: hyperhost.Plugin, clock: Clock) -> hyperhost.Plugin:
    """Let a plugin's quarantine go by another clock."""
    plugin.quarantine = Quarantine(plugin.id, POLICY, clock)
    return plugin


def fail(host: hyperhost.Host, times: int = 3) -> None:
    for _ in range(times):
        with pytest.raises(ValueError, match="bad"):
            host.hook.count()


# --- in a host -------------------------------------------------------------------------------------------


def test_after_some_faults_a_gate_fails_closed_and_an_observer_goes_on(
    host: hyperhost.Host, moody: Moody
) -> None:
    plugin = host.plugin("moody")
    moody.error = ValueError("bad")
    fail(host, 2)
    assert plugin.state == "active"
    fail(host, 1)
    assert plugin.state == "quarantined"
    moody.error = None
    with pytest.raises(QuarantinedError, match="is quarantined for 2 s more after repeated faults") as caught:
        host.hook.count()
    assert (caught.value.plugin, caught.value.hook) == ("moody", "count")
    assert "hyperhost plugin release moody" in caught.value.hint
    assert host.hook.observe(n=1) == [2]
    with pytest.raises(QuarantinedError):
        plugin.call("count")
    assert moody.calls == 3
    assert len(host.faults) == 3


def test_a_successful_trial_ends_it(host: hyperhost.Host, moody: Moody, clock: Clock) -> None:
    moody.error = ValueError("bad")
    fail(host)
    moody.error = None
    clock.now += 1.9
    with pytest.raises(QuarantinedError):
        host.hook.count()
    clock.now += 0.2
    assert host.hook.count() == [1]
    assert host.plugin("moody").state == "active"
    assert host.hook.observe(n=1) == [2, 1]


def test_a_failed_trial_doubles_the_rest_up_to_a_limit(
    host: hyperhost.Host, moody: Moody, clock: Clock
) -> None:
    moody.error = ValueError("bad")
    fail(host)
    for rest in (2, 4, 8, 10, 10):
        clock.now += rest - 0.1
        with pytest.raises(QuarantinedError):
            host.hook.count()
        clock.now += 0.2
        fail(host, 1)
        assert host.plugin("moody").state == "quarantined"


def test_a_relapse_after_a_recovery_rests_longer(host: hyperhost.Host, moody: Moody, clock: Clock) -> None:
    moody.error = ValueError("bad")
    fail(host)
    clock.now += 2.1
    moody.error = None
    host.hook.count()
    moody.error = ValueError("bad")
    fail(host)
    clock.now += 2.1
    with pytest.raises(QuarantinedError, match="for 2 s more"):
        host.hook.count()


def test_faults_that_lie_far_apart_do_not_count_together(
    host: hyperhost.Host, moody: Moody, clock: Clock
) -> None:
    moody.error = ValueError("bad")
    for _ in range(10):
        fail(host, 1)
        clock.now += 6
    assert host.plugin("moody").state == "active"


@pytest.mark.parametrize("error", [RefusalError("no"), KeyboardInterrupt()])
def test_what_is_no_fault_does_not_count(host: hyperhost.Host, moody: Moody, error: BaseException) -> None:
    moody.error = error
    for _ in range(10):
        with pytest.raises(type(error)):
            host.hook.judge(n=1)
    assert host.plugin("moody").state == "active"


def test_a_refusal_in_a_trial_is_an_answer(host: hyperhost.Host, moody: Moody, clock: Clock) -> None:
    moody.error = ValueError("bad")
    fail(host)
    clock.now += 2.1
    moody.error = RefusalError("no")
    with pytest.raises(RefusalError, match="no"):
        host.hook.judge(n=1)
    assert host.plugin("moody").state == "active"


def test_faults_of_observers_count_too(host: hyperhost.Host, moody: Moody) -> None:
    moody.error = ValueError("bad")
    for _ in range(3):
        assert host.hook.observe(n=1) == [2]
    assert host.plugin("moody").state == "quarantined"
    assert host.plugin("other").state == "active"


def test_release_forgets(host: hyperhost.Host, moody: Moody) -> None:
    moody.error = ValueError("bad")
    fail(host)
    moody.error = None
    plugin = host.plugin("moody")
    plugin.release()
    assert plugin.state == "active"
    assert host.hook.count() == [1]
    moody.error = ValueError("bad")
    fail(host, 2)
    assert plugin.state == "active"


def test_a_component_is_put_to_rest_and_tried_again(host: hyperhost.Host, clock: Clock) -> None:
    broken: list[bool] = [True]

    def meet(call: hyperhost.Call, n: int) -> int:
        if broken:
            raise OSError("down")
        return n

    host.sandbox.interfaces[:] = [Meeting(meet)]
    plugin = watch(host.load(package(component([MEETS], meets=True)), grants=["meet"]), clock)
    for _ in range(3):
        with pytest.raises(hyperhost.errors.HostFunctionError):
            host.hook.meet(n=1)
    assert plugin.state == "quarantined"
    broken.clear()
    with pytest.raises(QuarantinedError):
        host.hook.meet(n=1)
    clock.now += 2.1
    with pytest.raises(BadArgumentError):
        host.hook.meet(n="x")  # says nothing about the plugin
    assert plugin.state == "quarantined"
    assert host.hook.meet(n=1) == [1]
    assert plugin.state == "active"


def test_a_wrapper_of_a_resting_plugin(host: hyperhost.Host, clock: Clock) -> None:
    class Wrapping(Moody):
        plugin_id = "wrapping"

        @hyperhost.hookimpl(wrapper=True)
        def observe(self):
            return [*(yield), "wrapped"]

        @hyperhost.hookimpl(wrapper=True)
        def work(self, n):
            return [*(yield), "wrapped"]

    class Working:
        @hyperhost.hookimpl
        def work(self, n):
            return n

    made = Wrapping()
    watch(host.register(made), clock)
    host.register(Other())
    host.register(Working(), "working")
    assert host.hook.observe(n=1) == [2, "wrapped"]
    made.error = ValueError("bad")
    fail(host)
    assert host.hook.observe(n=1) == [2]
    with pytest.raises(QuarantinedError, match="plugin 'wrapping', hook 'work'"):
        host.hook.work(n=1)
    made.error = None
    clock.now += 2.1
    assert host.hook.count() == [1]
    assert host.hook.observe(n=1) == [2, "wrapped"]
    assert host.hook.work(n=1) == [1, "wrapped"]


def test_activating_again_begins_with_a_clean_set_of_functions(host: hyperhost.Host, moody: Moody) -> None:
    moody.error = ValueError("bad")
    fail(host)
    plugin = host.plugin("moody")
    plugin.deactivate()
    assert plugin.state == "inactive"
    plugin.activate()
    plugin.release()
    moody.error = None
    assert host.hook.count() == [1]
    assert plugin.state == "active"


def test_only_one_call_is_the_trial(host: hyperhost.Host, clock: Clock) -> None:
    entered, go = threading.Event(), threading.Event()

    class Slow(Moody):
        plugin_id = "slow"

        def _answer(self) -> int:
            if self.error is None:
                entered.set()
                assert go.wait(10)
            return super()._answer()

    slow = Slow()
    watch(host.register(slow), clock)
    slow.error = ValueError("bad")
    fail(host)
    slow.error = None
    clock.now += 2.1
    results: list[Any] = []
    trial = threading.Thread(target=lambda: results.append(host.hook.count()))
    trial.start()
    assert entered.wait(10)
    with pytest.raises(QuarantinedError, match="while another call is on trial"):
        host.hook.count()
    assert host.plugin("slow").state == "quarantined"
    go.set()
    trial.join()
    assert results == [[1]]
    assert host.hook.count() == [1]


def test_a_fault_of_one_component_does_not_rest_another(host: hyperhost.Host) -> None:
    fine = Hook("count", "(result s64)", "(result i64) (i64.const 1)")
    host.load(package(component([fine, TRAP]), "bad"))
    host.load(package(component([fine]), "good"))
    for _ in range(3):
        with pytest.raises(TrapError):
            host.hook.trap()
    assert (host.plugin("bad").state, host.plugin("good").state) == ("quarantined", "active")


# --- the record of one plugin ------------------------------------------------------------------------------


def test_the_policy_refuses_nonsense() -> None:
    for bad in (
        {"faults": 0},
        {"faults": True},
        {"faults": 1.5},
        {"window": "soon"},
        {"rest": 0},
        {"max_rest": -1},
    ):
        with pytest.raises(ValueError):
            hyperhost.QuarantinePolicy(**bad)


def test_rests_grow_without_overflowing() -> None:
    policy = hyperhost.QuarantinePolicy(rest="1s", max_rest="1h")
    assert [policy.rest_s(relapses) for relapses in (0, 1, 2, 11, 12, 10_000)] == [1, 2, 4, 2048, 3600, 3600]


def test_calls_that_were_running_do_not_make_it_longer(clock: Clock) -> None:
    quarantine = Quarantine("p", POLICY, clock)
    assert [quarantine.fault() for _ in range(6)] == [False, False, True, False, False, False]
    clock.now += 2.01
    quarantine.admit("count")
    quarantine.pass_trial()
    assert not quarantine.active


def test_an_abandoned_trial_leaves_the_next_call_as_the_trial(clock: Clock) -> None:
    quarantine = Quarantine("p", POLICY, clock)
    for _ in range(3):
        quarantine.fault()
    clock.now += 2.01
    quarantine.admit("count")
    with pytest.raises(QuarantinedError):
        quarantine.admit("count")
    quarantine.abandon_trial()
    quarantine.admit("count")
    quarantine.relapse()
    with pytest.raises(QuarantinedError, match="for 4 s more"):
        quarantine.admit("count")


def test_switching_a_plugin_off_and_on_does_not_end_its_quarantine(
    host: hyperhost.Host, moody: Moody, clock: Clock
) -> None:
    moody.error = ValueError("bad")
    fail(host)
    plugin = host.plugin("moody")
    plugin.deactivate()
    plugin.activate()
    assert plugin.state == "quarantined"
    with pytest.raises(QuarantinedError):
        host.hook.count()
    assert moody.calls == 3
    moody.error = None
    clock.now += 2.1
    assert host.hook.count() == [1]
    assert plugin.state == "active"


def test_a_fault_while_a_plugin_is_taken_out_leaves_nothing_that_is_in_the_way_later(
    host: hyperhost.Host, moody: Moody
) -> None:
    plugin = host.plugin("moody")
    plugin.deactivate()
    host._roster.supervisor.rest(plugin)  # another thread's, which came too late
    plugin.activate()
    moody.error = ValueError("bad")
    fail(host)
    with pytest.raises(QuarantinedError):
        host.hook.count()


def test_a_call_that_looked_up_its_function_before_the_release_is_no_trial(clock: Clock) -> None:
    quarantine = Quarantine("p", POLICY, clock)
    for _ in range(3):
        quarantine.fault()
    quarantine.release()
    quarantine.admit("count")
    quarantine.relapse()
    assert not quarantine.active


def test_a_trial_that_ends_in_another_plugins_fault_says_nothing(
    host: hyperhost.Host, moody: Moody, clock: Clock
) -> None:
    moody.error = ValueError("bad")
    fail(host)
    clock.now += 2.1
    moody.error = TrapError("trapped", plugin="another")
    with pytest.raises(TrapError):
        host.hook.count()
    moody.error = None
    assert host.hook.count() == [1]


def test_a_host_that_is_too_busy_is_no_fault_of_the_plugin() -> None:
    from hyperhost.errors import ConcurrencyLimitError
    from hyperhost.host.supervisor import speaks_against

    class Known:
        id = "scan"

    assert speaks_against(Known(), ValueError("bug")) is True  # type: ignore[arg-type]  # only the id matters
    assert speaks_against(Known(), ConcurrencyLimitError("busy", plugin="scan")) is False  # type: ignore[arg-type]
