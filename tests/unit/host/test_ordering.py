"""Who runs before whom: pluggy's order, before/after, priorities, and cycles that are refused whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_components import Small, answering, write_plugin

import hyperhost
from hyperhost.errors import OrderCycleError


def plugin(name: str, **options: Any) -> Any:
    """A native plugin whose answer to ``observe`` is its own name."""

    def observe(self, n):
        return name

    return type("Plugin", (), {"observe": hyperhost.hookimpl(**options)(observe), "plugin_id": name})()


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small]) as made:
        yield made


def order(host: hyperhost.Host) -> list[str]:
    return host.hook.observe(n=1)


def test_without_options_the_latest_runs_first(host: hyperhost.Host) -> None:
    for name in "abc":
        host.register(plugin(name))
    assert order(host) == ["c", "b", "a"]


def test_before_and_after(host: hyperhost.Host) -> None:
    host.register(plugin("a", before=["c"]))
    host.register(plugin("b", after=["c"]))
    host.register(plugin("c"))
    assert order(host) == ["a", "c", "b"]


def test_names_of_plugins_that_are_not_there_change_nothing(host: hyperhost.Host) -> None:
    host.register(plugin("a", before=["nobody"], after=["nothing"]))
    host.register(plugin("b"))
    assert order(host) == ["b", "a"]


def test_an_order_binds_plugins_that_come_later(host: hyperhost.Host) -> None:
    host.register(plugin("a", before=["late"]))
    host.register(plugin("b", after=["late"]))
    assert order(host) == ["b", "a"]
    late = host.register(plugin("late"))
    assert order(host) == ["a", "late", "b"]
    late.unload()
    assert sorted(order(host)) == ["a", "b"]


def test_lower_priorities_run_first_and_500_is_the_default(host: hyperhost.Host) -> None:
    for name, priority in (("late", 900), ("early", 100), ("none", None), ("middle", 500), ("first", 0)):
        host.register(plugin(name, priority=priority))
    assert order(host) == ["first", "early", "middle", "none", "late"]


def test_tryfirst_and_trylast_come_before_priority_and_before_and_after_before_all(
    host: hyperhost.Host,
) -> None:
    host.register(plugin("last", trylast=True, priority=0))
    host.register(plugin("first", tryfirst=True, priority=1000))
    host.register(plugin("plain", priority=0))
    assert order(host) == ["first", "plain", "last"]
    host.register(plugin("zero", trylast=True, before=["first"]))
    found = order(host)
    assert found.index("zero") < found.index("first")
    assert found.index("plain") < found.index("last")


def test_wrappers_have_an_order_of_their_own(host: hyperhost.Host) -> None:
    entered: list[str] = []

    def wrapping(name: str, **options: Any) -> Any:
        def observe(self, n):
            entered.append(name)
            return (yield)

        mark = hyperhost.hookimpl(wrapper=True, **options)
        return type("Wrapper", (), {"observe": mark(observe), "plugin_id": name})()

    host.register(plugin("plain", before=["inner"]))
    host.register(wrapping("outer", before=["inner"]))
    host.register(wrapping("inner"))
    assert order(host) == ["plain"]
    assert entered == ["outer", "inner"]


def test_a_cycle_is_refused_by_its_names_and_leaves_no_trace(host: hyperhost.Host) -> None:
    host.register(plugin("a", before=["b"]))
    host.register(plugin("b", before=["c"]))
    before = order(host)
    with pytest.raises(OrderCycleError) as caught:
        host.register(plugin("c", before=["a"]))
    assert caught.value.hook == "observe"
    steps = caught.value.message.split(" runs before ")
    assert steps[0] == steps[-1]
    assert sorted(steps[1:]) == ["a", "b", "c"]
    expected = {("a", "b"), ("b", "c"), ("c", "a")}
    assert set(itertools.pairwise(steps)) == expected
    assert "before/after" in caught.value.hint
    assert list(host.plugins) == ["a", "b"]
    assert order(host) == before
    host.register(plugin("c"))
    assert order(host) == ["a", "b", "c"]


def test_two_plugins_that_both_want_to_be_first(host: hyperhost.Host) -> None:
    host.register(plugin("a", before=["b"]))
    with pytest.raises(
        OrderCycleError, match=r"^plugin '(a|b)', hook 'observe': (a runs before b|b runs before a)"
    ):
        host.register(plugin("b", before=["a"]))


def test_a_plugin_cannot_come_before_itself_and_that_is_no_cycle(host: hyperhost.Host) -> None:
    host.register(plugin("a", before=["a"], after=["a"]))
    assert order(host) == ["a"]


def test_a_cycle_of_a_plugin_that_is_activated_again(host: hyperhost.Host) -> None:
    first = host.register(plugin("a", before=["b"]))
    first.deactivate()
    host.register(plugin("b", before=["a"]))
    with pytest.raises(OrderCycleError):
        first.activate()
    assert first.state == "inactive"
    assert order(host) == ["b"]
    host.plugin("b").unload()
    first.activate()
    assert order(host) == ["a"]


def test_components_take_their_place_from_their_manifest(host: hyperhost.Host, tmp_path: Path) -> None:
    host.register(plugin("native"))
    ordered = '[[hook]]\nname = "observe"\nafter = ["native"]\n'
    host.load(write_plugin(tmp_path / "late", answering(1, "observe"), more=ordered))
    ordered = '[[hook]]\nname = "observe"\npriority = 10\nbefore = ["native"]\n'
    host.load(write_plugin(tmp_path / "early", answering(2, "observe"), more=ordered))
    host.register(plugin("other", priority=20))
    assert order(host) == [2, "other", "native", 1]


def test_options_are_checked_when_they_are_written() -> None:
    with pytest.raises(ValueError, match="priority is 0 to 1000, not 1001"):
        hyperhost.hookimpl(priority=1001)
    with pytest.raises(ValueError, match="take a list of plugin ids"):
        hyperhost.hookimpl(before="other")


NAMES = "abcdef"
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "before": st.lists(st.sampled_from(NAMES), max_size=2),
        "after": st.lists(st.sampled_from(NAMES), max_size=2),
        "priority": st.integers(0, 1000),
        "tryfirst": st.booleans(),
    },
)


@settings(max_examples=80, deadline=None)
@given(st.permutations(NAMES), st.lists(OPTIONS, min_size=6, max_size=6))
def test_every_order_keeps_every_promise_or_is_refused(
    names: list[str], options: list[dict[str, Any]]
) -> None:
    with hyperhost.Host("test", specs=[Small]) as host:
        present: dict[str, dict[str, Any]] = {}
        for name, given_options in zip(names, options, strict=True):
            try:
                host.register(plugin(name, **given_options))
            except OrderCycleError:
                assert _has_cycle({**present, name: given_options})
            else:
                present[name] = given_options
            found = order(host)
            assert sorted(found) == sorted(present)
            for first, second in _edges(present):
                assert found.index(first) < found.index(second)


def _edges(present: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    edges = set()
    for name, options in present.items():
        edges |= {(name, other) for other in options.get("before", ()) if other in present and other != name}
        edges |= {(other, name) for other in options.get("after", ()) if other in present and other != name}
    return edges


def _has_cycle(present: dict[str, dict[str, Any]]) -> bool:
    edges, left = _edges(present), set(present)
    while free := {name for name in left if not any(b == name and a in left for a, b in edges)}:
        left -= free
    return bool(left)


def test_a_refused_plugin_leaves_no_number_for_the_next_at_its_address(host: hyperhost.Host) -> None:
    manager = host._roster.manager
    host.register(plugin("a", before=["b"]))
    before = dict(manager.registered)
    with pytest.raises(OrderCycleError):
        host.register(plugin("b", before=["a"]))
    assert manager.registered == before
