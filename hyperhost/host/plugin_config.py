"""Check a plugin's configuration against the JSON Schema in its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperhost.errors import ConfigError, ManifestError

__all__ = ["check_config"]


def check_config(plugin: str, config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Return if ``config`` fits ``schema``.

    Args:
        plugin: Id of the plugin.
        config: Its configuration, defaults included.
        schema: JSON Schema (draft 2020-12 unless it says otherwise); empty allows anything.

    Raises:
        ConfigError: it does not fit; names the key and what the schema says.
        ManifestError: the schema itself is wrong, or refers to a document outside of itself.
    """
    if not schema:
        return
    import jsonschema_rs

    try:
        # Offline, as a schema is the plugin's: it must not make the host fetch addresses or open files.
        # The linear-time expression engine, as a backtracking one can be made to run for ever.
        validator = jsonschema_rs.validator_for(
            _plain(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except ValueError as caught:
        raise ManifestError(
            f"config.schema in plugin.toml is no usable JSON Schema: {str(caught).splitlines()[0]}",
            plugin=plugin,
        ) from caught
    for problem in validator.iter_errors(_plain(config)):
        where = ".".join(str(part) for part in problem.instance_path)
        raise ConfigError(
            f"its configuration {f'key {where!r} ' if where else ''}does not fit: {problem.message}",
            plugin=plugin,
            hint=f"correct [plugins.{plugin}] in hyperhost.toml",
        )


def _plain(value: Any) -> Any:
    """JSON's own containers and scalars; dates become text, as they do for the plugin."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
