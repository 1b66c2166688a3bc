"""``hyperhost:host/config``: the plugin's own configuration, read only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction

__all__ = ["ConfigInterface"]

_MISSING = object()


class ConfigInterface(HostInterface):
    """Gives values as JSON text, since configuration has no type of its own in WIT."""

    name: ClassVar[str] = f"hyperhost:host/config@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "config"

    @hostfunction(requires="config")
    def get(self, call: Call, key: str) -> str | None:
        """The value of a top-level key, or of a dotted path through tables, as JSON; ``None`` if not set.

        A top-level key that itself contains dots is found before the path of that spelling.
        """
        value = _find(call.config, key)
        return None if value is _MISSING else _json(value)

    @hostfunction(requires="config")
    def all(self, call: Call) -> str:
        """The whole configuration as one JSON object."""
        return _json(call.config)


def _find(config: Mapping[str, object], key: str) -> object:
    if key in config:
        return config[key]
    value: object = config
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _json(value: object) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)  # dates and times of TOML
