"""How wasmtime's C API lays out component values, and raw access to that memory.

A value (``wasmtime_component_val_t``) is 32 bytes: a kind byte, seven bytes of padding and a
24-byte union. Strings, lists and the like are a length and a pointer. Writing such values as
packed ``bytes`` and reading them with ``struct`` replaces one ctypes access per field by one
call per record, which is what makes a crossing cost microseconds (see ``benchmarks/``).

Pointers into Python memory are addresses of ``bytes`` payloads; whoever builds them keeps the
objects alive until the call returns.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

__all__ = ["ADDRESS", "KINDS", "MEMORY", "RAW", "UNIONS", "VAL_SIZE", "address"]

VAL_SIZE = 32
ENTRY_SIZE = 48
"""A record field: name (length, pointer) followed by its value."""

KINDS = {
    "bool": 0,
    "s8": 1,
    "u8": 2,
    "s16": 3,
    "u16": 4,
    "s32": 5,
    "u32": 6,
    "s64": 7,
    "u64": 8,
    "f32": 9,
    "f64": 10,
    "char": 11,
    "string": 12,
    "list": 13,
    "record": 14,
    "tuple": 15,
    "variant": 16,
    "enum": 17,
    "option": 18,
    "result": 19,
    "flags": 20,
    "resource": 21,
}
"""``WASMTIME_COMPONENT_*`` value kinds of ``wasmtime/component/val.h``; checked by a test."""

UNIONS = {
    "bool": "?23x",
    "s8": "b23x",
    "u8": "B23x",
    "s16": "h22x",
    "u16": "H22x",
    "s32": "i20x",
    "u32": "I20x",
    "s64": "q16x",
    "u64": "Q16x",
    "f32": "f20x",
    "f64": "d16x",
    "char": "I20x",
    "string": "QQ8x",
    "list": "QQ8x",
    "record": "QQ8x",
    "tuple": "QQ8x",
    "variant": "QQQ",
    "enum": "QQ8x",
    "option": "Q16x",
    "result": "?7xQ8x",
    "flags": "QQ8x",
    "resource": "Q16x",
}
"""``struct`` format of the 24-byte union for each kind."""

RAW: Any = (ctypes.c_char * sys.maxsize).from_address(0)
"""The process's memory as an array whose slices, also those with a step, are ``bytes``. Never assigned to.

Only addresses that wasmtime handed out for the running call may be read, exactly as with
``ctypes.string_at``; a slice costs a fifth of what that does.
"""
MEMORY = memoryview(RAW).cast("B").toreadonly()
"""The same as one read-only buffer, for ``struct``."""

_OFFSET = bytes.__basicsize__ - 1


def _portable_address(data: bytes) -> int:
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def _payload_follows_header() -> bool:
    """Whether ``bytes`` keep their payload right behind the object header, as CPython does."""
    probe = b"hyperhost payload probe"
    return _portable_address(probe) == id(probe) + _OFFSET


if sys.implementation.name == "cpython" and _payload_follows_header():
    ADDRESS = f"(id({{0}}) + {_OFFSET})"

    def address(data: bytes) -> int:
        """The address of the payload of ``data``; valid as long as the object lives."""
        return id(data) + _OFFSET

else:  # pragma: no cover - another interpreter
    ADDRESS = "address({0})"
    address = _portable_address
