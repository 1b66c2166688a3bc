"""``plugin.toml``: what a plugin is, what it answers, what it needs and why.

A manifest is read strictly. A key that is misspelt, missing or of the wrong type is refused with
its path, what was found and what was expected, because a permission or limit that is silently
ignored is worse than one that is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from hyperhost.capabilities.grammar import Capability, Grammar
from hyperhost.contracts.limits import Limits
from hyperhost.errors import ManifestError

__all__ = ["LANGUAGES", "Ask", "BuildPlan", "HookEntry", "Instances", "Manifest"]

Instances = Literal["per-call", "pooled", "persistent"]

LANGUAGES: Final = ("python", "javascript", "c", "zig", "rust")
"""Languages that ``hyperhost plugin build`` compiles."""

MAX_MANIFEST_BYTES: Final = 256 * 1024
PEOPLE_KEYS: Final = ("name", "description", "publisher", "license", "homepage")
"""Keys of ``[plugin]`` that only people read."""

_NOT_KEBAB = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Ask:
    """One capability that a plugin asks for.

    Attributes:
        capability: What is asked.
        reason: Why, in one line for the person who grants it.
        optional: The plugin works without it.
    """

    capability: Capability
    reason: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class HookEntry:
    """One hook that a plugin answers.

    Attributes:
        name: Name of the hook, as in its hookspec.
        priority: 0 to 1000, lower runs earlier; ``None`` for the host's default.
        before: Ids of plugins that must run later.
        after: Ids of plugins that must run earlier.
    """

    name: str
    priority: int | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """How the component is made from its source; read by ``hyperhost plugin build`` and by nothing else.

    Attributes:
        language: One of :data:`LANGUAGES`.
        source: The file with the code, with the path from the top of the project.
        specs: Hookspecs of other host programs, as ``package.module:Class``.
        interfaces: Host interfaces of other host programs, in the same form.
    """

    language: str
    source: str
    specs: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A plugin's description of itself. Nothing in it is trusted further than it can be checked.

    Attributes:
        id: Kebab-case, 1 to 64 characters.
        version: SemVer 2.0.0.
        name: For people; empty when not given.
        description: One or more sentences for people.
        publisher: Who the plugin says made it. What counts is the key that signed the package.
        license: SPDX expression.
        homepage: Address for people.
        component: File name of the component within the package, ``None`` for a native plugin.
        native: ``module:attribute`` of a native plugin, ``None`` for a component.
        hooks: Hooks that it answers, in the order written.
        asks: Capabilities that it asks for, the required ones first.
        limits: Limits that it asks for; the operator's prevail.
        config_schema: JSON Schema of its configuration; empty when there is none.
        config_defaults: Configuration where the operator gives none.
        dependencies: Constraints by the id of the plugin needed.
        instances: How instances are reused between calls.
        stub_denied: Link imports outside the grant to a refusal instead of refusing to load.
        services: Services that it provides (``storage``, ``search``, …).
        build: How its component is made; ``None`` when it does not say.
        bare: Made up for a lone component, which has no manifest to ask with.
    """

    id: str
    version: str
    name: str = ""
    description: str = ""
    publisher: str = ""
    license: str = ""
    homepage: str = ""
    component: str | None = None
    native: str | None = None
    hooks: tuple[HookEntry, ...] = ()
    asks: tuple[Ask, ...] = ()
    limits: Limits = field(default_factory=Limits)
    config_schema: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    config_defaults: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    dependencies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    instances: Instances = "per-call"
    stub_denied: bool = False
    services: tuple[str, ...] = ()
    build: BuildPlan | None = None
    bare: bool = False

    @property
    def requested(self) -> tuple[Capability, ...]:
        """All capabilities asked for, the required ones first."""
        return tuple(ask.capability for ask in self.asks)

    @property
    def required(self) -> tuple[Capability, ...]:
        """The capabilities without which the plugin does not work."""
        return tuple(ask.capability for ask in self.asks if not ask.optional)

    @property
    def optional(self) -> tuple[Capability, ...]:
        """The capabilities that the plugin works without."""
        return tuple(ask.capability for ask in self.asks if ask.optional)

    @property
    def hook_names(self) -> tuple[str, ...]:
        """Names of the hooks that it answers, in the order written."""
        return tuple(hook.name for hook in self.hooks)

    @classmethod
    def parse(
        cls, data: bytes | str, *, source: str = "plugin.toml", grammar: Grammar | None = None
    ) -> Manifest:
        """The manifest written as TOML.

        Args:
            data: The text; bytes are UTF-8.
            source: What to call it in errors.
            grammar: Grammar of its capabilities; the built-in one when not given.

        Raises:
            ManifestError: over 256 KiB, no TOML, or a key that is unknown, missing or ill-typed. Names
                the key's path, what was found and what was expected.
        """
        from hyperhost.host.manifest_reader import read_manifest

        return read_manifest(data, source, grammar or Grammar())

    @classmethod
    def for_bare_component(
        cls,
        path_or_id: Path | str,
        hooks: Iterable[str] = (),
        requested: Iterable[Capability] = (),
    ) -> Manifest:
        """The manifest of a lone component file.

        Args:
            path_or_id: Its file (the id is made from the name without its ending) or its id.
            hooks: Hooks that it exports.
            requested: Capabilities that its imports amount to.

        Raises:
            ManifestError: no id can be made from the file's name.
        """
        path = Path(path_or_id)
        is_file = isinstance(path_or_id, Path) or path.suffix in (".wasm", ".wat")
        stem = path.stem if is_file else path.name
        plugin_id = _NOT_KEBAB.sub("-", stem.lower()).strip("-")[:64].rstrip("-")
        if not plugin_id or not plugin_id[0].isalpha():
            raise ManifestError(
                f"no plugin id can be made from the name {path.name!r}",
                hint="rename the file so that it begins with a letter, as in 'secret-scan.wasm'",
            )
        return cls(
            id=plugin_id,
            version="0.0.0",
            component=path.name if is_file else f"{plugin_id}.wasm",
            hooks=tuple(HookEntry(name) for name in hooks),
            asks=tuple(Ask(capability, "imported by the component") for capability in requested),
            bare=True,
        )

    def asking(self, asks: Iterable[Ask]) -> Manifest:
        """The same manifest with other capabilities, as learn mode writes it."""
        ordered = sorted(asks, key=lambda ask: (ask.optional, ask.capability.text))
        return dataclasses.replace(self, asks=tuple(ordered), bare=False)

    def to_toml(self) -> str:
        """The manifest as ``plugin.toml``; reading it again gives an equal manifest (``bare`` aside)."""
        from hyperhost.host.manifest_writer import write_manifest

        return write_manifest(self)
