"""Lowering: Python values → wasmtime's C values, by code generated once per function.

For every type this module writes a few lines of Python that pack a value's C form into
``bytes`` with one ``struct`` call per record, variant or list; nested values are packed first
and referred to by address. The list ``k`` (for *keep*) holds every packed piece until the call
returns. Values are trusted to have the right shape on this fast path; when packing fails,
:func:`hyperhost.sandbox.explain.explain` finds the exact place.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import mmap
import struct
from collections.abc import Callable
from typing import Any

from hyperhost.sandbox.layout import ADDRESS, KINDS, UNIONS, VAL_SIZE, address
from hyperhost.sandbox.types import (
    Enum,
    Flags,
    List,
    Map,
    Option,
    Prim,
    Record,
    Resource,
    Result,
    Tuple,
    Variant,
    WitType,
)

__all__ = ["Lowering"]

_VALUE_PREFIX = "B7x"
_START = ctypes.c_char * 0
_U8 = bytes((KINDS["u8"],))
_HUGE_PAGES: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
_HUGE_FROM = 64 * 1024
"""Bytes from which an array of values is worth memory of its own: 2 MiB, one huge page."""


def _at(name: str) -> str:
    return ADDRESS.format(name)


def pack_bytes(data: bytes, keep: Callable[[Any], None]) -> tuple[int, int]:
    """``bytes`` as an array of ``u8`` values, filled by two strided copies; (length, address)."""
    count = len(data)
    values = _large(count * VAL_SIZE) if count >= _HUGE_FROM else bytearray(count * VAL_SIZE)
    values[0::VAL_SIZE] = _U8 * count
    values[8::VAL_SIZE] = data
    pinned = _START.from_buffer(values)
    keep(pinned)
    return count, ctypes.addressof(pinned)


def _large(size: int) -> bytearray | mmap.mmap:
    """Zeroed memory, in huge pages where there are any: page faults would cost most of the conversion."""
    if _HUGE_PAGES is None:
        return bytearray(size)
    values = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages: ordinary ones serve as well
        values.madvise(_HUGE_PAGES)
    return values


class Lowering:
    """Writes lowering code for one function.

    Args:
        resource: Called with ``(keep, resource name, handle)``; returns the pointer of a handle
            value. Only functions that return handles need it.
    """

    def __init__(self, resource: Callable[[Callable[[Any], None], str, int], int] | None = None) -> None:
        self._names = itertools.count()
        self._namespace: dict[str, Any] = {
            "address": address,
            # Not the value's own method: other classes have an ``encode`` that returns no bytes.
            "encode": str.encode,
            "pack_bytes": pack_bytes,
            "resource": resource,
        }
        self._lines: list[str] = []
        self._constants: list[bytes] = []

    def function(self, name: str, parameters: list[str], values: list[tuple[WitType, WitType, str]]) -> Any:
        """Compile ``name(*parameters, k) -> bytes``: the values packed side by side.

        Args:
            name: Name in tracebacks.
            parameters: Names of the Python parameters.
            values: ``(python type, guest type, parameter)`` of each C value, in the guest's order.
        """
        packed = [self._value(host, guest, source) for host, guest, source in values]
        fmt = "".join(_VALUE_PREFIX + item[0] for item in packed)
        arguments = ", ".join(", ".join((str(item[1]), *item[2])) for item in packed)
        body = f"return {self._packer(fmt)}({arguments})"
        self._lines += [f"def {name}({', '.join([*parameters, 'k'])}):", f"    {body}"]
        source = "\n".join(self._lines)
        exec(compile(source, f"<lowering of {name}>", "exec"), self._namespace)  # noqa: S102 - our own text; names come from repr() and counters
        compiled = self._namespace[name]
        compiled.__wrapped_constants__ = self._constants  # names that packed values point at
        return compiled

    # Each ``_value`` returns (format of the union, kind, argument expressions).

    def _value(  # noqa: C901 - a table, one line a type
        self, host: WitType, guest: WitType, v: str
    ) -> tuple[str, int, list[str]]:
        match host, guest:
            case Prim("bool"), _:
                return self._scalar("bool", f"({v} if {v}.__class__ is bool else {v}.not_a_bool)")
            case Prim("string"), _:
                name = self._new("s")
                return "QQ8x", KINDS["string"], [f"len({name} := encode({v}))", f"k({name}) or {_at(name)}"]
            case Prim("char"), _:
                return self._scalar("char", f"ord({v})")
            case Prim(name), _:
                return self._scalar(name, v)
            case List(is_bytes=True), _:
                return "QQ8x", KINDS["list"], [f"*pack_bytes({v}, k)"]
            case List(a), List(b):
                return "QQ8x", KINDS["list"], [f"*{self._list(a, b)}({v}, k)"]
            case Map(value), List(Tuple((_, other))):
                pair, guest_pair = Tuple((Prim("string"), value)), Tuple((Prim("string"), other))
                return (
                    "QQ8x",
                    KINDS["list"],
                    [f"*{self._list(pair, guest_pair, check=False)}({v}.items(), k)"],
                )
            case Option(a), Option(b):
                return "Q16x", KINDS["option"], [f"0 if {v} is None else {self._boxed(a, b)}({v}, k)"]
            case Tuple(xs), Tuple(ys):
                return "QQ8x", KINDS["tuple"], [str(len(ys)), f"{self._tuple(xs, ys)}({v}, k)"]
            case Record(), Record():
                return (
                    "QQ8x",
                    KINDS["record"],
                    [str(len(guest.fields)), f"{self._record(host, guest)}({v}, k)"],
                )
            case Enum(), Enum():
                return "QQ8x", KINDS["enum"], [f"*{self._enum(host, guest)}[{v}]"]
            case Flags(), Flags():
                return "QQ8x", KINDS["flags"], [f"*{self._flags(host, guest)}({v}, k)"]
            case Variant(), Variant():
                return "QQQ", KINDS["variant"], [f"*{self._variant(host, guest)}({v}, k)"]
            case Result(), Result():
                return "?7xQ8x", KINDS["result"], [f"*{self._result(host, guest)}({v}, k)"]
            case Resource(), Resource():
                return "Q16x", KINDS["resource"], [f"resource(k, {guest.name!r}, {v})"]
        raise AssertionError(f"unmatched types {host} and {guest}")  # compat ran before

    def _scalar(self, name: str, expression: str) -> tuple[str, int, list[str]]:
        return UNIONS[name], KINDS[name], [expression]

    def _new(self, prefix: str) -> str:
        return f"{prefix}{next(self._names)}"

    def _packer(self, fmt: str) -> str:
        name = self._new("pack")
        self._namespace[name] = struct.Struct("<" + fmt).pack
        return name

    def _constant(self, text: str) -> tuple[int, int]:
        """Length and address of a name that lives as long as the compiled function."""
        data = text.encode()
        self._constants.append(data)
        return len(data), address(data)

    def _define(self, name: str, body: list[str]) -> str:
        self._lines += [f"def {name}(v, k):", *(f"    {line}" for line in body)]
        return name

    def _boxed(self, host: WitType, guest: WitType) -> str:
        """A function returning the address of one packed value."""
        fmt, kind, arguments = self._value(host, guest, "v")
        pack = self._packer(_VALUE_PREFIX + fmt)
        return self._define(
            self._new("box"),
            [f"b = {pack}({', '.join([str(kind), *arguments])})", "k(b)", f"return {_at('b')}"],
        )

    def _list(self, host: WitType, guest: WitType, *, check: bool = True) -> str:
        fmt, kind, arguments = self._value(host, guest, "x")
        pack = self._packer(_VALUE_PREFIX + fmt)
        return self._define(
            self._new("list"),
            [
                # Text, sets and dicts can be iterated too, and would cross as something they are not.
                *(
                    ["if v.__class__ is not list and not isinstance(v, (list, tuple)): raise TypeError"]
                    * check
                ),
                f"b = b''.join([{pack}({', '.join([str(kind), *arguments])}) for x in v])",
                "k(b)",
                # Not len(v): another thread may have added to it, and what lies behind b would cross.
                f"return len(b) // {VAL_SIZE}, {_at('b')}",
            ],
        )

    def _tuple(self, hosts: tuple[WitType, ...], guests: tuple[WitType, ...]) -> str:
        names = [self._new("t") for _ in guests]
        packed = [self._value(a, b, name) for a, b, name in zip(hosts, guests, names, strict=True)]
        pack = self._packer("".join(_VALUE_PREFIX + item[0] for item in packed))
        arguments = ", ".join(", ".join((str(item[1]), *item[2])) for item in packed)
        return self._define(
            self._new("tuple"),
            [
                "if v.__class__ is not tuple and not isinstance(v, (list, tuple)): raise TypeError",
                f"{', '.join(names)}, = v",
                f"b = {pack}({arguments})",
                "k(b)",
                f"return {_at('b')}",
            ],
        )

    def _record(self, host: Record, guest: Record) -> str:
        by_name = {field.name: field for field in host.fields}
        fmt, arguments, loads = "", [], []
        for field in guest.fields:
            source = by_name[field.name]
            local = self._new("f")
            loads.append(
                f"{local} = v.{source.attribute}" if host.python else f"{local} = v[{source.attribute!r}]"
            )
            union, kind, expressions = self._value(source.type, field.type, local)
            length, where = self._constant(field.name)
            fmt += "QQ" + _VALUE_PREFIX + union
            arguments += [str(length), str(where), str(kind), *expressions]
        pack = self._packer(fmt)
        return self._define(
            self._new("record"), [*loads, f"b = {pack}({', '.join(arguments)})", "k(b)", f"return {_at('b')}"]
        )

    def _enum(self, host: Enum, guest: Enum) -> str:
        table = self._new("enum")
        pairs = zip(host.cases, host.values, strict=True)
        self._namespace[table] = {value: self._constant(case) for case, value in pairs if case in guest.cases}
        return table

    def _flags(self, host: Flags, guest: Flags) -> str:
        named = [
            (member, self._constant(name)) for name, member in zip(host.flags, host.members, strict=True)
        ]
        known = set(guest.flags)
        missing = [member for name, member in zip(host.flags, host.members, strict=True) if name not in known]
        is_python = host.python is not None
        every = 0
        for member in host.members if is_python else ():
            every |= member.value

        def lower(v: Any, k: Callable[[Any], None]) -> tuple[int, int]:
            chosen = [where for member, where in named if (v & member if is_python else member in v)]
            if any(v & member if is_python else member in v for member in missing):
                raise KeyError(v)
            if is_python and v.value & ~every:
                raise ValueError(v)
            packed = b"".join([struct.pack("<QQ", *where) for where in chosen])
            k(packed)
            return len(chosen), address(packed)

        name = self._new("flags")
        self._namespace[name] = lower
        return name

    def _variant(self, host: Variant, guest: Variant) -> str:
        payloads = {name: payload for name, payload, _ in guest.cases}
        table: dict[Any, tuple[int, int, str | None]] = {}
        for name, payload, python in host.cases:
            if name in payloads:
                other = payloads[name]
                box = None if payload is None or other is None else self._boxed(payload, other)
                table[name if python is None else python] = (*self._constant(name), box)
        tagged = any(python is None for _, _, python in host.cases)
        rows = self._new("cases")
        # Boxes are defined in the generated text, so they are looked up by name at call time.
        self._namespace[rows] = table
        lookup = f"n, p, box = {rows}[v[0]]; v = v[1]" if tagged else f"n, p, box = {rows}[v.__class__]"
        return self._define(
            self._new("variant"), [lookup, "return n, p, 0 if box is None else globals()[box](v, k)"]
        )

    def _result(self, host: Result, guest: Result) -> str:
        """A result arrives as ``(is_ok, value)``."""
        ok = self._boxed(host.ok, guest.ok) if host.ok is not None and guest.ok is not None else None
        err = self._boxed(host.err, guest.err) if host.err is not None and guest.err is not None else None
        return self._define(
            self._new("result"),
            [
                "ok, v = v",
                f"if ok: return True, {f'{ok}(v, k)' if ok else 0}",
                f"return False, {f'{err}(v, k)' if err else 0}",
            ],
        )
