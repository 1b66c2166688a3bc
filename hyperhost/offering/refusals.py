"""Refusals of operations, each with a rule that says what kind it is, where, and by which rule.

A rule is written ``KIND``, ``KIND:FIELD`` or ``KIND:FIELD:RULE``, for example
``invalid:metadata.licenses:spdx``. :class:`hyperhost.Operations` turns the kind into an error class.
"""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["conflict", "invalid", "missing", "over_quota", "unavailable", "unresolvable", "wrong_state"]


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was given is not what it has to be: :class:`~hyperhost.errors.InvalidInputError`.

    Args:
        field: Path of what was given, for example ``dependencies[0].constraint``.
        rule: Short name of what it breaks, for example ``kebab-case``.
        reason: What is wrong, for a person.
        hint: What would be right.
    """
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)


def missing(what: str, reason: str, hint: str = "") -> RefusalError:
    """What was asked for is not there: :class:`~hyperhost.errors.NotFoundError`.

    ``what`` is ``artifact``, ``namespace``, ….
    """
    return RefusalError(reason, f"missing:{what}", hint=hint)


def conflict(field: str, reason: str, hint: str = "") -> RefusalError:
    """It contradicts what is there already: :class:`~hyperhost.errors.ConflictError`."""
    return RefusalError(reason, f"conflict:{field}", hint=hint)


def wrong_state(field: str, reason: str, hint: str = "") -> RefusalError:
    """It is not possible in the state of what it is about: :class:`~hyperhost.errors.WrongStateError`."""
    return RefusalError(reason, f"state:{field}", hint=hint)


def over_quota(quota: str, reason: str, hint: str = "") -> RefusalError:
    """It would take more than is allowed: :class:`~hyperhost.errors.QuotaExceededError`."""
    return RefusalError(reason, f"quota:{quota}", hint=hint)


def unresolvable(explanation: str, hint: str = "") -> RefusalError:
    """No choice of versions satisfies everything: :class:`~hyperhost.errors.ResolutionError`.

    ``explanation`` says why in plain sentences, the conclusion last.
    """
    return RefusalError(explanation, "unresolvable", hint=hint)


def unavailable(what: str, reason: str, hint: str = "") -> RefusalError:
    """Something that is needed cannot be reached: :class:`~hyperhost.errors.OperationError`.

    ``what`` is ``source``, ``engine``, ….
    """
    return RefusalError(reason, f"unavailable:{what}", hint=hint)
