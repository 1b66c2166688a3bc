"""One door for both kinds of plugins: calls, faults, names, and loading that leaves no trace if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pluggy
import pytest
from echo_components import package
from small_components import (
    CALLS,
    EVERYTHING,
    MEETS,
    TRAP,
    WORK,
    Hook,
    Meeting,
    Small,
    answering,
    component,
    write_plugin,
)

import hyperhost
from hyperhost.errors import (
    BadArgumentError,
    CapabilityDeniedError,
    CoreModuleError,
    CorruptComponentError,
    DependencyError,
    DuplicatePluginError,
    ImportDeniedError,
    LinkError,
    PluginLoadError,
    PluginNotFoundError,
    PluginStateError,
    RefusalError,
    SignatureMismatchError,
    SpecError,
    TrapError,
)


class Native:
    """Answers a few hooks with a number."""

    def __init__(self, number: int = 1) -> None:
        self.number = number

    @hyperhost.hookimpl
    def count(self):
        return self.number

    @hyperhost.hookimpl
    def observe(self, n):
        return n * self.number

    @hyperhost.hookimpl
    def first(self):
        return None


class Broken:
    """Raises whatever it was given."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def _fail(self) -> Any:
        raise self.error

    @hyperhost.hookimpl
    def count(self):
        return self._fail()

    @hyperhost.hookimpl
    def observe(self):
        return self._fail()

    @hyperhost.hookimpl
    def judge(self):
        return self._fail()


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()]) as made:
        yield made


def snapshot(host: hyperhost.Host) -> Any:
    """Everything that a plugin could leave behind."""
    callers = {
        name: [(item.plugin_name, item.plugin) for item in getattr(host.hook, name).get_hookimpls()]
        for name in host.hooks()
    }
    extra = sorted(set(vars(host.hook)) - set(host.hooks()))
    manager = host._roster.manager
    return callers, extra, list(host.plugins), manager.list_name_plugin(), host.providers, host.faults


# --- calls ----------------------------------------------------------------------------------------------


def test_plugins_of_both_kinds_answer_one_call_latest_first(host: hyperhost.Host) -> None:
    host.register(Native(1), "one")
    host.load(package(answering(2, "count", "first"), "two"))
    host.register(Native(3), "three")
    assert host.hook.count() == [3, 2, 1]
    assert host.hook.first(n=5) == 2  # the others answer None
    assert host.hook.observe(n=2) == [6, 2]
    assert {name: plugin.kind for name, plugin in host.plugins.items()} == {
        "one": "native",
        "two": "component",
        "three": "native",
    }


def test_a_host_without_plugins_answers_with_nothing(host: hyperhost.Host) -> None:
    assert host.hook.count() == []
    assert host.hook.first(n=1) is None


def test_one_plugin_can_be_called_alone(host: hyperhost.Host) -> None:
    host.register(Native(7), "native")
    host.load(package(component([WORK])))
    assert host.plugin("native").call("observe", n=2) == 14
    assert host.plugin("guest").call("work", n=10) == 55


def test_calling_one_plugin_checks_the_hook_and_the_arguments(host: hyperhost.Host) -> None:
    plugin = host.register(Native(), "native")
    with pytest.raises(
        PluginStateError, match=r"does not implement 'work' \(it implements count, first, observe\)"
    ):
        plugin.call("work", n=1)
    with pytest.raises(PluginStateError, match="does not implement 'nonsense'"):
        plugin.call("nonsense")
    with pytest.raises(PluginStateError, match="has no parameter 'm'"):
        plugin.call("observe", n=1, m=2)
    with pytest.raises(PluginStateError, match="argument 'n' is missing"):
        plugin.call("observe")
    assert host.faults == ()


def test_a_wrapper_runs_around_components_too(host: hyperhost.Host) -> None:
    class Doubling:
        @hyperhost.hookimpl(wrapper=True)
        def count(self):
            return [2 * item for item in (yield)]

    host.load(package(answering(21, "count")))
    host.register(Doubling(), "doubling")
    assert host.hook.count() == [42]
    with pytest.raises(PluginStateError, match="wraps this hook and cannot answer it alone"):
        host.plugin("doubling").call("count")


def test_a_historic_hook_is_answered_by_plugins_that_come_later() -> None:
    class History:
        @hyperhost.hookspec(historic=True)
        def remembered(self, n: int) -> int: ...

    heard: list[int] = []

    class Late:
        @hyperhost.hookimpl
        def remembered(self, n):
            heard.append(n)
            return n

    with hyperhost.Host("test", specs=[History]) as host:
        host.hook.remembered.call_historic(result_callback=heard.append, kwargs={"n": 3})
        host.register(Late(), "late")
        assert heard == [3, 3]
        echo = Hook("remembered", '(param "n" s64) (result s64)', "(param i64) (result i64) (i64.const 9)")
        host.load(package(component([echo])))
        assert heard == [3, 3, 9]


# --- faults -----------------------------------------------------------------------------------------------


def test_a_gate_fails_with_the_fault_and_an_observer_goes_on_without_it(host: hyperhost.Host) -> None:
    host.register(Native(1), "good")
    error = ValueError("bad day")
    host.register(Broken(error), "broken")
    with pytest.raises(ValueError, match="bad day") as caught:
        host.hook.count()
    assert caught.value is error
    assert "raised by plugin 'broken' in hook 'count'" in error.__notes__
    assert host.hook.observe(n=4) == [4]
    assert [(fault.plugin, fault.hook, fault.code, fault.message) for fault in host.faults] == [
        ("broken", "count", "ValueError", "bad day"),
        ("broken", "observe", "ValueError", "bad day"),
    ]
    assert [fault.error for fault in host.faults] == [error, error]
    assert {fault.at_s > 1_600_000_000 for fault in host.faults} == {True}


def test_a_component_that_traps_is_treated_the_same(host: hyperhost.Host) -> None:
    trap = Hook("observe", "(result s64)", "(result i64) unreachable")
    host.register(Native(1), "good")
    host.load(package(component([TRAP, trap])))
    with pytest.raises(TrapError) as caught:
        host.hook.trap()
    assert (caught.value.plugin, caught.value.hook) == ("guest", "trap")
    assert host.hook.observe(n=4) == [4]
    assert [(fault.plugin, fault.hook, fault.code) for fault in host.faults] == [
        ("guest", "trap", "HH-TRAP"),
        ("guest", "observe", "HH-TRAP"),
    ]


def test_a_refusal_is_an_answer_and_no_fault(host: hyperhost.Host) -> None:
    host.register(Broken(RefusalError("not today", "rule-1")), "strict")
    with pytest.raises(RefusalError, match="not today") as caught:
        host.hook.judge(n=1)
    assert (caught.value.plugin, caught.value.hook, caught.value.rule) == ("strict", "judge", "rule-1")
    assert host.faults == ()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_meant_for_the_program_is_neither_skipped_nor_recorded(
    host: hyperhost.Host, error: type[BaseException]
) -> None:
    host.register(Broken(error()), "broken")
    with pytest.raises(error):
        host.hook.observe(n=1)
    assert host.faults == ()


def test_a_wrong_argument_is_the_callers_fault_even_of_an_observer(host: hyperhost.Host) -> None:
    echo = Hook("observe", '(param "n" s64) (result s64)', "(param i64) (result i64) (local.get 0)")
    host.load(package(component([echo])))
    with pytest.raises(BadArgumentError, match="argument 'n' is str 'four', expected int"):
        host.hook.observe(n="four")
    assert host.faults == ()
    assert host.plugin("guest").state == "active"


def test_a_fault_of_one_plugin_that_another_runs_into_counts_once(host: hyperhost.Host) -> None:
    class Asking:
        @hyperhost.hookimpl
        def count(self):
            return host.plugin("guest").call("trap")

    host.load(package(component([TRAP])))
    host.register(Asking(), "asking")
    with pytest.raises(TrapError):
        host.hook.count()
    assert [fault.plugin for fault in host.faults] == ["guest"]


def test_figures_of_a_component(host: hyperhost.Host) -> None:
    plugin = host.load(package(component(EVERYTHING, core=CALLS)), limits=hyperhost.Limits(fuel=100_000))
    for _ in range(3):
        plugin.call("count")
    with pytest.raises(TrapError):
        plugin.call("trap")
    stats = plugin.stats
    assert sorted(stats) == ["count", "trap"]
    assert (stats["count"].calls, dict(stats["count"].outcomes)) == (3, {"ok": 3})
    assert dict(stats["trap"].outcomes) == {"HH-TRAP": 1}
    assert 0 < stats["count"].min_ms <= stats["count"].p50_ms <= stats["count"].max_ms
    assert plugin.usage.fuel is not None
    assert plugin.usage.fuel > 0


# --- names and ids ------------------------------------------------------------------------------------------


def test_the_id_of_a_native_plugin() -> None:
    class SecretScan:
        @hyperhost.hookimpl
        def count(self):
            return 1

    class Named(SecretScan):
        plugin_id = "own-choice"
        __version__ = "2.1.0"

    with hyperhost.Host("test", specs=[Small]) as host:
        assert host.register(SecretScan()).id == "secret-scan"
        assert host.register(SecretScan()).id == "secret-scan-2"
        assert host.register(SecretScan(), "given").id == "given"
        named = host.register(Named())
        assert (named.id, named.version) == ("own-choice", "2.1.0")
        assert host.plugin("secret-scan").version == "0.0.0"


def test_an_unknown_plugin_and_the_nearest(host: hyperhost.Host) -> None:
    host.register(Native(), "secret-scan")
    with pytest.raises(PluginNotFoundError, match=r"plugin 'secretscan': is not installed") as caught:
        host.plugin("secretscan")
    assert caught.value.hint == "did you mean 'secret-scan'?"
    with pytest.raises(PluginNotFoundError) as caught:
        host.plugin("zzz")
    assert caught.value.hint == "plugins: secret-scan"


def test_one_id_is_one_plugin(host: hyperhost.Host, tmp_path: Path) -> None:
    native = host.register(Native(), "guest")
    before = snapshot(host)
    with pytest.raises(
        DuplicatePluginError, match=r"is loaded from the program and again from guest.wasm"
    ) as caught:
        host.load(package(answering(1, "count")))
    assert caught.value.plugin == "guest"
    with pytest.raises(DuplicatePluginError, match="again from the program"):
        host.register(Native(), "guest")
    with pytest.raises(DuplicatePluginError, match="is registered already, as 'guest'"):
        host.register(native.object, "other")
    assert snapshot(host) == before
    other = host.load(package(answering(1, "count")), id="other")
    assert other.id == "other"
    path = write_plugin(tmp_path / "other", answering(1, "count"))
    with pytest.raises(DuplicatePluginError, match=f"is loaded from guest.wasm and again from {path}"):
        host.load(path)


# --- hookspecs --------------------------------------------------------------------------------------------


def test_hooks_are_described() -> None:
    class Specs:
        @hyperhost.hookspec(on_fault="skip", service="eyes")
        def look_at(self, x: int) -> str:
            """Look at it.

            More words.
            """

    with hyperhost.Host("test", specs=[Specs]) as host:
        info = host.hooks()["look_at"]
        assert (info.name, info.wit_name, info.on_fault, info.service) == (
            "look_at",
            "look-at",
            "skip",
            "eyes",
        )
        assert (info.firstresult, info.historic, info.raises) == (False, False, None)
        assert info.summary == "Look at it."
        assert info.spec_class is Specs


def test_a_hook_is_declared_once(host: hyperhost.Host) -> None:
    class Again:
        @hyperhost.hookspec
        def count(self) -> int: ...

    class Alike:
        @hyperhost.hookspec
        def storeRead(self) -> int: ...

    before = snapshot(host)
    with pytest.raises(SpecError, match=r"hook 'count' is declared by .*Small.* and again by .*Again"):
        host.add_specs(Again)
    with pytest.raises(SpecError, match="hook 'storeRead' has the same name in WIT as another"):
        host.add_specs(Alike)
    with pytest.raises(SpecError, match="declares no hook"):
        host.add_specs(object)
    assert snapshot(host) == before


def test_specs_may_come_after_plugins(host: hyperhost.Host) -> None:
    class Later:
        @hyperhost.hookspec
        def afterwards(self, x: int) -> int: ...

    class Early:
        @hyperhost.hookimpl
        def afterwards(self, x):
            return x + 1

    host.register(Early(), "early")
    with pytest.raises(pluggy.PluginValidationError, match="unknown hook 'afterwards' in plugin"):
        host.check_pending()
    host.add_specs(Later)
    host.check_pending()
    assert host.hook.afterwards(x=1) == [2]


def test_the_kernels_own_hooks_are_there_unless_others_are_given() -> None:
    with hyperhost.Host() as host:
        assert "storage_get_artifact" in host.hooks()
    with hyperhost.Host(specs=[]) as host:
        assert host.hooks() == {}


# --- all or nothing -----------------------------------------------------------------------------------------


def test_a_native_plugin_that_does_not_fit_leaves_no_trace(host: hyperhost.Host) -> None:
    class Misfit:
        @hyperhost.hookimpl
        def count(self):
            return 1

        @hyperhost.hookimpl
        def unknown_hook(self):
            return 1

        @hyperhost.hookimpl
        def observe(self, n, colour):
            return 1

    host.register(Native(), "good")
    before = snapshot(host)
    with pytest.raises(PluginLoadError, match="colour") as caught:
        host.register(Misfit(), "misfit")
    assert caught.value.plugin == "misfit"
    assert snapshot(host) == before
    host.register(Native(2), "misfit")
    assert host.hook.count() == [2, 1]


CORE_MODULE = b"\0asm\x01\0\0\0"
NO_COMPONENT = b"\0asm\x0d\0\x01\0garbage"


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", CorruptComponentError, "is empty"),
        (b"<html>", CorruptComponentError, "is not WebAssembly"),
        (CORE_MODULE, CoreModuleError, "is a core module, not a component"),
        (NO_COMPONENT, CorruptComponentError, "not a valid component|cannot be read|is damaged"),
        (answering(1, "count")[:-20], CorruptComponentError, "truncated"),
        (answering(1, "unknown"), PluginLoadError, "implements no hook of this host; it exports unknown"),
        (
            component([Hook("count", "(result u8)", "(result i32) (i32.const 1)")]),
            SignatureMismatchError,
            "exports count with another type: the result is u8, the contract says s64",
        ),
        (component([MEETS], meets=True), ImportDeniedError, "imports test:meet/host@1.0.0, which needs"),
    ],
)
def test_a_component_that_cannot_be_loaded_leaves_no_trace(
    host: hyperhost.Host, data: bytes, error: type[Exception], words: str
) -> None:
    host.register(Native(), "good")
    before = snapshot(host)
    with pytest.raises(error, match=words) as caught:
        host.load(package(data))
    assert isinstance(caught.value, PluginLoadError)
    assert snapshot(host) == before
    host.load(package(answering(5, "count")))
    assert host.hook.count() == [5, 1]


def test_an_import_that_nobody_offers(host: hyperhost.Host) -> None:
    unknown = component([MEETS], meets=True).replace(b"test:meet", b"test:meat")
    with pytest.raises(
        LinkError, match=r"imports test:meat/host@1.0.0, which this host does not offer"
    ) as caught:
        host.load(package(unknown))
    assert caught.value.plugin == "guest"
    assert caught.value.hint == "did it mean test:meet/host@1.0.0?"
    stubbed = host.load(package(unknown), stub_denied=True)
    with pytest.raises(CapabilityDeniedError, match=r"called test:meat/host@1.0.0 meet, which"):
        stubbed.call("meet", n=1)


def test_a_manifest_that_names_hooks_wrongly(host: hyperhost.Host, tmp_path: Path) -> None:
    before = snapshot(host)
    path = write_plugin(tmp_path / "scan", answering(1, "count"), hooks='"count", "observe"')
    with pytest.raises(
        SignatureMismatchError, match="names the hook 'observe', but the component does not export"
    ):
        host.load(path)
    path = write_plugin(tmp_path / "scan", answering(1, "count"), hooks='"coumt"')
    with pytest.raises(SignatureMismatchError, match="which this host does not have") as caught:
        host.load(path)
    assert caught.value.hint == "did it mean 'count'?"
    assert snapshot(host) == before


def test_dependencies_come_first_and_in_the_right_version(host: hyperhost.Host, tmp_path: Path) -> None:
    needy = write_plugin(tmp_path / "needy", answering(1, "count"), more='[dependencies]\nbase = "^1.2"\n')
    before = snapshot(host)
    with pytest.raises(DependencyError, match=r"plugin 'needy': needs base \^1.2, but it is not loaded"):
        host.load(needy)
    base = host.load(write_plugin(tmp_path / "base", answering(2, "count"), version="1.1.9"))
    with pytest.raises(DependencyError, match=r"but version 1.1.9 is loaded"):
        host.load(needy)
    base.unload()
    assert snapshot(host) == before
    host.load(write_plugin(tmp_path / "base", answering(2, "count"), version="1.3.0"))
    host.load(needy)
    assert host.hook.count() == [1, 2]
