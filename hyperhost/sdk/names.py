"""Words for names that are nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hyperhost.errors import BuildError

__all__ = ["nearest", "unknown_hook"]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like ``name``, or ``None`` when none is."""
    return next(iter(difflib.get_close_matches(name, list(known), 1)), None)


def unknown_hook(name: str, known: Iterable[str], plugin: str | None = None) -> BuildError:
    """The error for a hook that does not exist; its hint is the nearest one that does."""
    near = nearest(name.replace("-", "_"), known)
    return BuildError(
        f"there is no hook {name!r}",
        plugin=plugin,
        hint=f"did you mean {near!r}?" if near else "hyperhost hooks lists them all",
    )
