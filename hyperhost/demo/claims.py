"""What the demo says is checked as it is said: a claim that does not hold ends it with status 1."""

from __future__ import annotations

__all__ = ["ClaimError", "claim"]


class ClaimError(Exception):
    """Something that the demo is about to say is not so."""


def claim(holds: bool, sentence: str) -> None:
    """Go on if ``sentence`` is true.

    Raises:
        ClaimError: it is not.
    """
    if not holds:
        raise ClaimError(sentence)
