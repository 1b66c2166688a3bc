"""JSON for the values of hooks: from text to what a hookspec takes, and back from what it gives.

The mapping follows the types, not the values, so it is the same in both directions:

======================  ==================================================================
bool, str, int          as they are; a number without a fraction where WIT has an integer
float                   a number, or ``"NaN"``, ``"Infinity"``, ``"-Infinity"``
bytes                   ``{"base64": "…"}``; ``{"text": "…"}`` is read as UTF-8, too
list, tuple             an array
dict[str, T]            an object
T | None                the value, or ``null``
dataclass               an object; fields that have a default may be left out
Enum                    the member's name
Literal                 the text itself
Flag                    an array of member names
A | B                   an object with one key, the WIT name of the case: ``{"circle": {…}}``
======================  ==================================================================
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import enum
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hyperhost.errors import BadArgumentError
from hyperhost.host.jsonwords import RANGES, expectation, names, nearest, shown
from hyperhost.sandbox import types as wit

__all__ = ["arguments_from_json", "from_json", "to_json"]

_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_BYTES_HINT: Final = 'write bytes as {"base64": "aGk="} or {"text": "hi"}'


def arguments_from_json(function: wit.Function, data: object, hook: str | None = None) -> dict[str, Any]:
    """Arguments of a hook from a JSON object.

    Args:
        function: Type of the hookspec.
        data: What ``json.loads`` gave; an object with one key per parameter. A parameter whose type is
            ``T | None`` may be left out, and is ``None`` then.
        hook: Name of the hook, for errors.

    Raises:
        BadArgumentError: no object, an unknown or missing argument, or a value that does not fit its
            type. Names it by path (``findings[3].line``).
    """
    known = [name for name, _, _ in function.parameters]
    if not isinstance(data, Mapping):
        raise _error(f"the arguments are {shown(data)}", f"write an object: {_example(known)}", hook)
    for name in data:
        if name not in known:
            raise _error(f"there is no argument {name!r}", nearest(name, known, "arguments are"), hook)
    arguments = {}
    for name, _, kind in function.parameters:
        if name not in data and not isinstance(kind, wit.Option):
            expected = expectation(kind)
            raise _error(f"argument {name!r} is missing", f"it is {expected}", hook)
        try:
            arguments[name] = from_json(kind, data.get(name), name)
        except BadArgumentError as error:
            error.located(None, hook)
            raise
    return arguments


def from_json(kind: wit.WitType, value: object, path: str = "value") -> Any:
    """The Python value that ``value``, as ``json.loads`` gave it, stands for.

    Args:
        kind: The type it must have.
        value: JSON data.
        path: What to call it in errors.

    Raises:
        BadArgumentError: it does not fit the type. Names the path, what was expected and found.
    """
    reader = _READERS.get(type(kind))
    if reader is None:
        raise _error(f"{path} has a type that JSON cannot express", "call this hook from Python")
    return reader(kind, value, path)


def to_json(value: object, kind: wit.WitType | None = None) -> Any:
    """JSON data (``None``, bool, number, text, list, dict) for a hook's result.

    Args:
        value: A value of one of the types that cross into WIT, or JSON data, which is kept.
        kind: Its type. Only unions need it: without it, the name of the case is lost.

    Raises:
        TypeError: a value of another type.
    """
    match kind:
        case wit.Result(ok=ok):
            return to_json(value, ok)
        case wit.Option(inner=inner):
            return to_json(value, inner)
        case wit.Variant(cases=cases):
            for name, payload, python in cases:
                if python is not None and type(value) is python:
                    return {name: to_json(value, payload)}
        case wit.List(element=element) if isinstance(value, list):
            return [to_json(item, element) for item in value]
        case wit.Map(value=inner) if isinstance(value, dict):
            return {key: to_json(item, inner) for key, item in value.items()}
        case wit.Tuple(elements=elements) if isinstance(value, tuple):
            return [to_json(item, each) for item, each in zip(value, elements, strict=True)]
        case wit.Record(fields=fields) if dataclasses.is_dataclass(value):
            return {field.attribute: to_json(getattr(value, field.attribute), field.type) for field in fields}
    return _plain(value)


def _plain(value: object) -> Any:
    match value:
        case enum.Flag():
            return [member.name for member in value]
        case enum.Enum():
            return value.name
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else _word(value)
        case bytes() | bytearray() | memoryview():
            return {"base64": base64.b64encode(value).decode("ascii")}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no counterpart in JSON")


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _prim(kind: wit.Prim, value: object, path: str) -> Any:
    match kind.name:
        case "bool" if isinstance(value, bool):
            return value
        case "string" if isinstance(value, str) and _is_scalar_text(value):
            return value
        case "char" if isinstance(value, str) and len(value) == 1 and _is_scalar_text(value):
            return value
        case "f32" | "f64" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "f32" | "f64" if isinstance(value, str) and value in _WORDS:
            return _WORDS[value]
        case name if name in RANGES and isinstance(value, int | float) and not isinstance(value, bool):
            low, high = RANGES[name]
            # 1e3 is how some programs write 1000.
            if (isinstance(value, int) or value.is_integer()) and low <= value <= high:
                return int(value)
    raise _wrong(kind, value, path)


def _is_scalar_text(text: str) -> bool:
    """JSON can write half of a surrogate pair, which no UTF-8 text can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _list(kind: wit.List, value: object, path: str) -> Any:
    if kind.is_bytes:
        return _bytes(kind, value, path)
    if not isinstance(value, list):
        raise _wrong(kind, value, path)
    return [from_json(kind.element, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _bytes(kind: wit.List, value: object, path: str) -> bytes:
    match value:
        case {"base64": str(text), **rest} if not rest:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                raise _error(f"{path} holds no base64 text", _BYTES_HINT) from None
        case {"text": str(text), **rest} if not rest and _is_scalar_text(text):
            return text.encode("utf-8")
    raise _error(f"{path} is {shown(value)}, expected bytes", _BYTES_HINT)


def _map(kind: wit.Map, value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(kind, value, path)
    return {
        _prim(wit.Prim("string"), key, f"a key of {path}"): from_json(kind.value, item, f"{path}[{key!r}]")
        for key, item in value.items()
    }


def _option(kind: wit.Option, value: object, path: str) -> Any:
    return None if value is None else from_json(kind.inner, value, path)


def _tuple(kind: wit.Tuple, value: object, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) != len(kind.elements):
        raise _wrong(kind, value, path)
    pairs = enumerate(zip(kind.elements, value, strict=True))
    return tuple(from_json(each, item, f"{path}[{index}]") for index, (each, item) in pairs)


def _record(kind: wit.Record, value: object, path: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(kind, value, path)
    known = {field.attribute: field for field in kind.fields}
    for name in value:
        if name not in known:
            raise _error(f"{path} has no field {name!r}", nearest(name, known, "fields are"))
    values = {}
    for name, field in known.items():
        if name in value:
            values[name] = from_json(field.type, value[name], f"{path}.{name}")
        elif not field.optional:
            raise _error(f"{path}.{name} is missing", f"it is {expectation(field.type)}")
    if kind.python is None:
        return values
    try:
        return kind.python(**values)
    except (ValueError, TypeError) as error:
        raise _error(
            f"{path} is refused by {kind.python.__name__}: {error}", "give values it accepts"
        ) from error


def _enum(kind: wit.Enum, value: object, path: str) -> Any:
    if isinstance(value, str):
        for name, case, python in zip(names(kind), kind.cases, kind.values, strict=True):
            if value in (name, case):
                return python
        hint = nearest(value, names(kind), "choose one of")
        raise _error(f"{path} is {shown(value)}", hint)
    raise _wrong(kind, value, path)


def _flags(kind: wit.Flags, value: object, path: str) -> Any:
    if not isinstance(value, list):
        raise _wrong(kind, value, path)
    known = names(kind)
    chosen: list[Any] = []
    for index, item in enumerate(value):
        found = next(
            (m for n, f, m in zip(known, kind.flags, kind.members, strict=True) if item in (n, f)), None
        )
        if found is None:
            hint = nearest(str(item), known, "choose from")
            raise _error(f"{path}[{index}] is {shown(item)}", hint)
        chosen.append(found)
    if kind.python is None:
        return frozenset(chosen)
    result = kind.python(0)
    for member in chosen:
        result |= member
    return result


def _variant(kind: wit.Variant, value: object, path: str) -> Any:
    if not isinstance(value, dict) or len(value) != 1:
        raise _wrong(kind, value, path)
    [(name, inner)] = value.items()
    for case, payload, python in kind.cases:
        if name == case or (python is not None and name == python.__name__):
            return None if payload is None else from_json(payload, inner, f"{path}.{name}")
    cases = [case for case, _, _ in kind.cases]
    raise _error(f"{path} has no case {name!r}", nearest(name, cases, "cases are"))


def _wrong(kind: wit.WitType, value: object, path: str) -> BadArgumentError:
    return _error(f"{path} is {shown(value)}", f"expected {expectation(kind)}")


def _example(known: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{name}": …' for name in known) + "}"


def _error(message: str, hint: str, hook: str | None = None) -> BadArgumentError:
    return BadArgumentError(message, hook=hook, hint=hint)


_READERS: Final[Mapping[type, Callable[[Any, object, str], Any]]] = {
    wit.Prim: _prim,
    wit.List: _list,
    wit.Map: _map,
    wit.Option: _option,
    wit.Tuple: _tuple,
    wit.Record: _record,
    wit.Enum: _enum,
    wit.Flags: _flags,
    wit.Variant: _variant,
}
