"""The configuration: how much each part of a score counts, and what is learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.errors import ConfigError

__all__ = ["PARTS", "Settings", "settings_of"]

PARTS: Final = {
    "collaborative": 0.35,
    "content": 0.25,
    "knowledge": 0.2,
    "context": 0.1,
    "popularity": 0.06,
    "quality": 0.04,
}
_KEYS: Final = ("weights", "learn", "least_people", "recent_days")


@dataclass(frozen=True, slots=True)
class Settings:
    """What was configured.

    Attributes:
        weights: Of each part, together 1.
        learn: Whether what people use is learned from.
        least_people: People who must have used two things before anybody hears that they go together.
        recent_days: What "lately" means.
    """

    weights: dict[str, float]
    learn: bool = True
    least_people: int = 3
    recent_days: int = 7


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings.

    Raises:
        ConfigError: they are not what they have to be, or there is no such key.
    """
    if unknown := sorted(set(config) - set(_KEYS)):
        raise _wrong(f"{', '.join(map(str, unknown))[:200]} means nothing here", f"write {', '.join(_KEYS)}")
    learn = config.get("learn", True)
    if not isinstance(learn, bool):
        raise _wrong("learn is true or false", "learn = false forgets what was learned of people")
    return Settings(
        _weights(config.get("weights", {})),
        learn,
        _count(config, "least_people", 3),
        _count(config, "recent_days", 7),
    )


def _weights(given: object) -> dict[str, float]:
    shown = ", ".join(f"{name} = {value}" for name, value in PARTS.items())
    if not isinstance(given, Mapping) or set(given) - set(PARTS):
        wrong = sorted(map(str, set(given) - set(PARTS))) if isinstance(given, Mapping) else ["weights"]
        raise _wrong(f"{', '.join(wrong)[:200]} is no part of a score", f"weights = {{ {shown} }}")
    found = PARTS | dict(given)
    if not all(_is_weight(each) for each in found.values()) or not sum(found.values()):
        raise _wrong(
            "weights are numbers from 0 on, and one of them is more than 0",
            "leave out those that are to stay as they are",
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


def _count(config: Mapping[str, Any], name: str, default: int) -> int:
    value = config.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000:
        raise _wrong(f"{name} is {value!r}"[:200], f"{name} is a whole number, 1 to 10,000")
    return value


def _wrong(what: str, hint: str) -> ConfigError:
    return ConfigError(f"plugins.recommend.config: {what}", hint=hint)
