"""JavaScript that mends ``u32``: componentize-qjs passes it as if it had a sign.

A number from 2^31 on arrives negative, and one that is returned ends at 2^31 - 1. So the entry module
maps arguments and results that hold a ``u32`` anywhere; of all other values there is nothing to map.
"""

from __future__ import annotations

from hyperhost.sandbox.types import (
    Function,
    List,
    Map,
    Option,
    Prim,
    Record,
    Result,
    Tuple,
    Variant,
    WitType,
)
from hyperhost.sdk.languages.dts import camel

__all__ = ["arguments", "result"]

_IN = "(v) => v >>> 0"
_OUT = "(v) => v | 0"


def arguments(function: Function) -> str:
    """Source of an array with a mapping, or ``null``, for each parameter."""
    return f"[{', '.join(_map(kind, _IN) or 'null' for _, _, kind in function.parameters)}]"


def result(function: Function) -> str:
    """Source of a mapping for what the hook returns, or ``null``."""
    kind = function.result
    return _map(kind.ok if isinstance(kind, Result) else kind, _OUT) or "null"


def _map(kind: WitType | None, leaf: str) -> str | None:
    """Source of a function that mends a value of a type, or ``None`` when there is nothing to mend."""
    match kind:
        case Prim("u32"):
            return leaf
        case List(element):
            inner = _map(element, leaf)
            return inner and f"(v) => Array.from(v, {inner})"
        case Map(value):
            inner = _map(value, leaf)
            return inner and f"(v) => v.map(([k, x]) => [k, ({inner})(x)])"
        case Option(Option() as nested):
            return _cases({"some": _map(nested, leaf)})
        case Option(inside):
            inner = _map(inside, leaf)
            return inner and f"(v) => (v === null || v === undefined ? null : ({inner})(v))"
        case Tuple(elements):
            found = {str(index): _map(each, leaf) for index, each in enumerate(elements)}
            mended = ", ".join(
                f"({inner})(v[{key}])" if inner else f"v[{key}]" for key, inner in found.items()
            )
            return f"(v) => [{mended}]" if any(found.values()) else None
        case Record(fields=fields):
            mended = ", ".join(
                f"{camel(field.name)}: ({inner})(v.{camel(field.name)})"
                for field in fields
                if (inner := _map(field.type, leaf))
            )
            return f"(v) => ({{ ...v, {mended} }})" if mended else None
        case Variant(cases=cases):
            return _cases({name: _map(payload, leaf) for name, payload, _ in cases})
        case Result(ok, err):
            return _cases({"ok": _map(ok, leaf), "err": _map(err, leaf)})
    return None


def _cases(cases: dict[str, str | None]) -> str | None:
    """A mapping of ``{ tag, val }`` by its tag."""
    found = ", ".join(f'"{name}": {inner}' for name, inner in cases.items() if inner)
    return (
        f"(v) => {{ const f = {{ {found} }}[v.tag]; return f ? {{ tag: v.tag, val: f(v.val) }} : v; }}"
        if found
        else None
    )
