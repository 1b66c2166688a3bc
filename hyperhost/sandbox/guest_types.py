"""Read the types of a component's imports and exports into :mod:`hyperhost.sandbox.types`.

Runs once per function when a component is loaded; nothing of the component is executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import wasmtime.component as wc

from hyperhost.errors import UnsupportedTypeError
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

__all__ = ["ImportedInstance", "TypeReader", "exported_functions", "imports"]

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
    """Reads wasmtime's types; remembers resource types by the first interface that exports them."""

    def __init__(self) -> None:
        self._resources: list[tuple[Any, str]] = []

    def resource_name(self, kind: Any, offer: str = "resource") -> str:
        """The identifying name of a resource type; ``offer`` names it when it was not seen before."""
        for known, name in self._resources:
            if known == kind:
                return name
        self._resources.append((kind, offer))
        return offer

    def value(self, kind: Any) -> WitType:
        """One value type. Names of records and enums are not part of a component's types."""
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
        raise UnsupportedTypeError(
            f"the component uses {type(kind).__name__}, which HyperHost does not carry"
        )

    def function(self, kind: Any) -> Function:
        """One function type."""
        parameters = tuple((name, name, self.value(item)) for name, item in kind.params)
        return Function(parameters, self._optional(kind.result))

    def instance(self, name: str, kind: Any, engine: wasmtime.Engine) -> ImportedInstance:
        """One imported interface; resources are read first, as functions refer to them."""
        members = {member: item.ty for member, item in kind.exports(engine).items()}
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
    exports = {name: item.ty for name, item in component.type.exports(engine).items()}
    return {name: kind for name, kind in exports.items() if isinstance(kind, wc.FuncType)}


def imports(component: wc.Component, engine: wasmtime.Engine) -> tuple[list[ImportedInstance], list[str]]:
    """Imported interfaces, and the names of imports of any other kind that needs something from the host.

    Type imports (records, enums) only name a type; the host supplies nothing for them, so they
    are in neither list.
    """
    reader = TypeReader()
    instances: list[ImportedInstance] = []
    others: list[str] = []
    for name, item in component.type.imports(engine).items():
        kind = item.ty
        if isinstance(kind, wc.ComponentInstanceType):
            instances.append(reader.instance(name, kind, engine))
        elif isinstance(kind, wc.FuncType | wc.ResourceType):
            others.append(name)
    return instances, others
