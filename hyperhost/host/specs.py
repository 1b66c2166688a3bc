"""What a host knows of each hook: pluggy's spec plus its type and its policy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from hyperhost.errors import SpecError
from hyperhost.hookspecs.markers import SPEC_ATTRIBUTE, OnFault
from hyperhost.sandbox.types import Function, function_from_python, kebab

__all__ = ["HookInfo", "read_specs"]


_KERNEL = "hyperhost.hookspecs."


@dataclass(frozen=True)
class HookInfo:
    """One hook.

    Attributes:
        name: Python name.
        wit_name: Name of the export that implements it.
        on_fault: What a fault of one implementation means.
        firstresult: Whether the first answer ends the call.
        historic: Whether calls are repeated for plugins that come later.
        service: Service it belongs to, or ``None``.
        raises: Refusal class, or ``None``.
        doc: Its docstring.
        spec_class: Where it was declared.
    """

    name: str
    wit_name: str
    on_fault: OnFault
    firstresult: bool
    historic: bool
    service: str | None
    raises: type[Exception] | None
    doc: str
    spec_class: Any
    _work_out: Callable[[], Function] = field(repr=False, compare=False)

    @cached_property
    def function(self) -> Function:
        """Its type."""
        return self._work_out()

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return self.doc.strip().splitlines()[0] if self.doc.strip() else ""


def read_specs(spec_class: Any) -> dict[str, HookInfo]:
    """The hooks a class or module declares.

    Their types are worked out, so that a wrong one is known at once; except those of the kernel's own hooks,
    which are right and which a host without components does not need.

    Raises:
        UnsupportedTypeError: a type has no WIT counterpart; names the parameter and the nearest type.
        SpecError: nothing in it is marked with ``@hookspec``.
    """
    found = {}
    for name in dir(spec_class):
        function: Callable[..., Any] | None = getattr(spec_class, name, None)
        options: Mapping[str, Any] | None = getattr(function, SPEC_ATTRIBUTE, None)
        if function is None or not isinstance(options, dict):
            continue
        static = inspect.isclass(spec_class) and isinstance(
            inspect.getattr_static(spec_class, name), staticmethod
        )
        takes_self = inspect.isclass(spec_class) and not static
        raises = options.get("raises")
        found[name] = HookInfo(
            name=name,
            wit_name=kebab(name),
            on_fault=options.get("on_fault", "raise"),
            firstresult=bool(options.get("firstresult")),
            historic=bool(options.get("historic")),
            service=options.get("service"),
            raises=raises,
            doc=inspect.getdoc(function) or "",
            spec_class=spec_class,
            _work_out=partial(
                function_from_python, function, skip=int(takes_self), where=f"hook {name!r}", raises=raises
            ),
        )
        if not str(getattr(function, "__module__", "")).startswith(_KERNEL):
            _ = found[name].function
    names: dict[str, str] = {}
    for info in found.values():
        if not info.wit_name:
            raise SpecError(f"hook {info.name!r} has no name in WIT", hint="use letters")
        if (other := names.setdefault(info.wit_name, info.name)) != info.name:
            raise SpecError(
                f"hooks {other!r} and {info.name!r} are both {info.wit_name} in WIT", hook=info.name
            )
    if not found:
        raise SpecError(f"{spec_class!r} declares no hook", hint="mark its methods with @hyperhost.hookspec")
    return found
