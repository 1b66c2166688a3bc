"""Refusals of ``trust-tuf``: what a repository cannot do, and what a client does not believe."""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["refused", "invalid", "missing", "wrong_state"]


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was given is not what it has to be."""
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)


def missing(what: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was asked for is not there."""
    return RefusalError(reason, f"missing:{what}", hint=hint)


def wrong_state(field: str, reason: str, hint: str = "") -> RefusalError:
    """It is not possible in the state that the repository is in."""
    return RefusalError(reason, f"state:{field}", hint=hint)


def refused(rule: str, reason: str, hint: str) -> RefusalError:
    """A client does not believe what it was sent; ``rule`` is the kind of attack."""
    return RefusalError(reason, f"trust.{rule}", hint=hint)
