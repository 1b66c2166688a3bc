"""A plugin in Rust: a type that implements wit-bindgen's trait ``Guest``, one method for each hook."""

from __future__ import annotations

import re
import textwrap
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
from hyperhost.sdk.writing.bodies import body_of
from hyperhost.sdk.writing.common import common_files, functions_of
from hyperhost.sdk.writing.layout import WIDTH, fitted, indented
from hyperhost.sdk.writing.naming import camel, snake
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import asks_for_log

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.writing.order import Order

__all__ = ["files"]

_SCALARS: Final = {
    "bool": "bool",
    "char": "char",
    "string": "String",
    **{f"s{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
}
_ZEROS: Final = {"bool": "false", "char": "'a'", "string": "String::new()", "f32": "0.0", "f64": "0.0"}
_WORDS: Final = """\
abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen
if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true
try type typeof unsafe unsized use virtual where while yield
"""
_KEYWORDS: Final = frozenset(_WORDS.split())
_GUEST: Final = "use bindings::Guest;"
_LOG: Final = "use bindings::hyperhost::host::log;"
_TAKEN: Final = frozenset(
    {"Err", "Guest", "None", "Ok", "Option", "Plugin", "Result", "Some", "String", "Vec"}
)
_TYPES: Final = "use bindings::hyperhost::plugin::types::"


def files(order: Order) -> dict[str, str]:
    """The text of each file by its path in the project."""
    functions = functions_of(order)
    logs = asks_for_log(order)
    guest = _Guest()
    methods = [_method(hook, functions[hook.name], guest, logs=logs) for hook in order.hooks]
    imports = [*([_LOG] if logs else []), *guest.imports(), _GUEST]
    values = {
        "name": order.name,
        "imports": "\n".join(imports),
        "methods": "\n\n".join(map(indented, methods)),
    }
    return common_files(order, "src/lib.rs", "Rust") | rendered("rust", values)


def _method(hook: HookInfo, function: Function, guest: _Guest, *, logs: bool) -> str:
    body = body_of("rust", hook.name)
    text = body.text if body is not None else ""
    guest.names.update(body.names if body is not None else ())
    used = set(re.findall(r"\w+", text))
    given = [
        f"{'' if _word(wit) in used else '_'}{_word(wit)}: {guest.type(kind)}"
        for _, wit, kind in function.parameters
    ]
    result = f" -> {guest.type(function.result)}" if function.result is not None else ""
    head = f"fn {_word(hook.wit_name)}({', '.join(given)}){result} {{"
    if len(head) > WIDTH - 4:
        head = "\n".join(
            [f"fn {_word(hook.wit_name)}(", *(f"    {each}," for each in given), f"){result} {{"]
        )
    lines = [f"/// {hook.summary or 'Answers the hook.'}", head]
    if logs:
        lines.append(f'    log::write(log::Level::Info, "{hook.name} was called");')
    if text:
        lines.append(indented(text))
    elif function.result is not None:
        lines.append(indented(fitted(guest.value(function.result), 8)))
    return "\n".join([*lines, "}"])


def _word(wit: str) -> str:
    """A name as wit-bindgen spells it."""
    name = snake(wit)
    return f"{name}_" if name in _KEYWORDS else name


def _tuple(parts: list[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


class _Guest:
    """Says types and values as wit-bindgen has them, and remembers the names to import.

    Attributes:
        names: Names of types.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()

    def imports(self) -> list[str]:
        """The statement that imports the types; none without any."""
        names = sorted(self.names)
        if not names:
            return []
        line = f"{_TYPES}{{{', '.join(names)}}};" if len(names) > 1 else f"{_TYPES}{names[0]};"
        return [line if len(line) <= WIDTH else _wrapped(names)]

    def named(self, wit: str) -> str:
        """The name of a type."""
        name = camel(wit)
        if name in _TAKEN:
            self.names.add(f"{name} as {name}Value")
            return f"{name}Value"
        self.names.add(name)
        return name

    def type(self, kind: WitType | None) -> str:
        """A type as wit-bindgen has it."""
        match kind:
            case None:
                return "()"
            case Prim(name):
                return _SCALARS.get(name, name)
            case List(element):
                return f"Vec<{self.type(element)}>"
            case Map(value):
                return f"Vec<(String, {self.type(value)})>"
            case Option(inner):
                return f"Option<{self.type(inner)}>"
            case Tuple(elements):
                return _tuple(list(map(self.type, elements)))
            case Result(ok, err):
                return f"Result<{self.type(ok)}, {self.type(err)}>"
            case Record(name) | Enum(name) | Flags(name) | Variant(name) | Resource(name):
                return self.named(name)

    def value(self, kind: WitType | None) -> str:
        """The plainest value of a type."""
        match kind:
            case None:
                return "()"
            case Prim(name):
                return _ZEROS.get(name, "0")
            case List() | Map():
                return "Vec::new()"
            case Option():
                return "None"
            case Tuple(elements):
                return _tuple(list(map(self.value, elements)))
            case Result(ok, _):
                return f"Ok({self.value(ok)})"
            case Record(name, fields):
                given = ", ".join(f"{_word(field.name)}: {self.value(field.type)}" for field in fields)
                return f"{self.named(name)} {{ {given} }}"
            case Enum(name, cases):
                return f"{self.named(name)}::{camel(cases[0])}"
            case Flags(name):
                return f"{self.named(name)}::empty()"
            case Variant(name, cases):
                case, payload, _ = cases[0]
                inner = "" if payload is None else f"({self.value(payload)})"
                return f"{self.named(name)}::{camel(case)}{inner}"
            case Resource():
                return "0"


def _wrapped(names: list[str]) -> str:
    lines = textwrap.wrap(", ".join(names), WIDTH, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([f"{_TYPES}{{", *lines[:-1], f"{lines[-1]},", "};"])
