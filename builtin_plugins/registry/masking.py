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
        shown[key] = mask_paths(shown.get(key), paths)
    overrides = shown.get("overrides")
    if isinstance(overrides, dict):
        shown["overrides"] = {key: mask_paths(each, paths) for key, each in overrides.items()}
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
