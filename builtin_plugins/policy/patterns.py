"""Regular expressions in linear time, whatever the pattern and the text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["PatternError", "pattern", "searched"]

_SHOWN = 200
_SIZE = 256 << 10
"""Bytes of a compiled expression at most: what one character of a text costs grows with it."""


class PatternError(ValueError):
    """A regular expression is none."""


@lru_cache(maxsize=1024)
def pattern(expression: str) -> Any:
    """A regular expression, compiled: that of JSON Schema, with an engine that never goes back.

    Raises:
        PatternError: it is none, one that cannot be run so (look-around, references), or one that would
            take long all the same, as it is too large.
    """
    try:
        return _compiled(expression, _SIZE)
    except (ValueError, TypeError) as error:
        problem = str(getattr(error, "message", error))[:_SHOWN]
    try:
        _compiled(expression, None)
    except (ValueError, TypeError):
        raise PatternError(problem) from None
    raise PatternError(
        f"{expression[:_SHOWN]!r} is too large: compiled it has more than {_SIZE >> 10} KiB; "
        "count fewer repetitions, or make several rules of it"
    )


def _compiled(expression: str, size: int | None) -> Any:
    import jsonschema_rs

    options = jsonschema_rs.RegexOptions(size_limit=size)
    return jsonschema_rs.validator_for({"pattern": expression}, offline=True, pattern_options=options)


def searched(expression: str, text: str) -> bool:
    """Whether a regular expression is found anywhere in a text."""
    return bool(pattern(expression).is_valid(text))
