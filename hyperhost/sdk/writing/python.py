"""A plugin in Python for the sandbox: a class ``Plugin`` with one method for each hook."""

from __future__ import annotations

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
from hyperhost.sdk.writing.layout import fitted, indented
from hyperhost.sdk.writing.manifest import listed
from hyperhost.sdk.writing.naming import camel, snake
from hyperhost.sdk.writing.pythontext import PythonText
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import asks_for_log

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.writing.order import Order

__all__ = ["files"]

_MODULE: Final = "hyperhost_guest"
_SCALARS: Final = {"bool": "bool", "string": "str", "char": "str", "f32": "float", "f64": "float"}
_ZEROS: Final = {"bool": "False", "string": '""', "char": '"a"', "f32": "0.0", "f64": "0.0"}


def files(order: Order) -> dict[str, str]:
    """The text of each file by its path in the project."""
    guest = _Guest()
    functions = functions_of(order)
    methods = [_method(hook, functions[hook.name], guest, logs=asks_for_log(order)) for hook in order.hooks]
    guest.text.name(_MODULE, "World")
    values = {
        "summary": f"Answers {listed(order)}.",
        "imports": guest.text.imports(),
        "methods": "\n\n".join(map(indented, methods)),
    }
    return common_files(order, "plugin.py", "Python") | rendered("python", values)


def _method(hook: HookInfo, function: Function, guest: _Guest, *, logs: bool) -> str:
    parameters = [f"{name}: {guest.type(kind)}" for name, _, kind in function.parameters]
    result = guest.type(function.result)
    head = fitted(f"def {hook.name}({', '.join(['self', *parameters])}) -> {result}:", 4, first=True)
    lines = [head, f'    """{hook.summary or "Answer the hook."}"""']
    if logs and any(name == "log" for name, _, _ in function.parameters):
        lines.append(f'    print("{hook.name} was called")  # what is printed is logged, too')
    elif logs:
        guest.text.name(_MODULE, "log")
        lines.append(f'    log.write(log.Level.INFO, "{hook.name} was called")')
    if (body := body_of("python", hook.name)) is not None:
        for name in body.names:
            guest.text.name(_MODULE, name)
        lines.append(indented(body.text))
    elif function.result is not None:
        lines.append(indented(fitted(f"return {guest.value(function.result)}", 8)))
    return "\n".join(lines)


class _Guest:
    """Says types and values as the bindings have them, and remembers the names to import."""

    def __init__(self) -> None:
        self.text = PythonText()

    def name(self, wit: str) -> str:
        """The class of a named type."""
        name = camel(wit)
        if name == "Plugin":  # the author's own class is called so
            self.text.name(_MODULE, "Plugin as PluginValue")
            return "PluginValue"
        return self.text.name(_MODULE, name)

    def type(self, kind: WitType | None) -> str:
        """A type as an annotation."""
        match kind:
            case None:
                return "None"
            case Prim(name):
                return _SCALARS.get(name, "int")
            case List(element):
                return "bytes" if element == Prim("u8") else f"list[{self.type(element)}]"
            case Map(value):
                return f"list[tuple[str, {self.type(value)}]]"
            case Option(inner):
                if isinstance(inner, Option):
                    self.text.name(_MODULE, "Some")
                    return f"Some[{self.type(inner)}] | None"
                return f"{self.type(inner)} | None"
            case Tuple(elements):
                return f"tuple[{', '.join(map(self.type, elements))}]"
            case Result(ok, _):
                return self.type(ok)
            case Record(name) | Enum(name) | Flags(name) | Variant(name) | Resource(name):
                return self.name(name)

    def value(self, kind: WitType | None) -> str:
        """The plainest value of a type."""
        match kind:
            case None | Option():
                return "None"
            case Prim(name):
                return _ZEROS.get(name, "0")
            case List(element):
                return 'b""' if element == Prim("u8") else "[]"
            case Map():
                return "[]"
            case Tuple(elements):
                inner = ", ".join(map(self.value, elements))
                return f"({inner},)" if len(elements) == 1 else f"({inner})"
            case Result(ok, _):
                return self.value(ok)
            case Record(name, fields):
                given = ", ".join(f"{snake(field.name)}={self.value(field.type)}" for field in fields)
                return f"{self.name(name)}({given})"
            case Enum(name, cases):
                return f"{self.name(name)}.{snake(cases[0]).upper()}"
            case Flags(name):
                return f"{self.name(name)}(0)"
            case Variant(name, cases):
                case, payload, _ = cases[0]
                whole = self.text.name(_MODULE, f"{camel(name)}_{camel(case)}")
                return f"{whole}({self.value(payload) if payload is not None else ''})"
            case Resource():
                return "0"
