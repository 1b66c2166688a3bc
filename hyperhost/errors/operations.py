"""An operation of the registry was refused."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError

__all__ = [
    "AccessDeniedError",
    "AuthenticationError",
    "ConflictError",
    "InvalidInputError",
    "NotFoundError",
    "OperationError",
    "PolicyDeniedError",
    "QuerySyntaxError",
    "QuotaExceededError",
    "StorageError",
    "TrustError",
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


class QuerySyntaxError(InvalidInputError):
    """A search query is not written as it has to be.

    Args:
        message: What is wrong, beginning with the character concerned.
        position: That character, counted from 0.
        expected: What could stand there; empty when that is not what is wrong.
        rule: ``syntax``, ``field``, ``value``, ``length``, ``depth``, ``terms`` or ``character``.
        plugin: As in every error.
        hook: As in every error.
        hint: As in every error.
    """

    code = "HH-QUERY"

    def __init__(
        self,
        message: str,
        *,
        position: int = 0,
        expected: str = "",
        rule: str = "syntax",
        plugin: str | None = None,
        hook: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, plugin=plugin, hook=hook, hint=hint)
        self.position = position
        self.expected = expected
        self.rule = rule


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


class AuthenticationError(OperationError):
    """Somebody could not show who they are: a password, key or token does not hold."""

    code = "HH-UNAUTHENTICATED"


class AccessDeniedError(OperationError):
    """The principal may not do that; the message says what is missing, the hint who can grant it."""

    code = "HH-ACCESS-DENIED"


class PolicyDeniedError(AccessDeniedError):
    """A policy denies it; ``field`` is the policy, ``rule`` the rule of it, the message why."""

    code = "HH-POLICY"


class TrustError(OperationError):
    """What a registry or a mirror sent is not believed; ``rule`` names the attack that it would be."""

    code = "HH-TRUST"
