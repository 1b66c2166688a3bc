"""The host: one object that holds plugins of both kinds and calls them through one door."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost import hookspecs
from hyperhost.contracts.limits import Limits
from hyperhost.errors import (
    DependencyError,
    DuplicatePluginError,
    HyperHostError,
    PluginNotFoundError,
    PluginStateError,
    SpecError,
)
from hyperhost.host.canaries import Canaries
from hyperhost.host.canary import CanaryPolicy
from hyperhost.host.context import Natives, marked_hooks
from hyperhost.host.discovery import Discovered, discover
from hyperhost.host.environment import Environment
from hyperhost.host.faults import Fault, FaultLog
from hyperhost.host.keyrules import KeyRules
from hyperhost.host.plugin import Plugin
from hyperhost.host.quarantine import Quarantine, QuarantinePolicy
from hyperhost.host.roster import Roster
from hyperhost.host.specs import HookInfo, read_specs
from hyperhost.host.state import State, open_state
from hyperhost.sandbox.types import kebab

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.capabilities.grammar import Grammar
    from hyperhost.config import Config
    from hyperhost.host.package import Package
    from hyperhost.sandbox.engine import Sandbox
    from hyperhost.sandbox.interface import HostInterface
    from hyperhost.sandbox.runtime import InstanceMode
    from hyperhost.sandbox.services import Services

__all__ = ["Host"]


class Host:
    """Holds plugins, and calls them through :attr:`hook`.

    Use it as a context manager, or call :meth:`close`.

    Args:
        name: Name of the host program; also the package of its WIT contract.
        specs: Classes or modules with ``@hookspec`` methods; the kernel's own when not given.
        home: Directory for what outlives the process (stores, logs, compile cache); ``None`` keeps
            everything in memory.
        config: Settings; those of ``home`` are not read by themselves.
        interfaces: Host interfaces that components may import besides the built-in ones.
        services: What host functions work with; made to fit ``home`` when not given.
        quarantine: When and how long faulty plugins rest.
        canary: When a canary is rolled back by itself.
        recordings: Directory for recordings of faults; in ``home``, or in memory, when not given.
        clock: What native plugins judge expiry by, microseconds since 1970; the machine's when not given.

    Attributes:
        name: As above.
        home: As above.
        hook: The hooks, called with keyword arguments: ``host.hook.check_text(path=…, text=…)``.
        plugins: Every plugin by id, whatever its state.

    Raises:
        UnsupportedTypeError: a hookspec uses a type that does not cross into WIT.
        HomeError: the home directory cannot be used.
    """

    def __init__(
        self,
        name: str = "hyperhost",
        *,
        specs: Iterable[Any] | None = None,
        home: Path | str | None = None,
        config: Config | None = None,
        interfaces: Iterable[HostInterface] = (),
        services: Services | None = None,
        quarantine: QuarantinePolicy | None = None,
        canary: CanaryPolicy | None = None,
        recordings: Path | str | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.name = name
        self.home = Path(home) if home is not None else None
        self.state: State = open_state(Environment.made(self.home) / "state.db" if self.home else None)
        self._keys = config.keys if config is not None else KeyRules()
        self._policy = quarantine or (config.quarantine if config is not None else QuarantinePolicy())
        self._hooks: dict[str, HookInfo] = {}
        directory = Path(recordings) if recordings is not None else self.home and self.home / "recordings"
        self._faults = FaultLog(persist=self._persist_fault, recordings=directory)
        providers = config.providers if config is not None else None
        self._roster = Roster(self._hooks, self._faults, self.state, providers)
        self.plugins = self._roster.plugins
        self.hook: HookRelay = self._roster.manager.hook
        natives = (self.hook, self.home, config, self.state, self.load, self._faults.record, clock)
        self._roster.natives = Natives(*natives)
        fault = partial(self._faults.record, "", "")
        self._environment = Environment(self.home, self.state, interfaces, services, fault, self.hook)
        policy = canary or (config.canary if config is not None else CanaryPolicy())
        self._canaries = Canaries(self, self._roster, self._hooks, self._environment, self._faults, policy)
        self._closed = False
        try:
            for spec in hookspecs.KERNEL_SPECS if specs is None else specs:
                self._add_specs(spec)
            self._roster.add_native_specs()
        except BaseException:
            self.state.close()
            raise

    # --- hooks ----------------------------------------------------------------------------------

    def add_specs(self, spec_class: Any) -> None:
        """Add a class or module with ``@hookspec`` methods.

        Raises:
            UnsupportedTypeError: a type does not cross into WIT; names the parameter and the nearest type.
            SpecError: it declares no hook, or one that exists.
        """
        with self._roster.lock:
            self._add_specs(spec_class)
            self._roster.selection.apply()

    def _add_specs(self, spec_class: Any) -> None:
        found = read_specs(spec_class)
        for name, info in found.items():
            known = self._hooks.get(name)
            if known is not None:
                raise SpecError(
                    f"hook {name!r} is declared by {known.spec_class!r} and again by {spec_class!r}",
                    hint="prefix hook names with their domain, as in storage_get_artifact",
                )
            if any(other.wit_name == info.wit_name for other in self._hooks.values()):
                raise SpecError(f"hook {name!r} has the same name in WIT as another", hook=name)
        with self._roster.lock:
            self._roster.manager.add_hookspecs(spec_class)
            self._hooks.update(found)
            for name, info in found.items():
                if info.service is not None:
                    self._roster.selection.add_hook(info.service, name)

    def hooks(self) -> dict[str, HookInfo]:
        """Every declared hook by name."""
        return dict(self._hooks)

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Names of the hooks a plugin implements."""
        if plugin.runtime is not None:
            return list(plugin.runtime.exports)
        return marked_hooks(plugin.object)

    def check_pending(self) -> None:
        """Check that every implementation has a spec (as pluggy does) and every service one provider.

        Raises:
            pluggy.PluginValidationError: a plugin implements a hook that nobody declared.
            ProviderConflictError: several plugins could provide one service and none is selected.
        """
        self._roster.manager.check_pending()
        for service in self._roster.selection.services:
            if self._roster.selection.candidates(service):
                self._roster.selection.provider(service)

    def wit(self, package: str | None = None, version: str = "1.0.0") -> str:
        """The host's hooks as a WIT package; named after the host when no name is given."""
        from hyperhost.sandbox.wit import package as print_package

        functions = {info.wit_name: info.function for info in self._hooks.values()}
        return print_package(package or f"{kebab(self.name) or 'host'}:plugins", functions, version=version)

    # --- plugins --------------------------------------------------------------------------------

    def register(self, plugin: object, id: str | None = None) -> Plugin:  # noqa: A002 - the field's own word
        """Register a native plugin: any object or module with ``@hookimpl`` functions.

        Args:
            plugin: The object. It is trusted: it runs in this process, unrestricted.
            id: Its id; when not given, its ``plugin_id``, its ``__name__`` or its class name in kebab-case.

        Raises:
            DuplicatePluginError: the id or the object is registered already.
            PluginLoadError: an implementation does not fit its spec; nothing of it is registered.
            OrderCycleError: its before/after options contradict those of others.
        """
        with self._roster.lock:
            self._check_open()
            plugin_id = id or self._native_id(plugin)
            self._roster.check_free(plugin_id, "the program")
            if self._roster.manager.is_registered(plugin):
                raise DuplicatePluginError(
                    f"is registered already, as {self._roster.manager.get_name(plugin)!r}", plugin=plugin_id
                )
            version = str(getattr(plugin, "__version__", getattr(plugin, "version", "0.0.0")))
            handle = Plugin(plugin_id, version, "native", self, plugin)
            handle.quarantine = Quarantine(plugin_id, self._policy)
            self._roster.admit(handle)
            return handle

    def load(
        self,
        source: str | Path | Package,
        *,
        grants: Iterable[str] = (),
        limits: Limits | None = None,
        instances: InstanceMode | None = None,
        stub_denied: bool | None = None,
        config: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - the field's own word
        learn: bool = False,
    ) -> Plugin:
        """Load a component, or a packed plugin of either kind.

        Args:
            source: A ``.wasm`` file, a directory with ``plugin.toml``, a packed plugin, or an opened package.
            grants: Capabilities to grant. A lone component holds exactly these; a plugin with a manifest
                holds those of them that it asks for.
            limits: What a call may use; the manifest's, or the defaults, when not given.
            instances: ``per-call`` (default: nothing survives a call), ``pooled`` or ``persistent``.
            stub_denied: Link imports outside the grant to a function that refuses when it is called.
            config: The plugin's configuration; laid over its defaults.
            id: Another id than the package's own.
            learn: Grant nothing and record what it reaches for, in :attr:`Plugin.reached`.

        Raises:
            DuplicatePluginError: the id is taken.
            ManifestError: ``plugin.toml`` is wrong.
            ComponentFormatError: the file is no usable component.
            SignatureMismatchError: an export or import does not have the type of the contract.
            ImportDeniedError: an import is outside the grant; the hint is the granting command.
            DependencyError: a plugin it needs is not here.
            SignatureError: the configuration revokes its key, or does not trust it.
            PluginLoadError: anything else; in every case nothing of it is registered.
        """
        from hyperhost.host.loader import LoadOptions, fill
        from hyperhost.host.manifest_reader import check_id
        from hyperhost.host.package import open_package

        package = source if not isinstance(source, str | Path) else open_package(source, grammar=self.grammar)
        if id is not None:
            package = package.with_manifest(dataclasses.replace(package.manifest, id=check_id(id)))
        self._check_open()
        self._roster.check_free(package.id, str(package.source))
        self._check_dependencies(package)
        self._keys.check(package.id, package.publisher)
        if package.manifest.native is not None:
            return self._load_native(package)
        plugin = Plugin(package.id, package.version, "component", self, None, package.source)
        plugin.options = LoadOptions(limits, instances, stub_denied, dict(config or {}), learn)
        plugin.quarantine = Quarantine(package.id, self._policy)
        # Compiling may take seconds, so it happens before the lock; nothing is visible until _enter.
        fill(plugin, package, tuple(grants), self._hooks, self._environment, self.state)
        try:
            with self._roster.lock:
                self._check_open()
                self._roster.check_free(package.id, str(package.source))
                self._check_dependencies(package)
                self._roster.enter(plugin)
        except BaseException:
            assert plugin.runtime is not None
            plugin.runtime.close()
            raise
        return plugin

    def plugin(self, id: str) -> Plugin:  # noqa: A002 - the field's own word
        """The plugin of that id.

        Raises:
            PluginNotFoundError: there is none; the hint names the nearest.
        """
        found = self.plugins.get(id)
        if found is None:
            nearest = difflib.get_close_matches(id, self.plugins, 1)
            raise PluginNotFoundError(
                "is not installed",
                plugin=id,
                hint=f"did you mean {nearest[0]!r}?"
                if nearest
                else f"plugins: {', '.join(self.plugins) or 'none'}",
            )
        return found

    def discover(self) -> list[Discovered]:
        """Plugins installed with pip, in order of their ids; imports none of them.

        Raises:
            DuplicatePluginError: two distributions declare one id.
        """
        return discover()

    def load_installed(
        self, ids: Iterable[str] | None = None, *, grants: Mapping[str, Iterable[str]] | None = None
    ) -> list[Plugin]:
        """Load plugins installed with pip.

        Args:
            ids: Which ones; all native ones when not given. Components need to be named: they are
                installed by pip, but only a person grants.
            grants: Capabilities for the components among them, by id.

        Raises:
            PluginNotFoundError: an id is not installed.
            HyperHostError: whatever loading one of them ends in; those before it stay loaded.
        """
        available = {item.id: item for item in self.discover()}
        wanted = [item for item in available.values() if item.kind == "native"] if ids is None else []
        for plugin_id in ids or ():
            if plugin_id not in available:
                nearest = difflib.get_close_matches(plugin_id, available, 1)
                raise PluginNotFoundError(
                    "is not installed",
                    plugin=plugin_id,
                    hint=f"did you mean {nearest[0]!r}?" if nearest else "",
                )
            wanted.append(available[plugin_id])
        loaded = []
        for item in wanted:
            if item.kind == "native":
                handle = self.register(item.load(), item.id)
                handle.version = item.version
                loaded.append(handle)
            else:
                given = (grants or {}).get(item.id, ())
                loaded.append(self.load(item.directory(), grants=given, id=item.id))
        return loaded

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The latest faults (at most 1,000), oldest first."""
        return self._faults.all()

    @property
    def providers(self) -> dict[str, str]:
        """The provider of each service that has exactly one answer."""
        found = {}
        for service in self._roster.selection.services:
            try:
                found[service] = self._roster.selection.provider(service)
            except HyperHostError:
                continue
        return found

    def select(self, service: str, plugin_id: str) -> None:
        """Select the provider of a service; the next call obeys.

        Raises:
            SpecError: no hook belongs to that service.
            ProviderMissingError: the plugin provides none of its hooks.
        """
        with self._roster.lock:
            if service not in self._roster.selection.services:
                known = ", ".join(self._roster.selection.services) or "none"
                raise SpecError(f"there is no service {service!r}", hint=f"services: {known}")
            before = self._roster.selection.chosen.get(service)
            self._roster.selection.chosen[service] = plugin_id
            try:
                self._roster.selection.provider(service)
            except HyperHostError:
                if before is None:
                    del self._roster.selection.chosen[service]
                else:
                    self._roster.selection.chosen[service] = before
                raise
            self._roster.selection.apply()

    def add_interface(self, interface: HostInterface) -> None:
        """Offer components one more host interface. Its capability kind must be one the grammar knows.

        Raises:
            SpecError: its name is taken, or one of its functions has a type that does not cross.
        """
        self._environment.add_interface(interface)

    def reload(self, plugin: Plugin) -> None:
        """Load a plugin again from its source; see :meth:`Plugin.reload`."""
        from hyperhost.capabilities.grants import still_asked
        from hyperhost.host.loader import fill
        from hyperhost.host.package import open_package

        self._roster.check_alive(plugin)
        if plugin.source is None or plugin.runtime is None or plugin.grants is None:
            raise PluginStateError(
                "was registered by the program and cannot be reloaded",
                plugin=plugin.id,
                hint="unload it and register the new object",
            )
        self._canaries.check_none(plugin)
        package = open_package(plugin.source, grammar=self.grammar)
        package = package.with_manifest(dataclasses.replace(package.manifest, id=plugin.id))
        asked = None if package.manifest.bare else package.manifest.requested
        granted = tuple(item.text for item in still_asked(asked, plugin.grants.granted))
        fresh = Plugin(plugin.id, package.version, "component", self, None, plugin.source)
        fresh.options, fresh.usage, fresh.line = plugin.options, plugin.usage, plugin.line
        fill(fresh, package, granted, self._hooks, self._environment, self.state)
        self._roster.swap(plugin, fresh)

    def reload_changed(self) -> list[str]:
        """Reload every component whose file changed since it was loaded; ids of those reloaded.

        A package that cannot be loaded is recorded in :attr:`faults`, and the old one keeps running.
        """
        from hyperhost.host.loader import stamp

        changed = []
        for plugin in list(self.plugins.values()):
            if (
                plugin.runtime is None
                or plugin.source is None
                or (seen := stamp(plugin.source)) == plugin.stamp
            ):
                continue
            try:
                self.reload(plugin)
                changed.append(plugin.id)
            except (HyperHostError, OSError) as caught:
                plugin.stamp = seen
                self._faults.record(plugin.id, "", caught)
        return changed

    def close(self) -> None:
        """Unload every plugin and free everything. Running calls are waited for, later ones refused."""
        self._canaries.wait()
        with self._roster.lock, ExitStack() as rest:
            if self._closed:
                return
            self._closed = True
            rest.callback(self.state.close)
            rest.callback(self._environment.close)
            self._roster.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *caught: object) -> None:
        self.close()

    # --- what components run in ------------------------------------------------------------------

    @property
    def sandbox(self) -> Sandbox:
        """Engines, compile cache and host interfaces; made when first needed, as wasmtime loads slowly."""
        return self._environment.sandbox

    @property
    def grammar(self) -> Grammar:
        """The capability grammar, with the kinds of this host's own interfaces."""
        return self._environment.grammar

    @property
    def services(self) -> Services:
        """What host functions work with."""
        return self._environment.services

    def _load_native(self, package: Package) -> Plugin:
        from hyperhost.host.loader import import_native

        plugin = self.register(import_native(package), package.id)
        plugin.version, plugin.manifest, plugin.source = package.version, package.manifest, package.source
        plugin.digest, plugin.publisher = package.digest, package.publisher
        return plugin

    def _native_id(self, plugin: object) -> str:
        given = getattr(plugin, "plugin_id", None)
        if isinstance(given, str) and given:
            return given
        name = getattr(plugin, "__name__", None) or type(plugin).__name__
        base = kebab(str(name).rpartition(".")[2]) or "plugin"
        candidate, number = base, 1
        while candidate in self.plugins:
            number += 1
            candidate = f"{base}-{number}"
        return candidate

    def _check_dependencies(self, package: Package) -> None:
        from hyperhost.host.dependencies import satisfies

        for needed, constraint in package.manifest.dependencies.items():
            other = self.plugins.get(needed)
            if other is None or not satisfies(other.version, constraint):
                have = "it is not loaded" if other is None else f"version {other.version} is loaded"
                raise DependencyError(
                    f"needs {needed} {constraint}, but {have}", plugin=package.id, hint=f"load {needed} first"
                )

    def _check_open(self) -> None:
        if self._closed:
            raise PluginStateError(f"host {self.name!r} is closed")

    def _persist_fault(self, fault: Fault) -> None:
        words = fault.error.message if isinstance(fault.error, HyperHostError) else fault.message
        self.state.record_fault(fault.plugin, fault.hook, fault.code, words, fault.version)
