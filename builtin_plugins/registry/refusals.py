"""Refusals of the registry, each with a rule that says what kind it is, where, and by which rule.

A rule is written ``KIND``, ``KIND:FIELD`` or ``KIND:FIELD:RULE``, for example
``invalid:metadata.licenses:spdx``. :class:`hyperhost.Operations` turns the kind into an error class.
"""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["conflict", "invalid", "missing", "over_quota", "wrong_state"]


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was given is not what it has to be.

    Args:
        field: Path of what was given, for example ``dependencies[0].constraint``.
        rule: Short name of what it breaks, for example ``kebab-case``.
        reason: What is wrong, for a person.
        hint: What would be right.
    """
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)


def missing(what: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was asked for is not there; ``what`` is ``artifact``, ``namespace``, …."""
    return RefusalError(reason, f"missing:{what}", hint=hint)


def conflict(field: str, reason: str, hint: str = "") -> RefusalError:
    """It contradicts what is there already."""
    return RefusalError(reason, f"conflict:{field}", hint=hint)


def wrong_state(field: str, reason: str, hint: str = "") -> RefusalError:
    """It is not possible in the state that the artifact is in."""
    return RefusalError(reason, f"state:{field}", hint=hint)


def over_quota(quota: str, reason: str, hint: str = "") -> RefusalError:
    """It would take more than a namespace may have."""
    return RefusalError(reason, f"quota:{quota}", hint=hint)
