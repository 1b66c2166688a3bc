"""One call of an operation on identities while it runs, and the table of all of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hyperhost.offering import Asked, OperationTable

if TYPE_CHECKING:
    from hyperhost.contracts import OperationCall

    from .desk import Desk

__all__ = ["Work", "table"]


class Work(Asked):
    """What an operation may use.

    Args:
        call: What is asked.
        desk: What operations work with.
    """

    def __init__(self, call: OperationCall, desk: Desk) -> None:
        super().__init__(call, desk.hook, desk.clock)
        self.desk = desk
        self.target = "identity"


@cache
def table() -> OperationTable:
    """All operations, in the order in which help shows them."""
    from . import handing, people

    return OperationTable([handing, people])
