"""A canary answers its share of the calls, beside the version it may replace."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary_parts import POLICY, SLOW, TRAPS, answers, package, says, threads
from small_components import COUNT, MEETS, Hook, Meeting, Small, component, write_plugin

import hyperhost
from hyperhost.errors import (
    OrderCycleError,
    QuarantinedError,
    TrapError,
)


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()], canary=POLICY) as made:
        yield made


@pytest.fixture
def scan(host: hyperhost.Host, tmp_path: Path) -> hyperhost.Plugin:
    return host.load(write_plugin(tmp_path / "old" / "scan", says(1), hooks='"count"'))


def drop(host: hyperhost.Host, plugin: hyperhost.Plugin, calls: int = 60) -> None:
    """Call until the canary is gone."""
    for _ in range(calls):
        with contextlib.suppress(TrapError):
            host.hook.count()
        if plugin.canary_state is None:
            break
    host._canaries.wait()
    assert plugin.canary_state is None


# --- the share --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "each", "of"), [("10%", 1, 10), (0.5, 1, 2), ("30 %", 3, 10), (0.25, 1, 4)]
)
def test_calls_are_divided_evenly_and_not_by_chance(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path, share: str | float, each: int, of: int
) -> None:
    scan.canary(package(tmp_path, says(2)), share=share)
    found = answers(host, 10 * of)
    assert {found[start : start + of].count(2) for start in range(9 * of)} == {each}


def test_every_hook_has_its_own_share(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(write_plugin(tmp_path / "old" / "scan", says(1, "count", "spin")))
    scan.canary(package(tmp_path, says(2, "count", "spin")), share=0.1)
    found = [(host.hook.count()[0], host.hook.spin()[0]) for _ in range(20)]
    assert [sum(pair[at] == 2 for pair in found) for at in (0, 1)] == [2, 2]


def test_many_threads_get_their_share_exactly(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.2)
    found: list[int] = []
    workers = [threading.Thread(target=lambda: found.extend(answers(host, 50))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (found.count(1), found.count(2)) == (160, 40)


def test_the_share_can_be_changed_while_it_runs(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.1)
    assert scan.canary(share="50%").share == 0.5
    assert answers(host, 10).count(2) == 5


def test_what_runs_is_told(host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path) -> None:
    assert scan.canary_state is None
    state = scan.canary(package(tmp_path, says(2)), share=0.1)
    assert (state.version, state.share, state.calls, state.hooks) == ("2.0.0", 0.1, 0, ("count",))
    answers(host, 20)
    state = scan.canary_state
    assert state is not None
    assert (state.calls, state.stable_calls, state.faults) == (2, 18, 0)
    figures = {each.version: each.calls for each in host.state.stats("scan")}
    assert figures == {"1.0.0": 18, "2.0.0": 2}
    assert scan.stats["count"].calls == 18
    assert scan.version == "1.0.0"


def test_another_build_of_the_same_version_has_figures_of_its_own(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    state = scan.canary(package(tmp_path, says(2), "1.0.0"), share=0.5)
    answers(host, 4)
    assert state.figures == f"1.0.0 ({state.digest[7:19]})"
    assert {each.version: each.calls for each in host.state.stats("scan")} == {"1.0.0": 2, state.figures: 2}


def test_a_plugin_without_a_canary_calls_what_it_called_before(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    [implementation] = host.hook.count.get_hookimpls()
    own = implementation.function
    scan.canary(package(tmp_path, says(2)), share=0.1)
    scan.rollback()
    [implementation] = host.hook.count.get_hookimpls()
    assert implementation.function is own


# --- hooks that differ ------------------------------------------------------------------------------


def test_a_hook_of_one_version_only_is_answered_by_that_version(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(write_plugin(tmp_path / "old" / "scan", says(1, "count", "spin")))
    scan.canary(package(tmp_path, says(2, "count", "trap")), share=0.1)
    assert [host.hook.spin(), host.hook.trap()] == [[1], [2]]
    scan.rollback()
    assert [host.hook.spin(), host.hook.trap()] == [[1], []]


def test_hooks_that_the_new_version_lacks_go_with_the_old_one(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(write_plugin(tmp_path / "old" / "scan", says(1, "count", "spin")))
    scan.canary(package(tmp_path, says(2, "count", "trap")), share=0.1)
    scan.promote()
    assert [host.hook.count(), host.hook.spin(), host.hook.trap()] == [[2], [], [2]]
    assert (scan.version, scan.hooks) == ("2.0.0", ("count", "trap"))


def test_the_selected_provider_of_a_service_can_have_one(host: hyperhost.Host, tmp_path: Path) -> None:
    def store(number: int) -> bytes:
        taking = "(param i64) (result i64)"
        read = Hook("store-read", '(param "n" s64) (result s64)', f"{taking} (i64.const {number})")
        write = Hook("store-write", '(param "n" s64) (result s64)', f"{taking} (i64.const {number})")
        return component([read, write] if number == 1 else [read])

    scan = host.load(write_plugin(tmp_path / "old" / "scan", store(1)))
    other = host.load(write_plugin(tmp_path / "other", store(1)))
    host.select("store", "scan")
    scan.canary(package(tmp_path, store(2)), share=0.5)
    assert [host.hook.store_read(n=0) for _ in range(4)] == [1, 2, 1, 2]
    assert host.hook.store_write(n=0) == 1
    scan.promote()
    assert host.hook.store_read(n=0) == 2
    assert host.providers == {"store": "scan"}
    other.unload()


def test_its_place_among_other_plugins_stays(host: hyperhost.Host, tmp_path: Path) -> None:
    for name, number in (("first", 10), ("scan", 1), ("last", 30)):
        host.load(write_plugin(tmp_path / "old" / name, says(number)))
    scan = host.plugin("scan")
    scan.canary(package(tmp_path, says(2)), share=0.5)
    assert [host.hook.count() for _ in range(2)] == [[30, 1, 10], [30, 2, 10]]
    scan.promote()
    assert host.hook.count() == [30, 2, 10]


def test_a_version_that_could_not_stand_alone_is_refused_at_once(
    host: hyperhost.Host, tmp_path: Path
) -> None:
    before = '[[hook]]\nname = "count"\nbefore = ["{}"]\n'
    host.load(write_plugin(tmp_path / "other", says(3), more=before.format("scan")))
    scan = host.load(write_plugin(tmp_path / "old" / "scan", says(1)))
    with pytest.raises(OrderCycleError, match="runs before"):
        scan.canary(package(tmp_path, says(2), more=before.format("other")), share=0.5)
    assert scan.canary_state is None
    assert sorted(host.hook.count()) == [1, 3]


# --- the end ----------------------------------------------------------------------------------------


def test_promoting_makes_it_the_only_version(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    new = package(tmp_path, says(2))
    digest = scan.canary(new, share=0.1).digest
    scan.promote()
    assert (scan.version, scan.digest, scan.source, scan.canary_state) == ("2.0.0", digest, new, None)
    assert answers(host, 5) == [2] * 5
    scan.reload()
    assert answers(host, 1) == [2]


def test_rolling_back_leaves_the_old_version_alone(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.9)
    scan.rollback()
    assert answers(host, 20) == [1] * 20
    assert host.faults == ()
    scan.canary(package(tmp_path, says(3), "3.0.0"), share=0.5)  # and another may follow
    assert answers(host, 2) == [1, 3]


def test_calls_that_run_when_it_ends_are_finished(host: hyperhost.Host, tmp_path: Path) -> None:
    entered, go = threading.Event(), threading.Event()

    def body(call: hyperhost.Call, n: int) -> int:
        entered.set()
        assert go.wait(5)
        return n + 1

    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting(body)]) as waiting:
        asks = '[[capabilities.required]]\nname = "meet"\nreason = "r"\n'
        old = write_plugin(tmp_path / "o" / "scan", component([MEETS], meets=True), more=asks)
        new = package(
            tmp_path,
            component([MEETS, COUNT], core="(global $calls (mut i64) (i64.const 0))", meets=True),
            more=asks,
        )
        scan = waiting.load(old, grants=["meet"], limits=hyperhost.Limits(deadline="5s"))
        scan.canary(new, share=0.9)
        waiting.plugin("scan").trial._counters["meet"] = iter(range(1, 99))  # the canary's turn
        found: list[int] = []
        caller = threading.Thread(target=lambda: found.extend(waiting.hook.meet(n=4)))
        caller.start()
        assert entered.wait(5)
        ending = threading.Thread(target=scan.rollback)
        ending.start()
        time.sleep(0.05)
        go.set()
        caller.join(5)
        ending.join(5)
        assert found == [5]
        assert not ending.is_alive()


def test_calls_go_on_while_canaries_come_and_go(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    stop, found, errors = threading.Event(), set(), []

    def caller() -> None:
        while not stop.is_set():
            try:
                found.add(tuple(host.hook.count()))
            except Exception as error:
                errors.append(error)

    workers = [threading.Thread(target=caller) for _ in range(2)]
    for worker in workers:
        worker.start()
    new = package(tmp_path, says(2, "count", "trap"))
    for _ in range(15):
        scan.canary(new, share=0.5)
        time.sleep(0.01)
        scan.rollback()
    stop.set()
    for worker in workers:
        worker.join()
    assert errors == []
    assert found == {(1,), (2,)}  # never both, never none


def test_nothing_is_left_when_it_has_ended(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    new = package(tmp_path, says(2))
    for _ in range(3):
        scan.canary(new, share=0.5)
        trial = scan.trial
        assert trial is not None
        answers(host, 4)
        scan.rollback()
        assert trial.fresh.runtime is not None
        assert trial.fresh.runtime._finished
    assert scan.trial is None
    assert threads() == []
    assert len(host.hook.count.get_hookimpls()) == 1


# --- ends that nobody asked for ---------------------------------------------------------------------


def test_faults_roll_it_back(host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path) -> None:
    scan.canary(package(tmp_path, component([TRAPS])), share=0.5)
    ended = []
    for _ in range(10):
        try:
            ended.append(host.hook.count()[0])
        except TrapError:
            ended.append(0)
    assert ended == [1, 0, 1, 0, 1, 0, 1, 1, 1, 1]  # it binds the next call; no call is repeated
    host._canaries.wait()
    assert scan.canary_state is None
    assert scan.state == "active"
    found = [(fault.code, fault.version) for fault in host.faults]
    assert found == [*[("HH-TRAP", "2.0.0")] * 3, ("HH-CANARY", "2.0.0")]
    [error] = [fault.error for fault in host.faults if fault.code == "HH-CANARY"]
    assert "version 2.0.0, which answered 50 % of the calls, was rolled back by itself" in str(error)
    assert "3 calls of 2.0.0" in str(error) or "the last 3 calls" in str(error)
    assert threads() == []


def test_one_fault_does_not(host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path) -> None:
    once = Hook("count", "(result s64)", "(result i64) unreachable")
    scan.canary(package(tmp_path, component([once])), share=0.5)
    host.hook.count()
    with pytest.raises(TrapError):
        host.hook.count()
    state = scan.canary_state
    assert state is not None
    assert (state.calls, state.faults) == (1, 1)


def test_a_slower_version_is_rolled_back(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    host._canaries.policy = hyperhost.CanaryPolicy(calls=20)
    scan.canary(package(tmp_path, component([SLOW])), share=0.5)
    drop(host, scan, 200)
    [fault] = host.faults
    assert "the p95 of count is" in fault.message
    assert "ms in 2.0.0 (20 calls) and" in fault.message


def test_one_as_fast_as_the_old_one_is_not(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.5)
    answers(host, 200)
    assert scan.canary_state is not None


def test_faults_of_the_old_version_count_against_the_old_one(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(write_plugin(tmp_path / "old" / "scan", component([TRAPS])))
    scan.canary(package(tmp_path, says(2)), share=0.1)
    for _ in range(5):
        with pytest.raises(TrapError):
            host.hook.count()
    assert {fault.version for fault in host.faults} == {"1.0.0"}
    assert scan.state == "quarantined"
    assert scan.canary_state is not None


def test_the_trial_after_a_rest_is_one_of_the_old_version(tmp_path: Path) -> None:
    rests = hyperhost.QuarantinePolicy(faults=3, rest="50ms")
    with hyperhost.Host("test", specs=[Small], canary=POLICY, quarantine=rests) as host:
        broken = component([TRAPS, Hook("spin", "(result s64)", "(result i64) unreachable")])
        scan = host.load(write_plugin(tmp_path / "old" / "scan", broken))
        scan.canary(package(tmp_path, says(2, "count", "trap")), share=0.5)
        for _ in range(3):
            with pytest.raises(TrapError):
                host.hook.spin()
        assert scan.state == "quarantined"
        time.sleep(0.06)
        for hook in (host.hook.trap, host.hook.trap):  # only the canary has it
            with pytest.raises(QuarantinedError):
                hook()
        for _ in range(2):
            with pytest.raises(TrapError):
                host.hook.count()
            time.sleep(0.21)
        assert scan.state == "quarantined"


def test_it_is_promoted_after_enough_good_calls(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.5, promote_after=10)
    answers(host, 20)
    host._canaries.wait()
    assert (scan.version, scan.canary_state) == ("2.0.0", None)
    assert answers(host, 3) == [2, 2, 2]
    assert "was promoted by itself: 10 calls of 2.0.0 were answered, 0 faulted" in host.faults[-1].message


def test_an_observer_goes_on_without_the_canary_that_faulted(host: hyperhost.Host, tmp_path: Path) -> None:
    taking = '(param "n" s64) (result s64)'
    old = component([Hook("observe", taking, "(param i64) (result i64) (i64.const 1)")])
    new = component([Hook("observe", taking, "(param i64) (result i64) unreachable")])
    scan = host.load(write_plugin(tmp_path / "old" / "scan", old))
    scan.canary(package(tmp_path, new), share=0.5)
    assert [host.hook.observe(n=1) for _ in range(8)] == [[1], [], [1], [], [1], [], [1], [1]]
