"""Valid values of any type that crosses a hook, for trying a hook out before there is real data."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from hyperhost.errors import UnsupportedTypeError
from hyperhost.sandbox import types as wit

__all__ = ["example", "example_arguments", "example_value"]

T = TypeVar("T")

_TEXTS: Final[Mapping[str, str]] = {
    "id": "0193b2a4-7c00-7000-8000-000000000001",
    "artifact": "org.acme/example",
    "namespace": "org.acme",
    "name": "example",
    "version": "1.0.0",
    "constraint": "^1.0.0",
    "hash": "sha256:" + "00" * 32,
    "email": "author@acme.test",
    "url": "https://acme.test/",
    "uri": "https://acme.test/",
    "homepage": "https://acme.test/",
    "path": "example.txt",
    "algorithm": "ed25519",
    "language": "en",
}
"""Texts that have a form, by the last word of the field's name."""

_NOW_US: Final = 1_767_225_600_000_000
"""2026-01-01 00:00 UTC, in microseconds."""


def example(kind: type[T], /, **values: Any) -> T:
    """A valid value of a contract type: required fields filled in, the others at their defaults.

    Args:
        kind: A dataclass, enum or another type that a hook may have.
        values: Fields of a dataclass that should have these values.

    Raises:
        UnsupportedTypeError: the type cannot cross a hook.
        TypeError: it has no such field.
    """
    found = wit.type_from_python(kind, f"example of {getattr(kind, '__name__', kind)}")
    if not values:
        return example_value(found)  # type: ignore[no-any-return]  # it is of that type
    if not isinstance(found, wit.Record) or found.python is None:
        raise TypeError(f"{kind!r} has no fields")
    known = [field.attribute for field in found.fields]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            more = f"; did you mean {near[0]!r}?" if near else f"; fields are {', '.join(known)}"
            raise TypeError(f"{found.python.__name__} has no field {name!r}{more}")
    return _record(found, values)  # type: ignore[no-any-return]  # it is of that type


def example_arguments(function: wit.Function) -> dict[str, Any]:
    """Arguments for a hook, by the names of its parameters."""
    return {name: example_value(kind, name) for name, _, kind in function.parameters}


def example_value(kind: wit.WitType, name: str = "") -> Any:
    """A valid value of a type that crosses a hook.

    Args:
        kind: The type.
        name: Of the field or parameter; gives a text its form.

    Raises:
        UnsupportedTypeError: handles cannot be made up.
    """
    maker = _MAKERS.get(type(kind))
    if maker is None:
        raise UnsupportedTypeError(f"there is no example of {type(kind).__name__.lower()} {name}".rstrip())
    return maker(kind, name)


def _prim(kind: wit.Prim, name: str) -> Any:
    match kind.name:
        case "bool":
            return False
        case "string":
            if name.endswith("_json"):
                return "{}"
            return _TEXTS.get(name) or _TEXTS.get(name.rpartition("_")[2]) or (name or "example")
        case "char":
            return "a"
        case "f32" | "f64":
            return 1.0
    return _NOW_US if name.endswith("_us") else 1


def _record(kind: wit.Record, values: Mapping[str, Any]) -> Any:
    filled = {
        field.attribute: example_value(field.type, field.attribute)
        for field in kind.fields
        if not field.optional and field.attribute not in values
    }
    filled |= values
    return filled if kind.python is None else kind.python(**filled)


def _flags(kind: wit.Flags, name: str) -> Any:
    return frozenset() if kind.python is None else kind.python(0)


def _variant(kind: wit.Variant, name: str) -> Any:
    _, payload, _ = kind.cases[0]
    return None if payload is None else example_value(payload, name)


def _list(kind: wit.List, name: str) -> Any:
    return b"example" if kind.is_bytes else [example_value(kind.element, name.removesuffix("s"))]


_MAKERS: Final[Mapping[type, Callable[[Any, str], Any]]] = {
    wit.Prim: _prim,
    wit.List: _list,
    wit.Map: lambda kind, name: {"example": example_value(kind.value)},
    wit.Option: lambda kind, name: None,
    wit.Tuple: lambda kind, name: tuple(example_value(each) for each in kind.elements),
    wit.Record: lambda kind, name: _record(kind, {}),
    wit.Enum: lambda kind, name: kind.values[0],
    wit.Flags: _flags,
    wit.Variant: _variant,
}
