"""A plugin's configuration as a table: one row for each key that its JSON Schema describes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MAX_ROWS", "Row", "complete", "rows"]

MAX_ROWS: Final = 400
_MAX_DEPTH: Final = 12
_MAX_CHOICES: Final = 8
_LONGEST: Final = 200
"""Characters of a default or of a list of allowed values; a schema may hold a book."""

_WORDS: Final = (
    "type properties required items additionalProperties default enum const minimum maximum exclusiveMinimum "
    "exclusiveMaximum multipleOf minLength maxLength pattern format minItems maxItems uniqueItems "
    "minProperties maxProperties description title deprecated examples $ref $defs definitions $schema $id "
    "$comment oneOf anyOf"
)
_SHOWN: Final = frozenset(_WORDS.split())
"""Keywords that the table has words for."""

_NAMES: Final = {
    "object": "table",
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "array": "list",
}
_TYPES: Final = {
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    list: "list",
    dict: "table",
}
_BOUNDS: Final = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
    ("minLength", "at least {} character(s)"),
    ("maxLength", "at most {} character(s)"),
    ("minItems", "at least {} item(s)"),
    ("maxItems", "at most {} item(s)"),
    ("minProperties", "at least {} key(s)"),
    ("maxProperties", "at most {} key(s)"),
    ("pattern", "matches {}"),
    ("format", "{}"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One key of a configuration.

    Attributes:
        key: Its path: ``a.b``; ``a[]`` for each item of a list, ``a.*`` for each other key of a table.
        type: Type of its value, in words.
        default: Its value when it is not given, as JSON; empty when there is none.
        allowed: Which values are allowed; empty when the type says it all.
        description: What it is for, in the author's words.
        required: It has to be given.
        complete: The table has words for everything that the schema says of it.
    """

    key: str
    type: str
    default: str = ""
    allowed: str = ""
    description: str = ""
    required: bool = False
    complete: bool = True


def rows(schema: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Row]:
    """The rows of a schema, in its order; at most :data:`MAX_ROWS`.

    Args:
        schema: JSON Schema of the whole configuration. Only references within it are followed.
        defaults: The plugin's configuration where the operator gives none; prevails over ``default``.
    """
    reader = _Reader(schema)
    found: list[Row] = []
    for row in reader.keys(schema, "", defaults, ()):
        if len(found) == MAX_ROWS:
            break
        found.append(row)
    return found


def complete(schema: Mapping[str, Any]) -> bool:
    """Whether the table has words for every keyword at the top of a schema."""
    return _SHOWN.issuperset(schema)


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def keys(
        self, schema: Mapping[str, Any], path: str, defaults: Any, seen: tuple[str, ...]
    ) -> Iterator[Row]:
        """The keys below ``schema``, which describes what is at ``path``."""
        if path.count(".") + path.count("[]") >= _MAX_DEPTH:
            return
        required = schema.get("required")
        properties = schema.get("properties")
        for name, part in properties.items() if isinstance(properties, Mapping) else ():
            given = defaults[name] if isinstance(defaults, Mapping) and name in defaults else _NOTHING
            needed = isinstance(required, list | tuple) and name in required
            yield from self._key(part, f"{path}.{name}" if path else name, given, needed, seen)
        for keyword, step in (("additionalProperties", ".*"), ("items", "[]")):
            if isinstance(schema.get(keyword), Mapping):
                place = f"{path}{step}".removeprefix(".")
                yield from self._key(schema[keyword], place, _NOTHING, False, seen)

    def _key(self, part: Any, path: str, given: Any, required: bool, seen: tuple[str, ...]) -> Iterator[Row]:
        schema, followed, known = self._resolved(part, seen)
        default = schema.get("default", _NOTHING) if given is _NOTHING else given
        yield Row(
            key=path,
            type=self._type(schema) if isinstance(part, Mapping) else "anything" if part else "nothing",
            default="" if default is _NOTHING else _json(default),
            allowed=_allowed(schema),
            description=_text(schema.get("description")) or _text(schema.get("title")),
            required=required,
            complete=known and complete(schema),
        )
        yield from self.keys(schema, path, default, followed)

    def _resolved(self, part: Any, seen: tuple[str, ...]) -> tuple[Mapping[str, Any], tuple[str, ...], bool]:
        """What ``part`` says with its reference followed, which references led here, and if all could be."""
        if not isinstance(part, Mapping):
            return {}, seen, True
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return part, seen, True
        target: Any = self._root
        if reference in seen or len(seen) >= _MAX_DEPTH or not reference.startswith("#"):
            return part, seen, False
        for step in filter(None, reference[1:].split("/")):
            name = step.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, Mapping) else None
        if not isinstance(target, Mapping):
            return part, seen, False
        inner, seen, known = self._resolved(target, (*seen, reference))
        own = {key: value for key, value in part.items() if key != "$ref"}
        return {**inner, **own}, seen, known

    def _type(self, schema: Mapping[str, Any], depth: int = 0) -> str:
        kind = schema.get("type")
        names = [kind] if isinstance(kind, str) else list(kind) if isinstance(kind, list | tuple) else []
        words = [self._one(str(name), schema, depth) for name in names]
        for keyword in ("oneOf", "anyOf"):
            choices = schema.get(keyword)
            if isinstance(choices, list | tuple) and not words and depth < 3:
                words = [
                    self._type(self._resolved(each, ())[0], depth + 1) for each in choices[:_MAX_CHOICES]
                ]
                words += ["…"] if len(choices) > _MAX_CHOICES else []
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if not words and isinstance(values, list | tuple):
            words = [_TYPES.get(type(value), "anything") for value in values]
        return " or ".join(dict.fromkeys(words)) or "anything"

    def _one(self, name: str, schema: Mapping[str, Any], depth: int) -> str:
        items = schema.get("items")
        if name == "array":
            if isinstance(items, Mapping) and depth < 3:
                inner = self._type(self._resolved(items, ())[0], depth + 1)
                return "list" if inner == "anything" else f"list of {inner}"
            return "list"
        return _NAMES.get(name, name)


_NOTHING: Final = object()


def _allowed(schema: Mapping[str, Any]) -> str:
    found = []
    choices = schema.get("enum")
    if isinstance(choices, list | tuple):
        found.append(_cut(", ".join(_json(choice) for choice in choices)))
    if "const" in schema:
        found.append(f"only {_json(schema['const'])}")
    for keyword, words in _BOUNDS:
        value = schema.get(keyword)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            found.append(words.format(_cut(str(value))).replace("(s)", "" if value == 1 else "s", 1))
    if schema.get("uniqueItems") is True:
        found.append("no item twice")
    if schema.get("additionalProperties") is False and "properties" in schema:
        found.append("no other keys")
    if schema.get("deprecated") is True:
        found.append("deprecated")
    return "; ".join(found)


def _json(value: Any) -> str:
    return _cut(json.dumps(_plain(value), ensure_ascii=False))


def _plain(value: Any) -> Any:
    """JSON's own containers; what is none of its scalars becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
