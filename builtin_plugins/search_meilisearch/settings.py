"""What ``[plugins.search-meilisearch.config]`` may say."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlsplit

from hyperhost.errors import ConfigError

__all__ = ["Settings", "read_settings"]

# No two underscores one after another: these stand between a prefix and what follows it.
_PREFIX: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_LONGEST_PREFIX: Final = 100
_RANGES: Final = {"timeout_s": (1, 600), "task_timeout_s": (1, 3600)}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server is, and how long it is waited for.

    Attributes:
        url: Address of the server, such as ``https://search.example.org``; it may have a path.
        prefix: What the names of its indexes begin with. Two registries on one server need two.
        key_secret: Name of the secret that holds the API key, in the service ``secrets``; empty for the
            variable ``HYPERHOST_MEILISEARCH_KEY``.
        allow_http: Permits an address without TLS that is not on this machine.
        timeout_s: Seconds that one request may take.
        task_timeout_s: Seconds that the server may take to carry out what it was told to write.
    """

    url: str = ""
    prefix: str = "hyperhost"
    key_secret: str = ""
    allow_http: bool = False
    timeout_s: int = 10
    task_timeout_s: int = 60


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Settings from the plugin's configuration.

    Raises:
        ConfigError: a key is unknown or has a wrong value.
    """
    kinds = {field.name: type(field.default) for field in fields(Settings)}
    words = {int: "a whole number", str: "text", bool: "true or false"}
    for key, value in config.items():
        if key not in kinds:
            raise ConfigError(f"config key {key!r} is unknown", hint=f"known are {', '.join(kinds)}")
        if type(value) is not kinds[key]:
            raise ConfigError(f"{key} is of the wrong kind", hint=f"give {words[kinds[key]]}")
    settings = Settings(**config)
    for key, (least, most) in _RANGES.items():
        if not least <= getattr(settings, key) <= most:
            raise ConfigError(f"{key} is {getattr(settings, key)}", hint=f"give {least} to {most}")
    if len(settings.prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(settings.prefix):
        raise ConfigError(
            f"prefix is {settings.prefix[:60]!r}", hint="give letters and digits, joined by single - or _"
        )
    if settings.url:
        _check_url(settings)
    return settings


def _check_url(settings: Settings) -> None:
    """The address itself is not repeated in errors: somebody may have written a password into it."""
    try:
        parts = urlsplit(settings.url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not settings.url.isascii():
        raise ConfigError("url is no address", hint="write it as https://search.example.org")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(
            "url holds a user, a password, a query or a fragment",
            hint="leave these out; the key is named by key_secret",
        )
    if parts.scheme == "http" and not settings.allow_http and not _is_here(host):
        raise ConfigError(
            f"the address of {host} has no TLS, and the key goes to it",
            hint="use https://, or set allow_http = true",
        )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
