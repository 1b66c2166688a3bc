"""What ``[plugins.identity-local.config]`` may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from hyperhost.errors import ConfigError

__all__ = ["Settings", "read_settings"]

_RANGES: Final = {
    # The least that OWASP's password storage cheat sheet recommends for Argon2id: 19 MiB, 2 passes.
    "argon2_memory_kib": (19_456, 4 << 20),
    "argon2_passes": (2, 100),
    "argon2_lanes": (1, 64),
    "password_min_length": (8, 128),
    "failures_per_user": (1, 100),
    "failures_per_address": (1, 10_000),
    "lock_s": (1, 86_400),
    "lock_max_s": (1, 7 * 86_400),
    "session_s": (60, 90 * 86_400),
    "session_idle_s": (60, 90 * 86_400),
    "api_key_days": (1, 3_660),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How passwords are kept, and how long what stands for somebody holds.

    Attributes:
        argon2_memory_kib: Memory of one hash; this and the next two are RFC 9106's second choice.
        argon2_passes: Passes over it.
        argon2_lanes: Lanes of it.
        password_min_length: Characters of a new password at least.
        failures_per_user: Failures in a row after which a name is locked.
        failures_per_address: The same of an address, over all names.
        lock_s: How long the first lock lasts; each further failure doubles it.
        lock_max_s: How long a lock lasts at most; after this time without failures they are forgotten.
        session_s: How long a session lasts.
        session_idle_s: How long it lasts without being used.
        api_key_days: How long an API key may last at most, and does when nothing is said.
    """

    argon2_memory_kib: int = 65_536
    argon2_passes: int = 3
    argon2_lanes: int = 4
    password_min_length: int = 10
    failures_per_user: int = 5
    failures_per_address: int = 50
    lock_s: int = 60
    lock_max_s: int = 3_600
    session_s: int = 12 * 3_600
    session_idle_s: int = 2 * 3_600
    api_key_days: int = 365


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Settings from the plugin's configuration.

    Raises:
        ConfigError: a key is unknown or has a wrong value.
    """
    known = [field.name for field in fields(Settings)]
    for key, value in config.items():
        if key not in known:
            raise ConfigError(f"config key {key!r} is unknown", hint=f"known are {', '.join(known)}")
        least, most = _RANGES[key]
        if type(value) is not int or not least <= value <= most:
            raise ConfigError(f"{key} is {value!r}", hint=f"give a whole number from {least} to {most}")
    return Settings(**config)
