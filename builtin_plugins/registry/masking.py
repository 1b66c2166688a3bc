"""Sensitive fields of manifests are masked wherever they would be shown."""

from __future__ import annotations

import copy
from typing import Any, Final

from hyperhost.contracts import ArtifactType

__all__ = ["MASK", "mask_paths", "masked_manifest"]

MASK: Final = "********"


def masked_manifest(kind: ArtifactType, data: Any) -> Any:
    """A manifest as it may be shown: of a config, what is sensitive or a secret is masked."""
    if kind is not ArtifactType.CONFIG or not isinstance(data, dict):
        return data
    secrets = [str(each.get("path", "")) for each in data.get("secrets") or () if isinstance(each, dict)]
    paths = [*map(str, data.get("sensitive") or ()), *secrets]
    shown = dict(data)
    for key in ("values", "defaults"):
        # A text in the format of the config has no paths, and what is sealed tells its length at most.
        whole = (isinstance(shown.get(key), str) and paths) or (data.get("encrypted") and shown.get(key))
        shown[key] = MASK if whole else mask_paths(shown.get(key), paths)
    overrides = shown.get("overrides")
    if isinstance(overrides, dict):
        shown["overrides"] = {key: mask_paths(each, paths) for key, each in overrides.items()}
    if shown.get("schema") is not None:
        shown["schema"] = _masked_schema(shown["schema"], paths)
    return shown


def mask_paths(data: Any, paths: list[str]) -> Any:
    """A copy of ``data`` in which what the dotted paths lead to is masked; ``*`` is any key or index."""
    if data is None or not paths:
        return data
    masked = copy.deepcopy(data)
    for path in paths:
        _mask(masked, [part for part in path.split(".") if part])
    return masked


def _mask(data: Any, parts: list[str]) -> None:
    if not parts:
        return
    first, rest = parts[0], parts[1:]
    if isinstance(data, dict):
        keys: list[Any] = list(data) if first == "*" else [first] if first in data else []
    elif isinstance(data, list):
        keys = list(range(len(data))) if first == "*" else []
        if first.isdecimal() and int(first) < len(data):
            keys = [int(first)]
    else:
        return
    for key in keys:
        if rest:
            _mask(data[key], rest)
        else:
            data[key] = MASK


def _masked_schema(schema: Any, paths: list[str]) -> Any:
    """A JSON Schema without the values that it gives away of sensitive fields, such as defaults."""
    masked = copy.deepcopy(schema)
    for path in paths:
        _mask_schema(masked, [part for part in path.split(".") if part])
    return masked


def _mask_schema(schema: Any, parts: list[str]) -> None:
    if not isinstance(schema, dict):
        return
    for key in ("default", "examples", "const", "enum"):
        if key in schema and not parts:
            schema[key] = MASK
        elif key in ("default", "const"):
            _mask(schema.get(key), parts)
    if not parts:
        return
    for key in ("allOf", "anyOf", "oneOf"):
        for each in schema[key] if isinstance(schema.get(key), list) else ():
            _mask_schema(each, parts)
    first, rest = parts[0], parts[1:]
    for key in ("properties", "patternProperties"):
        known = schema.get(key)
        if isinstance(known, dict):
            for name in known if first == "*" or key == "patternProperties" else [first]:
                _mask_schema(known.get(name), rest)
    for key in ("items", "additionalProperties"):
        _mask_schema(schema.get(key), rest)
