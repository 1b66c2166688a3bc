"""The time."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utc_now"]


def utc_now() -> datetime:
    """The time, for repositories and clients in use; tests pass another."""
    return datetime.now(UTC)
