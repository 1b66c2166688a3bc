"""A native plugin brings a component along: it comes with it, holds nothing, and goes with it."""

from __future__ import annotations

import pytest
from small_components import MEETS, TRAP, Meeting, Small, answering, component, write_plugin

import hyperhost
from hyperhost.errors import DuplicatePluginError, ImportDeniedError, PluginStateError


class Bringing:
    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        self.context = context


@pytest.fixture
def bringing():
    plugin = Bringing()
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()]) as host:
        host.register(plugin, "bringing")
        plugin.host = host
        yield plugin


def test_a_part_answers_and_is_unloaded_with_its_plugin(bringing, tmp_path):
    part = bringing.context.load(write_plugin(tmp_path / "counter", answering(7, "count")))
    assert part.id == "counter"
    assert bringing.host.hook.count() == [7]
    bringing.host.plugin("bringing").unload()
    assert list(bringing.host.plugins) == []
    assert bringing.host.hook.count() == []


def test_a_part_gets_no_capability(bringing, tmp_path):
    needs = '[[capabilities.required]]\nname = "meet"\nreason = "r"\n'
    folder = write_plugin(tmp_path / "asks", component([MEETS], meets=True), more=needs)
    with pytest.raises(ImportDeniedError, match="meet"):
        bringing.context.load(folder)
    assert list(bringing.host.plugins) == ["bringing"]


def test_a_part_never_rests(bringing, tmp_path):
    part = bringing.context.load(write_plugin(tmp_path / "traps", component([TRAP])))
    for _ in range(10):
        with pytest.raises(hyperhost.errors.TrapError):
            bringing.host.hook.trap()
    assert part.state == "active"
    assert len(bringing.host.faults) == 10


def test_a_part_that_was_unloaded_already_is_no_trouble(bringing, tmp_path):
    folder = write_plugin(tmp_path / "counter", answering(7, "count"))
    bringing.context.load(folder).unload()
    bringing.context.load(folder)
    with pytest.raises(DuplicatePluginError):
        bringing.context.load(folder)
    bringing.host.plugin("bringing").unload()
    assert list(bringing.host.plugins) == []


def test_a_context_without_a_host_loads_nothing(tmp_path):
    context = hyperhost.PluginContext("alone", None)
    with pytest.raises(PluginStateError, match="loads a component without a host"):
        context.load(tmp_path)
