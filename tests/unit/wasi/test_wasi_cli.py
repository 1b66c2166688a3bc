"""Environment, exit and standard streams."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hyperhost.contracts.limits import Limits
from hyperhost.errors import DeadlineError, OutputLimitError, SandboxError
from hyperhost.sandbox.services import MemoryLog, Services
from hyperhost.sandbox.wasi.handles import drop
from hyperhost.sandbox.wasi.io import CLOSED

WRITE = "[method]output-stream.blocking-write-and-flush"


def test_only_granted_variables_are_told(make_guest: Callable[..., Any]) -> None:
    environ = {"APP_A": "1", "APP_B": "zwei", "HOME": "/home/ada", "SECRET": "x", "odd name": "y", "": "z"}
    guest = make_guest("env:APP_*", "env:HOME", "env:MISSING", services=Services(environ=environ))
    told = guest.call("cli/environment", "get-environment")
    assert told == [("APP_A", "1"), ("APP_B", "zwei"), ("HOME", "/home/ada")]
    guest.grants.revoke("env:HOME")
    assert ("HOME", "/home/ada") not in guest.call("cli/environment", "get-environment")
    guest.grants.revoke("env:APP_*")
    guest.grants.revoke("env:MISSING")
    assert guest.call("cli/environment", "get-environment") == []


def test_variables_that_are_not_utf8_can_be_told(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("env:*", services=Services(environ={"A": "caf\udce9"}))
    assert guest.call("cli/environment", "get-environment") == [("A", "caf\ufffd")]


def test_how_the_host_was_started_is_not_told(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("env:*")
    assert guest.call("cli/environment", "get-arguments") == []
    assert guest.call("cli/environment", "initial-cwd") is None


@pytest.mark.parametrize(("status", "number"), [((True, None), 0), ((False, None), 1)])
def test_exit_ends_the_call_with_its_status(make_guest: Callable[..., Any], status: Any, number: int) -> None:
    with pytest.raises(SandboxError, match=rf"the component called exit\({number}\)") as caught:
        make_guest().call("cli/exit", "exit", status)
    assert (caught.value.plugin, caught.value.hook) == ("p", "check")
    with pytest.raises(SandboxError, match=r"called exit\(77\)"):
        make_guest().call("cli/exit", "exit-with-code", 77)


def test_standard_input_is_at_its_end(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    stdin = guest.call("cli/stdin", "get-stdin")
    for name in ("read", "blocking-read", "skip", "blocking-skip"):
        assert guest.refusal("io/streams", f"[method]input-stream.{name}", stdin, 10) == CLOSED


def test_there_is_no_terminal(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    for name in ("stdin", "stdout", "stderr"):
        assert guest.call(f"cli/terminal-{name}", f"get-terminal-{name}") is None


def test_output_is_logged_line_by_line(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    out = guest.call("cli/stdout", "get-stdout")
    err = guest.call("cli/stderr", "get-stderr")
    guest.call("io/streams", WRITE, out, b"one\n\ntw")
    guest.call("io/streams", WRITE, err, b"bad\r\n")
    assert guest.lines("info") == ["one"]
    assert guest.lines("warning") == ["bad"]
    guest.call("io/streams", WRITE, guest.call("cli/stdout", "get-stdout"), b"o\nrest")
    assert guest.lines("info") == ["one", "two"]
    guest.close()
    assert guest.lines("info") == ["one", "two", "rest"]


def test_dropping_the_stream_ends_the_line(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    out = guest.call("cli/stdout", "get-stdout")
    guest.call("io/streams", WRITE, out, b"last words")
    drop(guest.running, out)
    assert guest.lines("info") == ["last words"]


def test_output_cannot_forge_log_lines_or_steer_a_terminal(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    out = guest.call("cli/stdout", "get-stdout")
    guest.call("io/streams", WRITE, out, b"a\x1b[2Jb\xe2\x80\xaec\r2026 root ok\tx\xff\n")
    (line,) = guest.lines("info")
    assert line == "a[2Jbc2026 root ok x\ufffd"


def test_a_line_without_end_is_logged_in_pieces(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    out = guest.call("cli/stdout", "get-stdout")
    for _ in range(5):
        guest.call("io/streams", WRITE, out, b"x" * 4096)
    assert [len(line) for line in guest.lines("info")] == [8192, 8192]


def test_flooding_the_log_stops_at_the_output_limit(make_guest: Callable[..., Any]) -> None:
    guest = make_guest(limits=Limits(output=10))
    for name in ("stdout", "stderr"):
        stream = guest.call(f"cli/{name}", f"get-{name}")
        guest.new_call()
        guest.call("io/streams", WRITE, stream, b"123456789\n")
        with pytest.raises(OutputLimitError, match="more than 10 bytes"):
            guest.call("io/streams", WRITE, stream, b"x")


def test_a_flood_of_lines_in_one_write_stops_at_the_deadline(make_guest: Callable[..., Any]) -> None:
    class SlowLog(MemoryLog):
        def write(self, plugin: str, hook: str, level: str, message: str) -> None:
            time.sleep(0.001)

    guest = make_guest(limits=Limits(deadline="50ms"), services=Services(log=SlowLog()))
    out = guest.call("cli/stdout", "get-stdout")
    with pytest.raises(DeadlineError, match="deadline of 50 ms"):
        guest.call("io/streams", WRITE, out, b"x\n" * 10_000)


def test_a_line_belongs_to_the_hook_that_wrote_it_last(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    out = guest.call("cli/stdout", "get-stdout")
    guest.call("io/streams", WRITE, out, b"begun ")
    guest.new_call()
    guest.running.hook = "other"
    guest.call("io/streams", WRITE, out, b"done\n")
    (record,) = guest.log.records("p")
    assert (record.hook, record.message) == ("other", "begun done")
