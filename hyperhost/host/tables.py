"""Read the tables of a file strictly: each key once, with its type, and none left over."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from hyperhost.errors import ManifestError

__all__ = ["Table"]

_MAX_DEPTH: Final = 64
_TYPES: Final = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class Table:
    """One table of a manifest, and where it stands.

    Args:
        values: The table.
        path: Its path within the file, empty for the whole file.
        source: What to call the file in errors.
        plugin: Id of the plugin, once it is known.
    """

    def __init__(self, values: Mapping[str, Any], path: str, source: str, plugin: str | None = None) -> None:
        self.values = values
        self.path = path
        self.source = source
        self.plugin = plugin
        self._known: list[str] = []

    def at(self, key: str) -> str:
        """The path of ``key``, for example ``limits.memory``."""
        return f"{self.path}.{key}" if self.path else key

    def error(self, message: str, hint: str) -> ManifestError:
        """An error about this table."""
        return ManifestError(f"{self.source}: {message}", plugin=self.plugin, hint=hint)

    def wrong(self, key: str, value: object, expected: str) -> ManifestError:
        """An error about the value of ``key``."""
        found = _TYPES.get(type(value), type(value).__name__)
        # Tables and lists may be nested without end, so they are not shown.
        if not isinstance(value, dict | list):
            shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:80] + "…"
            found = shown if isinstance(value, str) else f"{shown} ({found})"
        return self.error(f"{self.at(key)} is {found}", f"expected {expected}")

    def unknown(self, key: str, known: Iterable[str]) -> ManifestError:
        """An error about a key that nobody reads; the hint names the nearest one."""
        import difflib

        known = sorted(known)
        near = difflib.get_close_matches(key, known, 1)
        found = _TYPES.get(type(self.values[key]), type(self.values[key]).__name__)
        hint = f"did you mean {self.at(near[0])!r}?" if near else f"keys here are {', '.join(known)}"
        return self.error(f"unknown key {self.at(key)!r} ({found})", hint)

    def done(self) -> None:
        """Raise :class:`ManifestError` if a key was not asked for."""
        for key in self.values:
            if key not in self._known:
                raise self.unknown(key, self._known)

    def rest(self) -> dict[str, Any]:
        """The whole table, whose keys are then all taken as known."""
        self._known += self.values
        return dict(self.values)

    def text(
        self,
        key: str,
        pattern: re.Pattern[str] | None = None,
        expected: str = "text",
        default: str | None = None,
    ) -> str:
        """A text that matches ``pattern``; ``default`` if the key is missing.

        Raises:
            ManifestError: missing without a default, no text, or not matching.
        """
        self._known.append(key)
        if key not in self.values:
            if default is None:
                raise self.error(f"{self.at(key)} is missing", f"expected {expected}")
            return default
        value = self.values[key]
        if not isinstance(value, str) or (pattern is not None and not pattern.fullmatch(value)):
            raise self.wrong(key, value, expected)
        return value

    def texts(self, key: str, pattern: re.Pattern[str], expected: str) -> tuple[str, ...]:
        """A list of different texts that match ``pattern``; empty if the key is missing.

        Raises:
            ManifestError: no list, or an item that is no text, does not match or comes twice.
        """
        self._known.append(key)
        values = self.values.get(key, [])
        if not isinstance(values, list):
            raise self.wrong(key, values, expected)
        for index, value in enumerate(values):
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise self.wrong(f"{key}[{index}]", value, f"an item of {expected}")
            if value in values[:index]:
                raise self.wrong(f"{key}[{index}]", value, "each item once")
        return tuple(values)

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of ``choices``; ``default`` if the key is missing.

        Raises:
            ManifestError: anything else.
        """
        value = self.text(key, None, f"one of {', '.join(choices)}", default)
        if value not in choices:
            raise self.wrong(key, value, f"one of {', '.join(choices)}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false; ``default`` if the key is missing.

        Raises:
            ManifestError: anything else.
        """
        self._known.append(key)
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, value, "true or false")
        return value

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number from ``least`` to ``most``; ``None`` if the key is missing.

        Raises:
            ManifestError: anything else.
        """
        self._known.append(key)
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(key, value, f"a whole number from {least} to {most}")
        return value

    def number(self, key: str, least: float, most: float, default: float) -> float:
        """A number from ``least`` to ``most``; ``default`` if the key is missing.

        Raises:
            ManifestError: anything else, NaN included.
        """
        self._known.append(key)
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(key, value, f"a number from {least:g} to {most:g}")
        return float(value)

    def table(self, key: str, *, required: bool = False) -> Table:
        """The table ``key``; an empty one if it is missing and not required.

        Raises:
            ManifestError: missing though required, or no table.
        """
        self._known.append(key)
        if key not in self.values and required:
            raise self.error(f"{self.at(key)} is missing", f"expected a table [{self.at(key)}]")
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, value, f"a table [{self.at(key)}]")
        return Table(value, self.at(key), self.source, self.plugin)

    def tables(self, key: str) -> list[Table]:
        """The list of tables ``key``; empty if it is missing.

        Raises:
            ManifestError: no list, or an item that is no table.
        """
        self._known.append(key)
        values = self.values.get(key, [])
        if not isinstance(values, list):
            raise self.wrong(key, values, "a list of tables")
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.wrong(f"{key}[{index}]", value, "a table")
        return [
            Table(value, f"{self.at(key)}[{i}]", self.source, self.plugin) for i, value in enumerate(values)
        ]

    def json_table(self, key: str) -> Mapping[str, object]:
        """The table ``key`` with JSON values only; empty if it is missing.

        Raises:
            ManifestError: no table, or a value that JSON does not have (dates, NaN).
        """
        table = self.table(key)
        _check_json(table, table.values, "")
        return MappingProxyType(dict(table.values))


def _check_json(table: Table, value: object, path: str, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise table.error(f"{table.path} is nested deeper than {_MAX_DEPTH} tables", "make it flatter")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_json(table, item, f"{path}.{key}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_json(table, item, f"{path}[{index}]", depth + 1)
    elif not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise table.wrong(path.removeprefix("."), value, "a value that JSON has; write dates as text")
