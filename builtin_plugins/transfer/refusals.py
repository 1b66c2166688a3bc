"""Refusals of this plugin; :class:`hyperhost.Operations` turns the kind of each into an error class."""

from __future__ import annotations

from hyperhost.errors import RefusalError

__all__ = ["bad_file", "conflict", "invalid", "locked", "missing", "unwritable", "wrong_state"]


def bad_file(where: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """A file that is read is not what it has to be.

    Args:
        where: The position, for example ``artifacts/00000002.jsonl:17`` or ``byte 1024``.
        rule: ``format``, ``version``, ``truncated``, ``digest``, ``limit``, ``json``, ``value``,
            ``duplicate``, ``order`` or ``authentic``.
        reason: What is wrong.
        hint: What to do; by default to get the file again.
    """
    text = f"{where}: {reason}" if where else reason
    return RefusalError(text, f"invalid:source:{rule}", hint=hint or "write or copy the file again")


def invalid(field: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    """An argument is not what it has to be."""
    return RefusalError(reason, f"invalid:{field}:{rule}", hint=hint)


def missing(what: str, reason: str, hint: str = "") -> RefusalError:
    """Something that was asked for is not there."""
    return RefusalError(reason, f"missing:{what}", hint=hint)


def conflict(field: str, reason: str, hint: str = "") -> RefusalError:
    """It contradicts what is there."""
    return RefusalError(reason, f"conflict:{field}", hint=hint)


def wrong_state(field: str, reason: str, hint: str = "") -> RefusalError:
    """The registry is not in the state for it."""
    return RefusalError(reason, f"state:{field}", hint=hint)


def locked(reason: str, hint: str = "") -> RefusalError:
    """A key is missing, or is the wrong one."""
    return RefusalError(reason, "invalid:key:key", hint=hint)


def unwritable(where: object, error: OSError) -> RefusalError:
    """The operating system refused to read or write a file."""
    return RefusalError(
        f"{where}: {error.strerror or error}",
        "storage.file",
        hint="check that the directory exists, may be used and has room",
    )
