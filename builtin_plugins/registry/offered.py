"""What the registry offers, as it is written down: known without importing what carries it out.

``operations.json`` is written by ``sdk/operations.py`` from the operations themselves. A command that
shows one artifact needs one module of ten, and not the types of all arguments and answers.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from pathlib import Path

from hyperhost.contracts import OperationInfo

from .table import Table

__all__ = ["infos", "table_of"]


@cache
def _written() -> dict[str, dict[str, str]]:
    text = Path(__file__).with_name("operations.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def infos() -> list[OperationInfo]:
    """All operations, in the order in which help shows them."""
    return [
        OperationInfo(**{key: value for key, value in each.items() if key != "module"})  # type: ignore[arg-type]  # as written
        for each in _written().values()
    ]


@cache
def table_of(name: str) -> Table:
    """A table with an operation and those of its module; an empty one when there is no such operation."""
    known = _written().get(name)
    return Table(() if known is None else (import_module(f".{known['module']}", __package__),))
