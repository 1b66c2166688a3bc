"""Where a store is: an address or a path, and what the configuration may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hyperhost.errors import ConfigError

from .database import Database
from .marker import Marker, marker_of

__all__ = ["Settings", "read_settings"]

_KEYS: Final = ("url", "busy_timeout_ms", "pool_size")


@dataclass(frozen=True, slots=True)
class Settings:
    """What to connect to.

    Attributes:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://…``, or a path.
        busy_timeout_ms: How long a writer waits for others before it is refused.
        pool_size: PostgreSQL: connections at most.
    """

    url: str
    busy_timeout_ms: int = 10_000
    pool_size: int = 10

    def __post_init__(self) -> None:
        for name in ("busy_timeout_ms", "pool_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 3_600_000:
                raise ConfigError(f"{name} is {value!r}", hint="give a whole number from 1 to 3600000")
        scheme, separator, rest = self.url.partition("://")
        if not self.url or "\0" in self.url or (separator and scheme not in _SCHEMES):
            raise ConfigError(
                f"{scheme + separator if separator else self.url!r} is no address of a database",
                hint="give sqlite:///PATH, postgresql://USER@HOST/DATABASE, or a path",
            )
        if scheme == "sqlite" and separator and (not rest.startswith("/") or len(rest) < 2):
            raise ConfigError(
                f"{self.url!r} names no file", hint="write sqlite:///relative.db or sqlite:////absolute.db"
            )

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        if self.url.startswith(("postgresql://", "postgres://")):
            return None
        return Path(self.url.removeprefix("sqlite:///"))

    def marker(self, directory: Path) -> Marker | None:
        """What remembers, in a directory of the home, that an SQLite database was made."""
        return None if self.file is None else marker_of(directory, self.file)

    def database(self, prepare: Callable[[Any], object], marker: Marker | None = None) -> Database:
        """The database, not opened; a marker is of use for SQLite alone."""
        path = self.file
        if path is None:
            from .postgres import PostgresDatabase

            return PostgresDatabase(self.url, self.busy_timeout_ms, self.pool_size, prepare)
        from .sqlite import SqliteDatabase

        return SqliteDatabase(path, self.busy_timeout_ms, prepare, marker)


_SCHEMES: Final = ("sqlite", "postgresql", "postgres")


def read_settings(config: Mapping[str, Any], default: str) -> Settings:
    """Settings from ``[plugins.storage-sql.config]``.

    Args:
        config: The table.
        default: The address when it names none.

    Raises:
        ConfigError: a key is unknown or has a wrong value.
    """
    for key in config:
        if key not in _KEYS:
            raise ConfigError(f"config key {key!r} is unknown", hint=f"known are {', '.join(_KEYS)}")
    values = dict(config)
    url = values.pop("url", default)
    if not isinstance(url, str):
        raise ConfigError(f"url is {url!r}", hint="give text")
    return Settings(url, **values)
