"""The configuration: how much each part of a similarity counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from hyperhost.errors import ConfigError

__all__ = ["PARTS", "weights_of"]

PARTS: Final = {"content": 0.4, "metadata": 0.2, "usage": 0.2, "dependencies": 0.2}


def weights_of(config: Mapping[str, Any]) -> dict[str, float]:
    """Weight of each part, together 1.

    Raises:
        ConfigError: they are not numbers of which one is more than 0, or there is no such part.
    """
    unknown = set(config) - {"weights"}
    given = config.get("weights", {})
    if unknown or not isinstance(given, Mapping) or set(given) - set(PARTS):
        wrong = sorted(unknown) or sorted(
            set(given) - set(PARTS) if isinstance(given, Mapping) else ["weights"]
        )
        raise ConfigError(
            f"plugins.graph.config: {', '.join(map(str, wrong))[:200]} means nothing here",
            hint=f"weights = {{ {', '.join(f'{name} = {value}' for name, value in PARTS.items())} }}",
        )
    found = PARTS | dict(given)
    if not all(_is_weight(each) for each in found.values()) or not sum(found.values()):
        raise ConfigError(
            "plugins.graph.config: weights are numbers from 0 on, and one of them is more than 0",
            hint="leave out those that are to stay as they are",
        )
    total = sum(found.values())
    return {name: value / total for name, value in found.items()}


def _is_weight(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value <= 1e6
    )
