"""Docstrings as blocks: paragraphs, lists, code, and the sections that Google's style has."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from hyperhost.sdk.reference_model import Block, Bullets, Code, Heading, Line, Paragraph, Span

__all__ = ["docstring", "marked"]

_SECTIONS: Final = {
    "Args": "Parameters",
    "Returns": "Returns",
    "Raises": "Refuses with",
    "Yields": "Yields",
    "Attributes": "Attributes",
    "Example": "Example",
    "Examples": "Examples",
    "Note": "Note",
    "Notes": "Notes",
}
_SECTION: Final = re.compile(rf"({'|'.join(_SECTIONS)}):")
_ITEM: Final = re.compile(r"(\*{0,2}[A-Za-z_][\w.]*)(?: \([^)]*\))?: +(.*)", re.DOTALL)
_BULLET: Final = re.compile(r"[-*] +")
_FENCE: Final = re.compile(r"(`{3,})(\w*)$")
_MARKED: Final = re.compile(r"(?::\w+(?::\w+)*:)?(`{1,2})~?(.+?)\1", re.DOTALL)


def docstring(text: str, level: int) -> Iterator[Block]:
    """The blocks of a docstring.

    Args:
        text: The docstring.
        level: Level of the headings of its sections.
    """
    section, lines = "", list[str]()
    for line in [*inspect.cleandoc(text).splitlines(), "Note:"]:
        if (found := _SECTION.fullmatch(line)) is None:
            lines.append(line)
            continue
        body = textwrap.dedent("\n".join(lines)).strip("\n")
        if section and body:
            yield Heading(level, (Span(_SECTIONS[section]),))
        if section in ("Args", "Raises", "Attributes"):
            yield from _items(body)
        else:
            yield from _prose(body)
        section, lines = found[1], []


def marked(text: str) -> Line:
    """Text in which names stand between back quotes."""
    spans: list[Span] = []
    at = 0
    for found in _MARKED.finditer(text):
        spans += [Span(text[at : found.start()])] if found.start() > at else []
        spans.append(Span(found[2].rpartition(".")[2] if ":" in found[0][:1] else found[2], "code"))
        at = found.end()
    return (*spans, Span(text[at:])) if text[at:] else tuple(spans)


def _items(body: str) -> Iterator[Block]:
    """Entries of the form ``name: text``, of which later lines are indented."""
    entries: list[str] = []
    for line in body.splitlines():
        if line[:1].isspace() and entries:
            entries[-1] += f" {line.strip()}"
        elif line.strip():
            entries.append(line)
    items: list[Line] = []
    for entry in entries:
        found = _ITEM.match(entry)
        items.append((Span(found[1], "code"), Span(": "), *marked(found[2])) if found else marked(entry))
    if items:
        yield Bullets(tuple(items))


def _prose(body: str) -> Iterator[Block]:
    """Paragraphs, lists and code."""
    waiting: list[str] = []
    lines = iter(body.splitlines())
    for line in lines:
        fence = _FENCE.match(line.strip())
        if not line.strip() or fence or (line.startswith(">>>") and not waiting):
            yield from _paragraph(waiting)
            waiting = []
        if fence:
            yield Code(_until(lines, fence[1]), fence[2])
        elif line.startswith(">>>") and not waiting:
            yield Code("\n".join([line, _until(lines, "")]), "python")
        elif line.strip():
            waiting.append(line)
    yield from _paragraph(waiting)


def _until(lines: Iterator[str], end: str) -> str:
    found = []
    for line in lines:
        if line.strip() == end:
            break
        found.append(line)
    return textwrap.dedent("\n".join(found))


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if not lines:
        return
    if all(line[:1].isspace() for line in lines):  # a literal block
        yield Code(textwrap.dedent("\n".join(lines)))
    elif _BULLET.match(lines[0]):
        items: list[str] = []
        for line in lines:
            if found := _BULLET.match(line):
                items.append(line[found.end() :])
            else:
                items[-1] += f" {line.strip()}"
        yield Bullets(tuple(map(marked, items)))
    else:
        text = " ".join(line.strip() for line in lines)
        yield Paragraph(marked(text.removesuffix("::") + (":" if text.endswith("::") else "")))
