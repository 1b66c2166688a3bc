"""What a native plugin is given when it starts, and that it is stopped once."""

from __future__ import annotations

import pytest

import hyperhost
from hyperhost.config import read_config
from hyperhost.errors import PluginLoadError, PluginStateError


class Specs:
    @hyperhost.hookspec
    def answer(self) -> str:
        """Answer."""


class Recorder:
    def __init__(self) -> None:
        self.told = []

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        self.told.append("start")
        self.context = context

    def plugin_stop(self) -> None:
        self.told.append("stop")

    @hyperhost.hookimpl
    def answer(self) -> str:
        return f"{self.context.id} in {self.context.home}"


def test_a_plugin_knows_its_place_before_its_first_call(tmp_path):
    config = read_config(b'[plugins.recorder.config]\nurl = "here"\n', tmp_path / "hyperhost.toml")
    plugin = Recorder()
    with hyperhost.Host("test", specs=[Specs], home=tmp_path, config=config) as host:
        host.register(plugin, "recorder")
        assert host.hook.answer() == [f"recorder in {tmp_path}"]
        assert dict(plugin.context.config) == {"url": "here"}
        assert plugin.context.hook.answer() == host.hook.answer()
        assert plugin.context.data == tmp_path / "data" / "recorder"
        assert plugin.context.data.stat().st_mode & 0o777 == 0o700
        plugin.context.log("info", "hello")
        assert [line.message for line in host.state.logs("recorder")] == ["hello"]
    assert plugin.told == ["start", "stop"]


def test_being_switched_off_and_on_starts_it_only_once():
    plugin = Recorder()
    with hyperhost.Host("test", specs=[Specs]) as host:
        handle = host.register(plugin)
        handle.deactivate()
        handle.activate()
        handle.unload()
        assert plugin.told == ["start", "stop"]


def test_later_plugins_are_stopped_first():
    stopped = []

    class Named(Recorder):
        def plugin_stop(self) -> None:
            stopped.append(self.context.id)

    with hyperhost.Host("test", specs=[Specs]) as host:
        host.register(Named(), "first")
        host.register(Named(), "second")
    assert stopped == ["second", "first"]


def test_a_plugin_that_cannot_start_leaves_no_trace():
    class Broken(Recorder):
        def plugin_start(self, context: hyperhost.PluginContext) -> None:
            raise RuntimeError("no disk")

    with hyperhost.Host("test", specs=[Specs]) as host:
        with pytest.raises(PluginLoadError, match="its plugin_start failed: RuntimeError: no disk"):
            host.register(Broken(), "broken")
        assert host.plugins == {}
        assert host.hook.answer() == []


def test_a_plugin_that_does_not_fit_is_stopped_again():
    class Misfit(Recorder):
        @hyperhost.hookimpl
        def answer(self, question: str) -> str:
            return question

    plugin = Misfit()
    with hyperhost.Host("test", specs=[Specs]) as host:
        with pytest.raises(PluginLoadError, match="question"):
            host.register(plugin, "misfit")
        assert plugin.told == ["start", "stop"]


def test_a_plugin_that_fails_to_stop_is_recorded_and_gone():
    class Stuck(Recorder):
        def plugin_stop(self) -> None:
            raise RuntimeError("busy")

    with hyperhost.Host("test", specs=[Specs]) as host:
        host.register(Stuck(), "stuck").unload()
        assert host.plugins == {}
        [fault] = host.faults
        assert fault.plugin == "stuck"
        assert "its plugin_stop failed: RuntimeError: busy" in fault.message


def test_data_without_a_home_is_refused():
    plugin = Recorder()
    with hyperhost.Host("test", specs=[Specs]) as host:
        host.register(plugin)
        with pytest.raises(PluginStateError, match="no home directory"):
            plugin.context.data  # noqa: B018 - the property refuses


def test_what_a_plugin_must_not_raise_it_can_report():
    plugin = Recorder()
    with hyperhost.Host("test", specs=[Specs]) as host:
        host.register(plugin, "recorder")
        plugin.context.fault("answer", RuntimeError("disk full"))
        [fault] = host.faults
        assert (fault.plugin, fault.hook) == ("recorder", "answer")
        assert "disk full" in fault.message


def test_asking_which_hooks_it_has_runs_no_property_of_a_plugin():
    class Lazy(Recorder):
        @property
        def store(self) -> str:
            raise AssertionError("opened")

    with hyperhost.Host("test", specs=[Specs]) as host:
        assert host.register(Lazy()).hooks == ("answer",)
