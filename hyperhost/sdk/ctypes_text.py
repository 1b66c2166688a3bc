"""C types for WIT types, laid out as the canonical ABI lays them out, so that nothing is copied."""

from __future__ import annotations

import textwrap
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
from hyperhost.sdk.cnames import CNames, member_name
from hyperhost.sdk.docwords import attribute_docs, class_summary

__all__ = ["SCALARS", "CTypes", "comment", "is_bytes", "is_scalar"]

SCALARS: Final = {
    "bool": "bool",
    **{f"{sign}{bits}": f"{prefix}int{bits}_t" for sign, prefix in (("s", ""), ("u", "u"))
       for bits in (8, 16, 32, 64)},
    "f32": "float",
    "f64": "double",
    "char": "uint32_t",
}  # fmt: skip
_UNSIGNED: Final = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}


def is_bytes(kind: WitType) -> bool:
    """Whether it is ``list<u8>``."""
    return isinstance(kind, List) and kind.element == Prim("u8")


def is_scalar(kind: WitType) -> bool:
    """Whether a C function returns it directly."""
    return isinstance(kind, Enum | Flags | Resource) or (isinstance(kind, Prim) and kind.name != "string")


def comment(lines: list[str], indent: str = "") -> list[str]:
    """A documentation comment; nothing for no lines."""
    # Neither may a comment end in its text, nor one begin, which compilers warn of.
    safe = [line.replace("*/", "* /").replace("/*", "/ *") for line in lines]
    if not safe:
        return []
    if len(safe) == 1:
        return [f"{indent}/** {safe[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in safe), f"{indent} */"]


def _spelled(scope: str, name: str) -> str:
    """Name of a named type; ``http-request`` of ``host_http`` does not say ``http`` twice."""
    last = scope.rpartition("_")[2]
    return f"{scope}_{name.removeprefix(f'{last}-') if scope != 'plugin' else name}".replace("-", "_")


@dataclass(slots=True)
class CTypes:
    """The types of one header, in an order in which C can read them.

    Attributes:
        names: Everything that is called something at file scope.
        text: Lines of their definitions.
        layout: Assertions that the compiler lays them out as the canonical ABI does.
    """

    names: CNames
    text: list[str] = field(default_factory=list)
    layout: list[str] = field(default_factory=list)
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def name(self, kind: WitType, scope: str) -> str:
        """The C type of a value; it is defined before this returns.

        Args:
            kind: The type.
            scope: Prefix of the names that are not shared, ``plugin`` or ``host_INTERFACE``. Two scopes
                may have different types of one name.
        """
        match kind:
            case Prim("string"):
                return "plugin_string"
            case Prim(name):
                return SCALARS[name]
            case Resource():
                return "uint32_t"
        if is_bytes(kind):
            return "plugin_bytes"
        if not named_types([Function((("", "", kind),), None)]):
            scope = "plugin"  # made of nothing but WIT's own types: the same everywhere
        key = (scope, show(kind))
        if key not in self._known:
            self._known[key] = self._define(kind, scope)
        return self._known[key]

    def _stem(self, kind: WitType | None, scope: str) -> str:
        match kind:
            case None:
                return "void"
            case Prim(name):
                return name
            case Resource():
                return "handle"
        return self.name(kind, scope).removeprefix(f"{scope}_").removeprefix("plugin_")

    def _define(self, kind: WitType, scope: str) -> str:
        match kind:
            case Enum():
                return self._enum(kind, scope)
            case Flags():
                return self._flags(kind, scope)
            case Record():
                return self._record(kind, scope)
            case Variant():
                return self._variant(kind, scope)
            case List(element):
                return self._list(element, scope)
            case Map(value):
                return self._map(value, scope)
            case Option(inner):
                stem, inside = self._stem(inner, scope), self.name(inner, scope)
                name = self.names.claim(f"{scope}_option_{stem}")
                return self._struct(name, kind, ["bool is_some;", f"{inside} value; /* if is_some */"])
            case Tuple(elements):
                return self._tuple(elements, scope)
            case Result(ok, err):
                name = self.names.claim(f"{scope}_result_{self._stem(ok, scope)}_{self._stem(err, scope)}")
                members = [
                    f"  {self.name(item, scope)} {word};"
                    for word, item in (("ok", ok), ("err", err))
                    if item is not None
                ]
                body = ["union {", *members, "} value;"] if members else []
                return self._struct(name, kind, ["bool is_err;", *body])
        raise AssertionError(f"not a type to define: {kind}")

    def _struct(self, name: str, kind: WitType, body: list[str], docs: list[str] | None = None) -> str:
        self.text += [
            *comment(docs or []),
            f"typedef struct {{\n{textwrap.indent(chr(10).join(body), '  ')}\n}} {name};",
            "",
        ]
        self._assert(name, kind)
        if isinstance(kind, Variant | Option | Result) and any(canonical.cases(kind)):
            self._assert_offset(name, "value", canonical.payload_offset(kind))
        return name

    def _assert(self, name: str, kind: WitType) -> None:
        self.layout.append(
            f"_Static_assert(sizeof({name}) == {canonical.size(kind)} && "
            f'_Alignof({name}) == {canonical.alignment(kind)}, "{name}");'
        )

    def _assert_offset(self, name: str, member: str, offset: int) -> None:
        self.layout.append(
            f'_Static_assert(__builtin_offsetof({name}, {member}) == {offset}, "{name}.{member}");'
        )

    def _constants(self, name: str, cases: tuple[str, ...], value: str) -> None:
        self.text.append("enum {")
        for index, case in enumerate(cases):
            constant = self.names.claim(f"{name}_{case.replace('-', '_')}".upper())
            self.text.append(f"  {constant} = {value.format(index)},")
        self.text += ["};", ""]

    def _enum(self, kind: Enum, scope: str) -> str:
        name = self.names.claim(_spelled(scope, kind.name))
        summary = class_summary(kind.python)
        self.text += [
            *comment([summary] if summary else []),
            f"typedef {_UNSIGNED[canonical.size(kind)]} {name};",
        ]
        self._constants(name, kind.cases, "{}")
        return name

    def _flags(self, kind: Flags, scope: str) -> str:
        name = self.names.claim(_spelled(scope, kind.name))
        summary = class_summary(kind.python) or "Any of these, joined with |."
        self.text += [*comment([summary]), f"typedef {_UNSIGNED[canonical.size(kind)]} {name};"]
        self._constants(name, kind.flags, "1u << {}")
        return name

    def _record(self, kind: Record, scope: str) -> str:
        types = [self.name(item.type, scope) for item in kind.fields]
        name = self.names.claim(_spelled(scope, kind.name))
        docs = attribute_docs(kind.python)
        body: list[str] = []
        for item, ctype in zip(kind.fields, types, strict=True):
            if said := docs.get(item.attribute):
                body += comment([said])
            body.append(f"{ctype} {member_name(item.name)};")
        summary = class_summary(kind.python)
        self._struct(name, kind, body, [summary] if summary else [])
        for item, offset in zip(
            kind.fields, canonical.offsets([item.type for item in kind.fields]), strict=True
        ):
            self._assert_offset(name, member_name(item.name), offset)
        return name

    def _tuple(self, elements: tuple[WitType, ...], scope: str) -> str:
        types = [self.name(item, scope) for item in elements]
        stems = "_".join(self._stem(item, scope) for item in elements)
        name = self.names.claim(f"{scope}_tuple{len(elements)}_{stems}")
        body = [f"{ctype} f{index};" for index, ctype in enumerate(types)]
        return self._struct(name, Tuple(elements), body)

    def _variant(self, kind: Variant, scope: str) -> str:
        members = [
            f"  {self.name(payload, scope)} {member_name(case)};"
            for case, payload, _ in kind.cases
            if payload is not None
        ]
        name = self.names.claim(_spelled(scope, kind.name))
        self.text += comment([f"What `tag` of {name} says is in `value`."])
        self._constants(name, tuple(case for case, _, _ in kind.cases), "{}")
        tag = _UNSIGNED[canonical.discriminant_size(len(kind.cases))]
        body = ["union {", *members, "} value;"] if members else []
        return self._struct(name, kind, [f"{tag} tag;", *body])

    def _list(self, element: WitType, scope: str) -> str:
        inside = self.name(element, scope)
        name = self.names.claim(f"{scope}_list_{self._stem(element, scope)}")
        self._struct(name, List(element), [f"{inside} *ptr;", "size_t len;"])
        push = self.names.claim(f"{name}_push")
        self.text += [
            *comment(["Add an element to the end and return it, all zero, to be filled in."]),
            f"static inline {inside} *{push}({name} *list) {{",
            f"  list->ptr = ({inside} *)plugin_list_grow(list->ptr, list->len, sizeof *list->ptr);",
            "  return &list->ptr[list->len++];",
            "}",
            "",
        ]
        return name

    def _map(self, value: WitType, scope: str) -> str:
        inside = self.name(value, scope)
        name = self.names.claim(f"{scope}_map_{self._stem(value, scope)}")
        pair = self.names.claim(f"{name}_entry")
        kind = Map(value)
        self._struct(pair, canonical.entry(kind), ["plugin_string key;", f"{inside} value;"])
        self._struct(name, kind, [f"{pair} *ptr;", "size_t len;"])
        get, add = self.names.claim(f"{name}_get"), self.names.claim(f"{name}_add")
        self.text += [
            *comment(["The value of a key, or NULL."]),
            f"static inline {inside} *{get}({name} map, plugin_string key) {{",
            "  for (size_t i = 0; i < map.len; i++)",
            "    if (plugin_string_equal(map.ptr[i].key, key)) return &map.ptr[i].value;",
            "  return NULL;",
            "}",
            *comment(
                ["Add a key, which must be a new one, and return its value, all zero, to be filled in."]
            ),
            f"static inline {inside} *{add}({name} *map, plugin_string key) {{",
            f"  map->ptr = ({pair} *)plugin_list_grow(map->ptr, map->len, sizeof *map->ptr);",
            "  map->ptr[map->len].key = key;",
            "  return &map->ptr[map->len++].value;",
            "}",
            "",
        ]
        return name
