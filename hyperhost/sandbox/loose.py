"""Do the parameters that a component declares for an untyped host function have the forms its body takes?

Untyped interfaces (WASI) have no WIT of their own here; a component brings the types. What the body says
of its parameters in Python still rules out the wrong ones: text where bytes belong, a negative number
where a size belongs, one parameter too many. Without this a hostile component would run the body with
whatever it likes, and the host function would be blamed for the error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from hyperhost.sandbox.types import (
    Enum,
    Flags,
    Function,
    List,
    Option,
    Prim,
    Record,
    Resource,
    Result,
    Tuple,
    Variant,
    WitType,
)
from hyperhost.sandbox.wit import show

__all__ = ["misfit"]

_UNSIGNED: Final = ("u8", "u16", "u32", "u64")
_SIGNED: Final = ("s8", "s16", "s32", "s64")
_FORMS: Final[dict[str, tuple[type, ...]]] = {
    "frozenset": (Flags,),
    "Sequence": (List,),
    "list": (List,),
    "tuple": (Result, Variant, Tuple),
    "dict": (Record,),
}


def misfit(body: Callable[..., Any], guest: Function, *, unsigned: bool) -> str | None:
    """What is wrong with the parameters a component declares, in words, or ``None``.

    Args:
        body: The host function: called with the call and the arguments.
        guest: The type the component declares.
        unsigned: Whole numbers are never negative, as everywhere in WASI.
    """
    expected = list(inspect.signature(body).parameters.values())[1:]
    if len(expected) != len(guest.parameters):
        return f"it has {len(guest.parameters)} parameters instead of {len(expected)}"
    for parameter, (_, name, kind) in zip(expected, guest.parameters, strict=True):
        if not _fits(str(parameter.annotation), kind, unsigned=unsigned):
            return f"parameter {name!r} is {show(kind)}, which is no {parameter.annotation}"
    return None


def _fits(annotation: str, kind: WitType, *, unsigned: bool) -> bool:
    form = annotation.partition("[")[0]
    if annotation.endswith(" | None"):
        return isinstance(kind, Option)
    match form:
        case "int":
            whole = _UNSIGNED if unsigned else _UNSIGNED + _SIGNED
            return isinstance(kind, Resource) or (isinstance(kind, Prim) and kind.name in whole)
        case "bool":
            return kind == Prim("bool")
        case "str":
            return kind in (Prim("string"), Prim("char")) or isinstance(kind, Enum)
        case "bytes":
            return isinstance(kind, List) and kind.element == Prim("u8")
    return isinstance(kind, _FORMS[form]) if form in _FORMS else True
