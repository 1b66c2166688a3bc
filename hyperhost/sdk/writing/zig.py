"""A plugin in Zig: one public function for each hook, as ``bindings/plugin.zig`` declares it."""

from __future__ import annotations

import re
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
from hyperhost.sdk.cbindings import c_bindings
from hyperhost.sdk.writing.bodies import body_of
from hyperhost.sdk.writing.common import JCO, common_files, functions_of, world_of_order
from hyperhost.sdk.writing.layout import WIDTH, fitted, indented
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import asks_for_log
from hyperhost.sdk.zigbindings import zig_bindings
from hyperhost.sdk.zigtypes import identifier

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.writing.order import Order

__all__ = ["files"]

_ZEROS: Final = {"bool": "false", "string": ".{}", "char": "'a'"}
_TYPE: Final = re.compile(r'(?<![\w."])[A-Z]\w*')
_PARAMETER: Final = re.compile(r'(@"\w+"|\w+): ')


def files(order: Order) -> dict[str, str]:
    """The text of each file by its path in the project."""
    world = world_of_order(order)
    declarations = zig_bindings(world).declarations
    named = {each.wit_name: name for name, each in c_bindings(world).hooks.items()}
    functions = functions_of(order)
    texts = [
        _function(hook, declarations[named[hook.wit_name]], functions[hook.name], logs=asks_for_log(order))
        for hook in order.hooks
    ]
    values = {"functions": "\n\n".join(texts), "jco": JCO}
    return common_files(order, "plugin.zig", "Zig", npm=True) | rendered("zig", values)


def _function(hook: HookInfo, declaration: str, function: Function, *, logs: bool) -> str:
    body = body_of("zig", hook.name)
    text = body.text if body is not None else ""
    declaration = declaration.replace('@"plugin": ', "plugin_: ")  # would hide the module
    head = _TYPE.sub(r"plugin.\g<0>", declaration)
    lines = [
        f"    _ = {name};"
        for name in _PARAMETER.findall(declaration.partition("(")[2])
        if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
    ]
    if logs:
        lines.append(f'    plugin.host.log.write(.info, "{hook.name} was called");')
    if text:
        lines.append(text)
    elif answer := _answer(function.result):
        lines.append(indented(fitted(f"return {answer};", 4)))
    inner = "\n".join(lines)
    if len(head) > WIDTH:
        start, _, rest = head.partition("(")
        given, _, result = rest.rpartition(") ")
        inside = "".join(f"    {each},\n" for each in given.split(", "))
        head = f"{start}(\n{inside}) {result}"
    braces = f"{{\n{inner}\n}}" if inner else "{}"
    return f"/// {hook.summary or 'Answers the hook.'}\n{head} {braces}"


def _answer(kind: WitType | None) -> str:
    """What a function returns: slices where values in memory have texts and lists."""
    match kind:
        case None | Result(ok=None):
            return ""
        case Result(ok=ok):
            return _answer(ok)
        case Option():
            return "null"
        case Prim("string") | List(Prim("u8")):
            return '""'
        case List():
            return "&.{}"
    return _value(kind)


def _value(kind: WitType) -> str:
    """The plainest value as it lies in memory."""
    match kind:
        case Prim(name):
            return _ZEROS.get(name, "0")
        case List() | Map() | Option() | Flags():
            return ".{}"
        case Enum(cases=cases):
            return f".{identifier(cases[0])}"
        case Record(fields=fields):
            given = [(identifier(each.name), each.type) for each in fields if not _has_default(each.type)]
            return _literal([f".{name} = {_value(item)}" for name, item in given])
        case Tuple(elements):
            return _literal(
                [f".f{n} = {_value(item)}" for n, item in enumerate(elements) if not _has_default(item)]
            )
        case Variant(cases=cases):
            case, payload, _ = cases[0]
            word = identifier(case)
            value = "undefined" if payload is None else _literal([f".{word} = {_value(payload)}"])
            some = any(each is not None for _, each, _ in cases)
            return _literal([f".tag = .{word}", *([f".value = {value}"] if some else [])])
        case Result() | Resource():
            return "0"


def _has_default(kind: WitType) -> bool:
    return isinstance(kind, List | Map | Option) or kind == Prim("string")


def _literal(parts: list[str]) -> str:
    return f".{{ {', '.join(parts)} }}" if parts else ".{}"
