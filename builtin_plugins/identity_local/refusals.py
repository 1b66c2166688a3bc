"""Refusals of this plugin, in words that never repeat a secret or tell whether somebody exists."""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["conflict", "denied", "invalid", "missing", "unauthenticated"]


def unauthenticated(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """A credential does not hold; ``field`` is ``password``, ``api-key`` or ``session``."""
    return RefusalError(reason, f"unauthenticated:{field}:{rule}", hint=hint)


def denied(rule: str, reason: str, hint: str = "") -> RefusalError:
    """Whoever asks may not do that, whatever their roles."""
    return RefusalError(reason, f"denied:identity:{rule}", hint=hint)


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """An argument is not what it has to be."""
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)


def missing(what: str, reason: str, hint: str = "") -> RefusalError:
    """It is not there."""
    return RefusalError(reason, f"missing:{what}", hint=hint)


def conflict(field: str, reason: str, hint: str = "") -> RefusalError:
    """It contradicts what is there."""
    return RefusalError(reason, f"conflict:{field}", hint=hint)
