"""Find the exact place where a Python value does not fit its type.

Only runs after the generated lowering code failed, so it may take its time.
"""

from __future__ import annotations

import struct
from typing import Any

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

__all__ = ["explain"]

_RANGES = {
    f"{sign}{bits}": ((-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign == "s" else (0, 2**bits - 1))
    for sign in "su"
    for bits in (8, 16, 32, 64)
}


def explain(host: WitType, value: Any, path: str, guest: WitType | None = None) -> str | None:
    """What is wrong with ``value``, as a sentence with its path, or ``None`` when it fits.

    Args:
        host: The type the Python signature says.
        value: The value given.
        path: Where it stands, for example ``argument 'findings'``.
        guest: The component's own type, when it may know fewer cases.
    """
    match host:
        case Prim(name):
            return _prim(name, value, path)
        case List(is_bytes=True):
            return None if isinstance(value, bytes) else _expected("bytes", value, path)
        case List() | Map() | Tuple():
            return _container(host, value, path, guest)
        case Option(inner_kind):
            other = guest.inner if isinstance(guest, Option) else None
            return None if value is None else explain(inner_kind, value, path, other)
        case Record():
            return _record(host, value, path, guest)
        case Enum() | Flags() | Variant():
            return _choice(host, value, path, guest)
        case Result(ok, err):
            is_ok, inner = value  # made by the gate, not by a caller
            side = ok if is_ok else err
            return None if side is None else explain(side, inner, path if is_ok else f"the error of {path}")
        case Resource():
            return None if isinstance(value, int) else _expected("a handle", value, path)


def _container(host: List | Map | Tuple, value: Any, path: str, guest: WitType | None) -> str | None:
    inner = guest.element if isinstance(guest, List) else None
    match host:
        case List(element):
            if not isinstance(value, list | tuple):
                return _expected("a list", value, path)
            return _first(explain(element, item, f"{path}[{i}]", inner) for i, item in enumerate(value))
        case Map(kind):
            if not isinstance(value, dict):
                return _expected("a dict", value, path)
            other = inner.elements[1] if isinstance(inner, Tuple) else None
            return _first(
                explain(Prim("string"), key, f"a key of {path}")
                or explain(kind, item, f"{path}[{key!r}]", other)
                for key, item in value.items()
            )
        case Tuple(elements):
            if not isinstance(value, tuple | list) or len(value) != len(elements):
                return _expected(f"a tuple of {len(elements)}", value, path)
            others = guest.elements if isinstance(guest, Tuple) else (None,) * len(elements)
            parts = enumerate(zip(elements, value, others, strict=True))
            return _first(explain(kind, item, f"{path}[{i}]", other) for i, (kind, item, other) in parts)


def _prim(name: str, value: Any, path: str) -> str | None:
    if name == "bool":
        return None if isinstance(value, bool) else _expected("bool", value, path)
    if name == "string":
        if not isinstance(value, str):
            return _expected("str", value, path)
        try:
            value.encode()
        except UnicodeEncodeError as caught:
            return f"{path} is text with a lone surrogate at position {caught.start}, which is not Unicode"
        return None
    if name == "char":
        fits = isinstance(value, str) and len(value) == 1 and not 0xD800 <= ord(value) <= 0xDFFF
        return None if fits else _expected("one character", value, path)
    if name in ("f32", "f64"):
        if not isinstance(value, int | float):
            return _expected("float", value, path)
        try:
            struct.pack("<f" if name == "f32" else "<d", value)
        except (OverflowError, struct.error):
            return f"{path} is {_short(value)}, outside {name}"
        return None
    low, high = _RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int):
        return _expected("int", value, path)
    return None if low <= value <= high else f"{path} is {_short(value)}, outside {name} ({low} to {high})"


def _record(host: Record, value: Any, path: str, guest: WitType | None) -> str | None:
    if host.python is not None and not isinstance(value, host.python):
        return _expected(host.python.__name__, value, path)
    if host.python is None and not isinstance(value, dict):
        return _expected("a dict", value, path)
    others = {f.name: f.type for f in guest.fields} if isinstance(guest, Record) else {}
    for field in host.fields:
        inner = getattr(value, field.attribute) if host.python else value.get(field.attribute)
        if problem := explain(field.type, inner, f"{path}.{field.attribute}", others.get(field.name)):
            return problem
    return None


def _choice(host: Enum | Flags | Variant, value: Any, path: str, guest: WitType | None) -> str | None:
    match host:
        case Enum(cases=cases, values=values):
            # An IntEnum member equals its number, which is no member all the same.
            known = [type(member) is type(value) and member == value for member in values]
            if True not in known:
                return _expected(f"one of {', '.join(map(repr, values))}", value, path)
            if isinstance(guest, Enum) and cases[known.index(True)] not in guest.cases:
                why = "(it was built for an older contract)"
                return f"{path} is {value!r}, which this component does not know {why}"
        case Flags():
            return _flags(host, value, path, guest)
        case Variant(cases=rows):
            for case, payload, python in rows:
                if python is not None and type(value) is python and payload is not None:
                    others = {} if guest is None else _payloads(guest)
                    if guest is not None and case not in others:
                        return f"{path} is a {python.__name__}, which this component does not know"
                    return explain(payload, value, path, others.get(case))
            names = ", ".join(python.__name__ for _, _, python in rows if python is not None)
            return _expected(f"one of {names}", value, path)
    return None


def _payloads(guest: WitType) -> dict[str, WitType | None]:
    return {name: payload for name, payload, _ in guest.cases} if isinstance(guest, Variant) else {}


def _flags(host: Flags, value: Any, path: str, guest: WitType | None) -> str | None:
    python: Any = host.python
    if python is None:
        if not isinstance(value, set | frozenset | list | tuple):
            return _expected("a set", value, path)
        unknown = [item for item in value if item not in host.flags]
        return f"{path} has the unknown flag {unknown[0]!r}" if unknown else None
    if not isinstance(value, python):
        return _expected(python.__name__, value, path)
    rest = value.value
    for name, member in zip(host.flags, host.members, strict=True):
        if value & member and isinstance(guest, Flags) and name not in guest.flags:
            return f"{path} has the flag {name!r}, which this component does not know"
        rest &= ~member.value
    return f"{path} is {value!r}, with bits that no flag of {python.__name__} has" if rest else None


def _short(value: float) -> str:
    """A number in as many digits as anybody reads; huge ones cannot even be printed."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"a number of {value.bit_length()} bits"
    return str(value)


def _expected(what: str, value: Any, path: str) -> str:
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001 - a caller's own __repr__ may raise anything
        shown = "…"
    return f"{path} is {type(value).__name__} {shown[:60]}{'…' if len(shown) > 60 else ''}, expected {what}"


def _first(problems: Any) -> str | None:
    return next((problem for problem in problems if problem is not None), None)
