"""How much linear memory guests of this process occupy, from the operating system.

The C API of components gives no access to a guest's memory. wasmtime reserves address space for
each linear memory and makes the part in use accessible, so a memory shows up in
``/proc/self/maps`` as accessible ranges between two inaccessible ones: a guard of 32 MiB before,
and behind it what is left of the reserved 4 GiB. Reading it costs about 0.2 ms and happens only
after a trap or when a measurement was asked for. Linux only; elsewhere the answer is ``None``.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["guest_memory_bytes"]

_RESERVATION = 4 * 1024**3
_GUARD = 32 * 1024**2
_MAPS = Path("/proc/self/maps")


def guest_memory_bytes() -> int | None:
    """Bytes of the largest linear memory that is alive in this process, or ``None`` if unknown."""
    try:
        lines = _MAPS.read_text().splitlines()
    except OSError:
        return None
    largest = None
    base = previous_end = 0  # where a memory may have begun; 0 when outside of one
    for line in lines:
        span, permissions, *_ = line.split(maxsplit=2)
        start, end = (int(part, 16) for part in span.split("-"))
        adjacent = start == previous_end
        if permissions.startswith("---"):
            if base and adjacent and end - base >= _RESERVATION:
                largest = max(largest or 0, start - base)
            base = end if end - start >= _GUARD else 0
        elif not (adjacent and permissions.startswith("rw")):
            base = 0
        previous_end = end
    return largest
