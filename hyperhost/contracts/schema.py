"""JSON Schema of contract types, for whoever calls operations from elsewhere."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from typing import Any

from hyperhost.contracts.codec import INTEGER_RANGES

__all__ = ["schema_of"]


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what :func:`hyperhost.contracts.codec.to_data` makes of a type.

    Raises:
        TypeError: it is no contract type.
    """
    if kind is Any:
        return {}
    if kind is None or kind is type(None):
        return {"type": "null"}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        width = next((note for note in arguments[1:] if note in INTEGER_RANGES), "s64")
        return _whole(width) if arguments[0] is int else schema_of(arguments[0])
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is tuple:
        items = [schema_of(item) for item in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema_of(item) for item in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if isinstance(kind, type):
        return _named(kind)
    raise TypeError(f"{kind!r} is no contract type")


def _named(kind: type) -> dict[str, Any]:
    if dataclasses.is_dataclass(kind):
        return _record(kind)
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if kind is int:
        return _whole("s64")
    plain = {str: "string", bool: "boolean", float: "number", bytes: "string"}.get(kind)
    if plain is None:
        raise TypeError(f"{kind!r} is no contract type")
    return {"type": plain, **({"contentEncoding": "base64"} if kind is bytes else {})}


def _whole(width: str) -> dict[str, Any]:
    least, most = INTEGER_RANGES[width]
    return {"type": "integer", "minimum": least, "maximum": most}


def _record(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = dataclasses.fields(kind)
    needed = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    return {
        "type": "object",
        "properties": {field.name: schema_of(hints[field.name]) for field in fields},
        "required": needed,
        "additionalProperties": False,
    }
