"""Read ``plugin.toml`` key by key, and refuse what is left over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast, get_args

from hyperhost.capabilities.grammar import Grammar
from hyperhost.contracts.limits import Limits
from hyperhost.errors import (
    CapabilitySyntaxError,
    DependencyError,
    ManifestError,
    PluginLoadError,
    TomlError,
    VersionError,
)
from hyperhost.host.dependencies import check_constraint
from hyperhost.host.manifest import (
    LANGUAGES,
    MAX_MANIFEST_BYTES,
    PEOPLE_KEYS,
    Ask,
    BuildPlan,
    HookEntry,
    Instances,
    Manifest,
)
from hyperhost.host.tables import Table
from hyperhost.host.tomlread import read_toml

__all__ = ["PLUGIN_ID", "check_id", "read_manifest", "read_plan"]

PLUGIN_ID = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

_HOOK = re.compile(r"[a-z][a-z0-9_]{0,127}")
_NATIVE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_OBJECT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MAX_REASON = 200


def check_id(plugin_id: str) -> str:
    """``plugin_id``, if it may stand in file names, commands and logs.

    Raises:
        PluginLoadError: it is not in kebab-case, or too long.
    """
    if not PLUGIN_ID.fullmatch(plugin_id):
        raise PluginLoadError(
            f"{plugin_id[:80]!r} is no plugin id", hint="write 1 to 64 characters in kebab-case: secret-scan"
        )
    return plugin_id


def read_manifest(data: bytes | str, source: str, grammar: Grammar) -> Manifest:
    """See :meth:`Manifest.parse`."""
    root = _document(data, source)
    plugin = root.table("plugin", required=True)
    root.plugin = plugin.plugin = plugin_id = plugin.text(
        "id", PLUGIN_ID, "a kebab-case id of 1 to 64 characters"
    )
    version = plugin.text("version", None, "a version such as '1.2.3'")
    _check_version(plugin, version)
    component, native = _code(plugin)
    hooks = _hooks(root, plugin)
    people = {key: plugin.text(key, default="") for key in PEOPLE_KEYS}
    plugin.done()

    asks = _asks(root.table("capabilities"), grammar)
    limits = _limits(root.table("limits"))
    config = root.table("config")
    schema, defaults = config.json_table("schema"), config.json_table("defaults")
    config.done()
    runtime = root.table("runtime")
    instances = runtime.choice("instances", get_args(Instances), "per-call")
    stub_denied = runtime.flag("stub_denied", default=False)
    runtime.done()
    provides = root.table("provides")
    services = provides.texts("services", _SERVICE, "a list of services such as ['storage']")
    provides.done()
    dependencies = _dependencies(root.table("dependencies"))
    build = _build(root.table("build"))
    root.done()
    return Manifest(
        id=plugin_id,
        version=version,
        component=component,
        native=native,
        hooks=hooks,
        asks=asks,
        limits=limits,
        config_schema=schema,
        config_defaults=defaults,
        dependencies=dependencies,
        instances=cast("Instances", instances),
        stub_denied=stub_denied,
        services=services,
        build=build,
        name=people["name"],
        description=people["description"],
        publisher=people["publisher"],
        license=people["license"],
        homepage=people["homepage"],
    )


def _build(table: Table) -> BuildPlan | None:
    if not table.values:
        return None
    language = table.choice("language", LANGUAGES, "")
    source = table.text("source", _FILE, "a file of the project, such as 'plugin.py'")
    expected = "a list of classes such as ['acme_inbox.contract:Inbox']"
    specs, interfaces = (table.texts(key, _OBJECT, expected) for key in ("specs", "interfaces"))
    table.done()
    return BuildPlan(language, source, specs, interfaces)


def read_plan(data: bytes | str, source: str = "plugin.toml") -> BuildPlan | None:
    """The table ``[build]`` alone: it says which host program's capabilities the rest is written in.

    Raises:
        ManifestError: as :meth:`Manifest.parse`, about this table.
    """
    return _build(_document(data, source).table("build"))


def _document(data: bytes | str, source: str) -> Table:
    if len(data) > MAX_MANIFEST_BYTES:
        raise ManifestError(
            f"{source} has {len(data)} bytes", hint=f"the most is {MAX_MANIFEST_BYTES // 1024} KiB"
        )
    try:
        document = read_toml(data)
    except TomlError as error:
        raise ManifestError(f"{source} is no TOML: {error.message}", hint="mend the line named") from error
    return Table(document, "", source)


def _check_version(plugin: Table, version: str) -> None:
    from hyperhost.versions import parse

    try:
        parse(version)
    except VersionError as error:
        raise plugin.wrong("version", version, "a SemVer version such as '1.2.3'") from error


def _code(plugin: Table) -> tuple[str | None, str | None]:
    native = plugin.text("native", _NATIVE, "'module:attribute'", default="") or None
    component = (
        plugin.text("component", _FILE, "a file of the package, such as 'plugin.wasm'", default="") or None
    )
    if native and component:
        raise plugin.error("has both plugin.component and plugin.native", "keep the one that holds the code")
    return (None, native) if native else (component or "plugin.wasm", None)


def _hooks(root: Table, plugin: Table) -> tuple[HookEntry, ...]:
    expected = "the name of a hook, such as 'check_text'"
    hooks = [
        HookEntry(name)
        for name in plugin.texts("hooks", _HOOK, "a list of hook names such as ['check_text']")
    ]
    for entry in root.tables("hook"):
        hooks.append(
            HookEntry(
                entry.text("name", _HOOK, expected),
                entry.whole("priority", 0, 1000),
                entry.texts("before", PLUGIN_ID, "a list of plugin ids"),
                entry.texts("after", PLUGIN_ID, "a list of plugin ids"),
            )
        )
        entry.done()
    names = [hook.name for hook in hooks]
    for name in names:
        if names.count(name) > 1:
            raise plugin.error(f"names the hook {name!r} twice", "keep one of plugin.hooks and [[hook]]")
    return tuple(hooks)


def _asks(table: Table, grammar: Grammar) -> tuple[Ask, ...]:
    asks: list[Ask] = []
    for key in ("required", "optional"):
        for entry in table.tables(key):
            text = entry.text("name", None, "a capability such as 'fs.read:/data'")
            try:
                capability = grammar.parse(text)
            except CapabilitySyntaxError as error:
                raise entry.error(f"{entry.at('name')}: {error.message}", error.hint) from error
            reason = entry.text(
                "reason", None, "one line that says why, for the person who grants it"
            ).strip()
            if not reason or len(reason) > _MAX_REASON or not reason.isprintable():
                raise entry.wrong(
                    "reason", reason, f"one line of 1 to {_MAX_REASON} characters that says why"
                )
            entry.done()
            if any(ask.capability == capability for ask in asks):
                raise entry.error(f"asks for {capability.text!r} twice", f"remove {entry.at('name')}")
            asks.append(Ask(capability, reason, key == "optional"))
    table.done()
    return tuple(asks)


def _limits(table: Table) -> Limits:
    values = table.rest()
    known = set(Limits.__dataclass_fields__)
    for key, value in values.items():
        if key not in known:
            raise table.unknown(key, known)
        try:
            Limits.from_dict({key: value})
        except (ValueError, TypeError) as error:
            raise table.error(
                f"{table.at(key)}: {error}", "see the limits in the capability reference"
            ) from error
    return Limits.from_dict(values)


def _dependencies(table: Table) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for other in table.rest():
        if not PLUGIN_ID.fullmatch(other):
            raise table.error(f"{table.at(other)}: {other!r} is no plugin id", "ids are kebab-case")
        constraint = table.text(other, None, "a version constraint such as '^1.0'")
        try:
            check_constraint(constraint)
        except DependencyError as error:
            raise table.error(f"{table.at(other)}: {error.message}", error.hint) from error
        found[other] = constraint
    if table.plugin in found:
        raise table.error("needs itself", f"remove {table.at(table.plugin or '')}")
    return MappingProxyType(found)
