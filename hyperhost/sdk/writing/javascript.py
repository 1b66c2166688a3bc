"""A plugin in JavaScript: a module that exports one function for each hook."""

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
from hyperhost.sdk.languages.dts import camel
from hyperhost.sdk.writing.bodies import body_of
from hyperhost.sdk.writing.common import common_files, functions_of
from hyperhost.sdk.writing.layout import fitted, indented
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import asks_for_log

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.writing.order import Order

__all__ = ["files"]

_STEP: Final = "  "
_WORDS: Final = frozenset(
    [
        "arguments",
        "case",
        "catch",
        "const",
        "debugger",
        "default",
        "delete",
        "do",
        "enum",
        "eval",
        "export",
        "extends",
        "function",
        "implements",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "typeof",
        "var",
        "void",
    ]
)
"""JavaScript's own words, as far as a parameter in Python may have them as its name."""

_ZEROS: Final = {"bool": "false", "string": '""', "char": '"a"'}
_FOUR: Final = re.compile(r"^(?: {4})+", re.MULTILINE)


def files(order: Order) -> dict[str, str]:
    """The text of each file by its path in the project."""
    functions = functions_of(order)
    texts = [_function(hook, functions[hook.name], logs=asks_for_log(order)) for hook in order.hooks]
    values = {"functions": "\n\n".join(texts)}
    return common_files(order, "plugin.js", "JavaScript", npm=True) | rendered("javascript", values)


def _function(hook: HookInfo, function: Function, *, logs: bool) -> str:
    name = camel(hook.wit_name)
    names = [camel(wit) for _, wit, _ in function.parameters]
    given = ", ".join(f"{each}_" if each in _WORDS else each for each in names)
    lines = []
    if logs:
        lines.append(f'console.log("{hook.name} was called");')
    if (body := body_of("javascript", hook.name)) is not None:
        lines.append(body.text)
    elif function.result is not None:
        lines.append(_narrow(fitted(f"return {_value(function.result)};", 4)))
    inner = "\n".join(indented(line, _STEP) for line in lines)
    return (
        f"/**\n * {hook.summary or 'Answer the hook.'}\n"
        f' * @type {{import("hyperhost:plugin").Hooks["{name}"]}}\n */\n'
        f"export function {name}({given}) {{{f'{chr(10)}{inner}{chr(10)}' if inner else ''}}}"
    )


def _narrow(text: str) -> str:
    """Text that is indented by fours, indented by twos."""
    return _FOUR.sub(lambda found: _STEP * (len(found[0]) // 4), text)


def _value(kind: WitType | None) -> str:  # noqa: C901 - a table, one line a type
    """The plainest value of a type, as the bindings have it."""
    match kind:
        case None:
            return "undefined"
        case Option(inner):
            return '{ tag: "none" }' if isinstance(inner, Option) else "null"
        case Prim(name):
            return _ZEROS.get(name, "0")
        case List(Prim("u8")):
            return "new Uint8Array()"
        case List(Prim("s8")):
            return "new Int8Array()"
        case List() | Map():
            return "[]"
        case Tuple(elements):
            return f"[{', '.join(map(_value, elements))}]"
        case Result(ok, _):
            return _value(ok)
        case Record(fields=fields):
            return f"{{ {', '.join(f'{camel(each.name)}: {_value(each.type)}' for each in fields)} }}"
        case Enum(cases=cases):
            return f'"{cases[0]}"'
        case Flags():
            return "{}"
        case Variant(cases=cases):
            case, payload, _ = cases[0]
            return f'{{ tag: "{case}"{"" if payload is None else f", val: {_value(payload)}"} }}'
        case Resource():
            return "0"
