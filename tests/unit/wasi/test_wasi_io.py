"""Polling and streams: nothing outlives the deadline, nothing moves uncounted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from hyperhost.contracts.limits import Limits
from hyperhost.errors import DeadlineError, HostBytesLimitError, SandboxError, TrapError
from hyperhost.sandbox.services import Services
from hyperhost.sandbox.wasi.handles import state_of
from hyperhost.sandbox.wasi.io import CLOSED, MAX_CHUNK, OutputStream

NEVER = 2**64 - 1


class Brittle(OutputStream):
    def write(self, call, data) -> None:  # type: ignore[no-untyped-def]
        raise OSError(28, "No space left on device")


class Kept(OutputStream):
    def __init__(self) -> None:
        self.data = b""

    def write(self, call, data) -> None:  # type: ignore[no-untyped-def]
        self.data += data


def test_a_pollable_is_ready_when_its_moment_has_come(
    make_guest: Callable[..., Any], still_clock: Any
) -> None:
    guest = make_guest("clock", services=Services(clock=still_clock))
    pollable = guest.call("clocks/monotonic-clock", "subscribe-duration", 2_000)
    assert guest.call("io/poll", "[method]pollable.ready", pollable) is False
    guest.call("io/poll", "[method]pollable.block", pollable)
    assert guest.call("io/poll", "[method]pollable.ready", pollable) is True
    assert still_clock.passed_ns == 7_000


def test_poll_returns_all_that_are_ready_and_waits_for_the_first(
    make_guest: Callable[..., Any], still_clock: Any
) -> None:
    guest = make_guest("clock", services=Services(clock=still_clock))
    now = guest.call("clocks/monotonic-clock", "now")
    later = [
        guest.call("clocks/monotonic-clock", "subscribe-instant", now + ahead)
        for ahead in (10**9, 3_000, 10**9, 3_000)
    ]
    assert guest.call("io/poll", "poll", later) == [1, 3]
    stream = guest.call("cli/stdin", "get-stdin")
    ready = guest.call("io/streams", "[method]input-stream.subscribe", stream)
    assert guest.call("io/poll", "poll", [later[0], ready]) == [1]
    assert still_clock.passed_ns == now + 3_000


def test_polling_nothing_is_a_trap(make_guest: Callable[..., Any]) -> None:
    with pytest.raises(TrapError, match="polled an empty list"):
        make_guest().call("io/poll", "poll", [])


@pytest.mark.parametrize("how", ["block", "poll"])
def test_sleeping_for_ever_ends_at_the_deadline(make_guest: Callable[..., Any], how: str) -> None:
    guest = make_guest("clock", limits=Limits(deadline="60ms"))
    pollable = guest.call("clocks/monotonic-clock", "subscribe-duration", NEVER)
    started = time.monotonic()
    name, waited_for = ("poll", [pollable] * 2) if how == "poll" else ("[method]pollable.block", pollable)
    with pytest.raises(DeadlineError, match="deadline of 60 ms"):
        guest.call("io/poll", name, waited_for)
    assert time.monotonic() - started < 5


def test_a_sleeping_guest_does_not_hold_up_another(make_guest: Callable[..., Any]) -> None:
    sleeper, other = make_guest("clock", limits=Limits(deadline="5s")), make_guest("clock")
    pollable = sleeper.call("clocks/monotonic-clock", "subscribe-duration", 300_000_000)
    thread = threading.Thread(target=sleeper.call, args=("io/poll", "[method]pollable.block", pollable))
    thread.start()
    for _ in range(100):
        other.call("clocks/wall-clock", "now")
    assert thread.is_alive()
    thread.join()


def test_a_forged_handle_ends_the_guest(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    with pytest.raises(SandboxError, match="handle 99, which is no open pollable"):
        guest.call("io/poll", "[method]pollable.ready", 99)
    stdin = guest.call("cli/stdin", "get-stdin")
    with pytest.raises(SandboxError, match="no open output-stream"):
        guest.call("io/streams", "[method]output-stream.write", stdin, b"x")


def test_a_failed_write_reports_its_error_once_and_closes_the_stream(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    stream = state_of(guest.running).handles.allocate(Brittle())
    case, error = guest.refusal("io/streams", "[method]output-stream.write", stream, b"x")
    assert case == "last-operation-failed"
    assert "No space left" in guest.call("io/error", "[method]error.to-debug-string", error)
    assert guest.call("filesystem/types", "filesystem-error-code", error) == "insufficient-space"
    for name in ("check-write", "flush", "blocking-flush"):
        assert guest.refusal("io/streams", f"[method]output-stream.{name}", stream) == CLOSED
    assert guest.refusal("io/streams", "[method]output-stream.write", stream, b"x") == CLOSED


def test_a_write_beyond_its_permit_is_a_trap(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    stream = state_of(guest.running).handles.allocate(Kept())
    permit = guest.call("io/streams", "[method]output-stream.check-write", stream)
    assert permit == MAX_CHUNK
    with pytest.raises(TrapError, match="check-write allows"):
        guest.call("io/streams", "[method]output-stream.write", stream, bytes(permit + 1))
    with pytest.raises(TrapError, match="check-write allows"):
        guest.call("io/streams", "[method]output-stream.write-zeroes", stream, NEVER)


def test_zeroes_are_written_and_counted(make_guest: Callable[..., Any]) -> None:
    guest = make_guest(limits=Limits(host_bytes=100))
    kept = Kept()
    stream = state_of(guest.running).handles.allocate(kept)
    guest.call("io/streams", "[method]output-stream.blocking-write-zeroes-and-flush", stream, 100)
    assert kept.data == bytes(100)
    with pytest.raises(HostBytesLimitError, match="more than 100 bytes"):
        guest.call("io/streams", "[method]output-stream.write-zeroes", stream, 1)


def test_splicing_from_a_closed_stream_says_closed_and_leaves_the_sink_usable(
    make_guest: Callable[..., Any],
) -> None:
    guest = make_guest()
    kept = Kept()
    sink = state_of(guest.running).handles.allocate(kept)
    stdin = guest.call("cli/stdin", "get-stdin")
    for name in ("splice", "blocking-splice"):
        assert guest.refusal("io/streams", f"[method]output-stream.{name}", sink, stdin, 10) == CLOSED
    guest.call("io/streams", "[method]output-stream.write", sink, b"on")
    assert kept.data == b"on"
