"""Our picture of wasmtime's C values against wasmtime-py's own bindings of the same header."""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import pytest
from wasmtime import _ffi

from hyperhost.sandbox import layout

VALUE = _ffi.wasmtime_component_val_t
UNION = VALUE._fields_[1][1]
MEMBERS = {"bool": "boolean", "char": "character", "enum": "enumeration"}
"""Kinds whose member of the union has another name."""


def test_every_kind_has_wasmtimes_number() -> None:
    for name, number in layout.KINDS.items():
        assert getattr(_ffi, f"WASMTIME_COMPONENT_{name.upper()}").value == number, name
    assert set(layout.UNIONS) == set(layout.KINDS)


def test_the_union_knows_no_kind_that_we_do_not() -> None:
    members = {MEMBERS.get(name, name) for name in layout.KINDS}
    assert {name for name, _ in UNION._fields_} - members <= {"map"}


def test_a_value_is_a_kind_and_a_union() -> None:
    assert ctypes.sizeof(VALUE) == layout.VAL_SIZE == 32
    assert [name for name, _ in VALUE._fields_] == ["kind", "of"]
    assert (VALUE.kind.offset, VALUE.kind.size) == (0, 1)
    assert (VALUE.of.offset, VALUE.of.size) == (8, 24)


def test_a_record_entry_is_a_name_and_a_value() -> None:
    entry = _ffi.wasmtime_component_valrecord_entry_t
    assert ctypes.sizeof(entry) == layout.ENTRY_SIZE == 48
    assert (entry.name.offset, entry.val.offset) == (0, 16)


@pytest.mark.parametrize("kind", layout.KINDS)
def test_every_union_format_fills_the_union(kind: str) -> None:
    assert struct.calcsize("<" + layout.UNIONS[kind]) == ctypes.sizeof(UNION) == 24


@pytest.mark.parametrize("kind", layout.KINDS)
def test_every_union_format_reads_the_members_of_wasmtimes_structure(kind: str) -> None:
    member = dict(UNION._fields_)[MEMBERS.get(kind, kind)]
    assert _shape(member) == [item for item in _format_shape(layout.UNIONS[kind]) if item[1] != "x"]


def _shape(kind: Any, base: int = 0) -> list[tuple[int, str, int]]:
    """Offset, letter and size of each plain member, structures opened."""
    if issubclass(kind, ctypes.Structure):
        return [
            row for name, inner in kind._fields_ for row in _shape(inner, base + getattr(kind, name).offset)
        ]
    letter = "Q" if issubclass(kind, ctypes._Pointer) else kind._type_
    return [(base, {"L": "Q", "l": "q", "P": "Q"}.get(letter, letter), ctypes.sizeof(kind))]


def _format_shape(text: str) -> list[tuple[int, str, int]]:
    rows, offset, count = [], 0, ""
    for letter in text:
        if letter.isdigit():
            count += letter
            continue
        size = struct.calcsize(f"<{count or 1}{letter}")
        rows.append((offset, letter, size))
        offset, count = offset + size, ""
    return rows


@pytest.mark.parametrize("data", [b"", b"x", b"hello", bytes(range(256)) * 1000], ids=len)
def test_the_address_of_bytes_is_that_of_their_payload(data: bytes) -> None:
    where = layout.address(data)
    assert where == ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
    assert where == eval(layout.ADDRESS.format("data"), {"data": data, "address": layout.address, "id": id})
    assert bytes(layout.MEMORY[where : where + len(data)]) == data
    assert layout.RAW[where : where + len(data)] == data


def test_memory_cannot_be_written_through_the_view() -> None:
    data = b"untouched"
    with pytest.raises(TypeError, match="read-only"):
        layout.MEMORY[layout.address(data)] = 0  # type: ignore[index]
    assert data == b"untouched"
