"""Read YAML as YAML 1.2 has it: ``no`` is a word, a date is text, and nothing multiplies itself."""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["yaml_data"]


class _Loader(yaml.SafeLoader):
    """Scalars of the core schema (https://yaml.org/spec/1.2.2/#103-core-schema) and no aliases."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - as the class above has it

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse ``*alias``: a few of them stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="an alias is not read here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are text, each there once."""
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str) or key in found:
                problem = f"the key {key!r} is there twice" if key in found else f"the key {key!r} is no text"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
            found[key] = self.construct_object(value_node, deep=True)
        return found


def _whole(loader: Any, node: Any) -> int:
    return int(node.value, 0) if node.value[:2] in ("0x", "0o") else int(node.value)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _firsts = ["" if letter == "\0" else letter for letter in _first]
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), _firsts)
_KNOWN = [None, *(f"tag:yaml.org,2002:{_name}" for _name in ("bool", "null", "float", "str", "seq", "map"))]
_Loader.yaml_constructors = {tag: _Loader.yaml_constructors[tag] for tag in _KNOWN}
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)


def yaml_data(text: str) -> Any:
    """The one document in a text as JSON data.

    Raises:
        ValueError: it is none; says where.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader, made stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        parts = (part for part in (error.context, error.problem) if part)
        raise ValueError(place + " ".join(", ".join(parts).split())) from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
