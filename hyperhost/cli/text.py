"""Make text that others wrote safe to show on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["UNSAFE", "Marked", "one_line", "printable"]

_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}\u2028\u2029\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


class Marked(str):
    """Text of which some characters are to stand out.

    Args:
        text: The text.
        marks: First character and the one after the last, of each.
    """

    marks: list[tuple[int, int]]

    def __new__(cls, text: str, marks: Iterable[tuple[int, int]]) -> Marked:
        """Make one."""
        made = super().__new__(cls, text)
        made.marks = sorted(marks)
        return made

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces on one line, each with whether it stands out."""
        done = 0
        for first, after in self.marks:
            if first >= done:
                yield _SPACES.sub(" ", printable(self[done:first])), False
                yield printable(self[first:after]), True
                done = after
        yield _SPACES.sub(" ", printable(self[done:])), False


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
