"""Write TOML 1.0 text, the same text for the same data.

``tomllib`` reads and does not write. Tables keep the order they are given in; whoever wants
sorted output sorts before. JSON-like values only: a ``None`` in a table is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["toml_text", "toml_value"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_LONG_LINE: Final = 88


def toml_text(table: Mapping[str, object]) -> str:
    """The document whose top-level table is ``table``; empty for an empty one.

    Tables become ``[headers]``; tables inside lists are written inline, one to a line.

    Raises:
        TypeError: a value has no counterpart in TOML.
    """
    lines: list[str] = []
    _write_table(table, (), lines)
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def toml_value(value: object) -> str:
    """One value, written inline.

    Raises:
        TypeError: it has no counterpart in TOML.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        items = [toml_value(item) for item in value]
        line = f"[{', '.join(items)}]"
        if len(line) <= _LONG_LINE and not any(isinstance(item, Mapping) for item in value):
            return line
        return "[\n" + "".join(f"  {item},\n" for item in items) + "]" if items else "[]"
    raise TypeError(f"{type(value).__name__} has no counterpart in TOML")


def _write_table(table: Mapping[str, object], path: tuple[str, ...], lines: list[str]) -> None:
    """Append plain keys first: after a header they would belong to the table below it."""
    for key, value in table.items():
        if value is not None and not isinstance(value, Mapping):
            lines.append(f"{_key(key)} = {toml_value(value)}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            header = (*path, key)
            # A header for a table that holds nothing but tables says nothing.
            if not value or any(
                not isinstance(item, Mapping) and item is not None for item in value.values()
            ):
                lines += ["", f"[{'.'.join(map(_key, header))}]"]
            _write_table(value, header, lines)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a TOML key is text, not {type(key).__name__}")
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    escaped = "".join(
        _ESCAPES.get(char) or (f"\\u{ord(char):04X}" if char < " " or char == "\x7f" else char)
        for char in text
    )
    return f'"{escaped}"'
