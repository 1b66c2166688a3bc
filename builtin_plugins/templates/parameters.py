"""Parameters of a template: complete, of their type, and within what the template allows.

They are checked as a JSON Schema, whose expressions are matched in time that grows with the text and
not with what an author could think of (https://docs.rs/regex): neither a template nor what somebody
fills in can make a check run for ever.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from hyperhost.offering import invalid

from .manifest import Parameter

__all__ = ["complete"]

_BOUNDS: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_SHOWN: Final = 200


def complete(parameters: list[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with defaults for the rest; ``None`` for what is neither given nor required.

    Raises:
        RefusalError: a parameter is unknown, missing, or not what it has to be.
    """
    known = {each.name: each for each in parameters}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name)[:80], known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"
            raise invalid(f"parameters.{name[:80]}", "unknown", f"there is no parameter {name[:80]!r}", hint)
    values = {}
    for index, each in enumerate(parameters):
        value = given.get(each.name, each.default)
        if value is None:
            if each.required:
                hint = each.description or f"give {each.name}, a {each.type}"
                raise invalid(f"parameters.{each.name}", "required", f"{each.name!r} is missing", hint)
        else:
            _check(each, index, value)
        values[each.name] = value
    return values


def _check(each: Parameter, index: int, value: Any) -> None:
    import jsonschema_rs

    place = f"manifest.parameters[{index}]"
    try:
        validator = jsonschema_rs.validator_for(
            _schema(each, place), offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except ValueError as error:
        words = str(error).splitlines()[0][:_SHOWN]
        raise invalid(
            f"{place}.pattern", "regex", f"the pattern of {each.name!r} is not usable: {words}"
        ) from None
    for problem in validator.iter_errors(value):
        rule = str(problem.kind.name)
        raise invalid(
            f"parameters.{each.name}",
            {"minLength": "min", "minimum": "min", "maxLength": "max", "maximum": "max"}.get(rule, rule),
            f"{each.name!r} does not fit: {problem.message[:_SHOWN]}",
            each.description,
        )


def _schema(each: Parameter, place: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": each.type}
    if each.pattern is not None:
        schema["pattern"] = f"^(?:{each.pattern})$"  # the whole text, as people expect of a parameter
        schema["allOf"] = [{"pattern": each.pattern}]  # by itself, so that none closes our parenthesis
    if each.enum is not None:
        schema["enum"] = each.enum
    least, most = _BOUNDS.get(each.type, ("minimum", "maximum"))
    for keyword, bound in ((least, each.min), (most, each.max)):
        if bound is None:
            continue
        if each.type in _BOUNDS and (bound < 0 or bound != int(bound)):
            raise invalid(place, "range", f"{bound:g} is no length of {each.name!r}")
        schema[keyword] = int(bound) if bound == int(bound) else bound
    return schema
