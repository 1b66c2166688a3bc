"""On which line of a TOML text something stands; good enough for a message."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["line_of"]

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\"' -]+?)\s*\]\]?\s*(?:#.*)?")
_KEY: Final = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*[=.]""")


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line, from 1, of what a path leads to, or of the nearest thing around it; 0 for the whole."""
    best, line = 0, 0
    here: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    for number, written in enumerate(text.splitlines(), 1):
        header = _HEADER.fullmatch(written)
        if header is not None:
            here = _section(header[2], counts, array=header[1] == "[[")
            depth = _shared(here, path)
            if depth == len(here) and depth > best:
                best, line = depth, number
            continue
        key = _KEY.match(written)
        place = (*here, key[1]) if key else None
        if place is not None and path[: len(place)] == place and len(place) > best:
            best, line = len(place), number
    return line


def _section(name: str, counts: dict[str, int], *, array: bool) -> tuple[str | int, ...]:
    parts = [part.strip(" \"'") for part in name.split(".")]
    if array:
        counts[name] = counts.get(name, -1) + 1
    found: list[str | int] = []
    for index, part in enumerate(parts):
        found.append(part)
        so_far = ".".join(parts[: index + 1])
        if so_far in counts:
            found.append(counts[so_far])
    return tuple(found)


def _shared(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
