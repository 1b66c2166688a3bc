"""Zig types for WIT types: ``extern`` structs with the layout of the canonical ABI."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

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
from hyperhost.sandbox.wit import named_types, show
from hyperhost.sdk import canonical
from hyperhost.sdk.cnames import CNames
from hyperhost.sdk.ctypes_text import is_bytes
from hyperhost.sdk.docwords import attribute_docs, class_summary

__all__ = ["ZigTypes", "identifier"]

_PRIMS: Final = {
    "bool": "bool",
    **{
        f"{sign}{bits}": f"{prefix}{bits}"
        for sign, prefix in (("s", "i"), ("u", "u"))
        for bits in (8, 16, 32, 64)
    },
    "f32": "f32",
    "f64": "f64",
    "char": "u32",
    "string": "String",
}
_RESERVED_WORDS: Final = """
addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime const
continue defer else enum errdefer error export extern fn for if inline linksection noalias noinline
nosuspend opaque or orelse packed pub resume return struct suspend switch test threadlocal try union
unreachable usingnamespace var volatile while anyerror anyopaque bool c_char c_int c_long c_short c_uint
c_ulong c_ushort c_longlong c_ulonglong c_longdouble comptime_float comptime_int f16 f32 f64 f80 f128
false isize noreturn null true type undefined usize void std plugin author raw host
"""
_RESERVED: Final = frozenset(_RESERVED_WORDS.split())
_TAKEN: Final = frozenset({"String", "Bytes", "List", "Map", "Entry", "Option", "Outcome", "Allocator"})


def identifier(name: str) -> str:
    """A WIT name in Zig; what Zig means something else by is quoted."""
    spelled = name.replace("-", "_")
    return f'@"{spelled}"' if spelled in _RESERVED or re.fullmatch(r"[iu]\d+", spelled) else spelled


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


@dataclass(slots=True)
class ZigTypes:
    """The types of one namespace.

    Attributes:
        prefix: What they are called by from outside of it, with a dot: ``host.log.``.
        text: Lines of their definitions.
    """

    prefix: str = ""
    text: list[str] = field(default_factory=list)
    _names: CNames = field(default_factory=lambda: CNames(set(_TAKEN)))
    _known: dict[str, str] = field(default_factory=dict)

    def name(self, kind: WitType) -> str:
        """The Zig type of a value in memory."""
        if is_bytes(kind):
            return "Bytes"
        match kind:
            case Prim(name):
                return _PRIMS[name]
            case Resource():
                return "u32"
            case List(element):
                return f"List({self.name(element)})"
            case Map(value):
                return f"Map({self.name(value)})"
            case Option(inner):
                return f"Option({self.name(inner)})"
        key = show(kind)
        if key not in self._known:
            for inner in named_types([Function((("", "", kind),), None)]).values():
                if inner != kind:
                    self.name(inner)
            chosen = self._known[key] = self._define(kind)
            # The compiler has to lay it out as the canonical ABI does.
            self.text += [
                f'comptime {{ if (@sizeOf({chosen}) != {canonical.size(kind)}) @compileError("{chosen}"); }}',
                "",
            ]
        return self.prefix + self._known[key]

    def _define(self, kind: WitType) -> str:
        match kind:
            case Enum(name, names):
                body = f"enum(u{canonical.size(kind) * 8}) {{ {', '.join(map(identifier, names))} }}"
                return self._add(_camel(name), body, class_summary(kind.python))
            case Flags(name, names):
                bits = canonical.size(kind) * 8
                parts = [f"{identifier(flag)}: bool = false" for flag in names]
                parts += [f"_: u{bits - len(names)} = 0"] if bits > len(names) else []
                return self._add(
                    _camel(name),
                    f"packed struct(u{bits}) {{ {', '.join(parts)} }}",
                    class_summary(kind.python),
                )
            case Record(name, fields):
                docs = attribute_docs(kind.python)
                lines = []
                for item in fields:
                    lines += [f"    /// {docs[item.attribute]}"] if item.attribute in docs else []
                    lines.append(f"    {identifier(item.name)}: {self._with_default(item.type)},")
                body = "\n".join(["extern struct {", *lines, "}"])
                return self._add(_camel(name), body, class_summary(kind.python))
            case Tuple(elements):
                parts = [f"f{index}: {self._with_default(item)}" for index, item in enumerate(elements)]
                return self._add(
                    f"Tuple{self._stems(*elements)}",
                    f"extern struct {{ {', '.join(parts)} }}",
                    f"`{show(kind)}`",
                )
            case Variant(name, cases):
                tags = ", ".join(identifier(case) for case, _, _ in cases)
                values = [(case, payload) for case, payload, _ in cases if payload is not None]
                bits = canonical.discriminant_size(len(cases)) * 8
                return self._union(_camel(name), f"tag: enum(u{bits}) {{ {tags} }}", values)
            case Result(ok, err):
                given = [(word, item) for word, item in (("ok", ok), ("err", err)) if item is not None]
                return self._union(f"Result{self._stems(ok, err)}", "is_err: bool", given)
        raise AssertionError(f"not a type to define: {kind}")

    def _stems(self, *kinds: WitType | None) -> str:
        """One word out of the names of types, for a type that has none of its own."""
        names = ["Void" if kind is None else self.name(kind).removeprefix(self.prefix) for kind in kinds]
        return "".join(word[0].upper() + word[1:] for name in names for word in re.findall(r"\w+", name))

    def _union(self, name: str, tag: str, values: list[tuple[str, WitType]]) -> str:
        parts = [f"{identifier(case)}: {self.name(payload)}" for case, payload in values]
        value = f", value: extern union {{ {', '.join(parts)} }}" if parts else ""
        return self._add(name, f"extern struct {{ {tag}{value} }}", "")

    def _with_default(self, kind: WitType) -> str:
        name = self.name(kind)
        empty = isinstance(kind, List | Map | Option) or kind == Prim("string")
        return f"{name} = .{{}}" if empty else name

    def _add(self, name: str, body: str, doc: str) -> str:
        chosen = self._names.claim(name)
        self.text += [*([f"/// {doc}"] if doc else []), f"pub const {chosen} = {body};", ""]
        return chosen
