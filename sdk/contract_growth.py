"""Does a newer contract still serve every plugin that was built against an older one?

The sandbox's own :func:`~hyperhost.sandbox.compat.mismatch` decides whether a component built against
the older contract can be loaded and called. It does not see what only native plugins notice, nor what
goes wrong only with some values; that is checked here besides: the order of fields, lost defaults,
removed cases, and cases that plugins receive without knowing them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from contract_summary import Contract, Hook, written

from hyperhost.sandbox.compat import mismatch
from hyperhost.sandbox.types import (
    Enum,
    Field,
    Flags,
    Function,
    List,
    Map,
    Option,
    Prim,
    Record,
    Result,
    Tuple,
    Variant,
    WitType,
)
from hyperhost.sandbox.wit import named_types, show

__all__ = ["breaks", "number"]


def number(version: str) -> tuple[int, int, int]:
    """``1.2.3`` as numbers.

    Raises:
        ValueError: it is not three numbers with dots between them.
    """
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def breaks(old: Contract, new: Contract) -> list[str]:
    """What of ``old`` a plugin can no longer rely on in ``new``, one sentence each; empty when nothing.

    Contracts of different major versions may differ in everything. Those that differ only in the last
    number have to be equal.
    """
    if number(old.version)[0] != number(new.version)[0]:
        return []
    found = [*_hooks(old, new), *_interfaces(old, new)]
    if number(old.version)[:2] == number(new.version)[:2] and not found and _changed(old, new):
        found = ["something was added, which needs a new minor version"]
    return list(dict.fromkeys(found))


def _changed(old: Contract, new: Contract) -> bool:
    return written(dataclasses.replace(old, version=new.version)) != written(new)


def _hooks(old: Contract, new: Contract) -> Iterator[str]:
    for name, before in old.hooks.items():
        after = new.hooks.get(name)
        if after is None:
            yield f"hook {name} was removed"
            continue
        yield from _options(name, before, after)
        yield from _function(f"hook {name}", before.function, after.function, hook=True)
    yield from _names(
        "of the hooks",
        named_types(hook.function for hook in old.hooks.values()),
        named_types(hook.function for hook in new.hooks.values()),
    )


def _options(name: str, before: Hook, after: Hook) -> Iterator[str]:
    for option, value in before.options.items():
        if after.options[option] != value:
            yield f"hook {name}: {option} was {value!r} and is {after.options[option]!r}"


def _interfaces(old: Contract, new: Contract) -> Iterator[str]:
    for name, before in old.interfaces.items():
        after = new.interfaces.get(name)
        if after is None:
            yield f"host interface {name} was removed"
            continue
        if after.capabilities and set(before.capabilities) - set(after.capabilities):
            was, needed = (" or ".join(each.capabilities) or "nothing" for each in (before, after))
            yield f"host interface {name}: needed the capability {was} and needs {needed}"
        elif after.capabilities and not before.capabilities:
            yield f"host interface {name}: needed no capability and needs {' or '.join(after.capabilities)}"
        for key, function in before.functions.items():
            if key not in after.functions:
                yield f"host interface {name}: function {key} was removed"
            else:
                yield from _function(f"{name} {key}", function, after.functions[key], hook=False)
        yield from _names(
            f"of {name}", named_types(before.functions.values()), named_types(after.functions.values())
        )


def _names(where: str, before: dict[str, WitType], after: dict[str, WitType]) -> Iterator[str]:
    for name in before:
        if name not in after:
            yield f"type {name} {where} was removed or renamed"


def _function(where: str, old: Function, new: Function, *, hook: bool) -> Iterator[str]:
    problem = mismatch(new, _as_component(old), guest_is_callee=hook)
    if problem is not None:
        yield f"{where}: what was built against the older contract does not fit: {problem}"
        return
    by_name = {name: kind for _, name, kind in new.parameters}
    if not hook and [name for _, name, _ in old.parameters] != list(by_name):
        yield f"{where}: its parameters changed order"
    for _, name, kind in old.parameters:
        yield from _type(kind, by_name[name], received=hook)
    yield from _optional(old.result, new.result, received=not hook)


def _optional(old: WitType | None, new: WitType | None, *, received: bool) -> Iterator[str]:
    if old is not None and new is not None:
        yield from _type(old, new, received=received)


def _type(old: WitType, new: WitType, *, received: bool) -> Iterator[str]:
    """Problems in a type that fits; ``received``: its values go to plugins."""
    match old, new:
        case (List(a), List(b)) | (Map(a), Map(b)) | (Option(a), Option(b)):
            yield from _type(a, b, received=received)
        case (Tuple(xs), Tuple(ys)):
            for x, y in zip(xs, ys, strict=True):
                yield from _type(x, y, received=received)
        case (Result(), Result()):
            yield from _optional(old.ok, new.ok, received=received)
            yield from _optional(old.err, new.err, received=received)
        case (Record(), Record()):
            yield from _record(old, new)
            after = {field.name: field.type for field in new.fields}
            for field in old.fields:
                yield from _type(field.type, after[field.name], received=received)
        case (Enum(), Enum()):
            yield from _cases(new.name, "case", old.cases, new.cases, received=received)
        case (Flags(), Flags()):
            yield from _cases(new.name, "flag", old.flags, new.flags, received=received)
        case (Variant(), Variant()):
            payloads = {name: payload for name, payload, _ in new.cases}
            before = tuple(name for name, _, _ in old.cases)
            yield from _cases(new.name, "case", before, tuple(payloads), received=received)
            for name, payload, _ in old.cases:
                yield from _optional(payload, payloads.get(name), received=received)
        case _ if type(old) is not type(new):  # the same for components: a dict and a list of pairs
            yield f"what was {type(old).__name__.lower()} is {type(new).__name__.lower()}: {show(new)}"


def _record(old: Record, new: Record) -> Iterator[str]:
    before: dict[str, Field] = {field.name: field for field in old.fields}
    if [field.name for field in new.fields][: len(before)] != list(before):
        yield f"record {new.name}: its fields changed order; a new field comes last"
    for field in new.fields:
        if field.name not in before:
            if not field.optional:
                yield f"record {new.name}: field {field.name} was added without a default"
        elif before[field.name].optional and not field.optional:
            yield f"record {new.name}: field {field.name} lost its default"


def _cases(
    name: str, word: str, old: tuple[str, ...], new: tuple[str, ...], *, received: bool
) -> Iterator[str]:
    for case in old:
        if case not in new:
            yield f"type {name}: {word} {case} was removed"
    for case in new:
        if received and case not in old:
            yield f"type {name}: {word} {case} was added, and plugins that do not know it receive it"


def _as_component(function: Function) -> Function:
    """The type as a component has it; there a ``dict`` is a list of pairs."""
    parameters = tuple((python, name, _without_maps(kind)) for python, name, kind in function.parameters)
    return Function(parameters, function.result and _without_maps(function.result))


def _without_maps(kind: WitType) -> WitType:
    match kind:
        case Map(value):
            return List(Tuple((Prim("string"), _without_maps(value))))
        case List(element):
            return List(_without_maps(element))
        case Option(inner):
            return Option(_without_maps(inner))
        case Tuple(elements):
            return Tuple(tuple(map(_without_maps, elements)))
        case Result(ok, err):
            return Result(ok and _without_maps(ok), err and _without_maps(err))
        case Record(name, fields):
            inside = (Field(f.attribute, f.name, _without_maps(f.type), f.optional) for f in fields)
            return Record(name, tuple(inside))
        case Variant(name, cases):
            return Variant(name, tuple((case, p and _without_maps(p), None) for case, p, _ in cases))
    return kind
