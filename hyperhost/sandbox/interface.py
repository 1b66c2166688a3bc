"""Host interfaces: the only way for a component to reach the world.

A host interface is a named group of functions that a component may import. Each function is
declared with :func:`hostfunction`, which fixes the capability it needs; the gate
(:mod:`hyperhost.sandbox.gate`) checks that capability, the budgets and the remaining time
before the body runs. There is no other way to define one, so there is no way round the gate.

    class Forecast(hyperhost.HostInterface):
        name = "acme:weather/forecast@1.0.0"
        capability = "weather"

        @hyperhost.hostfunction(requires="weather:{city}")
        def today(self, call: hyperhost.Call, city: str) -> str: ...
"""

from __future__ import annotations

import inspect
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from hyperhost.errors import SpecError

if TYPE_CHECKING:
    from hyperhost.sandbox.call import Call

__all__ = ["Err", "HostFunction", "HostInterface", "hostfunction"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE = "hyperhost_function"
_INTERFACE_NAME = re.compile(r"[a-z][a-z0-9-]*:[a-z][a-z0-9-]*/[a-z][a-z0-9-]*(@\d+\.\d+\.\d+)?")

Requirement = str | Callable[..., "str | Sequence[str]"]


class Err(Exception, Generic[T]):
    """Raised by a host function to answer with the ``err`` case of its ``result``.

    Args:
        value: The error value, of the type the function declared with ``error=``.
    """

    def __init__(self, value: T) -> None:
        super().__init__(value)
        self.value = value


@dataclass(frozen=True, slots=True)
class HostFunction:
    """One importable function.

    Attributes:
        name: WIT name within its interface, for example ``get`` or ``[method]input-stream.read``.
        body: Called as ``body(call, *arguments)``.
        requires: Called with the same arguments; the capabilities needed, as text. An empty list is
            allowed only for functions that reach nothing (dropping a handle, for example) and have
            ``unprivileged`` set.
        error: Python type of the ``err`` case, or ``None`` when the function cannot answer with one.
        unprivileged: The function touches nothing outside the call itself.
    """

    name: str
    body: Callable[..., Any]
    requires: Callable[..., Sequence[str]]
    error: Any = None
    unprivileged: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str | None
    requires: Requirement
    error: Any
    unprivileged: bool


def hostfunction(
    *, requires: Requirement, name: str | None = None, error: Any = None, unprivileged: bool = False
) -> Callable[[F], F]:
    """Mark a method of a :class:`HostInterface` as importable.

    Args:
        requires: The capability needed. Text may name parameters in braces (``"env:{name}"``); a
            callable gets the call and the arguments and returns one capability or several.
        name: WIT name; the method's name in kebab-case when not given.
        error: Type of the ``err`` case; the body answers it with ``raise Err(value)``.
        unprivileged: The function reaches nothing outside the call; ``requires`` must then be ``""``.

    Raises:
        SpecError: neither a requirement nor ``unprivileged``.
    """
    if bool(requires) == unprivileged:
        raise SpecError("a host function states what it requires, or that it is unprivileged, not both")

    def mark(method: F) -> F:
        setattr(method, _ATTRIBUTE, _Mark(name, requires, error, unprivileged))
        return method

    return mark


class HostInterface:
    """Base class of a group of importable functions.

    Attributes:
        name: Full WIT name, ``namespace:package/interface@version``. Without a version it serves every
            version that a component asks for.
        capability: Kind of capability without which the interface is not linked at all; where
            several would do, a tuple of them.
        always: Linked without any capability; only for plumbing that reaches nothing by itself.
        describes: What holding the capability allows, for a person: "look up the weather of {target}".
        target_required: Whether the capability names a target (``weather:oslo``) or stands alone.
        typed: Method annotations are the WIT types. ``False`` takes the types from the component
            (used for WASI, whose types are fixed elsewhere): records arrive as ``dict``, variants
            as ``(case, payload)``, enums as ``str``, flags as ``frozenset`` of ``str``, resources
            as their integer handle.
        resources: Resource types the interface owns: name → called with ``(call, handle)`` on drop.
    """

    name: ClassVar[str] = ""
    capability: ClassVar[str | tuple[str, ...]] = ""
    always: ClassVar[bool] = False
    describes: ClassVar[str] = "use it"
    target_required: ClassVar[bool] = True
    typed: ClassVar[bool] = True
    resources: Mapping[str, Callable[[Call, int], None]] = {}

    def functions(self) -> dict[str, HostFunction]:
        """The importable functions by WIT name.

        Raises:
            SpecError: the interface has no valid name, or a capability template names no parameter.
        """
        if not _INTERFACE_NAME.fullmatch(self.name):
            raise SpecError(
                f"host interface {type(self).__name__} has the name {self.name!r}",
                hint="write it as 'acme:weather/forecast@1.0.0'",
            )
        found: dict[str, HostFunction] = {}
        for attribute, member in inspect.getmembers(type(self), inspect.isfunction):
            mark = getattr(member, _ATTRIBUTE, None)
            if not isinstance(mark, _Mark):
                continue
            name = mark.name or attribute.replace("_", "-")
            body = getattr(self, attribute)
            found[name] = HostFunction(
                name, body, self._requirement(mark, member), mark.error, mark.unprivileged
            )
        return found

    def _requirement(self, mark: _Mark, member: Callable[..., Any]) -> Callable[..., Sequence[str]]:
        if mark.unprivileged:
            return lambda call, *arguments: ()
        if callable(mark.requires):
            decide = mark.requires

            def ask(call: Call, *arguments: Any) -> Sequence[str]:
                needed = decide(self, call, *arguments)
                return (needed,) if isinstance(needed, str) else needed

            return ask
        template = mark.requires
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field]
        if not fields:
            constant = (template,)
            return lambda call, *arguments: constant
        parameters = list(inspect.signature(member).parameters)[2:]
        if missing := [field for field in fields if field not in parameters]:
            raise SpecError(
                f"capability {template!r} of {member.__qualname__} names no parameter {missing[0]!r}"
            )

        def fill(call: Call, *arguments: Any) -> Sequence[str]:
            return (template.format(**dict(zip(parameters, arguments, strict=False))),)

        return fill
