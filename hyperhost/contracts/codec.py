"""Contract types as JSON data and back: what operations take and answer, and what storage keeps.

A dataclass is an object, an enum its value, bytes are base64 text, and a tuple is an array. Reading
is strict: a key that the type does not have, and a value of another type, are refused with their
path. A field that has a default may be missing, so that what was written by an older version reads.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, TypeVar

__all__ = ["INTEGER_RANGES", "DataError", "from_data", "to_data"]

T = TypeVar("T")
_PLAIN = (str, int, float, bool, type(None))
_PLAIN_CLASSES = frozenset(_PLAIN)
_FIELDS: dict[type, tuple[str, ...]] = {}
"""Names of the fields of each dataclass that was met."""
_SHOWN = 60
"""Characters of what was found that a message repeats."""

INTEGER_RANGES = {
    f"{sign}{bits}": (0, 2**bits - 1) if sign == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in "us"
    for bits in (8, 16, 32, 64)
}
"""Least and greatest number by the names of :mod:`hyperhost.contracts.types`."""


class DataError(ValueError):
    """JSON data that is not of the type it is read as.

    Attributes:
        path: Where, for example ``metadata.licenses[1]``; empty for the whole.
        problem: What is wrong there, and what was expected.
        hint: What can be given, where that is one of a few values: all of them, the nearest first. Else
            empty.
    """

    def __init__(self, path: str, problem: str, hint: str = "") -> None:
        super().__init__(f"{path or 'the value'} {problem}")
        self.path = path
        self.problem = problem
        self.hint = hint


def to_data(value: Any) -> Any:
    """A value of a contract type as JSON data.

    Raises:
        TypeError: it holds something that is of no contract type.
    """
    cls = value.__class__
    if cls in _PLAIN_CLASSES:
        return value
    # Most of what a value holds is plain, and a call for each of that would cost more than all the rest.
    if cls is list or cls is tuple:
        return [item if item.__class__ in _PLAIN_CLASSES else to_data(item) for item in value]
    if cls is dict:
        return {
            key: item if item.__class__ in _PLAIN_CLASSES else to_data(item) for key, item in value.items()
        }
    names = _FIELDS.get(cls)
    if names is not None:
        data = {}
        for name in names:
            item = getattr(value, name)
            data[name] = item if item.__class__ in _PLAIN_CLASSES else to_data(item)
        return data
    if isinstance(value, Enum):
        return value.value
    if cls is bytes:
        return base64.b64encode(value).decode("ascii")
    if dataclasses.is_dataclass(value):
        _FIELDS[cls] = tuple(field.name for field in dataclasses.fields(value))
        return to_data(value)
    if isinstance(value, _PLAIN):
        return value
    raise TypeError(f"{cls.__name__} is no contract type")


def from_data(cls: type[T], data: Any) -> T:
    """The value of a contract type that JSON data stands for.

    Raises:
        DataError: it stands for none; says where and why.
    """
    return typing.cast("T", _reader(typing.cast("Any", cls))(data, ""))


_Reader = Callable[[Any, str], Any]


@cache
def _reader(kind: Any) -> _Reader:
    """A function that reads values of a type, made once."""
    if kind is Any:
        return lambda data, path: data
    if typing.get_origin(kind) is typing.Annotated:
        return _number(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return _list(_reader(arguments[0]))
    if origin is tuple:
        return _tuple(tuple(_reader(item) for item in arguments))
    if origin is dict:
        return _dict(_reader(arguments[1]))
    if origin in (typing.Union, types.UnionType):
        rest = [item for item in arguments if item is not type(None)]
        if len(rest) == 1:
            return _optional(_reader(rest[0]))
    if origin is typing.Literal:
        return _choice(arguments)
    if isinstance(kind, type):
        return _named(kind)
    raise TypeError(f"{kind!r} is no contract type")


def _named(kind: type) -> _Reader:
    if dataclasses.is_dataclass(kind):
        return _record(kind)
    if issubclass(kind, Enum):
        return _enum(kind)
    return _bytes if kind is bytes else _plain(kind)


def _plain(kind: type) -> _Reader:
    words = {str: "text", bool: "true or false"}.get(kind)
    if kind is int:
        return _whole(*INTEGER_RANGES["s64"])  # what a bare int means, see contracts.types
    if kind is float:
        return _real
    if words is None:
        raise TypeError(f"{kind!r} is no contract type")

    def read(data: Any, path: str) -> Any:
        if data.__class__ is kind:
            return data
        raise DataError(path, f"is {_found(data)}, where {words} is expected")

    return read


def _number(kind: Any) -> _Reader:
    """Numbers of a stated width; the alias's annotation names it."""
    base, *notes = typing.get_args(kind)
    for note in notes:
        if base is int and note in INTEGER_RANGES:
            return _whole(*INTEGER_RANGES[note])
    return _reader(base)


def _whole(least: int, most: int) -> _Reader:
    def read(data: Any, path: str) -> Any:
        if data.__class__ is not int:
            raise DataError(path, f"is {_found(data)}, where a whole number is expected")
        if not least <= data <= most:
            raise DataError(path, f"is {_found(data)}, where {least} to {most} is expected")
        return data

    return read


def _real(data: Any, path: str) -> float:
    if data.__class__ is int:
        try:
            data = float(data)
        except OverflowError:
            raise DataError(path, f"is {_found(data)}, which is too large") from None
    if data.__class__ is not float or not math.isfinite(data):
        raise DataError(path, f"is {_found(data)}, where a number is expected")
    number: float = data
    return number


def _bytes(data: Any, path: str) -> bytes:
    try:
        if data.__class__ is str:
            return base64.b64decode(data, validate=True)
    except ValueError:
        pass
    raise DataError(path, f"is {_found(data)}, where base64 text is expected")


def _optional(inner: _Reader) -> _Reader:
    return lambda data, path: None if data is None else inner(data, path)


def _list(inner: _Reader) -> _Reader:
    def read(data: Any, path: str) -> Any:
        if data.__class__ is not list:
            raise DataError(path, f"is {_found(data)}, where an array is expected")
        return [inner(item, f"{path}[{index}]") for index, item in enumerate(data)]

    return read


def _tuple(inner: tuple[_Reader, ...]) -> _Reader:
    def read(data: Any, path: str) -> Any:
        if data.__class__ is not list or len(data) != len(inner):
            raise DataError(path, f"is {_found(data)}, where an array of {len(inner)} is expected")
        return tuple(
            each(item, f"{path}[{index}]") for index, (each, item) in enumerate(zip(inner, data, strict=True))
        )

    return read


def _dict(inner: _Reader) -> _Reader:
    def read(data: Any, path: str) -> Any:
        if data.__class__ is not dict:
            raise DataError(path, f"is {_found(data)}, where an object is expected")
        return {key: inner(item, _below(path, key)) for key, item in data.items()}

    return read


def _choice(known: tuple[Any, ...]) -> _Reader:
    def read(data: Any, path: str) -> Any:
        if not any(data.__class__ is each.__class__ and data == each for each in known):
            names = [str(each) for each in known]
            problem = f"is {_found(data)}, where one of {', '.join(names)} is expected"
            raise DataError(path, problem, _nearest_first(data, names))
        return data

    return read


def _enum(kind: type[Enum]) -> _Reader:
    known = {(member.value.__class__, member.value): member for member in kind}

    def read(data: Any, path: str) -> Any:
        try:
            return known[data.__class__, data]
        except (KeyError, TypeError):
            names = [str(member.value) for member in kind]
            problem = f"is {_found(data)}, where one of {', '.join(names)} is expected"
            raise DataError(path, problem, _nearest_first(data, names)) from None

    return read


def _nearest_first(data: Any, names: list[str]) -> str:
    """The values that can be given, those that look most like what was given first."""
    if isinstance(data, str):
        from difflib import SequenceMatcher

        word = data[:_SHOWN].lower()
        # sorted() keeps the order of what is equally near.
        names = sorted(names, key=lambda name: -SequenceMatcher(None, word, name.lower()).ratio())
    return f"write {', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else f"write {names[0]}"


def _record(kind: type) -> _Reader:
    hints = typing.get_type_hints(kind, include_extras=True)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]

    def read(data: Any, path: str) -> Any:
        if data.__class__ is not dict:
            raise DataError(path, f"is {_found(data)}, where an object is expected")
        values = {}
        for key, item in data.items():
            if (each := readers.get(key)) is None:
                raise DataError(_below(path, key), f"is not known; known are {', '.join(readers)}")
            values[key] = each(item, _below(path, key))
        for key in needed:
            if key not in values:
                raise DataError(_below(path, key), "is missing")
        return kind(**values)

    return read


def _below(path: str, key: Any) -> str:
    """The path of a key; a key may be anything, and as long as it likes."""
    word = str(key) if len(str(key)) <= _SHOWN else f"{str(key)[:_SHOWN]}…"
    return f"{path}.{word}" if path else word


def _found(data: Any) -> str:
    """What was found, in a few words."""
    match data:
        case None:
            return "null"
        case bool():
            return str(data).lower()
        case int() if abs(data) >= 10**_SHOWN:
            return "a number of more than 60 digits"
        case int() | float():
            return str(data)
        case str():
            return repr(data if len(data) <= _SHOWN else f"{data[:_SHOWN]}…")
        case list():
            return "an array"
        case dict():
            return "an object"
    return type(data).__name__
