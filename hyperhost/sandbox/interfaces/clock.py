"""``hyperhost:host/clock``: wall time, a steady clock, and waiting within the deadline."""

from __future__ import annotations

from typing import ClassVar

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.contracts.types import U32, U64
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction

__all__ = ["ClockInterface"]


class ClockInterface(HostInterface):
    """Reads the host's clock."""

    name: ClassVar[str] = f"hyperhost:host/clock@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "clock"

    @hostfunction(requires="clock")
    def now(self, call: Call) -> U64:
        """Nanoseconds since 1970-01-01 00:00 UTC."""
        return call.services.clock.now_ns()

    @hostfunction(requires="clock")
    def monotonic(self, call: Call) -> U64:
        """Nanoseconds of a clock that never goes back; only differences mean anything."""
        return call.services.clock.monotonic_ns()

    @hostfunction(requires="clock")
    def sleep(self, call: Call, ms: U32) -> None:
        """Wait ``ms`` milliseconds, or until the call's deadline, whichever comes first.

        Raises:
            DeadlineError: the deadline came first.
        """
        clock = call.services.clock
        end_ns = clock.monotonic_ns() + ms * 1_000_000
        while (left_ns := end_ns - clock.monotonic_ns()) > 0:
            clock.sleep(min(left_ns / 1e9, call.remaining_s()))
