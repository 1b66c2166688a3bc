"""What ``[plugins.content-tiers.config]`` may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from hyperhost.errors import ConfigError

__all__ = ["Settings", "read_settings"]

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_RANGES: Final = {
    "inline_below": (0, 1 << 20),
    "files_below": (0, 1 << 50),
    "max_bytes": (1, 5 << 40),
    "timeout_s": (1, 3600),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of the tiers, and where objects are.

    Attributes:
        inline_below: Contents of fewer bytes lie in the database.
        files_below: Contents of fewer bytes lie in files, larger ones in the bucket; without a bucket
            all of them lie in files.
        max_bytes: The largest content; 5 TiB is what S3 takes.
        bucket: Name of the bucket; empty for none.
        prefix: What the keys begin with, for a bucket shared with others.
        endpoint: Address of a server that speaks S3; empty for AWS.
        region: Region of the bucket.
        allow_http: Permits an endpoint without TLS.
        timeout_s: Seconds that one request may take, and all attempts at it together.
    """

    inline_below: int = 10 << 10
    files_below: int = 10 << 20
    max_bytes: int = 5 << 40
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    allow_http: bool = False
    timeout_s: int = 30


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
            raise ConfigError(f"{key} is {value!r}", hint=f"give {words[kinds[key]]}")
    settings = Settings(**config)
    for key, (least, most) in _RANGES.items():
        if not least <= getattr(settings, key) <= most:
            raise ConfigError(f"{key} is {getattr(settings, key)}", hint=f"give {least} to {most}")
    if settings.files_below < settings.inline_below:
        raise ConfigError(
            f"files_below is {settings.files_below}, less than inline_below ({settings.inline_below})",
            hint="files take what is larger than inline",
        )
    _check_bucket(settings)
    return settings


def _check_bucket(settings: Settings) -> None:
    if not settings.bucket:
        for key in ("prefix", "endpoint"):
            if getattr(settings, key):
                raise ConfigError(f"{key} is given without a bucket", hint="give bucket, too")
        return
    if not _BUCKET.fullmatch(settings.bucket):
        raise ConfigError(f"bucket is {settings.bucket!r}", hint="give 3 to 63 of a-z, 0-9, dots and hyphens")
    prefix = settings.prefix
    if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise ConfigError(f"prefix is {prefix!r}", hint="give words joined by single slashes")
    if settings.endpoint:
        if not settings.endpoint.startswith(("https://", "http://")):
            raise ConfigError(f"endpoint is {settings.endpoint!r}", hint="begin it with https://")
        if settings.endpoint.startswith("http://") and not settings.allow_http:
            raise ConfigError(
                f"endpoint {settings.endpoint!r} has no TLS", hint="use https://, or set allow_http = true"
            )
    from importlib.util import find_spec

    if find_spec("obstore") is None:
        raise ConfigError("a bucket needs the library obstore", hint="pip install 'hyperhost[s3]'")
