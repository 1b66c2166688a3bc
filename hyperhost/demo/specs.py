"""The demo's hook: look at one text and report what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hyperhost.hookspecs.markers import hookspec

__all__ = ["Checks", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a text.

    Attributes:
        rule: What was found, as ``family/name``: ``secret/github-token``, ``license/GPL-3.0``.
        line: Where, counted from 1.
        severity: How much it matters.
        excerpt: Enough to recognise it; a secret is masked after its first four characters.
    """

    rule: str
    line: int
    severity: Literal["low", "medium", "high"]
    excerpt: str


class Checks:
    """The hooks of the demo."""

    @hookspec(on_fault="skip")
    def check_text(self, path: str, text: str) -> list[Finding]:  # type: ignore[empty-body]
        """Look at one text.

        A checker that faults is left out of the results, the others still answer.

        Example:
            ::

                class LongLines:
                    @hookimpl
                    def check_text(self, text: str) -> list[Finding]:
                        return [
                            Finding("style/long-line", number, "low", line[:40])
                            for number, line in enumerate(text.splitlines(), start=1)
                            if len(line) > 200
                        ]

        Args:
            path: Name of the file the text comes from, for messages; it need not exist.
            text: The whole text.

        Returns:
            The findings in the order of their lines; empty when there are none.
        """
