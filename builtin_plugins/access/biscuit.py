"""The library of Biscuits, imported when it is first used; what it says of its own types is incomplete."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["library"]


def library() -> Any:
    """The module ``biscuit_auth``."""
    return import_module("biscuit_auth")
