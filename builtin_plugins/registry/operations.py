"""All operations of the registry, in the order in which help shows them."""

from __future__ import annotations

from . import artifacts, lifecycle, namespaces, versions
from .table import Table

__all__ = ["table"]


def table() -> Table:
    """The table of all operations."""
    return Table((artifacts, lifecycle, versions, namespaces))
