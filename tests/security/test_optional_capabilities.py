"""What a plugin says it works without does not keep it from being loaded, and is refused all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

import hyperhost
from hyperhost.errors import CapabilityDeniedError, GrantError, ImportDeniedError


class Hooks:
    @hyperhost.hookspec
    def when(self, ask: bool) -> int:
        """Tell the time, or 7."""


COMPONENT = """(component
  (import "hyperhost:host/clock@1.0.0" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (func (export "when") (param i32) (result i64)
      (if (result i64) (local.get 0) (then (call $now)) (else (i64.const 7)))))
  (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
  (func (export "when") (param "ask" bool) (result s64) (canon lift (core func $i "when"))))"""


def package(directory: Path, *asks: str) -> Path:
    lines = ["[plugin]", 'id = "acme-when"', 'version = "1.0.0"', 'component = "plugin.wat"']
    for group in asks:
        lines += [f"[[capabilities.{group}]]", 'name = "clock"', 'reason = "tells the time"']
    (directory / "plugin.toml").write_text("\n".join(lines) + "\n")
    (directory / "plugin.wat").write_text(COMPONENT)
    return directory


@pytest.fixture
def host():
    with hyperhost.Host("test", specs=[Hooks]) as host:
        yield host


def test_an_optional_capability_that_is_not_granted_is_refused_when_it_is_used(host, tmp_path):
    plugin = host.load(package(tmp_path, "optional"))
    assert plugin.call("when", ask=False) == 7
    with pytest.raises(CapabilityDeniedError, match="clock") as caught:
        plugin.call("when", ask=True)
    assert "hyperhost plugin grant acme-when clock" in caught.value.hint


def test_granting_it_binds_the_next_call_and_revoking_the_one_after(host, tmp_path):
    plugin = host.load(package(tmp_path, "optional"))
    plugin.grant("clock")
    assert plugin.call("when", ask=True) > 10**15
    plugin.revoke("clock")
    with pytest.raises(CapabilityDeniedError):
        plugin.call("when", ask=True)


def test_a_required_capability_that_is_not_granted_still_keeps_it_out(host, tmp_path):
    with pytest.raises(ImportDeniedError, match="needs the capability clock"):
        host.load(package(tmp_path, "required"))
    assert host.plugins == {}


def test_what_is_not_asked_for_at_all_still_keeps_it_out(host, tmp_path):
    with pytest.raises(GrantError, match="never asked for it"):
        host.load(package(tmp_path), grants=["clock"])
    with pytest.raises(ImportDeniedError, match="needs the capability clock"):
        host.load(tmp_path)
