"""What an artifact may be called, wherever it comes from."""

from __future__ import annotations

from typing import Final

__all__ = ["is_name"]

_LONGEST: Final = 512


def is_name(name: str) -> bool:
    """Whether a text is ``namespace/name``: one slash, nothing that a line of a lockfile could not hold.

    Registries have stricter rules of their own for what they take in.
    """
    namespace, _, short = name.partition("/")
    return (
        bool(namespace and short)
        and len(name) <= _LONGEST
        and "/" not in short
        and "@" not in short
        and name.isprintable()
        and not any(each.isspace() for each in name)
    )
