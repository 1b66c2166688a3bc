"""Lifting: wasmtime's C values → Python values, by code generated once per function.

The counterpart of :mod:`hyperhost.sandbox.lower`: one ``struct`` read per record, one
``iter_unpack`` per list, records straight into their dataclass. Generated functions take the
address ``p`` and ``w`` (for *weigh*), called with the bytes about to be built, so that a guest
cannot make the host build more than its limit before anybody counts.
"""

from __future__ import annotations

import dataclasses
import itertools
import struct
from collections.abc import Callable
from typing import Any

from hyperhost.sandbox.layout import MEMORY, RAW, UNIONS, VAL_SIZE
from hyperhost.sandbox.types import (
    Enum,
    Field,
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

__all__ = ["Lifting"]

_FIELD_PREFIX = "24x"  # name (16) and kind with padding (8)
_VALUE_PREFIX = "8x"


def _union(kind: WitType) -> tuple[str, int]:
    """``struct`` format of a value's union, and how many raw numbers it holds."""
    match kind:
        case Prim(name):
            fmt = UNIONS[name]
        case List() | Map():
            fmt = UNIONS["list"]
        case _:
            fmt = UNIONS[type(kind).__name__.lower()]
    return fmt, sum(1 for letter in fmt if (letter.isalpha() and letter != "x") or letter == "?")


class Lifting:
    """Writes lifting code for one function.

    Args:
        resource: Called with the pointer of a handle value; returns its integer.
    """

    def __init__(self, resource: Callable[[int], int] | None = None) -> None:
        self._names = itertools.count()
        self._namespace: dict[str, Any] = {"M": MEMORY, "RAW": RAW, "resource": resource}
        self._lines: list[str] = []

    def value(self, name: str, host: WitType, guest: WitType) -> Any:
        """Compile ``name(p, w) -> value``: the value at address ``p``."""
        inner = self._reader(host, guest)
        return self._compile(name, f"return {inner}(p, w)")

    def values(self, name: str, pairs: list[tuple[WitType, WitType]]) -> Any:
        """Compile ``name(p, w) -> list``: as many values side by side at ``p``."""
        if not pairs:
            return self._compile(name, "return []")
        _, expressions = self._side_by_side(name, _VALUE_PREFIX, pairs)
        self._lines += [f"    return [{', '.join(expressions)}]"]
        return self._build(name)

    def _compile(self, name: str, body: str) -> Any:
        self._lines += [f"def {name}(p, w):", f"    {body}"]
        return self._build(name)

    def _side_by_side(
        self, name: str, prefix: str, pairs: list[tuple[WitType, WitType]]
    ) -> tuple[list[str], list[str]]:
        """Begin ``def name(p, w)`` with one read of adjacent values; (raw names, expressions)."""
        fmt, raws, expressions = "", [], []
        lengths: list[str] = []
        for host, guest in pairs:
            union, names = self._slots(guest)
            fmt += prefix + union
            raws += names
            expressions.append(self._expression(host, guest, names, lengths))
        unpack = self._unpacker(fmt)
        self._lines += [f"def {name}(p, w):", f"    {', '.join(raws)}, = {unpack}(M, p)"]
        if lengths:
            self._lines.append(f"    w({' + '.join(lengths)})")
        return raws, expressions

    def _build(self, name: str) -> Any:
        source = "\n".join(self._lines)
        exec(compile(source, f"<lifting of {name}>", "exec"), self._namespace)  # noqa: S102 - our own text; names come from repr() and counters
        return self._namespace[name]

    def _new(self, prefix: str) -> str:
        return f"{prefix}{next(self._names)}"

    def _share(self, prefix: str, value: Any) -> str:
        name = self._new(prefix)
        self._namespace[name] = value
        return name

    def _unpacker(self, fmt: str) -> str:
        return self._share("unpack", struct.Struct("<" + fmt).unpack_from)

    def _slots(self, guest: WitType) -> tuple[str, list[str]]:
        fmt, count = _union(guest)
        return fmt, [self._new("r") for _ in range(count)]

    def _reader(self, host: WitType, guest: WitType) -> str:
        """A function reading one value at an address."""
        name = self._new("read")
        _, (expression,) = self._side_by_side(name, _VALUE_PREFIX, [(host, guest)])
        self._lines.append(f"    return {expression}")
        return name

    def _expression(  # noqa: C901 - a table, one line a type
        self, host: WitType, guest: WitType, raws: list[str], lengths: list[str]
    ) -> str:
        """Python text that makes the value from its raw numbers; sizes to weigh go to ``lengths``."""
        a, b = raws[0], raws[-1]
        match host, guest:
            case Prim("string"), _:
                lengths.append(a)
                return f"RAW[{b}:{b} + {a}].decode()"
            case Prim("char"), _:
                return f"chr({a})"
            case Prim(), _:
                return a
            case List(is_bytes=True), _:
                lengths.append(a)
                return f"(RAW[{b} + 8:{b} + 8 + {a} * {VAL_SIZE}:{VAL_SIZE}] if {a} else b'')"
            case List(x), List(y):
                return self._list(x, y, a, b, lengths)
            case Map(x), List(Tuple((_, y))):
                pair, guest_pair = Tuple((Prim("string"), x)), Tuple((Prim("string"), y))
                return f"dict({self._list(pair, guest_pair, a, b, lengths)})"
            case Option(x), Option(y):
                return f"(None if {a} == 0 else {self._reader(x, y)}({a}, w))"
            case Tuple(xs), Tuple(ys):
                return f"{self._tuple(xs, ys)}({b}, w)"
            case Record(), Record():
                return f"{self._record(host, guest)}({b}, w)"
            case Enum(), Enum():
                return f"{self._enum(host)}[RAW[{b}:{b} + {a}]]"
            case Flags(), Flags():
                return f"{self._flags(host)}({a}, {b})"
            case Variant(), Variant():
                return f"{self._variant(host, guest)}[RAW[{raws[1]}:{raws[1]} + {a}]]({raws[2]}, w)"
            case Result(), Result():
                return f"{self._result(host, guest)}({a}, {b}, w)"
            case Resource(), _:
                return f"resource({a})"
        raise AssertionError(f"unmatched types {host} and {guest}")  # compat ran before

    def _list(self, host: WitType, guest: WitType, count: str, where: str, lengths: list[str]) -> str:
        lengths.append(f"{count} * 8")
        fmt, raws = self._slots(guest)
        inner: list[str] = []
        expression = self._expression(host, guest, raws, inner)
        if inner:
            expression = f"(w({' + '.join(inner)}) or {expression})"
        unpack = self._share("each", struct.Struct("<" + _VALUE_PREFIX + fmt).iter_unpack)
        source = f"{', '.join(raws)}, in {unpack}(M[{where}:{where} + {count} * {VAL_SIZE}])"
        return f"([{expression} for {source}] if {count} else [])"

    def _tuple(self, hosts: tuple[WitType, ...], guests: tuple[WitType, ...]) -> str:
        name = self._new("tuple")
        _, expressions = self._side_by_side(name, _VALUE_PREFIX, list(zip(hosts, guests, strict=True)))
        self._lines.append(f"    return ({', '.join(expressions)},)")
        return name

    def _record(self, host: Record, guest: Record) -> str:
        by_name = {field.name: field for field in host.fields}
        sources = [by_name[field.name] for field in guest.fields]
        pairs = [(source.type, field.type) for source, field in zip(sources, guest.fields, strict=True)]
        name = self._new("record")
        _, expressions = self._side_by_side(name, _FIELD_PREFIX, pairs)
        self._lines.append(
            f"    return {self._construct(host, list(zip(sources, expressions, strict=True)))}"
        )
        return name

    def _construct(self, host: Record, built: list[tuple[Field, str]]) -> str:
        if host.python is None:
            return f"{{{', '.join(f'{field.attribute!r}: {expression}' for field, expression in built)}}}"
        cls = self._share("cls", host.python)
        in_order = [field.attribute for field in host.fields] == [field.attribute for field, _ in built]
        keyword_only = any(f.kw_only for f in dataclasses.fields(host.python))
        if in_order and not keyword_only:
            return f"{cls}({', '.join(expression for _, expression in built)})"
        return f"{cls}({', '.join(f'{field.attribute}={expression}' for field, expression in built)})"

    def _enum(self, host: Enum) -> str:
        pairs = zip(host.cases, host.values, strict=True)
        return self._share("enum", {case.encode(): value for case, value in pairs})

    def _flags(self, host: Flags) -> str:
        members = {name.encode(): member for name, member in zip(host.flags, host.members, strict=True)}
        python = host.python

        def lift(count: int, where: int) -> Any:
            chosen = []
            for index in range(count):
                length, start = struct.unpack_from("<QQ", MEMORY, where + 16 * index)
                chosen.append(members[RAW[start : start + length]])
            if python is None:
                return frozenset(chosen)
            value = python(0)
            for member in chosen:
                value |= member
            return value

        return self._share("flags", lift)

    def _variant(self, host: Variant, guest: Variant) -> str:
        payloads = {name: payload for name, payload, _ in guest.cases}
        rows = []
        for name, payload, python in host.cases:
            if name not in payloads:
                continue
            other = payloads[name]
            reader = None if payload is None or other is None else self._reader(payload, other)
            if python is not None:
                rows.append(f"{name.encode()!r}: {reader}")
            elif reader is None:
                rows.append(f"{name.encode()!r}: lambda p, w: ({name!r}, None)")
            else:
                rows.append(f"{name.encode()!r}: lambda p, w: ({name!r}, {reader}(p, w))")
        table = self._new("cases")
        self._lines.append(f"{table} = {{{', '.join(rows)}}}")
        return table

    def _result(self, host: Result, guest: Result) -> str:
        """A result is lifted to ``(is_ok, value)``."""
        sides = []
        for x, y in ((host.ok, guest.ok), (host.err, guest.err)):
            sides.append("None" if x is None or y is None else f"{self._reader(x, y)}(p, w)")
        name = self._new("result")
        self._lines += [
            f"def {name}(ok, p, w):",
            f"    return (True, {sides[0]}) if ok else (False, {sides[1]})",
        ]
        return name
