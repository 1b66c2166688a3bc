"""TypeScript declarations of a world, as componentize-qjs passes its values.

========================  ===================================================================
``bool``, ``string``      ``boolean``, ``string``
all numbers               ``number``; 64-bit ones are exact up to 2^53
``list<u8>``              ``Uint8Array``; ``list<s8>`` is ``Int8Array``
``list``, ``tuple``       arrays
``option<T>``             ``T | null``; an option of an option is ``{ tag: "some", val }``
record                    object with camelCase keys
enum                      its cases as strings
flags                     object with camelCase booleans
variant, inner result     ``{ tag, val }``
result of a function      the value; its error is thrown
========================  ===================================================================
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

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
from hyperhost.sandbox.wit import distinct, named_types

if TYPE_CHECKING:
    from hyperhost.sdk.world import World

__all__ = ["HOOKS_MODULE", "camel", "declarations", "pascal", "show"]

HOOKS_MODULE: Final = "hyperhost:plugin"
"""Ambient module with the types of the hooks; types only, there is nothing to import when it runs."""

_HEAD: Final = """\
// Written by hyperhost plugin build from plugin.toml; not edited by hand.
// Types of the hooks:  /** @import { Hooks } from "hyperhost:plugin" */
//                      /** @type {Hooks["someHook"]} */
"""
_CONSOLE: Final = """\
/** Writes to the plugin's log when it asks for the capability log, and nowhere otherwise. */
declare var console: Record<
  "debug" | "error" | "info" | "log" | "trace" | "warn",
  (...values: unknown[]) => void
>;
"""
_WORDS: Final = frozenset(
    [
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
    ]
)


def camel(name: str) -> str:
    """``check-text`` → ``checkText``."""
    first, *others = name.split("-")
    return first + "".join(part.capitalize() for part in others)


def pascal(name: str) -> str:
    """``check-text`` → ``CheckText``."""
    return "".join(part.capitalize() for part in name.split("-"))


def declarations(world: World) -> str:
    """The text of ``plugin.d.ts``: one ambient module for the hooks, one for each imported interface."""
    parts = [_HEAD, _CONSOLE, _module(HOOKS_MODULE, [*_types(world.hooks.values()), *_hooks(world)])]
    for name, functions in world.imports.items():
        plain = distinct(functions)
        body = list(_types(plain.values()))
        for key, function in plain.items():
            body += _function(key, function, world.docs.get(f"{name} {key}", ""))
        parts.append(_module(name, body))
    return "\n".join(parts)


def show(kind: WitType | None) -> str:  # noqa: C901 - a table, one line a type
    """A type as TypeScript, named types by their name."""
    match kind:
        case None:
            return "void"
        case Prim("bool"):
            return "boolean"
        case Prim("string") | Prim("char"):
            return "string"
        case Prim() | Resource():
            return "number"
        case List(Prim("u8")):
            return "Uint8Array"
        case List(Prim("s8")):
            return "Int8Array"
        case List(element):
            return f"Array<{show(element)}>"
        case Map(value):
            return f"Array<[string, {show(value)}]>"
        case Tuple(elements):
            return f"[{', '.join(map(show, elements))}]"
        case Option(Option() as inner):
            return f'{{ tag: "some", val: {show(inner)} }} | {{ tag: "none" }}'
        case Option(inner):
            return f"{show(inner)} | null"
        case Result(ok, err):
            return f"{_tagged('ok', ok)} | {_tagged('err', err)}"
        case Record() | Enum() | Flags() | Variant():
            return pascal(kind.name)


def _tagged(tag: str, payload: WitType | None) -> str:
    return f'{{ tag: "{tag}" }}' if payload is None else f'{{ tag: "{tag}", val: {show(payload)} }}'


def _module(name: str, body: Iterable[str]) -> str:
    inside = textwrap.indent("\n".join(body), "  ")
    # The empty export keeps TypeScript from exporting what is not marked so.
    return f'declare module "{name}" {{\n{inside}\n  export {{}};\n}}\n'


def _types(functions: Iterable[Function]) -> Iterable[str]:
    for name, kind in named_types(functions).items():
        match kind:
            case Record(fields=fields):
                inner = " ".join(f"{camel(field.name)}: {show(field.type)};" for field in fields)
                yield f"export interface {pascal(name)} {{ {inner} }}"
            case Enum(cases=cases):
                inner = " | ".join(f'"{case}"' for case in cases)
                yield f"export type {pascal(name)} = {inner};"
            case Flags(flags=flags):
                inner = " ".join(f"{camel(flag)}?: boolean;" for flag in flags)
                yield f"export interface {pascal(name)} {{ {inner} }}"
            case Variant(cases=cases):
                inner = " | ".join(_tagged(case, payload) for case, payload, _ in cases)
                yield f"export type {pascal(name)} = {inner};"


def _hooks(world: World) -> Iterable[str]:
    yield "export interface Hooks {"
    for name, function in world.hooks.items():
        yield from _indented(_doc(world.docs.get(name, ""), function))
        yield f"  {camel(name)}: ({_parameters(function)}) => {_returned(function)};"
    yield "}"


def _function(name: str, function: Function, doc: str) -> Iterable[str]:
    yield from _doc(doc, function)
    spelled = camel(name)
    if spelled not in _WORDS:
        yield f"export function {spelled}({_parameters(function)}): {_returned(function)};"
        return
    yield f"function {spelled}_({_parameters(function)}): {_returned(function)};"
    yield f"export {{ {spelled}_ as {spelled} }};"


def _parameters(function: Function) -> str:
    names = (camel(name) for _, name, _ in function.parameters)
    spelled = (f"{name}_" if name in _WORDS else name for name in names)
    kinds = (show(kind) for _, _, kind in function.parameters)
    return ", ".join(f"{name}: {kind}" for name, kind in zip(spelled, kinds, strict=True))


def _returned(function: Function) -> str:
    result = function.result
    return show(result.ok) if isinstance(result, Result) else show(result)


def _doc(text: str, function: Function) -> Iterable[str]:
    lines = text.replace("*/", "* /").splitlines()
    if isinstance(function.result, Result):
        lines += [""] if lines else []
        lines += [f"@throws {{{show(function.result.err)}}}"]
    if lines:
        yield "/**"
        yield from (f" * {line}".rstrip() for line in lines)
        yield " */"


def _indented(lines: Iterable[str]) -> Iterable[str]:
    return (f"  {line}" for line in lines)
