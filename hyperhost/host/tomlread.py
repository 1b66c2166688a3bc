"""Read TOML 1.0 of which nobody knows who wrote it.

``tomllib`` keeps every beginning of a dotted key, so that a key of a few thousand parts, some
kilobytes of text, takes gigabytes. Such keys are refused before anything is parsed.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from hyperhost.errors import TomlError

__all__ = ["MAX_KEY_PARTS", "read_toml"]

MAX_KEY_PARTS: Final = 64
"""Parts of a dotted key, or of the name of a table, at most."""

_LINE: Final = re.compile(r" ?\(at line (\d+), column \d+\)")
_STRING: Final = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}+|' + r"'''(?:[^']|'(?!''))*+'{3,5}+|"
    r'"(?:[^"\\\n]|\\.)*+"|' + r"'[^'\n]*+'"
)
_PART: Final = rf"(?:[A-Za-z0-9_-]++|{_STRING})"
_DOT: Final = r"[ \t]*+\.[ \t]*+"
_SOUND: Final = re.compile(
    rf"(?:{_PART}(?:{_DOT}{_PART}){{0,{MAX_KEY_PARTS - 1}}}+(?!{_DOT}{_PART})|#[^\n]*+|[^\"'#A-Za-z0-9_-])*+",
    re.DOTALL,
)
"""All of a text up to the first key that is too long. What is within strings and comments is none, and a
value outside of strings has one dot at most."""
_LONG: Final = re.compile(rf"{_PART}(?:{_DOT}{_PART}){{{MAX_KEY_PARTS}}}", re.DOTALL)


def read_toml(data: str | bytes, *, max_bytes: int | None = None) -> dict[str, Any]:
    """The document written as TOML, for text from anywhere.

    Args:
        data: The text, in UTF-8 if it is given as bytes.
        max_bytes: The most that it may have, in UTF-8; ``None`` for whoever has looked already.

    Raises:
        TomlError: it is larger, is no UTF-8 or no TOML, is nested too deeply, or has a key of more than
            :data:`MAX_KEY_PARTS` dotted parts; says the line where there is one.
    """
    size = len(data) if isinstance(data, bytes) or data.isascii() else len(data.encode("utf-8", "replace"))
    if max_bytes is not None and size > max_bytes:
        raise TomlError(f"it has {size:,} bytes", hint=f"the most is {max_bytes:,}")
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1 if isinstance(data, bytes) else 0
        raise TomlError(f"it is no UTF-8 at byte {error.start}", line=line) from error
    _check_keys(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise TomlError(str(error), line=line) from error
    except RecursionError as error:
        raise TomlError("it is nested too deeply") from error
    except ValueError as error:  # a number of more digits than Python reads
        raise TomlError(f"a number is too long: {error}") from error


def _check_keys(text: str) -> None:
    if text.count(".") < MAX_KEY_PARTS:
        return
    sound = _SOUND.match(text)
    end = sound.end() if sound is not None else 0
    # Where it stopped for another reason, as at a string without an end, nothing further is parsed either.
    if _LONG.match(text, end):
        line = text.count("\n", 0, end) + 1
        raise TomlError(
            f"the key in line {line} has more than {MAX_KEY_PARTS} dotted parts",
            line=line,
            hint="write it as tables",
        )
