"""Formats of configs: JSON, YAML, TOML, HCL and env files, read and written.

What is read becomes plain data: objects with text as keys, lists, text, numbers, booleans, null.
Nothing that a format could do besides is done: no tags of YAML, no expressions of HCL, no variables
of env files. Libraries are imported when their format is first used.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, Final, Literal

from hyperhost.offering import invalid

__all__ = ["FORMATS", "MAX_TEXT_BYTES", "Format", "plain", "read_format", "write_format"]

Format = Literal["json", "yaml", "toml", "hcl", "env"]
FORMATS: Final[tuple[Format, ...]] = ("json", "yaml", "toml", "hcl", "env")

MAX_TEXT_BYTES: Final = 1 << 20
"""Bytes of a config as text; of HCL a sixteenth, because its parser is slow."""

_MAX_NODES: Final = 100_000
_MAX_DEPTH: Final = 64
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_FORMLESS: Final = re.compile(r"[\0\r\ud800-\udfff]|\$\{|\\(?:\"|\Z)")
_SHOWN: Final = 200


def read_format(kind: Format, text: str, field: str) -> dict[str, Any]:
    """The data of a text.

    Args:
        kind: Its format.
        text: The text.
        field: What it is, for refusals.

    Raises:
        RefusalError: it is too large, not of the format, or holds something that is no plain data.
    """
    limit = MAX_TEXT_BYTES // 16 if kind == "hcl" else MAX_TEXT_BYTES
    if len(text.encode(errors="replace")) > limit:
        raise invalid(field, "size", f"{field} is longer than {limit >> 10} KiB of {kind}")
    try:
        found = _READERS[kind](text)
    except RecursionError:
        raise invalid(field, "depth", f"{field} is nested too deeply") from None
    except ValueError as error:
        raise invalid(field, kind, f"{field} cannot be read as {kind}: {_first_line(error)}") from None
    data = plain(found, field)
    if not isinstance(data, dict):
        raise invalid(field, "object", f"{field} is no object at the top")
    return data


def write_format(kind: Format, data: dict[str, Any]) -> str:
    """Data as text.

    Raises:
        RefusalError: the format has no words for something in it; names its path, never its value.
    """
    return _WRITERS[kind](data)


def plain(data: Any, field: str) -> Any:
    """A copy of ``data`` as plain data, dates as text.

    Raises:
        RefusalError: it is too large or too deep, or holds something else.
    """
    return _Plain(field).copy(data, "", 0)


class _Plain:
    """Copies data and counts: an alias of YAML may stand for far more than the text is long."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._nodes = 0

    def copy(self, value: Any, path: str, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES or depth > _MAX_DEPTH:
            rule, what = ("depth", "nested too deeply") if depth > _MAX_DEPTH else ("size", "too large")
            raise invalid(self._field, rule, f"{self._field} is {what}")
        if value is None or isinstance(value, str | bool | int):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, list):
            return [self.copy(each, _join(path, str(at)), depth + 1) for at, each in enumerate(value)]
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str) or key == "":
                    raise invalid(
                        f"{self._field}.{path}".rstrip("."),
                        "key",
                        f"a key below {path or 'the top'} is no text",
                        "put it in quotes",
                    )
            return {key: self.copy(each, _join(path, key), depth + 1) for key, each in value.items()}
        raise invalid(
            f"{self._field}.{path}", "type", f"{path} is a {type(value).__name__}, which is no plain data"
        )


def _join(path: str, name: str) -> str:
    return f"{path}.{name[:80]}" if path else name[:80]


def _first_line(error: Exception) -> str:
    """What a parser says, without an excerpt of the text: that may be a secret."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:_SHOWN]


def _read_json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key is there twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} in line {error.lineno}, column {error.colno}") from None


def _read_yaml(text: str) -> Any:
    from .formats_yaml import read_yaml

    return read_yaml(text)


def _read_toml(text: str) -> Any:
    import hyperhost
    from hyperhost.errors import TomlError

    try:
        return hyperhost.read_toml(text)
    except TomlError as error:
        place = re.search(r"\(at .*\)$", error.message)  # what else is said there, may be a value
        raise ValueError(f"it is no TOML {place[0]}" if place else error.message) from None


def _read_hcl(text: str) -> Any:
    from .formats_hcl import read_hcl

    return read_hcl(text)


def _read_env(text: str) -> Any:
    import io

    from dotenv.parser import parse_stream

    found: dict[str, Any] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise ValueError(f"line {binding.original.line} is no NAME=VALUE")
        if binding.key is not None:
            if binding.key in found:
                raise ValueError(f"the variable {binding.key[:80]!r} is there twice")
            found[binding.key] = binding.value or ""
    return found


def _write_json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _write_yaml(data: dict[str, Any]) -> str:
    from .formats_yaml import write_yaml

    return write_yaml(data)


def _write_toml(data: dict[str, Any]) -> str:
    import tomli_w

    _refuse_nulls(data, "")
    return tomli_w.dumps(data)


def _refuse_nulls(value: Any, path: str) -> None:
    if value is None:
        raise invalid(path, "toml", f"{path} is null, and TOML has no null", "choose another format")
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        _refuse_nulls(each, _join(path, str(key)))


def _write_hcl(data: dict[str, Any]) -> str:
    from .formats_hcl import write_hcl

    try:
        return write_hcl(data)
    except ValueError as error:
        name = str(error)[:80]
        reason = f"{name!r} is no name of an attribute of HCL"
        raise invalid(name, "hcl", reason, "choose another format") from None


def _write_env(data: dict[str, Any]) -> str:
    lines: dict[str, str] = {}
    for path, value in _leaves(data, ()):
        name = re.sub(r"[^A-Za-z0-9_]", "_", "_".join(path)).upper()
        if not _VARIABLE.fullmatch(name):
            place = ".".join(path)
            raise invalid(place, "env", f"{place} makes no name of a variable: {name[:80]!r}")
        if name in lines:
            raise invalid(
                ".".join(path), "env", f"two fields make the variable {name}", "choose another format"
            )
        lines[name] = f"{name}={_quoted(_env_text(value), '.'.join(path))}\n"
    return "".join(lines.values())


def _leaves(value: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in _leaves(each, (*path, key))]
    return [(path, value)]


def _env_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(text: str, path: str) -> str:
    r"""A value in a form that shells and python-dotenv understand alike: nothing is run or expanded.

    In single quotes a shell knows no escape, and readers know one. In double quotes both escape a quote
    and a backslash alike, but a shell expands ``$`` and backquotes. Readers expand ``${NAME}`` wherever it
    stands, lose ``\r``, and older ones take an escaped backslash before a quote for an escaped quote.

    Raises:
        RefusalError: there is no such form.
    """
    if not text or _BARE.fullmatch(text):
        return text
    if _FORMLESS.search(text) is None:
        if not set("'\\") & set(text):
            return f"'{text}'"
        if not set("$`") & set(text):
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    reason = f"{path} has no form in an env file that shells and other readers understand alike"
    raise invalid(path, "env", reason, "choose another format")


_READERS: Final[dict[Format, Callable[[str], Any]]] = {
    "json": _read_json,
    "yaml": _read_yaml,
    "toml": _read_toml,
    "hcl": _read_hcl,
    "env": _read_env,
}
_WRITERS: Final[dict[Format, Callable[[dict[str, Any]], str]]] = {
    "json": _write_json,
    "yaml": _write_yaml,
    "toml": _write_toml,
    "hcl": _write_hcl,
    "env": _write_env,
}
