"""The plugin: a class whose marked methods answer hooks."""

from __future__ import annotations

from hyperhost import hookimpl
from hyperhost.demo.specs import Finding

__all__ = ["LongLines"]


class LongLines:
    """Reports lines that are longer than anybody reads.

    Args:
        limit: The longest line that is fine, in characters.
    """

    def __init__(self, limit: int = 100) -> None:
        self._limit = limit

    @hookimpl
    def check_text(self, text: str) -> list[Finding]:
        """An implementation takes the parameters it needs: here the text without its path."""
        return [
            Finding("style/long-line", number, "low", f"{line[:30]}…")
            for number, line in enumerate(text.splitlines(), start=1)
            if len(line) > self._limit
        ]
