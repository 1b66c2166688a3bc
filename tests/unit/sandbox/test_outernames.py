"""Names of imports and exports are read from the binary as wasmtime reads them, without compiling."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import wasmtime
import wasmtime.component as wc
from cli_guests import GUESTS

from hyperhost.errors import ComponentTooLargeError, CoreModuleError, CorruptComponentError
from hyperhost.sandbox.guest_types import exported_functions, imports
from hyperhost.sandbox.outernames import OuterName, outer_names

DEMO = sorted((Path(__file__).resolve().parents[3] / "hyperhost" / "demo" / "guests").glob("*.wasm"))


def compiled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


@pytest.mark.parametrize(
    "data",
    [*(path.read_bytes() for path in DEMO), *(guest.binary() for guest in GUESTS.values())],
    ids=[*(path.stem for path in DEMO), *GUESTS],
)
def test_names_are_those_that_wasmtime_finds(data: bytes) -> None:
    names = outer_names(data, "x.wasm")
    with wasmtime.Engine() as engine:
        component = wc.Component(engine, data)
        try:
            instances, others = imports(component, engine)
            functions = exported_functions(component, engine)
        finally:
            component.close()
    assert names.needed == tuple(sorted([*(each.name for each in instances), *others]))
    assert names.offered == tuple(sorted(functions))
    assert names.offered


def test_every_kind_of_import_and_export_is_read() -> None:
    data = compiled(
        """(component
          (import "f" (func $f (param "x" u32)))
          (import "i" (instance $i (export "g" (func))))
          (import "m" (core module $m (import "a" "b" (func)) (export "c" (func))))
          (import "c" (component $c))
          (import "r" (type $r (sub resource)))
          (type $point (record (field "x" u32)))
          (import "p" (type $p (eq $point)))
          (import "a:b/c@1.2.3" (instance))
          (core module $inner)
          (component $nested (import "not-ours" (func)))
          (export "f2" (func $f))
          (export "i2" (instance $i) (instance (export "g" (func))))
          (export "m2" (core module $m))
          (export "c2" (component $c))
          (export "p2" (type $p))
          (export "a:b/d@2.0.0" (instance $i))
        )"""
    )
    names = outer_names(data, "x.wasm")
    assert names.imports == (
        OuterName("f", "function"),
        OuterName("i", "interface"),
        OuterName("m", "module"),
        OuterName("c", "component"),
        OuterName("r", "resource"),
        OuterName("p", "type"),
        OuterName("a:b/c@1.2.3", "interface"),
    )
    assert names.needed == ("a:b/c@1.2.3", "c", "f", "i", "m", "r")
    assert [(item.name, item.kind) for item in names.exports] == [
        ("f2", "function"),
        ("i2", "interface"),
        ("m2", "module"),
        ("c2", "component"),
        ("p2", "type"),
        ("a:b/d@2.0.0", "interface"),
    ]
    assert names.offered == ("a:b/d@2.0.0", "f2", "i2")


def test_a_truncated_component_is_refused_or_read_as_what_is_left() -> None:
    data = GUESTS["clock"].binary()
    for length in range(len(data)):
        try:
            outer_names(data[:length], "x.wasm")
        except CorruptComponentError:
            continue
        # Cut between two sections: what is left is well-formed as far as it goes.
        assert length >= 8


def test_no_flipped_bit_ends_in_another_error() -> None:
    data = GUESTS["clock"].binary()
    for at in range(8, len(data)):
        broken = data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :]
        try:
            outer_names(broken, "x.wasm")
        except (CorruptComponentError, ComponentTooLargeError):
            continue


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"MZ\0\0\0\0\0\0", "is not WebAssembly"),
        (b"\0asm\x0e\0\1\0", "unknown WebAssembly version"),
        (b"\0asm\x0d\0\1\0\x0a\xff\xff\xff\xff\xff\xff", "do not add up"),
        (b"\0asm\x0d\0\1\0\x0a\x05\x01\x00\x01\xff\x01", "do not add up"),
        (b"\0asm\x0d\0\1\0\x0a\x06\x01\x03\x01a\x01\x00", "do not add up"),
        (b"\0asm\x0d\0\1\0\x0a\x06\x01\x00\x01a\x09\x00", "do not add up"),
    ],
)
def test_what_is_no_component_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(CorruptComponentError, match=words):
        outer_names(data, "x.wasm")


def test_a_core_module_is_refused() -> None:
    with pytest.raises(CoreModuleError, match=r"x\.wasm is a core module"):
        outer_names(compiled("(module)"), "x.wasm")


def test_a_component_with_a_huge_number_of_names_is_refused() -> None:
    text = "".join(f'(import "i{index}" (func))' for index in range(5_001))
    with pytest.raises(ComponentTooLargeError, match="more than 5,000 imports or exports"):
        outer_names(compiled(f"(component {text})"), "x.wasm")


def test_a_large_component_is_skipped_through() -> None:
    data = bytearray(GUESTS["clock"].binary())
    filler = 64 << 20
    size = bytes(((filler >> shift) & 0x7F) | 0x80 for shift in (0, 7, 14)) + bytes([filler >> 21])
    data += b"\0" + size + bytes(filler)
    started = time.perf_counter()
    names = outer_names(bytes(data), "x.wasm")
    assert names == outer_names(GUESTS["clock"].binary(), "x.wasm")
    assert time.perf_counter() - started < 1
