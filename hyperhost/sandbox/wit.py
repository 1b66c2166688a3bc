"""Print hooks and host interfaces as WIT text.

``show`` spells a type as WIT does (used in errors); ``package`` prints the contract of a host
program: one interface ``types`` with every named type, and one world per plugin or, for
reading, one world with every hook.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from hyperhost.sandbox.types import (
    Enum,
    Flags,
    Function,
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

__all__ = ["distinct", "export_world", "interface", "named_types", "package", "show", "signature"]

_WORDS = (
    "as async bool borrow char constructor enum export f32 f64 flags from func future import include "
    "interface list map option own package record resource result s16 s32 s64 s8 static stream string "
    "tuple type u16 u32 u64 u8 use variant with world"
)
_KEYWORDS = frozenset(_WORDS.split())


def identifier(name: str) -> str:
    """``name`` as WIT text: keywords are escaped with ``%``."""
    return f"%{name}" if name in _KEYWORDS else name


def show(kind: WitType | None) -> str:
    """A type as WIT text, named types by their name.

    >>> show(List(Prim("string")))
    'list<string>'
    """
    match kind:
        case None:
            return "_"
        case Prim(name):
            return name
        case List(element):
            return f"list<{show(element)}>"
        case Map(value):
            return f"list<tuple<string, {show(value)}>>"
        case Option(inner):
            return f"option<{show(inner)}>"
        case Tuple(elements):
            return f"tuple<{', '.join(show(item) for item in elements)}>"
        case Result(ok, err):
            if ok is None and err is None:
                return "result"
            return f"result<{show(ok)}>" if err is None else f"result<{show(ok)}, {show(err)}>"
        case Record() | Enum() | Flags() | Variant() | Resource():
            return identifier(kind.name)


def signature(function: Function) -> str:
    """A function type as WIT text: ``func(path: string) -> list<finding>``."""
    parameters = ", ".join(f"{identifier(name)}: {show(kind)}" for _, name, kind in function.parameters)
    result = f" -> {show(function.result)}" if function.result is not None else ""
    return f"func({parameters}){result}"


def named_types(  # noqa: C901 - a table, one line a type
    functions: Iterable[Function],
) -> dict[str, WitType]:
    """Every named type the functions use, inner ones first; of two with one name, the first."""
    found: dict[str, WitType] = {}

    def visit(kind: WitType | None) -> None:
        match kind:
            case List(inner) | Map(inner) | Option(inner):
                visit(inner)
            case Tuple(elements):
                for item in elements:
                    visit(item)
            case Result(ok, err):
                visit(ok)
                visit(err)
            case Record(name, fields):
                for field in fields:
                    visit(field.type)
                found.setdefault(name, kind)
            case Variant(name, cases):
                for _, payload, _ in cases:
                    visit(payload)
                found.setdefault(name, kind)
            case Enum(name) | Flags(name):
                found.setdefault(name, kind)

    for function in functions:
        for _, _, kind in function.parameters:
            visit(kind)
        visit(function.result)
    return found


def distinct(functions: Mapping[str, Function]) -> dict[str, Function]:
    """The functions with a number behind every type name that an earlier, different type has.

    A ``Literal`` is named after its parameter, so two hooks soon have different types called
    ``mode``. Names do not count when a component is matched with a hook, so either may change.
    """
    taken: dict[str, list[str]] = {}

    def named(kind: Record | Variant | Enum | Flags) -> WitType:
        body = _definition("", kind)
        numbers = itertools.count(2)
        name = kind.name
        while taken.setdefault(name, body) != body:
            name = f"{kind.name}{next(numbers)}"
        return dataclasses.replace(kind, name=name)

    def each(kind: WitType | None) -> Any:
        match kind:
            case List(inner) | Option(inner):
                return dataclasses.replace(
                    kind, **{"element" if isinstance(kind, List) else "inner": each(inner)}
                )
            case Map(value):
                return Map(each(value))
            case Tuple(elements):
                return Tuple(tuple(map(each, elements)))
            case Result(ok, err):
                return Result(each(ok), each(err))
            case Record(fields=fields):
                inside = tuple(dataclasses.replace(field, type=each(field.type)) for field in fields)
                return named(dataclasses.replace(kind, fields=inside))
            case Variant(cases=cases):
                return named(
                    Variant(kind.name, tuple((case, each(payload), cls) for case, payload, cls in cases))
                )
            case Enum() | Flags():
                return named(kind)
        return kind

    return {
        key: Function(
            tuple((python, wit, each(kind)) for python, wit, kind in function.parameters),
            each(function.result),
        )
        for key, function in functions.items()
    }


def _definition(name: str, kind: WitType) -> list[str]:
    match kind:
        case Record(fields=fields):
            body = [f"    {identifier(field.name)}: {show(field.type)}," for field in fields]
            return [f"  record {identifier(name)} {{", *body, "  }"]
        case Variant(cases=cases):
            body = [
                f"    {identifier(case)}({show(payload)}),"
                if payload is not None
                else f"    {identifier(case)},"
                for case, payload, _ in cases
            ]
            return [f"  variant {identifier(name)} {{", *body, "  }"]
        case Enum(cases=names):
            return [f"  enum {identifier(name)} {{ {', '.join(map(identifier, names))} }}"]
        case Flags(flags=names):
            return [f"  flags {identifier(name)} {{ {', '.join(map(identifier, names))} }}"]
    raise AssertionError(f"not a named type: {kind}")


def interface(
    name: str,
    functions: Mapping[str, Function],
    types: Mapping[str, WitType] | None = None,
    *,
    docs: Mapping[str, str] | None = None,
) -> str:
    """One WIT interface with its types and functions.

    Args:
        name: Its name.
        functions: WIT name → type of each function.
        types: The named types to print; those that the functions use, when not given.
        docs: WIT name → docstring of a function, to be printed above it.
    """
    docs = docs or {}
    if types is None:
        functions = distinct(functions)
    lines = [f"interface {name} {{"]
    for type_name, kind in (named_types(functions.values()) if types is None else types).items():
        lines += _definition(type_name, kind)
    for key, function in functions.items():
        lines += _remarks(docs.get(key, ""), "  ")
        lines.append(f"  {identifier(key)}: {signature(function)};")
    return "\n".join([*lines, "}"])


def _remarks(text: str, indent: str) -> list[str]:
    """A docstring as WIT comments."""
    return [f"{indent}/// {line}".rstrip() for line in text.strip().splitlines()]


def export_world(
    name: str,
    hooks: Mapping[str, Function],
    *,
    imports: Iterable[str] = (),
    docs: Mapping[str, str] | None = None,
) -> str:
    """One WIT world; its package has an interface ``types`` with the named types of the hooks.

    Args:
        name: Its name.
        hooks: WIT name → type of each hook it exports; types of one name are equal (:func:`distinct`).
        imports: Names of the interfaces it imports.
        docs: WIT name → docstring of a hook, to be printed above it.
    """
    docs = docs or {}
    types = named_types(hooks.values())
    lines = [f"world {name} {{"]
    if types:
        lines.append(f"  use types.{{{', '.join(map(identifier, types))}}};")
    lines += [f"  import {item};" for item in imports]
    for key, function in hooks.items():
        lines += _remarks(docs.get(key, ""), "  ")
        lines.append(f"  export {identifier(key)}: {signature(function)};")
    return "\n".join([*lines, "}"])


def package(
    name: str,
    hooks: Mapping[str, Function],
    *,
    version: str = "1.0.0",
    world: str = "plugin",
    imports: Iterable[str] = (),
) -> str:
    """The WIT package of a host program.

    Args:
        name: ``namespace:package`` without version.
        hooks: WIT name → type of each hook, in the order to print.
        version: Version of the contract.
        world: Name of the world.
        imports: Full names of the host interfaces the world imports.
    """
    hooks = distinct(hooks)
    types = named_types(hooks.values())
    parts = [f"package {name}@{version};"]
    if types:
        parts.append(interface("types", {}, types))
    return "\n\n".join([*parts, export_world(world, hooks, imports=imports)]) + "\n"
