"""The types that cross into a component: WIT's value types, built from Python annotations.

The Python signature is the source (DESIGN section 4). A :class:`WitType` is a small immutable
tree; nodes built from Python remember the Python class, nodes read from a component do not.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hyperhost.errors import RefusalError, UnsupportedTypeError

__all__ = [
    "BYTES",
    "REFUSAL",
    "Enum",
    "Field",
    "Flags",
    "Function",
    "List",
    "Map",
    "Option",
    "Prim",
    "Record",
    "Resource",
    "Result",
    "Tuple",
    "Variant",
    "WitType",
    "function_from_python",
    "kebab",
    "type_from_python",
]


@dataclass(frozen=True, slots=True)
class Prim:
    """A scalar or string; ``name`` is the WIT keyword, for example ``s64``."""

    name: str


@dataclass(frozen=True, slots=True)
class List:
    """``list<element>``. ``is_bytes`` marks ``list<u8>`` that is ``bytes`` in Python."""

    element: WitType
    is_bytes: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """``dict[str, value]``, in WIT ``list<tuple<string, value>>``."""

    value: WitType


@dataclass(frozen=True, slots=True)
class Option:
    """``option<inner>``; ``None`` in Python is the empty case."""

    inner: WitType


@dataclass(frozen=True, slots=True)
class Tuple:
    """``tuple<…>``."""

    elements: tuple[WitType, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: Python attribute, WIT name, type, and whether it may be left out."""

    attribute: str
    name: str
    type: WitType
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A record; ``python`` is the frozen dataclass, or ``None`` for a plain ``dict``."""

    name: str
    fields: tuple[Field, ...]
    python: type | None = None


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumeration: WIT case names, and the Python value of each, in the same order."""

    name: str
    cases: tuple[str, ...]
    values: tuple[Any, ...]
    python: Any = None


@dataclass(frozen=True, slots=True)
class Flags:
    """A set of flags: WIT names, and the Python member of each, in the same order."""

    name: str
    flags: tuple[str, ...]
    members: tuple[Any, ...]
    python: type | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A tagged union: case names, payload types (``None`` for none), Python classes (or ``None``)."""

    name: str
    cases: tuple[tuple[str, WitType | None, type | None], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """``result<ok, err>``; either may be ``None``."""

    ok: WitType | None
    err: WitType | None


@dataclass(frozen=True, slots=True)
class Resource:
    """A handle to something the host keeps; an integer in Python."""

    name: str = "resource"


WitType = Prim | List | Map | Option | Tuple | Record | Enum | Flags | Variant | Result | Resource


@dataclass(frozen=True, slots=True)
class Function:
    """A function's parameters in order, as ``(python name, WIT name, type)``, and its result."""

    parameters: tuple[tuple[str, str, WitType], ...]
    result: WitType | None


BYTES = List(Prim("u8"), is_bytes=True)
REFUSAL = Record(
    "refusal",
    (Field("reason", "reason", Prim("string")), Field("rule", "rule", Prim("string"))),
)
_SCALARS = ("s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64", "f32", "f64", "char")
_PLAIN: Mapping[Any, WitType] = {
    bool: Prim("bool"),
    str: Prim("string"),
    float: Prim("f64"),
    int: Prim("s64"),
    bytes: BYTES,
}
_NEAREST: Mapping[Any, str] = {
    dict: "dict[str, T]",
    list: "list[T]",
    set: "list[T]",
    frozenset: "list[T]",
    tuple: "tuple[A, B] with every element named",
    object: "a frozen dataclass",
    Any: "a frozen dataclass, or str holding JSON",
    bytearray: "bytes",
    memoryview: "bytes",
    complex: "tuple[float, float]",
    type(None): "a type with values; only a result may be None",
    typing.Literal: "Literal[...] of str, or an Enum",
}
_MAX_FLAGS = 32
_RESOLVABLE = "define or import the type at the top level of the module"
_SPELLING = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def kebab(name: str) -> str:
    """The WIT spelling of a Python or CamelCase name: ``check_text`` and ``CheckText`` → ``check-text``.

    A part that starts with a digit joins the part before it (``x_1`` → ``x1``), as WIT words
    start with a letter.
    """
    words: list[str] = []
    for word in _WORD.findall(name):
        if words and word[0].isdigit():
            words[-1] += word
        else:
            words.append(word.lower())
    return "-".join(words)


def function_from_python(
    function: Callable[..., Any],
    *,
    skip: int = 1,
    where: str = "",
    raises: type[Exception] | None = None,
    error: Any = None,
) -> Function:
    """The WIT type of a Python function.

    Args:
        function: A function with every parameter annotated.
        skip: Leading parameters that do not cross (``self``, and ``call`` for host functions).
        where: What to call it in errors.
        raises: The refusal class of a hookspec; makes the result ``result<T, refusal>``.
        error: The error type of a host function; makes the result ``result<T, error>``.

    Raises:
        UnsupportedTypeError: a parameter has no annotation, or one that has no WIT counterpart.
    """
    where = where or function.__qualname__
    hints = _hints(function, where, function.__globals__, "parameter")
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount][skip:]
    if code.co_flags & 0x0C:  # *args or **kwargs: their number and types are unknown
        raise UnsupportedTypeError(f"{where} takes * or ** parameters", hint="name and annotate each one")
    parameters = []
    for name in names:
        if name not in hints:
            raise UnsupportedTypeError(
                f"parameter {name!r} of {where} has no annotation", hint="annotate it, for example with str"
            )
        parameters.append(
            (name, kebab(name), type_from_python(hints[name], f"parameter {name!r} of {where}", name))
        )
    _unique(where, [name for _, name, _ in parameters], where, "parameters")
    returned = hints.get("return", type(None))
    result: WitType | None = None
    if returned is not type(None):
        result = type_from_python(returned, f"the result of {where}", f"{kebab(function.__name__)}-result")
    if raises is not None:
        if not issubclass(raises, RefusalError):
            raise UnsupportedTypeError(
                f"{where} documents raises={raises.__name__}",
                hint="derive it from hyperhost.errors.RefusalError",
            )
        result = Result(result, REFUSAL)
    elif error is not None:
        result = Result(result, type_from_python(error, f"the error of {where}", "error"))
    return Function(tuple(parameters), result)


def _hints(annotated: Any, where: str, namespace: Mapping[str, Any], word: str) -> dict[str, Any]:
    """The resolved annotations of a function or class.

    Raises:
        UnsupportedTypeError: one of them names something that is not there; says which.
    """
    try:
        return typing.get_type_hints(annotated, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as caught:
        for name, annotation in getattr(annotated, "__annotations__", {}).items():
            alone = types.SimpleNamespace(__annotations__={name: annotation})
            try:
                typing.get_type_hints(alone, globalns=dict(namespace), include_extras=True)
            except (NameError, AttributeError, TypeError, SyntaxError) as problem:
                part = "the result" if name == "return" else f"{word} {name!r}"
                raise _unresolved(f"{part} of {where}", annotation, problem) from caught
        raise UnsupportedTypeError(
            f"annotations of {where} cannot be resolved: {caught}", hint=_RESOLVABLE
        ) from caught


def _unresolved(where: str, annotation: Any, caught: Exception) -> UnsupportedTypeError:
    return UnsupportedTypeError(
        f"{where} has type {annotation}, which cannot be resolved: {caught}",
        hint=_RESOLVABLE,
    )


def type_from_python(
    annotation: Any, where: str, label: str = "value", _open: tuple[Any, ...] = ()
) -> WitType:
    """The WIT type of one annotation.

    Args:
        annotation: A type from the table in DESIGN section 4.
        where: What it annotates, for errors.
        label: Name for types that have none of their own (``Literal``, unions).

    Raises:
        UnsupportedTypeError: names ``where`` and the nearest type that works.
    """
    if typing.get_origin(annotation) is typing.Annotated:
        return _annotated(annotation, where, label, _open)
    try:
        if annotation in _PLAIN:
            return _PLAIN[annotation]
    except TypeError:
        pass
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, where, label, _open)
    if origin is list and len(arguments) == 1:
        return List(type_from_python(arguments[0], where, label, _open))
    if origin is tuple and arguments and Ellipsis not in arguments:
        return Tuple(tuple(type_from_python(item, where, label, _open) for item in arguments))
    if origin is dict and arguments[0] is str:
        return Map(type_from_python(arguments[1], where, label, _open))
    if origin is typing.Literal and arguments and all(isinstance(item, str) for item in arguments):
        return _enum(kebab(label), list(arguments), list(arguments), annotation, where)
    if isinstance(annotation, type):
        return _class(annotation, where, _open)
    raise _unsupported(annotation, where)


def _annotated(annotation: Any, where: str, label: str, _open: tuple[Any, ...]) -> WitType:
    base, *notes = typing.get_args(annotation)
    for note in notes:
        if note in _SCALARS:
            return Prim(note)
    return type_from_python(base, where, label, _open)


def _union(arguments: tuple[Any, ...], where: str, label: str, _open: tuple[Any, ...]) -> WitType:
    members = [item for item in arguments if item is not type(None)]
    if len(members) == 1:
        inner: WitType = type_from_python(members[0], where, label, _open)
    elif all(isinstance(item, type) and dataclasses.is_dataclass(item) for item in members):
        cases = tuple((kebab(item.__name__), _class(item, where, _open), item) for item in members)
        name = "-or-".join(case[0] for case in cases)
        inner = Variant(_unique(name, [case[0] for case in cases], where), cases)
    else:
        raise UnsupportedTypeError(
            f"{where} is a union of types that are not all dataclasses",
            hint="wrap each in a frozen dataclass",
        )
    return inner if len(members) == len(arguments) else Option(inner)


def _class(cls: type, where: str, _open: tuple[Any, ...]) -> WitType:
    if issubclass(cls, enum.Flag):
        members = list(cls)
        names = [kebab((member.name or "").lower()) for member in members]
        if len(names) > _MAX_FLAGS:
            raise UnsupportedTypeError(
                f"{where} uses {cls.__name__} with {len(names)} flags, and components carry {_MAX_FLAGS}",
                hint="split it in two",
            )
        return Flags(_unique(kebab(cls.__name__), names, where), tuple(names), tuple(members), cls)
    if issubclass(cls, enum.Enum):
        members = list(cls)
        return _enum(
            kebab(cls.__name__), [str(member.name).lower() for member in members], members, cls, where
        )
    if not dataclasses.is_dataclass(cls):
        raise _unsupported(cls, where)
    if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # set by @dataclass
        raise UnsupportedTypeError(
            f"{where} uses dataclass {cls.__name__}, which is not frozen",
            hint="declare it with @dataclass(frozen=True, slots=True)",
        )
    if cls in _open:
        raise UnsupportedTypeError(
            f"{where} uses dataclass {cls.__name__}, which contains itself",
            hint="WIT has no recursive types: pass a list of nodes that refer to each other by index",
        )
    hints = _hints(cls, f"{cls.__name__} ({where})", vars(sys.modules.get(cls.__module__, types)), "field")
    fields = []
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        inside = f"field {field.name!r} of {cls.__name__} ({where})"
        label = f"{kebab(cls.__name__)}-{kebab(field.name)}"
        kind = type_from_python(hints[field.name], inside, label, (*_open, cls))
        has_default = (
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        )
        fields.append(Field(field.name, kebab(field.name), kind, has_default))
    if not fields:
        raise UnsupportedTypeError(
            f"{where} uses dataclass {cls.__name__}, which has no fields",
            hint="use a Literal or an Enum instead",
        )
    name = _unique(kebab(cls.__name__), [field.name for field in fields], where)
    return Record(name, tuple(fields), cls)


def _enum(name: str, spelled: list[str], values: list[Any], python: Any, where: str) -> Enum:
    names = [kebab(case) for case in spelled]
    return Enum(_unique(name, names, where), tuple(names), tuple(values), python)


def _unique(name: str, names: list[str], where: str, parts: str = "") -> str:
    """Check that names survive their WIT spelling, and return ``name``.

    Args:
        name: Name of the type.
        names: Names of its fields or cases.
        where: What it annotates, for errors.
        parts: What ``names`` are, when ``name`` is no WIT name and there may be none of them.
    """
    for candidate in names if parts else (name, *names):
        if not _SPELLING.fullmatch(candidate):
            raise UnsupportedTypeError(
                f"{where}: {candidate!r} cannot be spelled in WIT",
                hint="use ASCII letters and digits, and start with a letter",
            )
    if twice := next((candidate for candidate in names if names.count(candidate) > 1), None):
        raise UnsupportedTypeError(
            f"{where}: two {parts or 'names'} of {name} are both {twice!r} once spelled in WIT",
            hint="rename one",
        )
    if not names and not parts:
        raise UnsupportedTypeError(f"{where}: {name} has no cases", hint="give it at least one")
    return name


def _unsupported(annotation: Any, where: str) -> UnsupportedTypeError:
    origin = typing.get_origin(annotation) or annotation
    nearest = next((hint for key, hint in _NEAREST.items() if origin is key), "a frozen dataclass")
    shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return UnsupportedTypeError(
        f"{where} has type {shown}, which does not cross into WIT", hint=f"use {nearest}"
    )
