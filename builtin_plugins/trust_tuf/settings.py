"""The configuration of ``trust-tuf``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import Visibility
from hyperhost.errors import ConfigError

__all__ = ["Settings", "read_settings"]

_DAYS: Final = ("root", "targets", "snapshot", "timestamp")
_KNOWN: Final = ("key_file", "visibility", "settle_ms", *(f"{role}_days" for role in _DAYS))


@dataclass(frozen=True, slots=True)
class Settings:
    """How the repository is kept.

    Attributes:
        key_file: Unlocks the private keys; ``None`` is the default place in the home.
        visible: Artifacts of this visibility become targets.
        settle_ms: How long after a change the repository waits for more of them.
        lifetimes: How long each role may be used, where it is not the default.
    """

    key_file: Path | None = None
    visible: frozenset[Visibility] = frozenset({Visibility.PUBLIC})
    settle_ms: int = 100
    lifetimes: dict[str, timedelta] = field(default_factory=dict)


def read_settings(config: Mapping[str, Any]) -> Settings:
    """What ``[plugins.trust-tuf.config]`` says.

    Raises:
        ConfigError: a key is not known, or its value is none.
    """
    for key in config:
        if key not in _KNOWN:
            raise _wrong(key, "is not known", f"known are {', '.join(_KNOWN)}")
    lifetimes = {
        role: timedelta(days=_number(config, f"{role}_days", 1, 3650))
        for role in _DAYS
        if f"{role}_days" in config
    }
    names = config.get("visibility", ["public"])
    try:
        visible = frozenset(Visibility(each) for each in names)
    except (TypeError, ValueError):
        raise _wrong("visibility", "is no list of public, internal, private", 'as in ["public"]') from None
    key_file = config.get("key_file")
    if key_file is not None and (not isinstance(key_file, str) or not Path(key_file).is_absolute()):
        raise _wrong("key_file", "is no absolute path", "name a file that only you can read")
    settle = _number(config, "settle_ms", 0, 60_000) if "settle_ms" in config else 100
    return Settings(Path(key_file) if key_file else None, visible, settle, lifetimes)


def _number(config: Mapping[str, Any], key: str, least: int, most: int) -> int:
    found = config[key]
    if type(found) is not int or not least <= found <= most:
        raise _wrong(key, f"is {found!r}", f"give a whole number from {least} to {most}")
    return found


def _wrong(key: str, problem: str, hint: str) -> ConfigError:
    return ConfigError(f"plugins.trust-tuf.config.{key} {problem}", plugin="trust-tuf", hint=hint)
