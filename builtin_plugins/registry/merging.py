"""Values of configs laid over each other, by dotted paths and by where they are meant for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

from hyperhost.offering import invalid

from .formats import plain
from .manifests import Target

__all__ = [
    "TARGETS",
    "converted",
    "matches",
    "merge",
    "overrides_for",
    "read_targets",
    "set_path",
    "value_at",
]

TARGETS: Final = ("global", "namespace", "artifact", "user")
"""Kinds of targets, the least specific first."""

_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def merge(below: Any, above: Any) -> Any:
    """``above`` over ``below``: objects key by key, anything else as a whole. Neither is changed."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: merge(below.get(key), each) for key, each in above.items()}}


def read_targets(given: Iterable[str]) -> list[tuple[str, str]]:
    """Targets written ``KIND:NAME``; an artifact is in its namespace, too.

    Raises:
        RefusalError: one of them is not.
    """
    found = [("global", "")]
    for text in given:
        kind, marked, name = text.partition(":")
        if kind not in TARGETS[1:] or not marked or not name:
            raise invalid(
                "targets",
                "target",
                f"{text[:80]!r} is no target",
                "write namespace:NAME, artifact:NAMESPACE/NAME or user:NAME",
            )
        if kind == "artifact":
            found.append(("namespace", name.partition("/")[0]))
        found.append((kind, name))
    return found


def matches(target: Target, targets: list[tuple[str, str]]) -> bool:
    """Whether a config that is meant for ``target`` applies; its selector may hold ``*``."""
    return target.kind == "global" or any(
        kind == target.kind and fnmatchcase(name, target.selector) for kind, name in targets
    )


def overrides_for(
    overrides: dict[str, Any], environment: str, targets: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    """What of a config's overrides applies: first that of the environment, the most specific target last.

    Keys are names of environments, or ``KIND:PATTERN`` as in ``namespace:org.acme.*``.

    Raises:
        RefusalError: one of them is no object, or for an unknown kind of target.
    """
    found: list[tuple[int, int, dict[str, Any]]] = []
    for key, values in overrides.items():
        field = f"manifest.overrides.{key[:80]}"
        if not isinstance(values, dict):
            raise invalid(field, "object", f"{field} is no object")
        kind, marked, pattern = key.partition(":")
        if not marked:
            if key == environment:
                found.append((-1, 0, values))
        elif kind not in TARGETS[1:]:
            raise invalid(
                field, "target", f"{kind[:40]!r} is no kind of target", f"one of {', '.join(TARGETS[1:])}"
            )
        elif any(each == kind and fnmatchcase(name, pattern) for each, name in targets):
            found.append((TARGETS.index(kind), len(pattern.replace("*", "")), values))
    return [values for _, _, values in sorted(found, key=lambda each: each[:2])]


def value_at(data: Any, path: str) -> Any:
    """What a dotted path leads to; ``None`` when it leads nowhere."""
    for name in path.split("."):
        if isinstance(data, dict):
            data = data.get(name)
        elif isinstance(data, list) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            return None
    return data


def set_path(data: dict[str, Any], path: str, value: Any, field: str) -> None:
    """Set what a dotted path leads to; objects on the way are made where there is nothing.

    Raises:
        RefusalError: something on the way is no object, or the list is shorter.
    """
    here: Any = data
    *above, last = path.split(".")
    for name in above:
        at = _place(here, name, path, field)
        if isinstance(here, dict) and here.get(at) is None:
            here[at] = {}
        here = here[at]
    here[_place(here, last, path, field)] = value


def _place(here: Any, name: str, path: str, field: str) -> Any:
    """``name`` as a key or an index of ``here``."""
    if isinstance(here, list) and name.isdecimal() and int(name) < len(here):
        return int(name)
    if not isinstance(here, dict):
        raise invalid(field, "path", f"{field}: {path} leads through what is no object")
    return name


def converted(text: str, schema: Any, path: str, before: Any, field: str) -> Any:
    """Text of an environment variable as the type that its place has.

    Args:
        text: The text.
        schema: JSON Schema of the whole, or ``None``.
        path: Where the value goes.
        before: What is there now; decides where the schema does not.
        field: What it is, for refusals, which never repeat the text.

    Raises:
        RefusalError: the text is no value of that type.
    """
    kind = _kind(schema, path) or _kind_of(before)
    if kind in (None, "string"):
        return text
    try:
        found = _BOOLEANS.get(text.lower()) if kind == "boolean" else plain(json.loads(text), field)
    except (ValueError, RecursionError):
        found = None
    if (
        found is None
        or not isinstance(found, _TYPES[str(kind)])
        or (isinstance(found, bool) and kind != "boolean")
    ):
        raise invalid(field, "type", f"{field} is no {kind}, which {path} has to be")
    return found


def _kind(schema: Any, path: str) -> str | None:
    for name in path.split("."):
        if not isinstance(schema, dict):
            return None
        properties = schema.get("properties")
        schema = properties.get(name) if isinstance(properties, dict) else None
    kind = schema.get("type") if isinstance(schema, dict) else None
    return kind if kind == "string" or kind in _TYPES else None


def _kind_of(value: Any) -> str | None:
    return next((kind for kind, types in _TYPES.items() if isinstance(value, types)), None)
