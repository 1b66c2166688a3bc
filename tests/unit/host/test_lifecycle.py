"""Plugins come, go, rest and are replaced; what fails on the way leaves everything as it was."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from echo_components import package
from small_components import (
    CALLS,
    COUNT,
    MEETS,
    TRAP,
    Hook,
    Meeting,
    Small,
    answering,
    component,
    write_plugin,
)

import hyperhost
from hyperhost.errors import (
    CapabilityDeniedError,
    CorruptComponentError,
    GrantError,
    ManifestError,
    PluginLoadError,
    PluginStateError,
    SignatureMismatchError,
    TrapError,
)
from hyperhost.host.loader import fill


class Native:
    @hyperhost.hookimpl
    def count(self):
        return 1


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()]) as made:
        yield made


@pytest.fixture
def loaded(host: hyperhost.Host, tmp_path: Path) -> hyperhost.Plugin:
    return host.load(write_plugin(tmp_path / "scan", answering(1, "count")))


def replace(plugin: hyperhost.Plugin, data: bytes, **options: Any) -> None:
    """Write another version of a plugin over the one on disk."""
    assert plugin.source is not None
    write_plugin(plugin.source, data, **options)
    for path in plugin.source.iterdir():
        later = path.stat().st_mtime_ns + 1_000_000
        os.utime(path, ns=(later, later))


# --- coming and going ------------------------------------------------------------------------------------


def test_an_unknown_kind_of_instances_is_refused(host: hyperhost.Host) -> None:
    with pytest.raises(PluginLoadError, match="instances is 'forever'") as caught:
        host.load(package(answering(1, "count")), instances="forever")
    assert caught.value.hint == "choose one of per-call, pooled, persistent"
    assert host.hook.count() == []


def test_a_component_for_another_program_hints_at_its_hookspecs(host: hyperhost.Host) -> None:
    with pytest.raises(PluginLoadError, match="implements no hook") as caught:
        host.load(package(answering(1, "unknown")))
    assert caught.value.hint is not None
    assert "added under [host] specs in hyperhost.toml" in caught.value.hint


@pytest.mark.parametrize("kind", ["native", "component"])
def test_a_plugin_goes_through_its_states(host: hyperhost.Host, kind: str) -> None:
    plugin = (
        host.register(Native(), "p") if kind == "native" else host.load(package(answering(1, "count"), "p"))
    )
    assert (plugin.state, plugin.kind) == ("active", kind)
    assert host.hook.count() == [1]
    for _ in range(2):
        plugin.deactivate()
        assert plugin.state == "inactive"
        assert host.hook.count() == []
    assert host.plugins == {"p": plugin}
    for _ in range(2):
        plugin.activate()
        assert plugin.state == "active"
        assert host.hook.count() == [1]
    plugin.unload()
    assert plugin.state == "uninstalled"
    assert host.hook.count() == []
    assert host.plugins == {}


def test_an_inactive_plugin_answers_nobody(host: hyperhost.Host) -> None:
    plugin = host.register(Native(), "p")
    plugin.deactivate()
    with pytest.raises(PluginStateError, match="plugin 'p', hook 'count': is inactive"):
        plugin.call("count")


def test_an_unloaded_plugin_does_nothing_any_more(host: hyperhost.Host) -> None:
    plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"])
    plugin.unload()
    changes: list[Callable[[], object]] = [
        plugin.unload,
        plugin.activate,
        plugin.deactivate,
        plugin.reload,
        lambda: plugin.grant("meet"),
        lambda: plugin.revoke("meet"),
        lambda: plugin.call("meet", n=1),
    ]
    for change in changes:
        with pytest.raises((PluginStateError, PluginLoadError)):
            change()
    for change in changes[:3]:
        with pytest.raises(PluginStateError, match=r"is unloaded \(load it again\)"):
            change()


def test_the_id_is_free_after_unloading(host: hyperhost.Host) -> None:
    for number in range(3):
        plugin = host.load(package(answering(number, "count")))
        assert host.hook.count() == [number]
        plugin.unload()


def test_what_an_inactive_plugin_remembers(host: hyperhost.Host) -> None:
    plugin = host.load(package(component([COUNT], core=CALLS)), instances="persistent")
    assert [plugin.call("count"), plugin.call("count")] == [1, 2]
    plugin.deactivate()
    plugin.activate()
    assert plugin.call("count") == 3


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_loading_and_unloading_leaves_nothing_behind(host: hyperhost.Host) -> None:
    """Threads, files and callbacks of two hundred plugins."""
    host.load(package(answering(0, "count"), "warm-up")).unload()
    files, gate = open_files(), host.sandbox.gate
    functions = len(gate._functions)
    for number in range(200):
        plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"], instances="pooled")
        assert plugin.call("meet", n=number) == number
        plugin.unload()
    assert len(gate._functions) == functions
    assert gate.calls == {}
    assert open_files() == files


# --- reloading ---------------------------------------------------------------------------------------------


def test_reloading_takes_what_is_on_disk_now(host: hyperhost.Host, loaded: hyperhost.Plugin) -> None:
    before = loaded.digest
    replace(loaded, answering(2, "count"), version="1.1.0")
    assert host.hook.count() == [1]
    loaded.reload()
    assert host.hook.count() == [2]
    assert (loaded.version, loaded.state) == ("1.1.0", "active")
    assert loaded.digest != before
    assert host.plugin("scan") is loaded


def test_reloading_may_change_the_hooks(host: hyperhost.Host, loaded: hyperhost.Plugin) -> None:
    replace(loaded, answering(3, "observe", "first"))
    loaded.reload()
    assert loaded.hooks == ("first", "observe")
    assert host.hook.count() == []
    assert host.hook.observe(n=1) == [3]
    replace(loaded, answering(4, "count"))
    loaded.reload()
    assert host.hook.count() == [4]
    assert host.hook.observe(n=1) == []


@pytest.mark.parametrize("in_place", [True, False])
def test_reloading_keeps_the_place_in_the_order_when_the_hooks_are_the_same(
    host: hyperhost.Host, loaded: hyperhost.Plugin, in_place: bool
) -> None:
    host.register(Native(), "later")
    replace(loaded, answering(2, *(["count"] if in_place else ["count", "observe"])))
    loaded.reload()
    assert host.hook.count() == ([1, 2] if in_place else [2, 1])


def test_reloading_an_inactive_plugin_leaves_it_inactive(
    host: hyperhost.Host, loaded: hyperhost.Plugin
) -> None:
    loaded.deactivate()
    replace(loaded, answering(2, "count"))
    loaded.reload()
    assert loaded.state == "inactive"
    assert host.hook.count() == []
    loaded.activate()
    assert host.hook.count() == [2]


def test_reloading_keeps_grants_limits_and_configuration(host: hyperhost.Host, tmp_path: Path) -> None:
    seen: list[Any] = []

    def meet(call: hyperhost.Call, n: int) -> int:
        seen.append((call.limits.host_calls, dict(call.config)))
        return n

    host.sandbox.interfaces[:] = [Meeting(meet)]
    asking = '[[capabilities.required]]\nname = "meet"\nreason = "to meet"\n'
    path = write_plugin(tmp_path / "scan", component([MEETS], meets=True), more=asking)
    plugin = host.load(path, grants=["meet"], limits=hyperhost.Limits(host_calls=7), config={"a": 1})
    plugin.call("meet", n=1)
    replace(plugin, component([MEETS, TRAP], meets=True), more=asking)
    plugin.reload()
    assert plugin.granted == ("meet",)
    plugin.call("meet", n=2)
    assert seen == [(7, {"a": 1})] * 2


def test_reloading_ends_a_quarantine(host: hyperhost.Host, tmp_path: Path) -> None:
    policy = hyperhost.QuarantinePolicy(faults=1)
    with hyperhost.Host("test", specs=[Small], quarantine=policy) as own:
        trap = Hook("count", "(result s64)", "(result i64) unreachable")
        plugin = own.load(write_plugin(tmp_path / "scan", component([trap])))
        with pytest.raises(TrapError):
            own.hook.count()
        assert plugin.state == "quarantined"
        replace(plugin, answering(1, "count"))
        plugin.reload()
        assert plugin.state == "active"
        assert own.hook.count() == [1]


@pytest.mark.parametrize(
    ("data", "more", "error"),
    [
        (b"garbage", "", CorruptComponentError),
        (component([Hook("count", "(result u8)", "(result i32) (i32.const 1)")]), "", SignatureMismatchError),
        (answering(2, "nothing"), "", PluginLoadError),
        (answering(2, "count"), "[limits]\nmemory = 'much'\n", ManifestError),
    ],
    ids=["garbage", "another type", "no hook", "manifest"],
)
def test_what_cannot_be_reloaded_keeps_running_as_it_was(
    host: hyperhost.Host, loaded: hyperhost.Plugin, data: bytes, more: str, error: type[Exception]
) -> None:
    runtime, digest = loaded.runtime, loaded.digest
    replace(loaded, data, more=more)
    with pytest.raises(error):
        loaded.reload()
    assert host.hook.count() == [1]
    assert (loaded.runtime, loaded.digest, loaded.state) == (runtime, digest, "active")
    replace(loaded, answering(3, "count"))
    loaded.reload()
    assert host.hook.count() == [3]


def test_an_order_that_makes_a_cycle_keeps_the_old_version(
    host: hyperhost.Host, loaded: hyperhost.Plugin
) -> None:
    class First:
        @hyperhost.hookimpl(before=["scan"])
        def count(self):
            return 9

    host.register(First(), "first")
    assert host.hook.count() == [9, 1]
    replace(loaded, answering(2, "count"), more='[[hook]]\nname = "count"\nbefore = ["first"]\n')
    with pytest.raises(hyperhost.errors.OrderCycleError):
        loaded.reload()
    assert loaded.state == "active"
    assert host.hook.count() == [9, 1]
    assert loaded.call("count") == 1


def test_what_the_program_registered_cannot_be_reloaded(host: hyperhost.Host) -> None:
    plugin = host.register(Native(), "native")
    with pytest.raises(PluginStateError, match="was registered by the program and cannot be reloaded"):
        plugin.reload()


def test_only_what_changed_is_reloaded(host: hyperhost.Host, tmp_path: Path) -> None:
    plugins = {
        name: host.load(write_plugin(tmp_path / name, answering(1, "count"))) for name in ("a", "b", "c")
    }
    host.register(Native(), "native")
    assert host.reload_changed() == []
    replace(plugins["b"], answering(2, "count"))
    replace(plugins["c"], b"garbage")
    runtimes = {name: plugin.runtime for name, plugin in plugins.items()}
    assert host.reload_changed() == ["b"]
    assert plugins["a"].runtime is runtimes["a"]
    assert plugins["c"].runtime is runtimes["c"]
    assert sorted(host.hook.count()) == [1, 1, 1, 2]
    assert [(fault.plugin, fault.hook, fault.code) for fault in host.faults] == [
        ("c", "", "HH-FORMAT-CORRUPT")
    ]
    assert host.reload_changed() == []  # the broken one is not tried again until it changes
    assert len(host.faults) == 1
    replace(plugins["c"], answering(3, "count"))
    assert host.reload_changed() == ["c"]


def test_a_plugin_whose_files_are_gone_keeps_running(host: hyperhost.Host, loaded: hyperhost.Plugin) -> None:
    assert loaded.source is not None
    for path in loaded.source.iterdir():
        path.unlink()
    loaded.source.rmdir()
    assert host.reload_changed() == []
    assert host.hook.count() == [1]
    assert [fault.plugin for fault in host.faults] == ["scan"]


# --- while calls run ---------------------------------------------------------------------------------------


def held(host: hyperhost.Host) -> tuple[threading.Event, threading.Event]:
    """Let calls of ``meet`` with 5 wait until they are told to go on."""
    inside, go = threading.Event(), threading.Event()

    def meet(call: hyperhost.Call, n: int) -> int:
        if n == 5:
            inside.set()
            assert go.wait(20)
        return n

    host.sandbox.interfaces[:] = [Meeting(meet)]
    return inside, go


def test_a_running_call_ends_in_the_version_it_began_in(host: hyperhost.Host, tmp_path: Path) -> None:
    inside, go = held(host)
    asking = '[[capabilities.required]]\nname = "meet"\nreason = "to meet"\n'
    path = write_plugin(tmp_path / "scan", component([MEETS], meets=True), more=asking)
    plugin = host.load(path, grants=["meet"], limits=hyperhost.Limits(deadline="20s"))
    results: list[Any] = []
    running = threading.Thread(target=lambda: results.append(plugin.call("meet", n=5)))
    running.start()
    assert inside.wait(20)
    replace(plugin, answering(6, "meet"), more=asking)
    reloading = threading.Thread(target=plugin.reload)
    reloading.start()
    while host.hook.meet(n=1) != [6]:
        assert reloading.is_alive()
        time.sleep(0.001)
    assert results == []
    go.set()
    running.join(20)
    reloading.join(20)
    assert results == [5]


def test_unloading_waits_for_running_calls(host: hyperhost.Host) -> None:
    inside, go = held(host)
    limits = hyperhost.Limits(deadline="20s")
    plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"], limits=limits)
    results: list[Any] = []
    running = threading.Thread(target=lambda: results.append(host.hook.meet(n=5)))
    running.start()
    assert inside.wait(20)
    unloading = threading.Thread(target=plugin.unload)
    unloading.start()
    while plugin.state != "uninstalled":
        time.sleep(0.001)
    assert host.hook.meet(n=1) == []
    assert unloading.is_alive()
    go.set()
    running.join(20)
    unloading.join(20)
    assert results == [[5]]


def test_a_revocation_reaches_a_call_that_runs(host: hyperhost.Host) -> None:
    twice = Hook(
        "meet",
        '(param "n" s64) (result s64)',
        "(param i64) (result i64) (i64.add (call $meet (local.get 0)) (call $meet (local.get 0)))",
    )
    inside, go = held(host)
    limits = hyperhost.Limits(deadline="20s")
    plugin = host.load(package(component([twice], meets=True)), grants=["meet"], limits=limits)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            plugin.call("meet", n=5)
        except BaseException as caught:
            errors.append(caught)

    running = threading.Thread(target=run)
    running.start()
    assert inside.wait(20)
    plugin.revoke("meet")
    go.set()
    running.join(20)
    assert [type(error) for error in errors] == [hyperhost.errors.CapabilityDeniedError]


MEETING = '[capabilities]\nrequired = [{ name = "meet", reason = "it meets" }]\n'


def test_what_is_revoked_during_a_reload_stays_revoked(
    host: hyperhost.Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_plugin(tmp_path / "scan", component([MEETS], meets=True), more=MEETING)
    plugin = host.load(folder, grants=["meet"])

    def slow(*arguments: Any) -> None:
        fill(*arguments)
        plugin.revoke("meet")

    monkeypatch.setattr("hyperhost.host.loader.fill", slow)
    plugin.reload()
    assert plugin.granted == ()
    with pytest.raises(CapabilityDeniedError):
        plugin.call("meet", n=1)


def test_reloading_what_asks_for_less_loses_the_rest(host: hyperhost.Host, tmp_path: Path) -> None:
    data = component([COUNT], core=CALLS)
    plugin = host.load(write_plugin(tmp_path / "scan", data, more=MEETING), grants=["meet"])
    replace(plugin, data)
    plugin.reload()
    assert plugin.granted == ()
    assert host.hook.count() == [1]


def test_unloading_during_a_reload_frees_both_versions(
    host: hyperhost.Host, loaded: hyperhost.Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[hyperhost.Plugin] = []

    def slow(fresh: hyperhost.Plugin, *arguments: Any) -> None:
        fill(fresh, *arguments)
        made.append(fresh)
        loaded.unload()

    monkeypatch.setattr("hyperhost.host.loader.fill", slow)
    with pytest.raises(PluginStateError, match="is unloaded"):
        loaded.reload()
    for runtime in (made[0].runtime, loaded.runtime):
        assert runtime is not None
        assert runtime._finished


def test_a_plugin_bound_to_its_package_is_not_reloaded_when_that_changed(
    host: hyperhost.Host, tmp_path: Path
) -> None:
    plugin = host.load(write_plugin(tmp_path / "scan", answering(1, "count")))
    plugin.bound = True
    plugin.reload()
    digest = plugin.digest
    write_plugin(tmp_path / "scan", answering(2, "count"))
    with pytest.raises(GrantError, match="was altered since it was granted"):
        plugin.reload()
    assert plugin.digest == digest
    assert host.hook.count() == [1]


def test_only_the_latest_faults_keep_their_traceback(host: hyperhost.Host) -> None:
    from hyperhost.host.faults import FaultLog

    log = FaultLog()
    for number in range(30):
        try:
            raise ValueError(number)
        except ValueError as error:
            log.record("scan", "count", error)
    kept = [fault.error.__traceback__ is not None for fault in log.all()]
    assert kept == [False] * 10 + [True] * 20


def test_a_hook_of_a_closed_host_refuses_instead_of_passing() -> None:
    class Gate:
        @hyperhost.hookspec
        def allow(self, name: str) -> bool: ...  # type: ignore[empty-body]

    with hyperhost.Host("gate", specs=[Gate]) as host:
        assert host.hook.allow(name="a") == []
    with pytest.raises(PluginStateError, match="the host is closed"):
        host.hook.allow(name="a")
