"""Write YAML 1.2: block mappings and lists of JSON scalars, a strict subset that every reader knows.

Texts are always quoted, so nothing can be taken for a number, a date or a ``no``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from hyperhost.cli.text import UNSAFE

__all__ = ["yaml_text"]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_UNPRINTABLE = re.compile(f"{UNSAFE.pattern}|[\ufffe\uffff]")


def yaml_text(value: object) -> str:
    """A document that holds JSON-like data; ends with a line break.

    Raises:
        TypeError: a value that JSON does not have.
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping) and value:
        lines = []
        for key, item in value.items():
            lines += _under(f"{_key(str(key))}:", item)
        return lines
    if isinstance(value, list | tuple) and value:
        lines = []
        for item in value:
            first, *rest = _lines(item)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    return [_scalar(value)]


def _under(head: str, value: object) -> list[str]:
    if isinstance(value, Mapping | list | tuple) and value:
        return [head, *(f"  {line}" for line in _lines(value))]
    return [f"{head} {_scalar(value)}"]


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else _scalar(key)


def _scalar(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    # JSON's own escapes for what lies beyond 16 bits mean something else in YAML, so those stay as they are.
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
