"""Lines that are too long, broken at brackets and commas as formatters do."""

from __future__ import annotations

from typing import Final

__all__ = ["WIDTH", "fitted", "indented"]

WIDTH: Final = 100
"""Longest line of generated source, in characters."""

_OPEN: Final = "([{"
_CLOSE: Final = ")]}"
_STEP: Final = " " * 4


def indented(text: str, step: str = _STEP) -> str:
    """Text whose lines begin ``step`` further right; empty lines stay empty."""
    return "\n".join(f"{step}{line}" if line else line for line in text.split("\n"))


def fitted(line: str, column: int = 0, *, first: bool = False, comma: bool = True) -> str:
    """One statement on as many lines as it needs.

    Args:
        line: The statement on one line; not indented.
        column: How far to the right it will stand.
        first: Break at its first brackets, as for the head of a function, and not at its last.
        comma: Whether the language takes a comma behind the last of several items.
    """
    if column + len(line) <= WIDTH:
        return line
    groups = _groups(line)
    if not groups:
        return line
    start, end = groups[0] if first else groups[-1]
    head, body, tail = line[: start + 1], line[start + 1 : end].strip(), line[end:]
    inner = column + len(_STEP)
    if inner + len(body) <= WIDTH and not first:
        return f"{head}\n{_STEP}{body}\n{tail}"
    items = [item.strip() for item in _items(body)]
    if first and inner + len(", ".join(items)) <= WIDTH:
        return f"{head}\n{_STEP}{', '.join(items)}\n{tail}"
    last = len(items) - 1
    lines = [
        fitted(f"{item}{',' if comma or number < last else ''}", inner) for number, item in enumerate(items)
    ]
    return "\n".join([head, *(indented(each) for each in lines), tail])


def _groups(line: str) -> list[tuple[int, int]]:
    """Where the outermost brackets that hold something open and close."""
    found, depth, start, quoted = [], 0, 0, False
    for place, letter in enumerate(line):
        if letter == '"' and line[place - 1 : place] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in _OPEN:
            start = place if depth == 0 else start
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
            if depth == 0 and place > start + 1:
                found.append((start, place))
    return found


def _items(body: str) -> list[str]:
    """What commas outside of brackets separate."""
    found, depth, begin, quoted = [], 0, 0, False
    for place, letter in enumerate(body):
        if letter == '"' and body[place - 1 : place] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
        elif letter == "," and depth == 0:
            found.append(body[begin:place])
            begin = place + 1
    return [*found, body[begin:]] if body[begin:].strip() else found
