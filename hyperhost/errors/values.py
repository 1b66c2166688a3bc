"""A value cannot be written, or read, as it has to be."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError

__all__ = ["CanonicalJsonError", "TomlError"]


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


class TomlError(HyperHostError, ValueError):
    """A text is no TOML, or none that is read here.

    Args:
        message: What is wrong with it.
        line: Where, from 1; 0 when it is the text as a whole.
        hint: What the reader can do next.

    Attributes:
        line: The same.
    """

    code = "HH-TOML"

    def __init__(self, message: str, *, line: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line
