"""Does a component's function fit the Python signature it is matched with?

Types must be equal, with the room that additive evolution needs: a guest built against an
older contract may lack parameters, record fields that have defaults, and enum or variant cases
that it never receives. Anything else is a mismatch, reported by path with both types.
"""

from __future__ import annotations

from collections.abc import Iterable

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
from hyperhost.sandbox.wit import show

__all__ = ["brief", "generic", "mismatch"]

_LONGEST = 400


def brief(text: str) -> str:
    """``text`` cut to a length that people read; a component's types may fill megabytes."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def generic(kind: WitType) -> WitType:
    """The Python view of a guest type that has no Python source: ``list<u8>`` becomes ``bytes``."""
    match kind:
        case List(Prim("u8")):
            return List(Prim("u8"), is_bytes=True)
        case List(element):
            return List(generic(element))
        case Option(inner):
            return Option(generic(inner))
        case Tuple(elements):
            return Tuple(tuple(generic(item) for item in elements))
        case Record(name, fields):
            return Record(name, tuple(type(f)(f.attribute, f.name, generic(f.type)) for f in fields))
        case Variant(name, cases):
            return Variant(name, tuple((case, p if p is None else generic(p), None) for case, p, _ in cases))
        case Result(ok, err):
            return Result(ok if ok is None else generic(ok), err if err is None else generic(err))
    return kind


def mismatch(host: Function, guest: Function, *, guest_is_callee: bool) -> str | None:
    """Why ``guest`` does not fit ``host``, in words, or ``None`` when it does.

    Args:
        host: The type of the Python signature.
        guest: The type the component has.
        guest_is_callee: The guest exports the function (a hook) rather than importing it.
    """
    known = {name: kind for _, name, kind in host.parameters}
    for _, name, kind in guest.parameters:
        if name not in known:
            return f"parameter {name!r} is not in the contract, which has {', '.join(known) or 'none'}"
        if problem := _differs(known[name], kind, f"parameter {name!r}", to_guest=guest_is_callee):
            return problem
    if not guest_is_callee and len(guest.parameters) != len(host.parameters):
        missing = [name for name in known if name not in {other for _, other, _ in guest.parameters}]
        return f"parameter {missing[0]!r} is missing"
    if not guest_is_callee and [name for _, name, _ in guest.parameters] != list(known):
        return f"the parameters come in another order than {', '.join(known)}"
    if host.result is None or guest.result is None:
        if host.result is guest.result:
            return None
        return f"the result is {_or_nothing(guest.result)}, the contract says {_or_nothing(host.result)}"
    return _differs(host.result, guest.result, "the result", to_guest=not guest_is_callee)


def _or_nothing(kind: WitType | None) -> str:
    return "nothing" if kind is None else show(kind)


def _differs(host: WitType, guest: WitType, path: str, *, to_guest: bool) -> str | None:
    match host, guest:
        case (Prim(), Prim()) | (Resource(), Resource()):
            if host == guest or isinstance(host, Resource):
                return None
        case (Map(value), List(Tuple((Prim("string"), other)))):
            return _differs(value, other, f"{path}[…]", to_guest=to_guest)
        case (List(a), List(b)) | (Option(a), Option(b)):
            inner = f"{path}[…]" if isinstance(host, List) else path
            return _differs(a, b, inner, to_guest=to_guest)
        case (Tuple(xs), Tuple(ys)) if len(xs) == len(ys):
            pairs = enumerate(zip(xs, ys, strict=True))
            return _first(_differs(x, y, f"{path}[{i}]", to_guest=to_guest) for i, (x, y) in pairs)
        case (Result(), Result()):
            sides = ((host.ok, guest.ok, "ok"), (host.err, guest.err, "err"))
            return _first(_optional(x, y, f"{path} ({side})", to_guest=to_guest) for x, y, side in sides)
        case (Record(), Record()):
            return _record(host, guest, path, to_guest=to_guest)
        case (Enum(), Enum()):
            return _names(host.cases, guest.cases, path, "case", to_guest=to_guest)
        case (Flags(), Flags()):
            return _names(host.flags, guest.flags, path, "flag", to_guest=to_guest)
        case (Variant(), Variant()):
            known = {name: payload for name, payload, _ in host.cases}
            names = tuple(name for name, _, _ in guest.cases)
            return _names(tuple(known), names, path, "case", to_guest=to_guest) or _first(
                _optional(known[name], payload, f"{path}.{name}", to_guest=to_guest)
                for name, payload, _ in guest.cases
                if name in known
            )
    return f"{path} is {_long(guest)}, the contract says {_long(host)}"


def _optional(host: WitType | None, guest: WitType | None, path: str, *, to_guest: bool) -> str | None:
    if host is None or guest is None:
        if host is guest:
            return None
        return f"{path} is {_or_nothing(guest)}, the contract says {_or_nothing(host)}"
    return _differs(host, guest, path, to_guest=to_guest)


def _record(host: Record, guest: Record, path: str, *, to_guest: bool) -> str | None:
    known = {field.name: field for field in host.fields}
    for field in guest.fields:
        if field.name not in known:
            return f"{path} has a field {field.name!r} that {host.name} of the contract lacks"
        if problem := _differs(known[field.name].type, field.type, f"{path}.{field.name}", to_guest=to_guest):
            return problem
    if not to_guest:
        present = {field.name for field in guest.fields}
        for name, field in known.items():
            if name not in present and not field.optional:
                return f"{path} lacks field {name!r} of {host.name}, which has no default"
    return None


def _names(
    host: tuple[str, ...], guest: tuple[str, ...], path: str, word: str, *, to_guest: bool
) -> str | None:
    extra = [name for name in guest if name not in host]
    if extra and not to_guest:
        return f"{path} has a {word} {extra[0]!r} that the contract lacks (it has {', '.join(host)})"
    if not set(guest) & set(host):
        return f"{path} shares no {word} with the contract (which has {', '.join(host)})"
    return None


def _long(kind: WitType) -> str:
    """A type in words that tell two unnamed records or enums apart."""
    match kind:
        case Record(fields=fields):
            return f"record {{{', '.join(f'{f.name}: {show(f.type)}' for f in fields)}}}"
        case Enum(cases=names) | Flags(flags=names):
            return f"{type(kind).__name__.lower()} {{{', '.join(names)}}}"
        case Variant(cases=cases):
            return f"variant {{{', '.join(name for name, _, _ in cases)}}}"
    return show(kind)


def _first(problems: Iterable[str | None]) -> str | None:
    return next((problem for problem in problems if problem is not None), None)
