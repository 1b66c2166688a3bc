"""Read the types of a component's imports and exports into :mod:`hyperhost.sandbox.types`.

Runs once per function when a component is loaded; nothing of the component is executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import wasmtime.component as wc

from hyperhost.errors import LinkError, PluginLoadError
from hyperhost.sandbox import capi
from hyperhost.sandbox.types import (
    Enum,
    Field,
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

if TYPE_CHECKING:
    import wasmtime

__all__ = [
    "MAX_DEPTH",
    "MAX_NAMES",
    "MAX_TYPES",
    "ImportedInstance",
    "TypeReader",
    "exported_functions",
    "imports",
]

MAX_NAMES = 5_000
"""Imports, exports, or functions of one imported interface; real components have dozens."""

MAX_TYPES = 20_000
"""Types within types that a component's functions are made of; each costs some ten microseconds to read."""

MAX_DEPTH = 50
"""Types within types within types: what the code that converts them can be nested."""

_PRIMS: dict[type, str] = {
    wc.Bool: "bool",
    wc.S8: "s8",
    wc.S16: "s16",
    wc.S32: "s32",
    wc.S64: "s64",
    wc.U8: "u8",
    wc.U16: "u16",
    wc.U32: "u32",
    wc.U64: "u64",
    wc.F32: "f32",
    wc.F64: "f64",
    wc.Char: "char",
    wc.String: "string",
}


@dataclass(frozen=True, slots=True)
class ImportedInstance:
    """What a component expects of one imported interface.

    Attributes:
        name: Full name with version, as the component spells it.
        functions: Functions by WIT name.
        resources: Resource types by the name they have here → the name that identifies the type
            across interfaces (``wasi:io/streams#input-stream``), as interfaces re-export them.
    """

    name: str
    functions: dict[str, Function]
    resources: dict[str, str]


class TypeReader:
    """Reads wasmtime's types; remembers resource types by the first interface that exports them.

    Raises:
        PluginLoadError: from any method: more types than :data:`MAX_TYPES`, or one that does not cross.
    """

    def __init__(self) -> None:
        self._resources: list[tuple[Any, str]] = []
        self._left = MAX_TYPES
        self._depth = 0

    def resource_name(self, kind: Any, offer: str = "resource") -> str:
        """The identifying name of a resource type; ``offer`` names it when it was not seen before."""
        for known, name in self._resources:
            if known == kind:
                return name
        self._resources.append((kind, offer))
        return offer

    def value(self, kind: Any) -> WitType:
        """One value type. Names of records and enums are not part of a component's types."""
        self._left -= 1  # a type that holds another twice, which holds another twice, … is read in full
        if self._left < 0:
            raise _too_many("types within the types of its functions", MAX_TYPES)
        if self._depth >= MAX_DEPTH:
            raise PluginLoadError(f"nests types more than {MAX_DEPTH} deep", hint="make them flatter")
        self._depth += 1
        try:
            return self._value(kind)
        finally:
            self._depth -= 1

    def _value(self, kind: Any) -> WitType:
        if (name := _PRIMS.get(type(kind))) is not None:
            return Prim(name)
        match kind:
            case wc.ListType():
                return List(self.value(kind.element))
            case wc.OptionType():
                return Option(self.value(kind.payload))
            case wc.TupleType():
                return Tuple(tuple(self.value(item) for item in kind.elements))
            case wc.RecordType():
                return Record(
                    "record", tuple(Field(name, name, self.value(item)) for name, item in kind.fields)
                )
            case wc.EnumType():
                names = tuple(kind.names)
                return Enum("enum", names, names)
            case wc.FlagsType():
                names = tuple(kind.names)
                return Flags("flags", names, names)
            case wc.VariantType():
                return Variant(
                    "variant", tuple((name, self._optional(item), None) for name, item in kind.cases)
                )
            case wc.ResultType():
                return Result(self._optional(kind.ok), self._optional(kind.err))
            case wc.OwnType() | wc.BorrowType():
                return Resource(self.resource_name(kind.ty))
        raise PluginLoadError(
            f"uses {type(kind).__name__}, which HyperHost does not carry",
            hint="see the table of types in the embedding guide",
        )

    def function(self, kind: Any) -> Function:
        """One function type."""
        parameters = tuple((name, name, self.value(item)) for name, item in kind.params)
        return Function(parameters, self._optional(kind.result))

    def instance(self, name: str, kind: Any, engine: wasmtime.Engine) -> ImportedInstance:
        """One imported interface; resources are read first, as functions refer to them."""
        if capi.member_count(capi.pointer(kind), capi.pointer(engine)) > MAX_NAMES:
            raise _too_many(f"items in the imported interface {name}", MAX_NAMES)
        members = {member: item.ty for member, item in kind.exports(engine).items()}
        for member, item in members.items():
            if isinstance(item, wc.ModuleType | wc.ComponentType | wc.ComponentInstanceType):
                raise LinkError(
                    f"imports {name} with {member!r}, which is neither a function nor a type",
                    hint="interfaces of this host have functions, types and resources only",
                )
        base = name.partition("@")[0]
        resources = {
            member: self.resource_name(item, f"{base}#{member}")
            for member, item in members.items()
            if isinstance(item, wc.ResourceType)
        }
        functions = {
            member: self.function(item) for member, item in members.items() if isinstance(item, wc.FuncType)
        }
        return ImportedInstance(name, functions, resources)

    def _optional(self, kind: Any) -> WitType | None:
        return None if kind is None else self.value(kind)


def exported_functions(component: wc.Component, engine: wasmtime.Engine) -> dict[str, Any]:
    """World-level exported functions by WIT name, as wasmtime's types (to be read one by one as needed)."""
    kind = component.type
    if capi.export_count(capi.pointer(kind), capi.pointer(engine)) > MAX_NAMES:
        raise _too_many("exports", MAX_NAMES)
    exports = {name: item.ty for name, item in kind.exports(engine).items()}
    return {name: found for name, found in exports.items() if isinstance(found, wc.FuncType)}


def imports(component: wc.Component, engine: wasmtime.Engine) -> tuple[list[ImportedInstance], list[str]]:
    """Imported interfaces, and the names of imports of any other kind that needs something from the host.

    Type imports (records, enums) only name a type; the host supplies nothing for them, so they
    are in neither list.

    Raises:
        LinkError: an interface holds what no host interface can: a module, another interface.
        PluginLoadError: there are more names or types than real components have.
    """
    reader = TypeReader()
    instances: list[ImportedInstance] = []
    others: list[str] = []
    whole = component.type
    if capi.import_count(capi.pointer(whole), capi.pointer(engine)) > MAX_NAMES:
        raise _too_many("imports", MAX_NAMES)
    for name, item in whole.imports(engine).items():
        kind = item.ty
        if isinstance(kind, wc.ComponentInstanceType):
            instances.append(reader.instance(name, kind, engine))
        elif isinstance(kind, wc.FuncType | wc.ResourceType | wc.ModuleType | wc.ComponentType):
            others.append(name)
    return instances, others


def _too_many(what: str, most: int) -> PluginLoadError:
    return PluginLoadError(f"has more than {most:,} {what}", hint="no real component needs that many")
