"""Refusals of templates; the form of their rules is that of the registry, ``KIND:FIELD:RULE``."""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["invalid"]


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was given is not what it has to be."""
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)
