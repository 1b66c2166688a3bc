"""Make text that others wrote safe to show on a terminal."""

from __future__ import annotations

import re

__all__ = ["UNSAFE", "one_line", "printable"]

_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}\u2028\u2029\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def printable(text: str) -> str:
    r"""``text`` with what could steer the terminal, or reorder what is read, written out as ``\x1b``.

    Line breaks and tabs are kept.
    """
    return UNSAFE.sub(lambda match: _written(match[0]), text.replace("\r\n", "\n"))


def one_line(text: str, longest: int = 500) -> str:
    """``text`` on one line and no longer than ``longest`` characters."""
    line = _SPACES.sub(" ", printable(text)).strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _written(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
