"""Reading constraints: text to comparators, or an error that says where and what was expected."""

from __future__ import annotations

import re
from typing import Final

from hyperhost.errors import ConstraintError
from hyperhost.versions.comparators import Comparator, Operand, overflows
from hyperhost.versions.version import IDENTIFIERS, LARGEST, LONGEST, NUMBER, identifiers_key

__all__ = ["Alternatives", "read_alternatives"]

Alternatives = list[list[Comparator]]
"""Alternatives of a constraint; the comparators of each must all hold."""

# Possessive throughout: what was matched is never given back, so the time is linear in the text.
_SPACE: Final = re.compile(r"[ \t\n\r\f\v]*+")
_OPERATOR: Final = re.compile(r"(\^|~>?|>=|<=|>|<|=|)[ \t\n\r\f\v]*+([v=]*+)")
_OPERAND: Final = re.compile(
    rf"({NUMBER}|[xX*])(?:\.({NUMBER}|[xX*])(?:\.({NUMBER}|[xX*])(?:-({IDENTIFIERS}))?+)?+)?+"
)
_BUILD: Final = re.compile(r"(?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+")
_MARK: Final = "pre:"
_ENDS: Final = " \t\n\r\f\v,|"
_SHOWN: Final = 30  # characters on either side of the place

_A_COMPARATOR: Final = "a comparator such as '^1.2', '>=1.0' or '*'"
_A_VERSION: Final = "a version such as '1.2.3', or the beginning of one such as '1.2' or '1.x'"
_AN_END: Final = "a space, a comma, '||' or the end"
_A_DIGIT: Final = "no zero before other digits"
_A_SMALLER_NUMBER: Final = "a number below 2**53 - 1, because the next one is the end of the range"
_BEHIND: Final = {
    ".": "a number, 'x' or '*' behind the dot, three of them at most",
    "-": "a pre-release such as 'rc.1' behind '-', and three numbers before it",
    "+": "build metadata such as 'build.5' behind '+'",
}


def read_alternatives(text: str, marks: bool = False) -> tuple[Alternatives, Alternatives]:
    """The alternatives of a constraint, in order, and those marked with ``pre:``.

    Takes linear time.

    Args:
        text: The constraint; empty is any version.
        marks: Whether alternatives may be marked.

    Raises:
        ConstraintError: it is none.
    """
    if not isinstance(text, str):
        raise ConstraintError(
            f"a constraint is text, not a value of type {type(text).__name__}", expected="text"
        )
    reader = _Reader(text)
    plain: Alternatives = []
    marked: Alternatives = []
    while True:
        reader.skip()
        is_marked = marks and text.startswith(_MARK, reader.at)
        if is_marked:
            reader.at += len(_MARK)
        (marked if is_marked else plain).append(reader.alternative())
        if reader.at == len(text):
            return plain, marked
        reader.at += 2


class _Reader:
    """A place in a text, which moves forward only."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> bool:
        """Go past whitespace; whether there was some."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        moved = match.end() > self.at
        self.at = match.end()
        return moved

    def alternative(self) -> list[Comparator]:
        """Comparators up to ``||`` or the end, where the reader stops."""
        found: list[Comparator] = []
        needed = False  # by a comma
        while True:
            self.skip()
            rest = self.text[self.at : self.at + 2]
            if rest in ("", "||"):
                if needed:
                    raise self.error(_A_COMPARATOR)
                return found
            if rest[0] == "|":
                self.at += 1
                raise self.error("a second '|'")
            if rest[0] == ",":
                if needed or not found:
                    raise self.error(_A_COMPARATOR)
                needed = True
                self.at += 1
                continue
            if rest[0] == "-" and len(found) == 1 and not needed:
                found.append(self._second_side(found[0]))
                found[0] = Comparator("from", found[0].operand)
                return found
            found.append(self._comparator())
            needed = False

    def _comparator(self) -> Comparator:
        start = self.at
        match = _OPERATOR.match(self.text, self.at)
        assert match is not None
        operator, prefix = match.groups()
        self.at = match.end()
        operand = self._operand(_A_VERSION if self.at > start else _A_COMPARATOR)
        strict = operator not in ("^", "~", "~>")
        if strict and prefix not in ("", "v") and operand.is_full:
            # npm reads over any of these before the beginning of a version; before a whole one only "v".
            self.at = match.start(2)
            raise self.error(_A_VERSION)
        if strict and not self._is_ordered(operand.text):
            self.at = match.end()
            raise self.error("'x' or '*' in every place behind the first 'x' or '*'")
        comparator = Comparator(operator.replace("~>", "~") or "=", operand)
        if overflows(comparator):
            self.at = match.end()
            raise self.error(_A_SMALLER_NUMBER)
        return comparator

    def _operand(self, expected: str) -> Operand:
        begin = self.at
        match = _OPERAND.match(self.text, begin)
        if match is None:
            raise self.error(expected)
        numbers = self._numbers(match)
        if match.end() - begin > LONGEST:
            raise self.error(f"a version of at most {LONGEST} characters")
        build = _BUILD.match(self.text, match.end())
        assert build is not None
        self.at = build.end()
        behind = self.text[self.at : self.at + 1]
        if behind and behind not in _ENDS:
            raise self.error(_A_DIGIT if behind in "0123456789" else _BEHIND.get(behind, _AN_END))
        prerelease = identifiers_key(match[4]) if match[4] and len(numbers) == 3 else ()
        return Operand(numbers, prerelease, match[0])

    def _numbers(self, match: re.Match[str]) -> tuple[int, ...]:
        """The numbers in front of the first ``x``."""
        numbers: list[int] = []
        is_open = False
        for group in (1, 2, 3):
            part = match[group]
            if part is None or part in "xX*":
                is_open = True
                continue
            if len(part) > 16 or int(part) > LARGEST:
                self.at = match.start(group)
                raise self.error("a number of at most 2**53 - 1")
            if not is_open:
                numbers.append(int(part))
        return tuple(numbers)

    def _second_side(self, first: Comparator) -> Comparator:
        """The right side of a hyphen range, from its hyphen on."""
        if first.operator != "=" or self.text[self.at + 1 : self.at + 2] not in _ENDS[:-2]:
            raise self.error(_A_COMPARATOR)
        self.at += 1
        if not self.skip():
            raise self.error(_A_VERSION)
        match = _OPERATOR.match(self.text, self.at)
        assert match is not None
        operator, prefix = match.groups()
        if operator or prefix not in ("", "v"):
            raise self.error(_A_VERSION)
        self.at = match.end()
        comparator = Comparator("to", self._operand(_A_VERSION))
        if overflows(comparator):
            self.at = match.end()
            raise self.error(_A_SMALLER_NUMBER)
        self.skip()
        if self.at < len(self.text) and not self.text.startswith("||", self.at):
            raise self.error("'||' or the end, because a hyphen range stands alone")
        return comparator

    @staticmethod
    def _is_ordered(operand: str) -> bool:
        """Whether no number stands behind an ``x``."""
        parts = operand.partition("-")[0].split(".")
        is_open = [part in ("x", "X", "*") for part in parts]
        return is_open == sorted(is_open)

    def error(self, expected: str) -> ConstraintError:
        """What is wrong with the text at the place where the reader is."""
        at, text = self.at, self.text
        begin, end = max(0, at - _SHOWN), min(len(text), at + _SHOWN)
        shown = ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
        found = f"{text[at]!r}" if at < len(text) else "the end"
        return ConstraintError(
            f"{shown!r} is no constraint: at character {at} stands {found}, expected {expected}",
            position=at,
            expected=expected,
            hint="write it as in '^1.2', '>=1.0 <2.0' or '1.x || 3.x'",
        )
