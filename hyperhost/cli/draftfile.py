"""Read what an author wrote down: YAML, JSON or TOML, chosen by the ending of the file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hyperhost.errors import InvalidInputError

__all__ = ["MAX_BYTES", "read_document"]

MAX_BYTES = 4 << 20
"""Bytes of one file."""

_FORMS = {".json": "JSON", ".toml": "TOML", ".yaml": "YAML", ".yml": "YAML"}


def read_document(path: Path) -> Any:
    """The data in a file; ``-`` is standard input, as YAML, of which JSON is a part.

    Raises:
        InvalidInputError: it cannot be read, is over 4 MiB, has no known ending, or is not what its ending
            says; names the line.
    """
    form = "YAML" if str(path) == "-" else _FORMS.get(path.suffix.lower(), "")
    if not form:
        raise _wrong(path, "form", f"ends in none of {', '.join(_FORMS)}", "write it as YAML, JSON or TOML")
    text = _text(path)
    try:
        if form == "JSON":
            return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        if form == "TOML":
            from hyperhost.host.tomlread import read_toml

            return read_toml(text)
        from hyperhost.cli.yamlread import yaml_data

        return yaml_data(text)
    except (ValueError, RecursionError) as error:
        problem = "is nested too deeply" if isinstance(error, RecursionError) else f"is no {form}: {error}"
        raise _wrong(path, "syntax", problem, "mend the place named") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once each: of two values nobody knows which one is meant."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _text(path: Path) -> str:
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _wrong(
                path, "size", f"is larger than {MAX_BYTES >> 20} MiB", "put large parts into its content"
            )
        return data.decode("utf-8-sig")
    except OSError as error:
        raise _wrong(path, "file", f"cannot be read: {error.strerror or error}", "check the path") from error
    except UnicodeDecodeError as error:
        raise _wrong(path, "encoding", f"is no UTF-8: {error}", "save it as UTF-8") from None


def _wrong(path: Path, rule: str, problem: str, hint: str) -> InvalidInputError:
    name = "the standard input" if str(path) == "-" else str(path)
    error = InvalidInputError(f"{name} {problem}", hint=hint)
    error.field, error.rule = "file", rule
    return error
