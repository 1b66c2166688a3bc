"""Regular expressions in linear time, whatever the pattern and the text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["PatternError", "pattern", "searched"]

_SHOWN = 200


class PatternError(ValueError):
    """A regular expression is none."""


@lru_cache(maxsize=1024)
def pattern(expression: str) -> Any:
    """A regular expression, compiled: that of JSON Schema, with an engine that never goes back.

    Raises:
        PatternError: it is none, or one that cannot be run so (look-around, references).
    """
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(
            {"pattern": expression}, offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (ValueError, TypeError) as error:
        raise PatternError(str(getattr(error, "message", error))[:_SHOWN]) from None


def searched(expression: str, text: str) -> bool:
    """Whether a regular expression is found anywhere in a text."""
    return bool(pattern(expression).is_valid(text))
