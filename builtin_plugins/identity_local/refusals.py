"""Refusals that only this plugin has, in words that never repeat a secret or tell whether somebody exists."""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["denied", "unauthenticated"]


def unauthenticated(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """A credential does not hold; ``field`` is ``password``, ``api-key``, ``session`` or ``principal``."""
    return RefusalError(reason, f"unauthenticated:{field}:{rule}", hint=hint)


def denied(rule: str, reason: str, hint: str = "") -> RefusalError:
    """Whoever asks may not do that, whatever their roles."""
    return RefusalError(reason, f"denied:identity:{rule}", hint=hint)
