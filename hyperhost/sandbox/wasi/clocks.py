"""``wasi:clocks``: the time, and pollables for later moments, under the capability ``clock``."""

from __future__ import annotations

from typing import ClassVar, Final

from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction
from hyperhost.sandbox.wasi.handles import state_of
from hyperhost.sandbox.wasi.io import Pollable

__all__ = ["MonotonicClockInterface", "WallClockInterface", "datetime_of"]

_NS: Final = 1_000_000_000
_RESOLUTION_NS: Final = 1


def datetime_of(time_ns: int) -> dict[str, int]:
    """A ``datetime`` record from nanoseconds since 1970; earlier times become 1970."""
    seconds, nanoseconds = divmod(max(time_ns, 0), _NS)
    return {"seconds": seconds, "nanoseconds": nanoseconds}


class WallClockInterface(HostInterface):
    """``wasi:clocks/wall-clock``."""

    name: ClassVar[str] = "wasi:clocks/wall-clock"
    capability: ClassVar[str] = "clock"
    typed: ClassVar[bool] = False

    @hostfunction(requires="clock")
    def now(self, call: Call) -> dict[str, int]:
        """The date and time (UTC)."""
        return datetime_of(call.services.clock.now_ns())

    @hostfunction(requires="clock")
    def resolution(self, call: Call) -> dict[str, int]:
        """The step of the clock."""
        return datetime_of(_RESOLUTION_NS)


class MonotonicClockInterface(HostInterface):
    """``wasi:clocks/monotonic-clock``."""

    name: ClassVar[str] = "wasi:clocks/monotonic-clock"
    capability: ClassVar[str] = "clock"
    typed: ClassVar[bool] = False

    @hostfunction(requires="clock")
    def now(self, call: Call) -> int:
        """Nanoseconds of a clock that never goes back."""
        return call.services.clock.monotonic_ns()

    @hostfunction(requires="clock")
    def resolution(self, call: Call) -> int:
        """The step of the clock in nanoseconds."""
        return _RESOLUTION_NS

    @hostfunction(requires="clock")
    def subscribe_instant(self, call: Call, when_ns: int) -> int:
        """A pollable that is ready at ``when_ns`` of this clock."""
        return state_of(call).handles.allocate(Pollable(when_ns))

    @hostfunction(requires="clock")
    def subscribe_duration(self, call: Call, duration_ns: int) -> int:
        """A pollable that is ready ``duration_ns`` from now."""
        return state_of(call).handles.allocate(Pollable(call.services.clock.monotonic_ns() + duration_ns))
