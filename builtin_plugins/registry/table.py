"""The table of the registry's operations: they are counted against the limits of namespaces.

The first parameter of an operation is its :class:`~.work.Work`.
"""

from __future__ import annotations

from collections.abc import Iterable

from hyperhost.offering import Operation, OperationTable

from .metering import count_call
from .work import Work

__all__ = ["Table"]


class Table(OperationTable):
    """Operations by name.

    Args:
        modules: Modules whose functions are marked.
    """

    def __init__(self, modules: Iterable[object]) -> None:
        super().__init__(modules, _count)


def _count(work: Work, operation: Operation) -> None:
    count_call(work, operation.group)
