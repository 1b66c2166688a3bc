"""YAML of configs, by PyYAML's safe loader with the scalars of YAML 1.2: ``no`` is a word, a date is text."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

__all__ = ["read_yaml", "write_yaml"]

_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
)
"""The core schema: https://yaml.org/spec/1.2.2/#103-core-schema."""


class _Loader(yaml.SafeLoader):
    """No key twice, where PyYAML lets the last one win; tags but the plain ones are unknown."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - as the class above has it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise ValueError(f"a key is there twice in line {key.start_mark.line + 1}")
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """YAML 1.2 has no merge keys."""


class _Dumper(yaml.SafeDumper):
    """Quotes what readers of either version would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        """What is there twice is written twice."""
        return True


def _whole(loader: Any, node: Any) -> int:
    return int(node.value, 0) if node.value[:2] in ("0x", "0o") else int(node.value)


for _name, _pattern, _first in _SCALARS:
    _firsts = ["" if letter == "\0" else letter for letter in _first]
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"(?:{_pattern})\\Z"), _firsts)
_KNOWN: Final = (None, *(f"{_TAG}{name}" for name in ("bool", "null", "float", "str", "seq", "map")))
_Loader.yaml_constructors = {tag: _Loader.yaml_constructors[tag] for tag in _KNOWN}
_Loader.add_constructor(f"{_TAG}int", _whole)


def read_yaml(text: str) -> Any:
    """The data of one document.

    Raises:
        ValueError: it is no YAML; says where, not what stands there.
    """
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ValueError(f"it is no plain YAML{place}") from None
    except yaml.YAMLError:
        raise ValueError("it holds a character that YAML does not allow") from None
    finally:
        if loader is not None:
            loader.dispose()


def write_yaml(data: dict[str, Any]) -> str:
    """Data as one document, keys in their order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False)
