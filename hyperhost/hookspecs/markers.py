"""The two decorators of a plugin system: ``@hookspec`` declares a hook, ``@hookimpl`` answers it.

They are pluggy's markers for the project name ``hyperhost`` with a few options more; an object
marked with them works in any :class:`pluggy.PluginManager` of that project name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, overload

__all__ = ["PROJECT", "OnFault", "hookimpl", "hookspec"]

PROJECT = "hyperhost"
OnFault = Literal["raise", "skip"]
F = TypeVar("F", bound=Callable[..., Any])

SPEC_ATTRIBUTE = f"{PROJECT}_spec"
IMPL_ATTRIBUTE = f"{PROJECT}_impl"


@overload
def hookspec(function: F) -> F: ...
@overload
def hookspec(
    function: None = None,
    *,
    firstresult: bool = False,
    historic: bool = False,
    on_fault: OnFault = "raise",
    raises: type[Exception] | None = None,
    service: str | None = None,
    warn_on_impl: Warning | None = None,
    warn_on_impl_args: dict[str, Warning] | None = None,
) -> Callable[[F], F]: ...
def hookspec(
    function: F | None = None,
    *,
    firstresult: bool = False,
    historic: bool = False,
    on_fault: OnFault = "raise",
    raises: type[Exception] | None = None,
    service: str | None = None,
    warn_on_impl: Warning | None = None,
    warn_on_impl_args: dict[str, Warning] | None = None,
) -> F | Callable[[F], F]:
    """Declare a hook by its typed signature.

    Args:
        function: The method, when the decorator is used without parentheses.
        firstresult: Stop at the first implementation that does not return ``None``.
        historic: Remember calls and repeat them for plugins that come later.
        on_fault: What a failing implementation means. ``"raise"``: the call fails with it (a gate);
            ``"skip"``: it is recorded and left out, the others still answer (an observer).
        raises: The :class:`~hyperhost.errors.RefusalError` class with which an implementation may
            refuse. In WIT the result becomes ``result<T, refusal>``.
        service: Name of the service the hook belongs to. Only the selected provider of a service is
            called (``[providers]`` in ``hyperhost.toml``).
        warn_on_impl: As in pluggy.
        warn_on_impl_args: As in pluggy.

    Raises:
        ValueError: ``historic`` together with ``firstresult``, or an unknown ``on_fault``.
    """
    if historic and firstresult:
        raise ValueError("cannot have a historic firstresult hook")
    if on_fault not in ("raise", "skip"):
        raise ValueError(f"on_fault is 'raise' or 'skip', not {on_fault!r}")
    options = {
        "firstresult": firstresult,
        "historic": historic,
        "on_fault": on_fault,
        "raises": raises,
        "service": service,
        "warn_on_impl": warn_on_impl,
        "warn_on_impl_args": warn_on_impl_args,
    }

    def mark(target: F) -> F:
        setattr(target, SPEC_ATTRIBUTE, options)
        return target

    return mark if function is None else mark(function)


@overload
def hookimpl(function: F) -> F: ...
@overload
def hookimpl(
    function: None = None,
    *,
    tryfirst: bool = False,
    trylast: bool = False,
    wrapper: bool = False,
    hookwrapper: bool = False,
    optionalhook: bool = False,
    specname: str | None = None,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    priority: int | None = None,
) -> Callable[[F], F]: ...
def hookimpl(
    function: F | None = None,
    *,
    tryfirst: bool = False,
    trylast: bool = False,
    wrapper: bool = False,
    hookwrapper: bool = False,
    optionalhook: bool = False,
    specname: str | None = None,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    priority: int | None = None,
) -> F | Callable[[F], F]:
    """Mark a method as an answer to the hook of the same name.

    Args:
        function: The method, when the decorator is used without parentheses.
        tryfirst: As in pluggy: run before implementations without it.
        trylast: As in pluggy: run after implementations without it.
        wrapper: As in pluggy: a generator around all the other implementations.
        hookwrapper: As in pluggy: the old form of ``wrapper``.
        optionalhook: As in pluggy: no error when no spec of that name exists.
        specname: As in pluggy: the name of the hook, when it differs from the method's.
        before: Ids of plugins whose implementation must run later than this one.
        after: Ids of plugins whose implementation must run earlier than this one.
        priority: 0 to 1000, lower runs earlier; 500 when not given.

    Raises:
        ValueError: ``priority`` is out of range, or ``before``/``after`` is a bare string.
    """
    if priority is not None and not 0 <= priority <= 1000:
        raise ValueError(f"priority is 0 to 1000, not {priority}")
    if isinstance(before, str) or isinstance(after, str):
        raise ValueError("before and after take a list of plugin ids")
    options = {
        "tryfirst": tryfirst,
        "trylast": trylast,
        "wrapper": wrapper,
        "hookwrapper": hookwrapper,
        "optionalhook": optionalhook,
        "specname": specname,
        "before": tuple(before),
        "after": tuple(after),
        "priority": priority,
    }

    def mark(target: F) -> F:
        setattr(target, IMPL_ATTRIBUTE, options)
        return target

    return mark if function is None else mark(function)
