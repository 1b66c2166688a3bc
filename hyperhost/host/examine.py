"""Find out what a package is before anything of it is trusted: nothing of a component is run."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hyperhost.contracts.limits import Limits
from hyperhost.errors import ImportDeniedError
from hyperhost.host.manifest import Ask, HookEntry

if TYPE_CHECKING:
    from hyperhost.capabilities.kinds import Kind
    from hyperhost.host.host import Host
    from hyperhost.host.package import Package

__all__ = ["Examined", "alone", "examine", "renamed", "trial"]


@dataclass(frozen=True, slots=True)
class Examined:
    """A package that could be loaded, were it granted what it imports.

    Attributes:
        package: The package; that of a lone component has a manifest with its hooks now.
        hooks: Hooks that it answers, sorted.
        asks: What it asks for: by its manifest, or by its imports when it has none.
        unspecified: Kinds that a lone component imports, of which only a person can say how much.
        limits: Limits of its calls.
    """

    package: Package
    hooks: tuple[str, ...]
    asks: tuple[Ask, ...]
    unspecified: tuple[Kind, ...]
    limits: Limits


def examine(host: Host, package: Package, limits: Limits, *, stub_denied: bool = False) -> Examined:
    """Compile a component and check its exports and imports against the host.

    Args:
        host: A host without plugins, with the hookspecs and interfaces that count.
        package: What to look at.
        limits: Limits of its calls.
        stub_denied: Imports that are not granted may be refused when they are called.

    Raises:
        PluginLoadError: it cannot be loaded, whatever it is granted.
    """
    manifest = package.manifest
    if manifest.native is not None:
        # Its module is not imported before somebody has agreed to run it.
        return Examined(package, tuple(sorted(manifest.hook_names)), manifest.asks, (), limits)
    stub_denied = stub_denied or manifest.stub_denied
    plugin = host.load(alone(package), learn=True, limits=limits, stub_denied=stub_denied)
    hooks = plugin.hooks
    plugin.unload()
    if not manifest.bare:
        return Examined(package, hooks, manifest.asks, (), limits)
    kinds = [] if stub_denied else needed_kinds(host, package, limits)
    asks, unspecified = _asks(host, kinds)
    described = dataclasses.replace(manifest, hooks=tuple(HookEntry(name) for name in hooks))
    return Examined(package.with_manifest(described), hooks, asks, unspecified, limits)


def needed_kinds(host: Host, package: Package, limits: Limits) -> list[tuple[str, ...]]:
    """Kinds without which a component cannot be linked; where several would do, all of them together."""
    from hyperhost.sandbox.linker import required_capabilities

    fuel = limits.fuel is not None
    component = host.sandbox.compile(package.component or b"", fuel=fuel, source=package.source.name)
    try:
        names = required_capabilities(component, host.sandbox.engine(fuel=fuel), host.sandbox.interfaces)
    finally:
        component.close()
    return [tuple(name.split(" or ")) for name in names if not name.startswith("?")]


def trial(
    host: Host, package: Package, granted: Iterable[str], limits: Limits, *, stub_denied: bool = False
) -> None:
    """Load a package as it will be loaded later, and let go of it again.

    Raises:
        ImportDeniedError: an import is outside of what was granted; the hint is for an install.
        PluginLoadError: it cannot be loaded for another reason.
    """
    try:
        plugin = host.load(alone(package), grants=granted, limits=limits, stub_denied=stub_denied or None)
    except ImportDeniedError as error:
        wanted = shlex.quote(error.capability)
        error.hint = f"grant it, too: --grant {wanted}; or add --stub-denied to refuse it when it is called"
        raise
    plugin.unload()


def alone(package: Package) -> Package:
    """A package without its dependencies, to load it by itself."""
    return package.with_manifest(dataclasses.replace(package.manifest, dependencies={}))


def renamed(package: Package, plugin_id: str) -> Package:
    """A lone component under another id; its file name is only where the first one came from."""
    manifest = dataclasses.replace(package.manifest, id=plugin_id, component=f"{plugin_id}.wasm")
    return package.with_manifest(manifest)


def _asks(host: Host, needed: Iterable[tuple[str, ...]]) -> tuple[tuple[Ask, ...], tuple[Kind, ...]]:
    """What a lone component asks for, as far as its imports say; the narrowest kind that will do."""
    known = {kind.name: kind for kind in host.grammar.kinds}
    asks: dict[str, Ask] = {}
    unspecified: dict[str, Kind] = {}
    for alternatives in needed:
        plain = next((name for name in alternatives if known[name].parse is None), None)
        if plain is not None:
            asks[plain] = Ask(host.grammar.parse(plain), "it imports this")
        elif not any(name in unspecified for name in alternatives):
            unspecified[alternatives[0]] = known[alternatives[0]]
    return tuple(asks.values()), tuple(unspecified.values())
