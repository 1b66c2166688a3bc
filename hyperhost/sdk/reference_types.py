"""Reference of hooks and of the types that cross in them, from hookspecs and contract classes."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hyperhost.sandbox.types import (
    Enum,
    Flags,
    Function,
    List,
    Map,
    Option,
    Record,
    Result,
    Tuple,
    Variant,
    WitType,
    kebab,
)
from hyperhost.sandbox.wit import identifier, show, signature
from hyperhost.sdk.docwords import attribute_docs, class_summary
from hyperhost.sdk.reference_docstring import docstring, marked
from hyperhost.sdk.reference_model import (
    Block,
    Bullets,
    Code,
    Heading,
    Line,
    Paragraph,
    Span,
    Table,
    code,
    linked,
    plain,
)

if TYPE_CHECKING:
    from hyperhost.host.manifest import HookEntry
    from hyperhost.host.specs import HookInfo

__all__ = ["hook_blocks", "hook_table", "python_signature", "type_blocks"]

_ON_FAULT: Final = {
    "raise": "A fault of one plugin fails the call.",
    "skip": "A fault of one plugin is recorded, and the others are still heard.",
}


def hook_table(hooks: Iterable[HookInfo]) -> Table:
    """The hooks, one to a row, each leading to its reference."""
    rows = [
        (code(info.name, f"hook:{info.name}"), code(info.wit_name), marked(info.summary)) for info in hooks
    ]
    return Table(("hook", "export", ""), tuple(rows))


def hook_blocks(
    info: HookInfo, function: Function, level: int, entry: HookEntry | None = None
) -> Iterator[Block]:
    """Everything about one hook.

    Args:
        info: The hook.
        function: Its type, with the names that types have on the page.
        level: Level of its heading.
        entry: What the manifest of the plugin says of it.
    """
    said = list(docstring(info.doc, level + 1))
    sections = next((at for at, block in enumerate(said) if isinstance(block, Heading)), len(said))
    yield Heading(level, code(info.name), f"hook:{info.name}")
    yield from said[:sections]
    yield Code(python_signature(info), "python")
    yield Code(f"{identifier(info.wit_name)}: {signature(function)}", "wit")
    own = [*(kind for _, _, kind in function.parameters), function.result]
    if names := list(dict.fromkeys(key for kind in own for _, key in _parts(kind) if key)):
        types = linked(code(key.partition(":")[2], key) for key in names)
        yield Paragraph((Span("Types: "), *types, Span(".")))
    yield Bullets(tuple(_facts(info, entry)))
    yield from said[sections:]


def _facts(info: HookInfo, entry: HookEntry | None) -> Iterator[Line]:
    yield plain(_ON_FAULT[info.on_fault])
    if info.service:
        words = " plugin that is selected for the service is asked."
        yield (Span("Only the "), Span(info.service, "code"), Span(words))
    elif info.firstresult:
        yield plain("Plugins are asked in order until one gives an answer.")
    if info.historic:
        yield plain("Calls are repeated for plugins that come later.")
    if info.raises:
        words = ", in other languages the error case with a reason and a rule. That is no fault."
        yield (Span("A plugin may refuse: in Python with "), *code(info.raises.__name__), Span(words))
    if entry is not None and entry.priority is not None:
        yield plain(f"This plugin answers with priority {entry.priority}, of 0 (first) to 1000.")
    for words, others in (("before", entry.before), ("after", entry.after)) if entry else ():
        if others:
            yield (Span(f"This plugin answers {words} "), *linked(map(code, others)), Span("."))


def python_signature(info: HookInfo) -> str:
    """The hook as a Python function without its body, one parameter to a line when it is long."""
    function = inspect.signature(getattr(info.spec_class, info.name))
    parameters = [str(each).replace("'", "") for each in function.parameters.values() if each.name != "self"]
    returned = function.return_annotation
    result = "" if returned is inspect.Signature.empty else f" -> {_annotation(returned)}"
    line = f"def {info.name}({', '.join(parameters)}){result}: ..."
    if len(line) <= 100:
        return line
    return f"def {info.name}(\n" + "".join(f"    {each},\n" for each in parameters) + f"){result}: ..."


def _annotation(annotation: Any) -> str:
    return inspect.formatannotation(annotation).replace("'", "")


def type_blocks(functions: Iterable[Function], level: int) -> Iterator[Block]:
    """Every named type that the functions use, outer ones first."""
    for name, kind in _outer_first(functions).items():
        yield Heading(level, code(name), f"type:{name}")
        cls = None if isinstance(kind, Variant) else getattr(kind, "python", None)
        if name == "refusal":
            yield Paragraph(
                marked("A plugin's no: why, for a person, and the name of the rule that was broken.")
            )
        if isinstance(cls, type):
            if summary := class_summary(cls):
                yield Paragraph(marked(summary))
            python = f"{cls.__module__}.{cls.__qualname__}"
            yield Paragraph((Span("In Python "), *code(python), Span(".")))
        docs = attribute_docs(cls)
        match kind:
            case Record():
                yield _record(kind, docs)
            case Enum(cases=cases, values=values):
                yield _members("one of", cases, values, docs)
            case Flags(flags=flags, members=members):
                yield _members("any of", flags, members, docs)
            case Variant(cases=payloads):
                items = [(Span(case, "code"), Span(": "), *_type(payload)) for case, payload, _ in payloads]
                yield Bullets(tuple(items))


def _outer_first(functions: Iterable[Function]) -> dict[str, WitType]:
    """Every named type that the functions use, in the order in which a reader meets them; refusal last."""
    found: dict[str, WitType] = {}
    waiting: list[WitType | None] = []
    for function in functions:
        waiting += [*(kind for _, _, kind in function.parameters), function.result]
    while waiting:
        kind = waiting.pop(0)
        if isinstance(kind, Record | Variant | Enum | Flags):
            if kind.name in found:
                continue
            found[kind.name] = kind
        waiting += _inside(kind)
    refusal = {name: found.pop(name) for name in ("refusal",) if name in found}
    return {**found, **refusal}


def _inside(kind: WitType | None) -> list[WitType | None]:
    match kind:
        case List(inner) | Option(inner) | Map(inner):
            return [inner]
        case Tuple(elements):
            return list(elements)
        case Result(ok, err):
            return [ok, err]
        case Record(fields=fields):
            return [each.type for each in fields]
        case Variant(cases=payloads):
            return [payload for _, payload, _ in payloads]
    return []


def _record(kind: Record, docs: Mapping[str, str]) -> Table:
    declared = {each.name: each for each in dataclasses.fields(kind.python)} if kind.python else {}
    rows = [
        (
            code(each.name),
            _type(each.type),
            code(_default(declared[each.attribute])) if each.optional else (),
            marked(docs.get(each.attribute, "")),
        )
        for each in kind.fields
    ]
    return Table(("field", "type", "default", ""), tuple(rows))


def _members(title: str, names: Sequence[str], members: Sequence[Any], docs: Mapping[str, str]) -> Block:
    """The members of an enum or of flags; a list when something is said of them, else one line."""
    said = [docs.get(getattr(member, "name", ""), "") for member in members]
    if not any(said):
        return Paragraph((Span(f"{title.capitalize()} "), *linked(map(code, names)), Span(".")))
    rows = [(code(name), marked(text)) for name, text in zip(names, said, strict=True)]
    return Table((title, ""), tuple(rows))


def _type(kind: WitType | None) -> Line:
    """A type as WIT text, in which named types lead to their reference."""
    spans: list[Span] = []
    for text, key in _parts(kind):
        if spans and not key and not spans[-1].key:
            spans[-1] = Span(spans[-1].text + text, "code")
        else:
            spans.append(Span(text, "code", key))
    return tuple(spans)


def _parts(kind: WitType | None) -> Iterator[tuple[str, str]]:
    match kind:
        case List(inner) | Option(inner):
            yield f"{'list' if isinstance(kind, List) else 'option'}<", ""
            yield from _parts(inner)
            yield ">", ""
        case Map(value):
            yield "list<tuple<string, ", ""
            yield from _parts(value)
            yield ">>", ""
        case Tuple(elements):
            for index, element in enumerate(elements):
                yield ", " if index else "tuple<", ""
                yield from _parts(element)
            yield ">", ""
        case Result(ok, err) if ok is not None and err is not None:
            yield "result<", ""
            yield from _parts(ok)
            yield ", ", ""
            yield from _parts(err)
            yield ">", ""
        case Record(name=name) | Variant(name=name) | Enum(name=name) | Flags(name=name):
            yield name, f"type:{name}"
        case _:
            yield show(kind), ""


def _default(declared: dataclasses.Field[Any]) -> str:
    value = declared.default
    if value is dataclasses.MISSING:
        factory: Any = declared.default_factory
        return {list: "[]", dict: "{}", tuple: "[]"}.get(factory, "empty")
    if isinstance(value, enum.Enum):
        return kebab(str(value.name).lower())
    if value is None or isinstance(value, bool | int | float | str):
        return "none" if value is None else json.dumps(value, ensure_ascii=False)
    return "empty" if isinstance(value, bytes) and not value else repr(value)
