"""Reference pages as Markdown, in the form that code hosts read (CommonMark with tables)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from hyperhost.sdk.reference_model import (
    ADDRESS,
    Block,
    Bullets,
    Code,
    Heading,
    Line,
    Page,
    Paragraph,
    Span,
    Table,
    visible,
)

__all__ = ["MARK", "markdown"]

MARK: Final = "<!-- Written by hyperhost plugin docs; changes are lost when it runs again. -->"
"""First line of every page, by which it is known again."""

_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>&|~$#]")
_IN_CELL: Final = {"|": "&#124;", "\\": "&#92;"}
"""Readers disagree about backslashes before the bars of a table, but not about these."""

_NUMBER: Final = re.compile(r"\d{1,9}[.)]")
_TICKS: Final = re.compile(r"`+")


def markdown(page: Page, places: Mapping[str, tuple[str, str]]) -> str:
    """The text of a page.

    Args:
        page: What to write.
        places: Page name and anchor of every heading by its key.
    """
    writer = _Writer(page, places)
    return "\n\n".join([MARK, *(writer.block(block) for block in page.blocks)]) + "\n"


class _Writer:
    def __init__(self, page: Page, places: Mapping[str, tuple[str, str]]) -> None:
        self._page = page
        self._places = places

    def block(self, block: Block) -> str:
        match block:
            case Heading(level, line):
                return f"{'#' * level} {_first(self._line(line))}"
            case Paragraph(line):
                return _first(self._line(line))
            case Code(text, language):
                shown = visible(text, lines=True).strip("\n")
                fence = "`" * max(3, _longest(shown) + 1)
                return f"{fence}{language}\n{shown}\n{fence}"
            case Bullets(items):
                return "\n".join(f"- {_first(self._line(item))}" for item in items)
            case Table(head, rows):
                lines = [self._row([(Span(title),) for title in head]), "|---" * len(head) + "|"]
                return "\n".join([*lines, *map(self._row, rows)])

    def _row(self, cells: Sequence[Line]) -> str:
        return f"| {' | '.join(self._line(cell, cell=True) for cell in cells)} |"

    def _line(self, line: Line, *, cell: bool = False) -> str:
        return "".join(self._span(span, cell=cell) for span in line)

    def _span(self, span: Span, *, cell: bool) -> str:
        text = visible(span.text)
        if span.address and ADDRESS.fullmatch(text):
            return f"<{text}>"
        shown = _code(text, cell=cell) if span.style == "code" else _escaped(text, cell=cell)
        if span.style == "strong" and text.strip():
            shown = f"**{shown.strip()}**"
        if span.key in self._places:
            name, anchor = self._places[span.key]
            file = "" if name == self._page.name else f"{name}.md"
            return f"[{shown}]({file}#{anchor})"
        return shown


def _escaped(text: str, *, cell: bool) -> str:
    def one(match: re.Match[str]) -> str:
        return _IN_CELL.get(match[0], f"\\{match[0]}") if cell else f"\\{match[0]}"

    return _SPECIAL.sub(one, text)


def _first(text: str) -> str:
    """A line whose beginning does not make it a heading, a list or a rule."""
    text = text.strip()
    if number := _NUMBER.match(text):
        return f"{number[0][:-1]}\\{number[0][-1]}{text[number.end() :]}"
    return f"\\{text}" if text.startswith(("+", "-", "=")) else text


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def _code(text: str, *, cell: bool) -> str:
    text = text.strip()
    if not text:
        return ""
    if cell and "|" in text:
        if "\\" in text or "`" in text:
            return _escaped(text, cell=True)
        text = text.replace("|", "\\|")
    ticks = "`" * (_longest(text) + 1)
    edge = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{edge}{text}{edge}{ticks}"
