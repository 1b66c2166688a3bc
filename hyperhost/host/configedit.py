"""Add keys to ``hyperhost.toml`` and leave everything that a person wrote there as it is."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost.config import load_config, read_config
from hyperhost.errors import ConfigError

if TYPE_CHECKING:
    from hyperhost.config import Config

__all__ = ["added", "write_config"]


def added(text: str, table: str, values: Mapping[str, str]) -> str:
    """The text of a configuration with keys added to a table; a key that is there keeps its value.

    Args:
        text: TOML.
        table: Dotted name, made if it is missing.
        values: Texts by key.

    Raises:
        ConfigError: the table is written in a form to which nothing can be added; says what to write by hand.
    """
    before = tomllib.loads(text)
    present = _at(before, table)
    missing = {key: value for key, value in values.items() if key not in present}
    if not missing:
        return text
    lines = [f"{key} = {_quoted(value)}" for key, value in missing.items()]
    header = re.compile(rf"^[ \t]*\[[ \t]*{re.escape(table)}[ \t]*\][ \t]*(?:#.*)?$", re.MULTILINE)
    if found := header.search(text):
        result = "\n".join([text[: found.end()], *lines]) + text[found.end() :]
    else:
        result = "\n".join([text.rstrip("\n"), "", f"[{table}]", *lines, ""]).lstrip("\n")
    try:
        after = _at(tomllib.loads(result), table)
    except tomllib.TOMLDecodeError:
        after = {}
    if any(after.get(key) != value for key, value in missing.items()):
        raise ConfigError(
            f"nothing can be added to {table} as it is written", hint=f"add to it: {', '.join(lines)}"
        )
    return result


def write_config(path: Path, text: str) -> Config:
    """Write the configuration, if it is a valid one: beside, then renamed.

    Raises:
        ConfigError: it is not valid, or cannot be written. The file is as it was.
    """
    read_config(text.encode(), path)
    beside = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}", hint="check the permissions of the home"
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return load_config(path)


def _at(document: Mapping[str, Any], table: str) -> Mapping[str, Any]:
    found: Any = document
    for part in table.split("."):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _quoted(text: str) -> str:
    """A basic string; JSON's escapes are TOML's as well, but for what lies beyond 16 bits, which stays."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
