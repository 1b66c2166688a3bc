"""Python source that is written for people: values and annotations in contract types, with their imports."""

from __future__ import annotations

import enum
import inspect
import sys
import types
import typing
from typing import Any, Final

from hyperhost.sandbox.types import (
    Enum,
    Flags,
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

__all__ = ["PythonText"]

_WIDTH: Final = 100
_ZEROS = {"bool": "False", "string": '""', "char": '"a"', "f32": "0.0", "f64": "0.0"}


class PythonText:
    """Writes expressions, and remembers what they need to be imported.

    Args:
        own: The package that the text belongs to.
    """

    def __init__(self, own: str = "") -> None:
        self._own = own
        self._names: dict[str, Any] = {}
        self._from: dict[str, set[str]] = {}

    def imports(self) -> str:
        """The import statements for everything written so far, as isort orders them."""
        groups: dict[int, list[str]] = {}
        for module, names in sorted(self._from.items(), key=lambda item: (bool(item[1]), item[0])):
            line = f"from {module} import {', '.join(sorted(names, key=_as_isort))}"
            if not names:
                line = f"import {module}"
            if len(line) > _WIDTH:
                inner = "".join(f"    {name},\n" for name in sorted(names, key=_as_isort))
                line = f"from {module} import (\n{inner})"
            groups.setdefault(self._group(module), []).append(line)
        return "\n\n".join("\n".join(groups[group]) for group in sorted(groups))

    def _group(self, module: str) -> int:
        """The standard library, what is installed, and the project's own."""
        top = module.partition(".")[0]
        return 0 if top in sys.stdlib_module_names else 2 if top == self._own else 1

    def reserve(self, name: str) -> str:
        """``name``, which stands for something else than what :meth:`of` imports."""
        self._names[name] = None
        return name

    def module(self, module: str) -> None:
        """Import a module as a whole."""
        self._from.setdefault(module, set())

    def name(self, module: str, name: str) -> str:
        """``name``, imported from ``module``."""
        self._from.setdefault(module, set()).add(name)
        return name

    def of(self, target: Any) -> str:
        """How to say a class; imported from ``hyperhost.contracts`` where it is among its names."""
        top, _, rest = target.__qualname__.partition(".")
        module = "hyperhost.contracts" if _is_contract(target) else target.__module__
        if module == "builtins":
            return str(target.__qualname__)
        alias = top
        number = 2
        while self._names.setdefault(alias, (module, top)) != (module, top):
            alias, number = f"{top}{number}", number + 1
        self._from.setdefault(module, set()).add(top if alias == top else f"{top} as {alias}")
        return f"{alias}.{rest}" if rest else alias

    def annotation(self, hint: Any) -> str:
        """A resolved type hint as source; widths of numbers are left out, as for a type checker."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is type(None):
            return "None"
        if origin is typing.Annotated:
            return self.annotation(arguments[0])
        if origin in (typing.Union, types.UnionType):
            return " | ".join(self.annotation(each) for each in arguments)
        if origin is typing.Literal:
            self.name("typing", "Literal")
            return f"Literal[{', '.join(map(_quoted, arguments))}]"
        if origin is not None:
            inner = ", ".join(self.annotation(each) for each in arguments)
            return f"{origin.__name__}[{inner}]"
        return self.of(hint)

    def signature(self, function: Any, *, skip: int = 1) -> tuple[list[str], str]:
        """Parameters with their annotations, and the result, of a hook's function."""
        hints = typing.get_type_hints(function, include_extras=True)
        names = list(inspect.signature(function).parameters)[skip:]
        parameters = [f"{name}: {self.annotation(hints[name])}" for name in names]
        return parameters, self.annotation(hints.get("return", type(None)))

    def value(self, kind: WitType | None) -> str:
        """The plainest value of a type, as a caller in Python writes it: empty, zero, the first of many."""
        match kind:
            case None | Option():
                return "None"
            case Prim(name):
                return _ZEROS.get(name, "0")
            case List(_, is_bytes):
                return 'b""' if is_bytes else "[]"
            case Map():
                return "{}"
            case Tuple(elements):
                inner = ", ".join(map(self.value, elements))
                return f"({inner},)" if len(elements) == 1 else f"({inner})"
            case Enum():
                return self._member(kind.values[0])
            case Flags(python=python) if python is not None:
                return f"{self.of(python)}(0)"
            case Record(fields=fields, python=python) if python is not None:
                given = ", ".join(
                    f"{field.attribute}={self.value(field.type)}" for field in fields if not field.optional
                )
                return f"{self.of(python)}({given})"
            case Variant(cases=cases):
                return self.value(cases[0][1])
            case Result(ok, _):
                return self.value(ok)
            case Resource() | Record() | Flags():
                return "0"

    def _member(self, value: Any) -> str:
        if isinstance(value, enum.Enum):
            return f"{self.of(type(value))}.{value.name}"
        return _quoted(value)


def _quoted(value: object) -> str:
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def _is_contract(target: Any) -> bool:
    import hyperhost.contracts

    return getattr(hyperhost.contracts, target.__qualname__, None) is target


def _as_isort(name: str) -> tuple[int, str]:
    """CONSTANTS, Classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
