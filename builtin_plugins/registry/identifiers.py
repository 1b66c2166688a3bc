"""Ids of artifacts and namespaces."""

from __future__ import annotations

import os
import threading
import uuid
from typing import Final

__all__ = ["uuid7"]

_LOCK = threading.Lock()
_LAST = [0]
_BITS: Final = 74
"""Random bits of a UUIDv7: 12 behind the version, 62 behind the variant."""
_BACK_MS: Final = 10_000
"""A clock that goes back by no more than this is counted on over; behind that, the time is meant so."""


def uuid7(at_us: int) -> str:
    """A UUIDv7 (RFC 9562) of a moment; later ones of one process sort behind earlier ones.

    Args:
        at_us: The moment, in microseconds since 1970; what does not fit into 48 bits of milliseconds is
            cut off.
    """
    milliseconds = (at_us // 1000) & (1 << 48) - 1
    number = milliseconds << _BITS | int.from_bytes(os.urandom(10), "big") >> (80 - _BITS)
    with _LOCK:
        # Section 6.2, method 2: within a millisecond, or when the clock went back a little, count on.
        last = _LAST[0]
        if last - (_BACK_MS << _BITS) <= number <= last:
            number = last + 1 & (1 << 48 + _BITS) - 1
        _LAST[0] = number
    milliseconds, random = number >> _BITS, number & (1 << _BITS) - 1
    high = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64
    return str(uuid.UUID(int=high | 0b10 << 62 | random & (1 << 62) - 1))
