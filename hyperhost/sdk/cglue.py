"""C code that turns core values into the author's arguments and back: lift and lower of the canonical ABI.

Records and lists lie in memory as the author sees them, so the glue touches only what travels flat:
the arguments themselves, and results of one core value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hyperhost.sandbox.types import (
    Enum,
    Flags,
    Option,
    Prim,
    Record,
    Resource,
    Result,
    Tuple,
    Variant,
    WitType,
)
from hyperhost.sdk import canonical
from hyperhost.sdk.canonical import Flat
from hyperhost.sdk.cnames import member_name
from hyperhost.sdk.ctypes_text import SCALARS, is_scalar

if TYPE_CHECKING:
    from hyperhost.sdk.cbindings import CFunction
    from hyperhost.sdk.ctypes_text import CTypes

__all__ = ["export_glue", "import_glue"]

_CORE: Final[dict[Flat, str]] = {"i32": "int32_t", "i64": "int64_t", "f32": "float", "f64": "double"}
_INTO: Final[dict[tuple[Flat, Flat], str]] = {
    ("i32", "i64"): "(int64_t)(uint32_t)({})",
    ("f32", "i32"): "plugin_bits32({})",
    ("f32", "i64"): "(int64_t)(uint32_t)plugin_bits32({})",
    ("f64", "i64"): "plugin_bits64({})",
}
"""How a core value is put into a wider one that several cases of a variant share."""
_BACK: Final[dict[tuple[Flat, Flat], str]] = {
    ("i64", "i32"): "(int32_t)({})",
    ("i32", "f32"): "plugin_float32({})",
    ("i64", "f32"): "plugin_float32((int32_t)({}))",
    ("i64", "f64"): "plugin_float64({})",
}

Slot = tuple[str, Flat]
"""A core value: expression or variable, and its type."""


def _into(expression: str, have: Flat, want: Flat) -> str:
    return expression if have == want else _INTO[have, want].format(expression)


def _back(expression: str, have: Flat, want: Flat) -> str:
    return expression if have == want else _BACK[have, want].format(expression)


def _parts(kind: Record | Tuple, at: str) -> list[tuple[WitType, str]]:
    if isinstance(kind, Record):
        return [(item.type, f"{at}.{member_name(item.name)}") for item in kind.fields]
    return [(item, f"{at}.f{index}") for index, item in enumerate(kind.elements)]


def _branches(kind: Variant | Option | Result, at: str) -> tuple[str, list[tuple[WitType | None, str]]]:
    """Where the discriminant is, and each case's payload with its place."""
    match kind:
        case Option(inner):
            return f"{at}.is_some", [(None, ""), (inner, f"{at}.value")]
        case Result(ok, err):
            return f"{at}.is_err", [(ok, f"{at}.value.ok"), (err, f"{at}.value.err")]
    return f"{at}.tag", [(payload, f"{at}.value.{member_name(case)}") for case, payload, _ in kind.cases]


def _lift(kind: WitType, at: str, slots: Sequence[Slot], indent: str = "  ") -> list[str]:
    """Statements that set the value at ``at`` from core values."""
    match kind:
        case Prim(name) if name != "string":
            expression, have = slots[0]
            value = _back(expression, have, canonical.flatten(kind)[0])
            return [f"{indent}{at} = ({SCALARS[name]})({value});"]
        case Enum() | Flags() | Resource():
            unsigned = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}[canonical.size(kind)]
            return [f"{indent}{at} = ({unsigned})({_back(*slots[0], 'i32')});"]
        case Record() | Tuple():
            lines, used = [], 0
            for part, place in _parts(kind, at):
                count = len(canonical.flatten(part))
                lines += _lift(part, place, slots[used : used + count], indent)
                used += count
            return lines
        case Variant() | Option() | Result():
            tag, branches = _branches(kind, at)
            which = _back(*slots[0], "i32")
            lines = [f"{indent}{tag} = {which};", f"{indent}switch ({which}) {{"]
            for index, (payload, place) in enumerate(branches):
                if payload is not None:
                    lines += [f"{indent}case {index}:", *_lift(payload, place, slots[1:], f"{indent}  ")]
                    lines.append(f"{indent}  break;")
            return [*lines, f"{indent}default: break;", f"{indent}}}"]
    address, length = (_back(*slot, "i32") for slot in slots[:2])
    return [f"{indent}{at}.ptr = (void *)(uintptr_t)({address});", f"{indent}{at}.len = (size_t)({length});"]


def _lower(kind: WitType, at: str, slots: Sequence[Slot], indent: str = "  ") -> list[str]:
    """Statements that set core values, zero before, from the value at ``at``."""
    match kind:
        case Prim(name) if name != "string":
            have = canonical.flatten(kind)[0]
            value = f"({_CORE[have]}){at}"
            return [f"{indent}{slots[0][0]} = {_into(value, have, slots[0][1])};"]
        case Enum() | Flags() | Resource():
            return [f"{indent}{slots[0][0]} = {_into(f'(int32_t){at}', 'i32', slots[0][1])};"]
        case Record() | Tuple():
            lines, used = [], 0
            for part, place in _parts(kind, at):
                count = len(canonical.flatten(part))
                lines += _lower(part, place, slots[used : used + count], indent)
                used += count
            return lines
        case Variant() | Option() | Result():
            tag, branches = _branches(kind, at)
            lines = [f"{indent}{slots[0][0]} = {_into(f'(int32_t){tag}', 'i32', slots[0][1])};"]
            lines.append(f"{indent}switch ((int){tag}) {{")
            for index, (payload, place) in enumerate(branches):
                if payload is not None:
                    lines += [f"{indent}case {index}:", *_lower(payload, place, slots[1:], f"{indent}  ")]
                    lines.append(f"{indent}  break;")
            return [*lines, f"{indent}default: break;", f"{indent}}}"]
    return [
        f"{indent}{slots[0][0]} = {_into(f'(int32_t)(uintptr_t){at}.ptr', 'i32', slots[0][1])};",
        f"{indent}{slots[1][0]} = {_into(f'(int32_t){at}.len', 'i32', slots[1][1])};",
    ]


def export_glue(each: CFunction, types: CTypes) -> list[str]:
    """The exported core function of a hook, and the one that is called after its result was read."""
    kinds = [kind for _, _, kind in each.function.parameters]
    slots, lines, arguments = _incoming(each, kinds)
    result = each.function.result
    flat_result = canonical.flatten(result) if result is not None else []
    returned = "void" if not flat_result else _CORE[flat_result[0]] if len(flat_result) == 1 else "void *"
    lines += _call(each, arguments, types)
    if len(flat_result) == 1 and result is not None:
        core = _CORE[flat_result[0]]
        lines += [
            f"  {core} plugin_core = 0;",
            *_lower(result, "plugin_ret", [("plugin_core", flat_result[0])]),
        ]
        lines.append("  return plugin_core;")
    elif flat_result:
        lines += ["  return plugin_ret_at;"]
    symbol = f"plugin_export_{each.name}"
    core_parameters = ", ".join(f"{_CORE[flat]} {name}" for name, flat in slots) or "void"
    after = "void" if not flat_result else f"{returned}{'' if returned.endswith('*') else ' '}unused"
    return [
        f'__attribute__((export_name("{each.wit_name}")))',
        f"{returned}{'' if returned.endswith('*') else ' '}{symbol}({core_parameters}) {{",
        *lines,
        "}",
        "",
        f'__attribute__((export_name("cabi_post_{each.wit_name}")))',
        f"void plugin_post_{each.name}({after}) {{",
        *(["  (void)unused;"] if flat_result else []),
        "  plugin_arena_reset();",
        "}",
    ]


def _incoming(each: CFunction, kinds: list[WitType]) -> tuple[list[Slot], list[str], list[str]]:
    """Core parameters, statements that make arguments of them, and the arguments."""
    if canonical.spilled(each.function):
        members = " ".join(f"{ctype} p{index};" for index, (ctype, _, _) in enumerate(each.parameters))
        lines = [
            f"  struct plugin_arguments {{ {members} }} *arguments = (void *)(uintptr_t)a0;",
        ]
        arguments = [
            f"{'&' if pointer else ''}arguments->p{index}"
            for index, (_, _, pointer) in enumerate(each.parameters)
        ]
        return [("a0", "i32")], lines, arguments
    slots: list[Slot] = []
    lines, arguments = [], []
    for index, (kind, (ctype, _, pointer)) in enumerate(zip(kinds, each.parameters, strict=True)):
        own: list[Slot] = [(f"a{len(slots) + at}", flat) for at, flat in enumerate(canonical.flatten(kind))]
        slots += own
        lines += [f"  {ctype} p{index};", f"  __builtin_memset(&p{index}, 0, sizeof p{index});"]
        lines += _lift(kind, f"p{index}", own)
        arguments.append(f"{'&' if pointer else ''}p{index}")
    return slots, lines, arguments


def _call(each: CFunction, arguments: list[str], types: CTypes) -> list[str]:
    """Call the author's function; the result is ``plugin_ret``, behind ``plugin_ret_at`` if it is large."""
    result = each.function.result
    if result is None:
        return [f"  {each.name}({', '.join(arguments)});"]
    ctype = types.name(result, each.scope)
    if len(canonical.flatten(result)) == 1:
        lines = [f"  {ctype} plugin_ret;", "  __builtin_memset(&plugin_ret, 0, sizeof plugin_ret);"]
    else:
        lines = [f"  {ctype} *plugin_ret_at = plugin_alloc(sizeof *plugin_ret_at);"]
        lines += ["#define plugin_ret (*plugin_ret_at)"]
    if is_scalar(result):
        return [*lines, f"  plugin_ret = {each.name}({', '.join(arguments)});"]
    if isinstance(result, Option):
        called = f"{each.name}({', '.join([*arguments, '&plugin_ret.value'])})"
        lines.append(f"  plugin_ret.is_some = {called};")
    elif isinstance(result, Result):
        words = [word for word, part in (("ok", result.ok), ("err", result.err)) if part is not None]
        lines += [f"  {ctype} plugin_{word};".replace(ctype, out, 1) for word, (out, _) in
                  zip(words, each.outs, strict=True)]  # fmt: skip
        lines += [f"  __builtin_memset(&plugin_{word}, 0, sizeof plugin_{word});" for word in words]
        called = f"{each.name}({', '.join([*arguments, *(f'&plugin_{word}' for word in words)])})"
        lines.append(f"  plugin_ret.is_err = !{called};")
        conditions = {"ok": "!plugin_ret.is_err", "err": "plugin_ret.is_err"}
        lines += [f"  if ({conditions[word]}) plugin_ret.value.{word} = plugin_{word};" for word in words]
    else:
        lines.append(f"  {each.name}({', '.join([*arguments, '&plugin_ret'])});")
    return [*lines, *(["#undef plugin_ret"] if len(canonical.flatten(result)) > 1 else [])]


def import_glue(each: CFunction, types: CTypes) -> list[str]:
    """The function that calls a host function with the author's arguments."""
    kinds = [kind for _, _, kind in each.function.parameters]
    lines, passed, core = _outgoing(each, kinds)
    result = each.function.result
    flat_result = canonical.flatten(result) if result is not None else []
    core_name = f"plugin_import_{each.name}"
    returned = "void"
    if result is not None:
        ctype = types.name(result, each.scope)
        lines += [f"  {ctype} plugin_ret;", "  __builtin_memset(&plugin_ret, 0, sizeof plugin_ret);"]
    if len(flat_result) > 1:
        core.append("void *")
        passed.append("&plugin_ret")
    if len(flat_result) == 1 and result is not None:
        returned = _CORE[flat_result[0]]
        lines.append(f"  {returned} plugin_core = {core_name}({', '.join(passed)});")
        lines += _lift(result, "plugin_ret", [("plugin_core", flat_result[0])])
    else:
        lines.append(f"  {core_name}({', '.join(passed)});")
    lines += _answer(each, result)
    return [
        f'__attribute__((import_module("{each.module}"), import_name("{each.wit_name}")))',
        f"extern {returned} {core_name}({', '.join(core) or 'void'});",
        f"{each.prototype} {{",
        *lines,
        "}",
    ]


def _outgoing(each: CFunction, kinds: list[WitType]) -> tuple[list[str], list[str], list[str]]:
    """Statements, the core arguments they make, and the core parameters' types."""
    places = [f"(*{name})" if pointer else name for _, name, pointer in each.parameters]
    if canonical.spilled(each.function):
        members = " ".join(f"{ctype} p{index};" for index, (ctype, _, _) in enumerate(each.parameters))
        stored = [f"  plugin_arguments.p{index} = {place};" for index, place in enumerate(places)]
        declared = f"  struct {{ {members} }} plugin_arguments;"
        return [declared, *stored], ["&plugin_arguments"], ["const void *"]
    lines: list[str] = []
    passed: list[str] = []
    core: list[str] = []
    for kind, place in zip(kinds, places, strict=True):
        slots: list[Slot] = [
            (f"plugin_a{len(passed) + at}", flat) for at, flat in enumerate(canonical.flatten(kind))
        ]
        lines += [f"  {_CORE[flat]} {name} = 0;" for name, flat in slots]
        lines += _lower(kind, place, slots)
        passed += [name for name, _ in slots]
        core += [_CORE[flat] for _, flat in slots]
    return lines, passed, core


def _answer(each: CFunction, result: WitType | None) -> list[str]:
    """Statements that give the author what the host answered, in ``plugin_ret``."""
    if result is None:
        return []
    if is_scalar(result):
        return ["  return plugin_ret;"]
    if isinstance(result, Option):
        return [f"  *{each.outs[0][1]} = plugin_ret.value;", "  return plugin_ret.is_some;"]
    if isinstance(result, Result):
        outs = iter(each.outs)
        lines = []
        if result.ok is not None:
            lines.append(f"  if (!plugin_ret.is_err) *{next(outs)[1]} = plugin_ret.value.ok;")
        if result.err is not None:
            lines.append(f"  if (plugin_ret.is_err) *{next(outs)[1]} = plugin_ret.value.err;")
        return [*lines, "  return !plugin_ret.is_err;"]
    return [f"  *{each.outs[0][1]} = plugin_ret;"]
