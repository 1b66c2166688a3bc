"""Chooses versions: the solver, and the service ``resolution`` on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builtin_plugins.resolution.solve_index import Edge, IfPresent, Resolution, solve

__all__ = ["Edge", "IfPresent", "Resolution", "solve"]


def __getattr__(name: str) -> Any:
    """Import the solver when something of it is asked for: most commands never do."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from builtin_plugins.resolution import solve_index

    return getattr(solve_index, name)
