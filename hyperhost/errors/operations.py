"""An operation of the registry was refused."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError

__all__ = [
    "ConflictError",
    "InvalidInputError",
    "NotFoundError",
    "OperationError",
    "QuotaExceededError",
    "StorageError",
    "UnknownOperationError",
    "WrongStateError",
]


class OperationError(HyperHostError):
    """An operation was refused. ``plugin`` names the plugin that refused it, where one did.

    Attributes:
        rule: Stable name of the rule, empty when there is none.
        field: Path of the argument concerned, empty when it is none in particular.
    """

    code = "HH-OPERATION"
    rule = ""
    field = ""


class UnknownOperationError(OperationError):
    """No plugin offers the operation."""

    code = "HH-OPERATION-UNKNOWN"


class InvalidInputError(OperationError):
    """An argument is not what it has to be; ``field`` and ``rule`` say which and why."""

    code = "HH-INVALID"


class NotFoundError(OperationError):
    """What the operation is about is not there."""

    code = "HH-MISSING"


class ConflictError(OperationError):
    """The operation contradicts what is there already."""

    code = "HH-CONFLICT"


class WrongStateError(OperationError):
    """The operation is not possible in the state of what it is about."""

    code = "HH-WRONG-STATE"


class QuotaExceededError(OperationError):
    """The operation would take more than a namespace may have."""

    code = "HH-QUOTA"


class StorageError(OperationError):
    """The store cannot be read or written. Nothing of the operation was done."""

    code = "HH-STORAGE"
