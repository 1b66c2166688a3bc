"""Words about JSON values and the types that they must have, for error messages."""

from __future__ import annotations

import difflib
import enum
import json
from collections.abc import Iterable
from typing import Final

from hyperhost.sandbox import types as wit

__all__ = ["RANGES", "expectation", "names", "nearest", "shown"]

RANGES: Final = {
    **{f"s{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
_PRIMS: Final = {"bool": "true or false", "string": "a text", "char": "a single character"}


def expectation(kind: wit.WitType) -> str:
    """A type in words, for whoever writes the JSON: ``a list``, ``an object with rule, line``."""
    match kind:
        case wit.Option(inner):
            return f"{expectation(inner)}, or null"
        case wit.Tuple(elements):
            return f"a list of {len(elements)} values"
        case wit.Enum():
            return f"one of {', '.join(names(kind))}"
        case wit.Flags():
            return f"a list of {', '.join(names(kind))}"
        case wit.Variant(cases=cases):
            return f"an object with one key of {', '.join(name for name, _, _ in cases)}"
        case wit.Record(fields=fields):
            return f"an object with {', '.join(field.attribute for field in fields)}"
        case wit.Prim(name) if name in RANGES:
            low, high = RANGES[name]
            return f"a whole number from {low} to {high}"
        case wit.Prim(name):
            return _PRIMS.get(name, "a number")
        case wit.List(is_bytes=True):
            return 'bytes, as {"base64": "…"}'
    return "an object" if isinstance(kind, wit.Map) else "a list"


def names(kind: wit.Enum | wit.Flags) -> list[str]:
    """Names of the cases as Python writes them."""
    items = kind.values if isinstance(kind, wit.Enum) else kind.members
    return [str(item.name) if isinstance(item, enum.Enum) else str(item) for item in items]


def shown(value: object) -> str:
    """A value as JSON, or only its sort where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = ""
    if text and len(text) <= 60:
        return text
    sorts = {dict: "an object", list: "a list", str: "a long text", int: "a large number"}
    return sorts.get(type(value), "something else")


def nearest(name: str, known: Iterable[str], words: str) -> str:
    """A hint that names what ``name`` may have been meant to be, or all there is, after ``words``."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"{words} {', '.join(known) or 'none'}"
