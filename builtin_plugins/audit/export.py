"""The log as a file that can be checked anywhere: the entries exactly as they are stored, one on each line.

The first line says what it is and what the first entry follows on; the last says how many there are
and what the last one's hash is, so that a file that was cut off is seen to be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from .checking import Checker, Verification
from .head import Head
from .sealing import GENESIS, unseal

__all__ = [
    "FORMAT",
    "ExportError",
    "first_line",
    "last_line",
    "parse_head",
    "verify_export",
    "write_export",
]

FORMAT: Final = "hyperhost-audit-1"
_LINE_MAX: Final = 4 << 20


class ExportError(ValueError):
    """The file is no export of an audit log."""


def write_export(run: Callable[..., Any], path: Path) -> int:
    """Write the whole log to a file, beside its place first.

    Args:
        run: Runs an operation, such as ``hyperhost.Operations(host).run``.
        path: The file.

    Returns:
        How many entries it has.

    Raises:
        OperationError: the log may not be read, or cannot.
        OSError: the file cannot be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    asked: dict[str, Any] = {}
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            os.chmod(beside, 0o600)  # noqa: PTH101 - the name is not to be resolved again
            while True:
                page = run("audit_export", **asked)
                for line in (page["begin"], *page["lines"], page["finish"]):
                    file.write(f"{line}\n" if line else "")
                if not page["more"]:
                    break
                asked = {"after": page["next_after"]} | {key: page[key] for key in ("end", "entries", "last")}
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return int(page["entries"])


def verify_export(path: Path, head: str = "") -> Verification:
    """Check an exported log. Needs the file and nothing else.

    Args:
        path: The file.
        head: A place that it has to have, as ``SEQ:HASH``, noted down earlier; none when empty.

    Raises:
        ExportError: it is no export.
        OSError: it cannot be read.
    """
    marks = {"the place that was given": parse_head(head)} if head else {}
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        begin = _frame(file.readline(_LINE_MAX))
        if begin is None or not isinstance(begin.get("previous"), str):
            raise ExportError(f"{path} does not begin like an export of an audit log")
        checker = Checker(marks, begin["previous"])
        end = None
        while line := file.readline(_LINE_MAX):
            if end is not None:
                checker.problem(checker.last.seq, "inserted", "something stands behind the end of the file")
                break
            end = _frame(line)
            if end is None:
                text = line.removesuffix("\n")
                checker.add(_own_number(text, checker.last.seq + 1), text)
    _check_frame(checker, begin, end)
    return checker.finish()


def _check_frame(checker: Checker, begin: dict[str, Any], end: dict[str, Any] | None) -> None:
    if begin["previous"] != GENESIS or begin.get("first") != 1:
        checker.problem(1, "removed", "the file does not begin with the beginning of a log")
    if end is None:
        checker.problem(
            checker.last.seq + 1, "truncated", "the file has no end: entries may be missing there"
        )
    elif (end.get("entries"), end.get("last")) != (checker.entries, str(checker.last)):
        checker.problem(
            checker.last.seq + 1,
            "truncated",
            f"the file has {checker.entries} entries up to {checker.last.seq}; "
            "its last line says it has others",
        )


def _own_number(text: str, expected: int) -> int:
    """The number that an entry gives itself, as a file has no other."""
    sealed = unseal(text)
    try:
        own = json.loads(sealed.text)["seq"] if sealed is not None else expected
    except (ValueError, KeyError, TypeError, RecursionError):
        return expected
    return own if isinstance(own, int) and own > 0 else expected


def parse_head(text: str) -> Head:
    """A place written as ``SEQ:HASH``.

    Raises:
        ExportError: it is none.
    """
    number, _, digest = text.strip().partition(":")
    if (
        not number.isdecimal()
        or len(number) > 18
        or len(digest) != 64
        or set(digest) - set("0123456789abcdef")
    ):
        raise ExportError(f"{text[:100]!r} is no place in an audit log; write it as SEQ:HASH")
    return Head(int(number), digest)


def first_line() -> str:
    """What stands before the entries of an export."""
    return _line({"format": FORMAT, "first": 1, "previous": GENESIS})


def last_line(entries: int, last: str) -> str:
    """What stands behind the entries of an export.

    Args:
        entries: How many there are.
        last: Place of the last one, empty when there is none.
    """
    return _line({"format": FORMAT, "entries": entries, "last": last or f"0:{GENESIS}"})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _frame(line: str) -> dict[str, Any] | None:
    """The first or last line; ``None`` for an entry."""
    if unseal(line.rstrip("\n")) is not None:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None
