"""Recordings as files: bounded reading, strict checking, whole writing."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts.limits import Limits
from hyperhost.errors import RecordingError
from hyperhost.host.jsonwords import shown
from hyperhost.host.manifest_reader import PLUGIN_ID
from hyperhost.sandbox.tape import DROP

__all__ = ["MAX_BYTES", "MAX_DEPTH", "check_document", "load_json", "read_bytes", "write_bytes"]

MAX_BYTES: Final = 64 << 20
"""Largest file that is read."""

MAX_DEPTH: Final = 200
"""Lists and objects within each other; types of components are nested 50 deep at most."""

_FAMILY: Final = "hyperhost-recording/"
_ALTERED: Final = "the recording was altered or damaged; record the call again"
_HOOK: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME: Final = 200


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        RecordingError: it cannot be read, is no regular file, or larger than :data:`MAX_BYTES`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RecordingError(f"{path} is no regular file", hint="name a file made by --record")
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise RecordingError(f"{path} cannot be read: {reason}", hint="check the path") from error
    if len(data) > MAX_BYTES:
        raise RecordingError(
            f"{path.name} is larger than {MAX_BYTES >> 20} MiB", hint="record a call that does less"
        )
    return data


def write_bytes(path: Path, data: bytes, *, replace: bool = True, mode: int = 0o600) -> None:
    """Write a file for its owner alone, as a whole or not at all.

    Raises:
        RecordingError: it cannot be written, or is there and may not be replaced.
    """
    temporary = path.with_name(f".{path.name[:64]}-{secrets.token_hex(6)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            if replace:
                temporary.replace(path)
            else:
                os.link(temporary, path)  # unlike a rename it never takes the place of another file
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise RecordingError(f"{path} is there already", hint="choose another name") from error
        raise RecordingError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="name a file in a directory that is there and that you may write to",
        ) from error


def load_json(data: bytes, source: str) -> Any:
    """The JSON data in a file, if it is one object.

    Raises:
        RecordingError: it is no JSON, holds a key twice, or is nested too deeply.
    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        if _depth(document) > MAX_DEPTH:
            raise RecursionError
    except RecursionError:
        raise RecordingError(f"{source} is nested too deeply", hint=_ALTERED) from None
    except ValueError as error:
        raise RecordingError(f"{source} is no recording: {error}", hint=_ALTERED) from None
    if not isinstance(document, dict):
        raise RecordingError(f"{source} is no recording: it holds {shown(document)}", hint=_ALTERED)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(item, dict | list)
        ]
    return depth


def check_document(document: dict[str, Any], source: str) -> None:
    """Return if the document has every part, each of the right form. Values are checked by their types later.

    Raises:
        RecordingError: names the part, what was found and what was expected.
    """
    written = document.get("format")
    if not isinstance(written, str) or not written.startswith(_FAMILY):
        raise RecordingError(f"{source} is no recording: format is {shown(written)}", hint=_ALTERED)
    if written != _FAMILY + "1":
        raise RecordingError(
            f"{source} has the format {shown(written)}, and this version reads {_FAMILY}1",
            hint="use the version of HyperHost that recorded it, or record it again",
        )
    check = _Check(source)
    for key, kind in _PARTS.items():
        check.part(document, key, kind, "")
    if unknown := set(document) - set(_PARTS) - {"fuel"}:
        check.fail(sorted(unknown)[0], "unknown", "no part of a recording")
    for key in ("hyperhost", "contract", "wasmtime", "at"):
        check.name(document["recorded"], key, "recorded.")
    plugin = document["plugin"]
    for key in ("id", "version", "digest", "publisher", "component"):
        check.name(plugin, key, "plugin.")
    check.matches(plugin["id"], PLUGIN_ID, "plugin.id", "a plugin id")
    check.matches(plugin["digest"].removeprefix("sha256:"), _HEX, "plugin.digest", "sha256: and 64 digits")
    check.matches(plugin["component"], _HEX, "plugin.component", "64 hexadecimal digits")
    check.matches(document["hook"], _HOOK, "hook", "the name of a hook")
    check.part(document["instances"], "mode", str, "instances.")
    check.part(document["instances"], "reused", bool, "instances.")
    check.limits(document["limits"])
    for index, item in enumerate(document["granted"]):
        check.is_a(item, str, f"granted[{index}]")
    for index, item in enumerate(document["calls"]):
        check.call(item, f"calls[{index}]")
    check.end(document["end"])
    check.part(document["masked"], "free", list, "masked.")
    for index, item in enumerate(document["masked"]["free"]):
        check.is_a(item, str, f"masked.free[{index}]")
    if not isinstance(document.get("fuel"), int | None) or isinstance(document.get("fuel"), bool):
        check.fail("fuel", document.get("fuel"), "a whole number or null")


_PARTS: Final[dict[str, type]] = {
    "format": str,
    "recorded": dict,
    "plugin": dict,
    "hook": str,
    "arguments": dict,
    "instances": dict,
    "limits": dict,
    "granted": list,
    "config": dict,
    "calls": list,
    "end": dict,
    "masked": dict,
}
_WORDS: Final = {str: "a text", dict: "an object", list: "a list", bool: "true or false"}


class _Check:
    """Checks parts of a document, and names what is wrong."""

    def __init__(self, source: str) -> None:
        self._source = source

    def fail(self, path: str, value: Any, expected: str) -> None:
        raise RecordingError(f"{self._source}: {path} is {shown(value)}, expected {expected}", hint=_ALTERED)

    def is_a(self, value: Any, kind: type, path: str) -> None:
        if not isinstance(value, kind):
            self.fail(path, value, _WORDS[kind])

    def part(self, table: dict[str, Any], key: str, kind: type, path: str) -> None:
        if key not in table:
            raise RecordingError(f"{self._source}: {path}{key} is missing", hint=_ALTERED)
        self.is_a(table[key], kind, path + key)

    def name(self, table: dict[str, Any], key: str, path: str) -> None:
        self.part(table, key, str, path)
        if len(table[key]) > _LONGEST_NAME:
            self.fail(path + key, table[key], f"at most {_LONGEST_NAME} characters")

    def matches(self, value: str, pattern: re.Pattern[str], path: str, words: str) -> None:
        if len(value) > _LONGEST_NAME or not pattern.fullmatch(value):
            self.fail(path, value, words)

    def limits(self, table: dict[str, Any]) -> None:
        try:
            Limits.from_dict(table)
        except (ValueError, TypeError, OverflowError) as error:
            raise RecordingError(f"{self._source}: limits: {error}", hint=_ALTERED) from None

    def call(self, value: Any, path: str) -> None:
        self.is_a(value, dict, path)
        for key in ("interface", "function"):
            self.name(value, key, path + ".")
        if value.get("arguments") is not None:
            self.is_a(value["arguments"], list, path + ".arguments")
        answers = set(value) - {"interface", "function", "arguments"}
        if len(answers) != 1 or not answers <= {"answer", "ok", "err", "ended"}:
            self.fail(path, sorted(answers), "one of answer, ok, err, ended")
        if "ended" in answers and value["ended"] is not True:
            self.fail(path + ".ended", value["ended"], "true")
        if value["function"] == DROP and "ended" not in answers:
            self.fail(path, DROP, "a clean-up only where it ended the call")

    def end(self, table: dict[str, Any]) -> None:
        if set(table) not in ({"result"}, {"error"}):
            self.fail("end", sorted(table), "either result or error")
        if "error" in table:
            self.is_a(table["error"], dict, "end.error")
            for key in ("code", "message", "hint"):
                self.part(table["error"], key, str, "end.error.")
            self.is_a(table["error"].get("rule", ""), str, "end.error.rule")
