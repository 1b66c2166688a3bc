"""log, config, env, clock and random."""

from __future__ import annotations

import json
import time

import pytest

from hyperhost.errors import (
    CapabilityDeniedError,
    DeadlineError,
    HostFunctionError,
    OutputLimitError,
)
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.services import MemoryLog, Services
from hyperhost.sandbox.types import function_from_python


def test_every_function_names_a_capability_and_has_wit_types():
    for interface in builtin_interfaces():
        functions = interface.functions()
        assert functions
        for function in functions.values():
            assert not function.unprivileged
            assert function_from_python(function.body.__func__, skip=2, error=function.error)


@pytest.mark.parametrize(
    ("function", "arguments", "capability"),
    [
        ("log.write", ("info", "x"), "log"),
        ("config.get", ("a",), "config"),
        ("config.all", (), "config"),
        ("env.get", ("HOME",), "env:HOME"),
        ("secrets.get", ("db/password",), "secrets:db/password"),
        ("clock.now", (), "clock"),
        ("clock.monotonic", (), "clock"),
        ("clock.sleep", (1,), "clock"),
        ("random.bytes", (1,), "random"),
        ("kv.get", ("a",), "kv"),
        ("kv.set", ("a", b""), "kv"),
        ("kv.delete", ("a",), "kv"),
        ("kv.keys", ("", 1), "kv"),
        ("kv.swap", ("a", None, b""), "kv"),
        ("kv-shared.get", ("notes", "a"), "kv:shared:notes"),
        ("kv-shared.set", ("notes", "a", b""), "kv:shared:notes"),
        ("kv-shared.delete", ("notes", "a"), "kv:shared:notes"),
        ("kv-shared.keys", ("notes", "", 1), "kv:shared:notes"),
        ("kv-shared.swap", ("notes", "a", None, b""), "kv:shared:notes"),
    ],
)
def test_nothing_works_without_its_grant(guest, function, arguments, capability):
    with pytest.raises(CapabilityDeniedError, match=f"'{capability}' is not granted") as caught:
        guest()(function, *arguments)
    assert f"hyperhost plugin grant scan {capability}" in caught.value.hint
    guest(capability)(function, *arguments)


def test_log_line_carries_plugin_hook_and_level(guest, services):
    guest("log")("log.write", "warning", "two\tparts")
    (record,) = services.log.records("scan")
    assert (record.plugin, record.hook, record.level, record.message) == (
        "scan",
        "check_text",
        "warning",
        "two parts",
    )


def test_log_line_cannot_forge_another_line_or_steer_a_terminal(guest, services):
    guest("log")("log.write", "info", "a\r\nERROR b\x1b[31m\x00\x9b\u202ec\u2028d\x7f")
    assert services.log.records()[0].message == "a ERROR b[31mc d"


def test_log_flood_ends_at_the_output_limit(guest):
    flooding = guest("log", output="1kB")
    flooding("log.write", "info", "x" * 999)
    with pytest.raises(OutputLimitError, match="more than 1000 bytes"):
        flooding("log.write", "info", "é")


def test_memory_log_is_bounded_by_lines_and_bytes():
    log = MemoryLog(max_lines=3, max_bytes=10)
    for number in range(5):
        log.write("a", "h", "info", str(number))
    assert [line.message for line in log.records()] == ["2", "3", "4"]
    log.write("b", "h", "info", "x" * 9)
    assert [line.message for line in log.records()] == ["4", "x" * 9]
    assert [line.message for line in log.records("a", 5)] == ["4"]
    assert log.records(limit=0) == []


def test_config_by_key_by_path_and_whole(guest):
    config: dict[str, object] = {"rules": {"max": 3, "names": ["ä"]}, "a.b": 1, "a": {"b": 2}, "none": None}
    asking = guest("config", config=config)
    assert asking("config.get", "rules.max") == "3"
    assert asking("config.get", "rules.names") == '["ä"]'
    assert asking("config.get", "a.b") == "1"
    assert asking("config.get", "none") == "null"
    assert asking("config.get", "rules.missing") is None
    assert asking("config.get", "rules.max.deeper") is None
    assert asking("config.get", "") is None
    assert json.loads(asking("config.all")) == config


def test_env_gives_only_the_granted_variable(guest):
    services = Services(environ={"TOKEN": "t\udcff", "OTHER": "o"})
    asking = guest("env:TOKEN", "env:GONE", services=services)
    assert asking("env.get", "TOKEN") == "t\N{REPLACEMENT CHARACTER}"
    assert asking("env.get", "GONE") is None
    with pytest.raises(CapabilityDeniedError, match="env:OTHER"):
        asking("env.get", "OTHER")
    for wild in ("", "*", "TOKEN\n", "TOKEN:x", "{name}", "TOK*"):
        with pytest.raises(CapabilityDeniedError):
            asking("env.get", wild)


class StillClock:
    """Moves only when slept on."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ns += round(seconds * 1e9)


def test_time_comes_from_the_hosts_clock(guest):
    clock = StillClock()
    asking = guest("clock", services=Services(clock=clock))
    asking("clock.sleep", 1500)
    assert asking("clock.now") == asking("clock.monotonic") == 2_500_000_000
    assert clock.slept == [1.5]


def test_sleep_ends_at_the_deadline(guest):
    sleeping = guest("clock", deadline="100ms")
    began = time.monotonic()
    with pytest.raises(DeadlineError, match="deadline of 100 ms"):
        sleeping("clock.sleep", 4_000_000_000)
    assert 0.09 < time.monotonic() - began < 0.5


def test_sleep_of_nothing_returns(guest):
    guest("clock")("clock.sleep", 0)


def test_random_bytes_differ_and_are_bounded(guest):
    drawing = guest("random")
    assert len(drawing("random.bytes", 65536)) == 65536
    assert drawing("random.bytes", 16) != drawing("random.bytes", 16)
    assert drawing("random.bytes", 0) == b""
    for wild in (65537, 2**32 - 1, -1):
        with pytest.raises(HostFunctionError, match="0 to 65536 a call") as caught:
            drawing("random.bytes", wild)
        assert (caught.value.plugin, caught.value.hook) == ("scan", "check_text")


def test_random_source_can_be_replaced(guest):
    assert guest("random", services=Services(random=lambda count: b"7" * count))("random.bytes", 3) == b"777"
