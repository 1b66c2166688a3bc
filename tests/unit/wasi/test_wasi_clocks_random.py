"""Clocks and random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hyperhost.contracts.limits import Limits
from hyperhost.errors import CapabilityDeniedError, HostBytesLimitError
from hyperhost.sandbox.services import Services


def test_the_clocks_tell_the_hosts_time(make_guest: Callable[..., Any], still_clock: Any) -> None:
    guest = make_guest("clock", services=Services(clock=still_clock))
    assert guest.call("clocks/wall-clock", "now") == {"seconds": 1_700_000_000, "nanoseconds": 123_456_789}
    assert guest.call("clocks/wall-clock", "resolution") == {"seconds": 0, "nanoseconds": 1}
    assert guest.call("clocks/monotonic-clock", "now") == 5_000
    assert guest.call("clocks/monotonic-clock", "resolution") == 1


def test_a_time_before_1970_becomes_1970(make_guest: Callable[..., Any], still_clock: Any) -> None:
    still_clock.time_ns = -5
    guest = make_guest("clock", services=Services(clock=still_clock))
    assert guest.call("clocks/wall-clock", "now") == {"seconds": 0, "nanoseconds": 0}


def test_revoking_the_clock_binds_the_next_look_at_it(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("clock")
    guest.call("clocks/wall-clock", "now")
    guest.grants.revoke("clock")
    with pytest.raises(CapabilityDeniedError, match="'clock' is not granted"):
        guest.call("clocks/wall-clock", "now")
    with pytest.raises(CapabilityDeniedError, match="'clock' is not granted"):
        guest.call("clocks/monotonic-clock", "subscribe-duration", 1)


def test_random_bytes_come_from_the_hosts_source(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("random", services=Services(random=lambda count: bytes(range(count))))
    assert guest.call("random/random", "get-random-bytes", 3) == b"\x00\x01\x02"
    assert guest.call("random/insecure", "get-insecure-random-bytes", 0) == b""
    assert guest.call("random/random", "get-random-u64") == 0x0706050403020100
    assert guest.call("random/insecure", "get-insecure-random-u64") == 0x0706050403020100
    assert guest.call("random/insecure-seed", "insecure-seed") == (0x0706050403020100,) * 2


def test_random_numbers_differ(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("random")
    assert len({guest.call("random/random", "get-random-u64") for _ in range(100)}) == 100


@pytest.mark.parametrize("length", [101, 2**32, 2**64 - 1])
def test_asking_for_huge_random_data_is_refused_before_it_takes_memory(
    make_guest: Callable[..., Any], length: int
) -> None:
    guest = make_guest("random", limits=Limits(host_bytes=100))
    for interface, name in (
        ("random/random", "get-random-bytes"),
        ("random/insecure", "get-insecure-random-bytes"),
    ):
        with pytest.raises(HostBytesLimitError, match=f"asked for {length} random bytes"):
            guest.call(interface, name, length)
