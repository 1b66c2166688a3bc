"""JSON Schemas that strangers wrote: they load nothing, and their patterns end."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["Schema", "SchemaError"]

_SHOWN: Final = 300


class SchemaError(ValueError):
    """A schema is none."""


class Schema:
    """A schema, compiled. References lead nowhere but into itself.

    Args:
        schema: The schema as JSON data.
        secret: Leave the values out of what is said about them.

    Raises:
        SchemaError: it is no JSON Schema, or refers to something else.
    """

    def __init__(self, schema: Any, *, secret: bool = False) -> None:
        import jsonschema_rs

        try:
            self._validator = jsonschema_rs.validator_for(
                schema,
                offline=True,  # otherwise a "$ref" makes the registry ask any host, or read any file
                pattern_options=jsonschema_rs.RegexOptions(),  # linear time, whatever the pattern
                mask="the value" if secret else None,
            )
        except (ValueError, TypeError) as error:
            raise SchemaError(str(getattr(error, "message", error))[:_SHOWN]) from None

    def problem(self, instance: Any) -> tuple[str, str] | None:
        """What is wrong with data: the dotted path in it, and why; ``None`` when nothing is."""
        found = next(iter(self._validator.iter_errors(instance)), None)
        if found is None:
            return None
        return ".".join(str(part) for part in found.instance_path), found.message[:_SHOWN]
