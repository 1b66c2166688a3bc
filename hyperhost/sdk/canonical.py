"""The canonical ABI: how values of WIT types lie in a guest's memory and travel as core values.

Source: the WebAssembly component model's ``CanonicalABI.md``: "alignment", "element size" and
"flattening". Sizes and offsets are bytes, of a 32-bit memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from hyperhost.sandbox.types import (
    Enum,
    Flags,
    Function,
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

__all__ = [
    "MAX_FLAT_PARAMS",
    "Flat",
    "alignment",
    "cases",
    "discriminant_size",
    "entry",
    "flags_size",
    "flatten",
    "join",
    "offsets",
    "payload_offset",
    "size",
    "spilled",
]

Flat = Literal["i32", "i64", "f32", "f64"]
"""A core value type."""

MAX_FLAT_PARAMS: Final = 16
"""More core parameters than this travel as one pointer to a tuple of the arguments."""

_SIZES: Final[dict[str, int]] = {
    **dict.fromkeys(("bool", "s8", "u8"), 1),
    **dict.fromkeys(("s16", "u16"), 2),
    **dict.fromkeys(("s32", "u32", "f32", "char"), 4),
    **dict.fromkeys(("s64", "u64", "f64"), 8),
}
_FLATS: Final[dict[str, Flat]] = {"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}


def entry(kind: Map) -> Tuple:
    """The element of a map's list."""
    return Tuple((Prim("string"), kind.value))


def cases(kind: Variant | Option | Result) -> tuple[WitType | None, ...]:
    """The payload of each case, in the order of the discriminant."""
    match kind:
        case Option(inner):
            return (None, inner)
        case Result(ok, err):
            return (ok, err)
    return tuple(payload for _, payload, _ in kind.cases)


def discriminant_size(count: int) -> int:
    """Bytes of the number that tells ``count`` cases apart."""
    return 1 if count <= 1 << 8 else 2 if count <= 1 << 16 else 4


def flags_size(count: int) -> int:
    """Bytes of a set of ``count`` flags, at most 32."""
    return 1 if count <= 8 else 2 if count <= 16 else 4


def alignment(kind: WitType) -> int:
    """What addresses of the type are multiples of."""
    match kind:
        case Prim(name) if name != "string":
            return _SIZES[name]
        case Record() | Tuple():
            return max(map(alignment, _members(kind)))
        case Variant() | Option() | Result():
            payloads = [alignment(item) for item in cases(kind) if item is not None]
            return max([discriminant_size(len(cases(kind))), *payloads])
        case Enum() | Flags():
            return size(kind)
    return 4


def size(kind: WitType) -> int:
    """Bytes of a value in memory, with padding."""
    match kind:
        case Prim(name) if name != "string":
            return _SIZES[name]
        case Record() | Tuple():
            members = _members(kind)
            return _aligned(offsets(members)[-1] + size(members[-1]), alignment(kind))
        case Variant() | Option() | Result():
            largest = max((size(item) for item in cases(kind) if item is not None), default=0)
            return _aligned(payload_offset(kind) + largest, alignment(kind))
        case Enum(cases=names):
            return discriminant_size(len(names))
        case Flags(flags=names):
            return flags_size(len(names))
        case Resource():
            return 4
    return 8  # string, list and map: address and length


def offsets(members: Sequence[WitType]) -> list[int]:
    """Where each member of a record or tuple begins."""
    found, at = [], 0
    for member in members:
        at = _aligned(at, alignment(member))
        found.append(at)
        at += size(member)
    return found


def payload_offset(kind: Variant | Option | Result) -> int:
    """Where the payload begins behind the discriminant."""
    payloads = [alignment(item) for item in cases(kind) if item is not None]
    return _aligned(discriminant_size(len(cases(kind))), max(payloads, default=1))


def flatten(kind: WitType) -> list[Flat]:
    """The core values that stand for one value."""
    match kind:
        case Prim(name) if name != "string":
            return [_FLATS.get(name, "i32")]
        case Record() | Tuple():
            return [flat for member in _members(kind) for flat in flatten(member)]
        case Variant() | Option() | Result():
            joined: list[Flat] = []
            for payload in cases(kind):
                for index, flat in enumerate(flatten(payload) if payload is not None else []):
                    if index < len(joined):
                        joined[index] = join(joined[index], flat)
                    else:
                        joined.append(flat)
            return ["i32", *joined]
        case Enum() | Flags() | Resource():
            return ["i32"]
    return ["i32", "i32"]


def join(a: Flat, b: Flat) -> Flat:
    """The core type that carries either of two."""
    if a == b:
        return a
    return "i32" if {a, b} == {"i32", "f32"} else "i64"


def spilled(function: Function) -> bool:
    """Whether the arguments travel as a pointer to a tuple of them."""
    return sum(len(flatten(kind)) for _, _, kind in function.parameters) > MAX_FLAT_PARAMS


def _members(kind: Record | Tuple) -> list[WitType]:
    return [field.type for field in kind.fields] if isinstance(kind, Record) else list(kind.elements)


def _aligned(at: int, to: int) -> int:
    return -(-at // to) * to
