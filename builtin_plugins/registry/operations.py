"""All operations of the registry, in the order in which help shows them."""

from __future__ import annotations

from . import (
    administration,
    artifacts,
    contents,
    history,
    lifecycle,
    lint,
    namespaces,
    rendering,
    signing,
    testing,
    versions,
)
from .table import Table

__all__ = ["table"]


def table() -> Table:
    """The table of all operations."""
    groups = (
        artifacts,
        lifecycle,
        signing,
        lint,
        testing,
        rendering,
        contents,
        versions,
        namespaces,
        history,
        administration,
    )
    return Table(groups)
