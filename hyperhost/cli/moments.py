"""Moments as people write them, for options of commands."""

from __future__ import annotations

import time

import typer

from hyperhost.contracts import moments

__all__ = ["moment_text", "moment_us"]


def moment_us(text: str) -> int:
    """Microseconds since 1970 of a moment.

    Raises:
        typer.BadParameter: the text is no moment.
    """
    try:
        return moments.parse_moment(text, time.time_ns() // 1000)
    except moments.MomentError as error:
        raise typer.BadParameter(f"{error}; {error.hint}") from None


def moment_text(at_us: int | None) -> str | None:
    """``2026-01-31T12:00:00.000000Z``; ``None`` for no moment."""
    return moments.moment_text(at_us) if at_us else None
