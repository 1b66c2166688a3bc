"""The first difference between what was recorded and what came, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hyperhost.host.jsonwords import shown

__all__ = ["Differences"]


class Differences:
    """Compares JSON data.

    Args:
        free: Placeholders in recorded texts, in whose place anything may come.
    """

    def __init__(self, free: Iterable[str] = ()) -> None:
        texts = sorted({text for text in free if text}, key=len, reverse=True)
        self._free = re.compile("|".join(map(re.escape, texts))) if texts else None

    def first(self, was: Any, came: Any, path: str) -> str:
        """The first difference, by its place below ``path``; empty when there is none."""
        if isinstance(was, dict) and isinstance(came, dict) and set(was) == set(came):
            return next((d for key in was if (d := self.first(was[key], came[key], f"{path}.{key}"))), "")
        if isinstance(was, list) and isinstance(came, list) and len(was) == len(came):
            pairs = enumerate(zip(was, came, strict=True))
            return next((d for index, (a, b) in pairs if (d := self.first(a, b, f"{path}[{index}]"))), "")
        if type(was) is type(came) and was == came:
            return ""
        if isinstance(was, str) and isinstance(came, str) and self._matches(was, came):
            return ""
        return f"{path}: recorded is {shown(was)}, came {shown(came)}"

    def _matches(self, was: str, came: str) -> bool:
        """Whether ``came`` has all parts of ``was`` between placeholders, in their order."""
        if self._free is None or not self._free.search(was):
            return False
        first, *parts = self._free.split(was)
        last = parts.pop()
        if not came.startswith(first) or not came.endswith(last) or len(came) < len(first) + len(last):
            return False
        at, end = len(first), len(came) - len(last)
        for part in parts:  # by hand, as an expression with several gaps may backtrack for ever
            at = came.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True
