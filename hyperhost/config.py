"""``hyperhost.toml``: what the operator decides about a host and its plugins.

The file is read strictly: a key that nobody reads is an error with the nearest one as its hint,
because a limit that is misspelt would otherwise hold nothing back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from hyperhost.contracts.limits import Limits, parse_duration_ms
from hyperhost.errors import ConfigError, ManifestError, TomlError
from hyperhost.host.canary import CanaryPolicy
from hyperhost.host.keyrules import KeyRules
from hyperhost.host.quarantine import QuarantinePolicy
from hyperhost.host.tables import Table
from hyperhost.host.tomlread import read_toml

__all__ = ["Config", "PluginConfig", "load_config", "read_config"]

MAX_CONFIG_BYTES: Final = 1024 * 1024

_SPEC = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_PLUGIN_ID = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9.@+_-]{0,254}")
_KEY_ID = re.compile(r"ed25519:[0-9a-f]{64}")
_MAX_FAULTS: Final = 1_000_000


def _no_table() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """What the operator says about one plugin.

    Attributes:
        enabled: Load it; ``False`` keeps it installed and unused.
        config: Its configuration, over the defaults of its manifest.
        limits: Limits that differ from those of its manifest, as in ``[limits]``.
    """

    enabled: bool = True
    config: Mapping[str, object] = field(default_factory=_no_table)
    limits: Mapping[str, object] = field(default_factory=_no_table)


@dataclass(frozen=True, slots=True)
class Config:
    """A host's configuration.

    Attributes:
        specs: Classes of hookspecs to add to the kernel's, as ``package.module:Class``.
        providers: Id of the selected plugin by service.
        quarantine: When plugins are put to rest.
        canary: When canaries are rolled back.
        keys: Whose signatures are accepted.
        limits: Limits of components whose manifest asks for none.
        plugins: What differs for single plugins, by id.
        namespace: Namespace of names that say none, on the command line; empty for none.
        source: The file it was read from, ``None`` for the defaults.
    """

    specs: tuple[str, ...] = ()
    providers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    quarantine: QuarantinePolicy = field(default_factory=QuarantinePolicy)
    canary: CanaryPolicy = field(default_factory=CanaryPolicy)
    keys: KeyRules = field(default_factory=KeyRules)
    limits: Limits = field(default_factory=Limits)
    plugins: Mapping[str, PluginConfig] = field(default_factory=lambda: MappingProxyType({}))
    namespace: str = ""
    source: Path | None = None

    def plugin(self, plugin_id: str) -> PluginConfig:
        """What holds for one plugin; the defaults when the file does not mention it."""
        return self.plugins.get(plugin_id) or PluginConfig()

    def limits_for(self, plugin_id: str, asked: Limits) -> Limits:
        """Limits of one plugin: the defaults here, what it asks for, and the operator's word over both."""
        return Limits.from_dict({**self.limits.to_dict(), **asked.to_dict(), **self.plugin(plugin_id).limits})


def load_config(path: Path | str) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, is over 1 MiB, is no TOML, or has a key that is unknown or
            ill-typed. Names the key's path, what was found and what was expected.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"configuration {path} cannot be read: {error.strerror or error}",
            hint="check the path and its permissions",
        ) from error
    return read_config(data, path)


def read_config(data: bytes, source: Path) -> Config:
    """The configuration written as TOML; ``source`` is its file, for errors.

    Raises:
        ConfigError: as for :func:`load_config`.
    """
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{source} has {len(data)} bytes", hint=f"the most is {MAX_CONFIG_BYTES}")
    try:
        document = read_toml(data)
    except TomlError as error:
        raise ConfigError(f"{source} is no TOML: {error.message}", hint="mend the line named") from error
    try:
        return _config(Table(document, "", str(source)), source)
    except ManifestError as error:
        # Tables are read by the same strict reader as manifests; here the fault is the operator's file.
        raise ConfigError(error.message, plugin=error.plugin, hint=error.hint) from None


def _config(root: Table, source: Path) -> Config:
    host = root.table("host")
    specs = host.texts("specs", _SPEC, "a list such as ['package.module:Class']")
    host.done()
    cli = root.table("cli")
    namespace = cli.text("namespace", _NAMESPACE, "a namespace such as 'org.acme'", "")
    cli.done()
    config = Config(
        specs=specs,
        providers=_providers(root.table("providers")),
        quarantine=_quarantine(root.table("quarantine")),
        canary=_canary(root.table("canary")),
        keys=_keys(root.table("keys")),
        limits=Limits.from_dict(_limits(root.table("limits"))),
        plugins=_plugins(root.table("plugins")),
        namespace=namespace,
        source=source,
    )
    root.done()
    return config


def _providers(table: Table) -> Mapping[str, str]:
    """Any service may be named: a host program's own specs bring services of their own."""
    expected = "the id of a plugin, such as 'storage-memory'"
    providers = {service: table.text(service, _PLUGIN_ID, expected) for service in table.values}
    return MappingProxyType(providers)


def _quarantine(table: Table) -> QuarantinePolicy:
    default = QuarantinePolicy()
    faults = table.whole("faults", 1, _MAX_FAULTS)
    policy = QuarantinePolicy(
        faults=default.faults if faults is None else faults,
        window=_duration(table, "window", default.window),
        rest=_duration(table, "rest", default.rest),
        max_rest=_duration(table, "max_rest", default.max_rest),
    )
    table.done()
    return policy


def _keys(table: Table) -> KeyRules:
    expected = "a list of key ids such as ['ed25519:…'], each with 64 hexadecimal digits"
    rules = KeyRules(*(table.texts(name, _KEY_ID, expected) for name in ("trusted", "revoked")))
    table.done()
    return rules


def _canary(table: Table) -> CanaryPolicy:
    default = CanaryPolicy()
    faults, calls = (table.whole(key, 1, _MAX_FAULTS) for key in ("faults", "calls"))
    policy = CanaryPolicy(
        faults=default.faults if faults is None else faults,
        window=_duration(table, "window", default.window),
        calls=default.calls if calls is None else calls,
        fault_rate=table.number("fault_rate", 0, 1, default.fault_rate),
        slower=table.number("slower", 1, 1000, default.slower),
        floor=_duration(table, "floor", default.floor),
    )
    table.done()
    return policy


def _duration(table: Table, key: str, default: float | str) -> str:
    text = table.text(key, None, "a duration such as '30s'", str(default))
    try:
        parse_duration_ms(text)
    except ValueError:
        raise table.wrong(key, text, "a duration such as '30s'") from None
    return text


def _limits(table: Table) -> dict[str, object]:
    """The table, checked but not completed, so that it can be laid over other limits."""
    import dataclasses

    known = [item.name for item in dataclasses.fields(Limits)]
    values = table.rest()
    for key, value in values.items():
        if key not in known:
            raise table.unknown(key, known)
        try:
            Limits.from_dict({key: value})
        except ValueError as error:
            raise table.error(f"{table.at(key)}: {error}", "see the limits in the documentation") from None
    return values


def _plugins(table: Table) -> Mapping[str, PluginConfig]:
    plugins = {}
    for plugin_id in table.rest():
        if not _PLUGIN_ID.fullmatch(plugin_id):
            raise table.error(
                f"{table.at(plugin_id)!r} names no plugin", "write it as [plugins.secret-scan], in kebab-case"
            )
        entry = table.table(plugin_id)
        plugins[plugin_id] = PluginConfig(
            enabled=entry.flag("enabled", default=True),
            config=entry.json_table("config"),
            limits=MappingProxyType(_limits(entry.table("limits"))),
        )
        entry.done()
    return MappingProxyType(plugins)
