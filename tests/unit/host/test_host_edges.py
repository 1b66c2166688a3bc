"""The edges of a host: what plugins may do, odd files and ids, and the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from echo_components import package
from small_components import (
    MEETS,
    Meeting,
    Small,
    answering,
    component,
    write_plugin,
)

import hyperhost
from hyperhost.demo.specs import Checks
from hyperhost.errors import (
    CapabilityDeniedError,
    GrantError,
    PluginLoadError,
    PluginStateError,
    SpecError,
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


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()]) as made:
        yield made


# --- permissions -----------------------------------------------------------------------------------------


def test_grants_bind_the_next_call(host: hyperhost.Host) -> None:
    plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"])
    assert plugin.granted == ("meet",)
    assert plugin.call("meet", n=3) == 3
    plugin.revoke("meet")
    assert plugin.granted == ()
    with pytest.raises(CapabilityDeniedError, match="capability 'meet' is not granted") as caught:
        plugin.call("meet", n=3)
    assert "hyperhost plugin grant guest meet" in caught.value.hint
    plugin.grant("meet")
    assert plugin.call("meet", n=3) == 3


def test_a_manifest_bounds_what_can_be_granted(host: hyperhost.Host, tmp_path: Path) -> None:
    path = write_plugin(tmp_path / "scan", answering(1, "count"))
    with pytest.raises(GrantError, match="never asked for it"):
        host.load(path, grants=["meet"])
    assert host.plugins == {}
    asking = '[[capabilities.required]]\nname = "meet"\nreason = "to meet"\n'
    plugin = host.load(
        write_plugin(tmp_path / "scan", component([MEETS], meets=True), more=asking), grants=["meet"]
    )
    assert (plugin.requested, plugin.granted) == (("meet",), ("meet",))


def test_learn_mode_notes_what_is_reached_for(host: hyperhost.Host) -> None:
    plugin = host.load(package(component([MEETS], meets=True)), learn=True)
    with pytest.raises(CapabilityDeniedError):
        plugin.call("meet", n=3)
    assert plugin.reached == ("meet",)
    assert plugin.granted == ()


def test_native_plugins_are_granted_nothing(host: hyperhost.Host) -> None:
    plugin = host.register(Native(), "native")
    for change in (plugin.grant, plugin.revoke):
        with pytest.raises(GrantError, match="is a native plugin, which may do anything"):
            change("log")
    assert (plugin.requested, plugin.granted, plugin.reached) == ((), (), ())


def test_an_interface_may_be_added_later() -> None:
    with hyperhost.Host("test", specs=[Small]) as host:
        host.add_interface(Meeting(lambda call, n: n + 100))
        plugin = host.load(package(component([MEETS], meets=True)), grants=["meet"])
        assert plugin.call("meet", n=1) == 101
        with pytest.raises(SpecError, match=r"host interface test:meet/host@1.0.0 exists already"):
            host.add_interface(Meeting())


def test_a_host_function_knows_who_calls(host: hyperhost.Host) -> None:
    seen: list[Any] = []

    def look(call: hyperhost.Call, n: int) -> int:
        seen.append(
            (call.plugin, call.hook, dict(call.config), call.remaining_s() > 0, call.limits.host_calls)
        )
        return n

    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting(look)]) as own:
        limits = hyperhost.Limits(host_calls=5)
        plugin = own.load(
            package(component([MEETS], meets=True)), grants=["meet"], config={"a": 1}, limits=limits
        )
        plugin.call("meet", n=1)
    assert seen == [("guest", "meet", {"a": 1}, True, 5)]


# --- the end -----------------------------------------------------------------------------------------------


def test_a_closed_host_takes_no_more_plugins() -> None:
    host = hyperhost.Host("test", specs=[Small])
    plugin = host.register(Native(), "native")
    component_plugin = host.load(package(answering(1, "count")))
    host.close()
    host.close()
    assert (plugin.state, component_plugin.state) == ("uninstalled", "uninstalled")
    assert host.plugins == {}
    with pytest.raises(PluginStateError, match="the host is closed"):
        host.hook.count()
    with pytest.raises(PluginStateError, match="host 'test' is closed"):
        host.register(Native(), "again")
    with pytest.raises(PluginStateError, match="host 'test' is closed"):
        host.load(package(answering(1, "count")))


def test_a_host_that_cannot_be_made_leaves_nothing_open(tmp_path: Path) -> None:
    class Bad:
        @hyperhost.hookspec
        def check(self, x: set[int]) -> None: ...

    with pytest.raises(SpecError):
        hyperhost.Host("test", specs=[Bad], home=tmp_path / "home")
    with hyperhost.Host("test", specs=[Small], home=tmp_path / "home") as host:
        assert host.hook.count() == []


@pytest.mark.parametrize("plugin_id", ["../x", "", "A", "a b", "a\x1b[31m", "a" * 65, "a\n", "é"])
def test_an_id_that_is_none_is_refused(plugin_id: str) -> None:
    guests = Path(hyperhost.__file__).parent / "demo" / "guests"
    with hyperhost.Host("ids", specs=[Checks]) as host:
        with pytest.raises(PluginLoadError, match="is no plugin id"):
            host.load(guests / "license_scan.wasm", id=plugin_id)
        assert host.plugins == {}


# --- files ---


def test_a_file_that_is_not_there(host: hyperhost.Host, tmp_path: Path) -> None:
    with pytest.raises(PluginLoadError, match="is not there"):
        host.load(tmp_path / "none.wasm")


def test_a_lone_file_is_named_after_itself(host: hyperhost.Host, tmp_path: Path) -> None:
    path = tmp_path / "Secret_Scan.wasm"
    path.write_bytes(answering(4, "count"))
    plugin = host.load(str(path))
    assert (plugin.id, plugin.version, plugin.source) == ("secret-scan", "0.0.0", path)
    assert plugin.digest.startswith("sha256:")
    assert plugin.hooks == ("count",)
    assert host.hook.count() == [4]
