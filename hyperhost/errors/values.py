"""A value cannot be written as it has to be."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError

__all__ = ["CanonicalJsonError"]


class CanonicalJsonError(HyperHostError, ValueError):
    """A value has no canonical JSON (RFC 8785).

    Attributes:
        rule: Which rule it breaks: ``number`` (not a number, or infinite), ``integer`` (beyond
            2^53 - 1, so that readers would round it), ``surrogate`` (half a pair: no Unicode text),
            ``key`` (of an object, and no text), ``type`` (no JSON value) or ``depth``.
        path: Where it is, for example ``$.items[3]``.
    """

    code = "HH-CANONICAL-JSON"
    rule = ""
    path = ""
