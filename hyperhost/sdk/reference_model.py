"""What a reference page is made of, before it becomes Markdown or HTML.

Text from manifests and docstrings goes in as it is. The two writers escape all of it, so nothing
that stands in a :class:`Span` can become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "ADDRESS",
    "Block",
    "Bullets",
    "Code",
    "Heading",
    "Line",
    "Page",
    "Paragraph",
    "Span",
    "Table",
    "anchors",
    "code",
    "linked",
    "places_of",
    "plain",
    "visible",
]

_BIDI: Final = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
_UNSAFE: Final = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
)
_SPACES: Final = re.compile(r"\s+")
ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9._~/?=&%+,;:#-]*")
"""An address that can be linked as it is. There is no ``@``, behind which another host could stand."""

_NOT_IN_ANCHOR: Final = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line.

    Attributes:
        text: What to show.
        style: ``code`` for names, ``strong`` for what must not be overlooked.
        key: Key of the heading that it leads to; shown without a link where no page has it.
        address: The text is an address, which is linked when it is a plain ``http`` or ``https`` one.
    """

    text: str
    style: Literal["plain", "code", "strong"] = "plain"
    key: str = ""
    address: bool = False


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 4; other lines lead to it by its key."""

    level: int
    line: Line
    key: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    line: Line


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be shown as they are; ``language`` is a word of ours, for colours."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: titles of the columns, and rows of as many cells."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


Block = Heading | Paragraph | Code | Bullets | Table


@dataclass(frozen=True, slots=True)
class Page:
    """One file.

    Attributes:
        name: Its name without an ending.
        title: For the window of a browser.
        blocks: What stands on it, from the top.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]


def plain(text: str) -> Line:
    """A line of plain text."""
    return (Span(text),) if text else ()


def code(text: str, key: str = "") -> Line:
    """A line that is one name."""
    return (Span(text, "code", key),) if text else ()


def linked(items: Iterable[Line], between: str = ", ") -> Line:
    """Lines behind one another, with ``between`` between them."""
    spans: list[Span] = []
    for item in items:
        spans += [Span(between), *item] if spans else item
    return tuple(spans)


def visible(text: str, *, lines: bool = False) -> str:
    r"""``text`` with what is not seen, or reorders what is, written out as ``\x1b`` or ``\u202e``.

    Args:
        text: Anything.
        lines: Keep line breaks and tabs; otherwise white space becomes single spaces.
    """
    shown = _UNSAFE.sub(lambda match: _written(match[0]), text.replace("\r\n", "\n"))
    return shown if lines else _SPACES.sub(" ", shown)


def _written(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"


def places_of(pages: Sequence[Page]) -> dict[str, tuple[str, str]]:
    """Page name and anchor of every heading that has a key."""
    found: dict[str, tuple[str, str]] = {}
    for page in pages:
        headings = [block for block in page.blocks if isinstance(block, Heading)]
        for heading, anchor in zip(headings, anchors(page), strict=True):
            if heading.key:
                found.setdefault(heading.key, (page.name, anchor))
    return found


def anchors(page: Page) -> list[str]:
    """The anchors of the headings of a page, in order.

    They are those that code hosts make from Markdown: lower case, without punctuation, spaces as
    hyphens, and a number behind what is there already.
    """
    taken: dict[str, int] = {}
    found: list[str] = []
    for block in page.blocks:
        if isinstance(block, Heading):
            text = visible("".join(span.text for span in block.line)).strip()
            anchor = _NOT_IN_ANCHOR.sub("", text.lower()).replace(" ", "-") or "section"
            taken[anchor] = count = taken.get(anchor, -1) + 1
            found.append(f"{anchor}-{count}" if count else anchor)
    return found
