"""The host: one object that holds plugins of both kinds and calls them through one door."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pluggy import HookImpl, HookRelay, PluginValidationError

from hyperhost.contracts.limits import Limits
from hyperhost.errors import (
    CacheError,
    DependencyError,
    DuplicatePluginError,
    HyperHostError,
    PluginLoadError,
    PluginNotFoundError,
    PluginStateError,
    QuarantinedError,
    RefusalError,
    SpecError,
)
from hyperhost.host.discovery import Discovered, discover
from hyperhost.host.faults import Fault, FaultLog
from hyperhost.host.manager import PluginManager
from hyperhost.host.plugin import Plugin
from hyperhost.host.quarantine import Quarantine, QuarantinePolicy
from hyperhost.host.selection import Selection
from hyperhost.host.specs import HookInfo, read_specs
from hyperhost.host.state import State, open_state
from hyperhost.hookspecs.markers import IMPL_ATTRIBUTE, PROJECT
from hyperhost.sandbox.types import kebab

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Grammar
    from hyperhost.config import Config
    from hyperhost.host.package import Package
    from hyperhost.sandbox.call import Call
    from hyperhost.sandbox.engine import Sandbox
    from hyperhost.sandbox.interface import HostInterface
    from hyperhost.sandbox.runtime import ComponentRuntime, Export, InstanceMode
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
    ) -> None:
        self.name = name
        self.home = Path(home) if home is not None else None
        self.plugins: dict[str, Plugin] = {}
        self.state: State = open_state(self.home / "state.db" if self.home else None)
        self._config = config
        self._policy = quarantine or (config.quarantine if config is not None else QuarantinePolicy())
        self._faults = FaultLog(persist=self._persist_fault)
        self._manager = PluginManager(PROJECT, self._on_fault)
        self.hook: HookRelay = self._manager.hook
        self._hooks: dict[str, HookInfo] = {}
        self._selection = Selection(self._manager, config.providers if config is not None else None)
        self._interfaces = list(interfaces)
        self._services = services
        self._sandbox: Sandbox | None = None
        self._grammar: Grammar | None = None
        self._suspended: dict[str, list[tuple[HookImpl, Any]]] = {}
        self._lock = threading.RLock()
        self._closed = False
        try:
            if specs is None:
                from hyperhost.hookspecs import KERNEL_SPECS

                specs = KERNEL_SPECS
            for spec in specs:
                self.add_specs(spec)
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
        with self._lock:
            self._manager.add_hookspecs(spec_class)
            self._hooks.update(found)
            for name, info in found.items():
                if info.service is not None:
                    self._selection.add_hook(info.service, name)
            self._selection.apply()

    def hooks(self) -> dict[str, HookInfo]:
        """Every declared hook by name."""
        return dict(self._hooks)

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Names of the hooks a plugin implements."""
        if plugin.runtime is not None:
            return list(plugin.runtime.exports)
        return [
            getattr(member, IMPL_ATTRIBUTE).get("specname") or attribute
            for attribute in dir(plugin.object)
            if isinstance(getattr(member := getattr(plugin.object, attribute, None), IMPL_ATTRIBUTE, None), dict)
        ]

    def check_pending(self) -> None:
        """Check that every implementation has a spec (as pluggy does) and every service one provider.

        Raises:
            pluggy.PluginValidationError: a plugin implements a hook that nobody declared.
            ProviderConflictError: several plugins could provide one service and none is selected.
        """
        self._manager.check_pending()
        for service in self._selection.services:
            if self._selection.candidates(service):
                self._selection.provider(service)

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
        with self._lock:
            self._check_open()
            plugin_id = id or self._native_id(plugin)
            self._check_free(plugin_id, "the program")
            if self._manager.is_registered(plugin):
                raise DuplicatePluginError(
                    f"is registered already, as {self._manager.get_name(plugin)!r}", plugin=plugin_id
                )
            version = str(getattr(plugin, "__version__", getattr(plugin, "version", "0.0.0")))
            handle = Plugin(plugin_id, version, "native", self, plugin)
            handle.quarantine = Quarantine(plugin_id, self._policy)
            self._enter(handle)
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
            PluginLoadError: anything else; in every case nothing of it is registered.
        """
        import dataclasses

        from hyperhost.host.package import open_package

        package = source if not isinstance(source, str | Path) else open_package(source, grammar=self.grammar)
        if id is not None:
            package = package.with_manifest(dataclasses.replace(package.manifest, id=id))
        options = {
            "limits": limits,
            "instances": instances,
            "stub_denied": stub_denied,
            "config": dict(config or {}),
            "learn": learn,
        }
        with self._lock:
            self._check_open()
            self._check_free(package.id, str(package.source))
            self._check_dependencies(package)
            if package.manifest.native is not None:
                return self._load_native(package)
            plugin = Plugin(package.id, package.version, "component", self, None, package.source)
            plugin.options = options
            plugin.quarantine = Quarantine(package.id, self._policy)
            self._fill(plugin, package, tuple(grants))
            try:
                self._enter(plugin)
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
                hint=f"did you mean {nearest[0]!r}?" if nearest else f"plugins: {', '.join(self.plugins) or 'none'}",
            )
        return found

    def discover(self) -> list[Discovered]:
        """Plugins installed with pip, in order of their ids; imports none of them.

        Raises:
            DuplicatePluginError: two distributions declare one id.
        """
        return discover()

    def load_installed(self, ids: Iterable[str] | None = None, *, grants: Iterable[str] = ()) -> list[Plugin]:
        """Load plugins installed with pip.

        Args:
            ids: Which ones; all native ones when not given. Components need to be named: they are
                installed by pip, but only a person grants.
            grants: Capabilities for the components among them.

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
                    "is not installed", plugin=plugin_id, hint=f"did you mean {nearest[0]!r}?" if nearest else ""
                )
            wanted.append(available[plugin_id])
        loaded = []
        for item in wanted:
            if item.kind == "native":
                handle = self.register(item.load(), item.id)
                handle.version = item.version
                loaded.append(handle)
            else:
                loaded.append(self.load(item.directory(), grants=grants, id=item.id))
        return loaded

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The latest faults (at most 1,000), oldest first."""
        return self._faults.all()

    @property
    def providers(self) -> dict[str, str]:
        """The provider of each service that has exactly one answer."""
        found = {}
        for service in self._selection.services:
            try:
                found[service] = self._selection.provider(service)
            except HyperHostError:
                continue
        return found

    def select(self, service: str, plugin_id: str) -> None:
        """Select the provider of a service; the next call obeys.

        Raises:
            SpecError: no hook belongs to that service.
            ProviderMissingError: the plugin provides none of its hooks.
        """
        with self._lock:
            if service not in self._selection.services:
                known = ", ".join(self._selection.services) or "none"
                raise SpecError(f"there is no service {service!r}", hint=f"services: {known}")
            before = self._selection.chosen.get(service)
            self._selection.chosen[service] = plugin_id
            try:
                self._selection.provider(service)
            except HyperHostError:
                if before is None:
                    del self._selection.chosen[service]
                else:
                    self._selection.chosen[service] = before
                raise
            self._selection.apply()

    def add_interface(self, interface: HostInterface) -> None:
        """Offer components one more host interface. Its capability kind must be one the grammar knows.

        Raises:
            SpecError: its name is taken, or one of its functions has a type that does not cross.
        """
        from hyperhost.sandbox.linker import find_interface, host_types

        with self._lock:
            if find_interface(interface.name, self.sandbox.interfaces) is not None:
                raise SpecError(f"host interface {interface.name} exists already")
            if interface.typed:
                host_types(interface)
            self._register_kind(interface)
            self.sandbox.interfaces.append(interface)

    # --- life cycle, called through the handle --------------------------------------------------

    def activate(self, plugin: Plugin) -> None:
        """Put a plugin's hooks back into calls; see :meth:`Plugin.activate`."""
        with self._lock:
            self._check_alive(plugin)
            if plugin._state != "active":
                self._enter(plugin)

    def deactivate(self, plugin: Plugin) -> None:
        """Take a plugin's hooks out of calls; see :meth:`Plugin.deactivate`."""
        with self._lock:
            self._check_alive(plugin)
            if plugin._state == "active":
                self._leave(plugin)
                plugin._state = "inactive"

    def reload(self, plugin: Plugin) -> None:
        """Load a plugin again from its source; see :meth:`Plugin.reload`."""
        from hyperhost.host.package import open_package

        with self._lock:
            self._check_alive(plugin)
            if plugin.source is None or plugin.runtime is None:
                raise PluginStateError(
                    "was registered by the program and cannot be reloaded",
                    plugin=plugin.id,
                    hint="unload it and register the new object",
                )
            import dataclasses

            package = open_package(plugin.source, grammar=self.grammar)
            package = package.with_manifest(dataclasses.replace(package.manifest, id=plugin.id))
            assert plugin.grants is not None
            granted = tuple(item.text for item in plugin.grants.granted)
            fresh = Plugin(plugin.id, package.version, "component", self, None, plugin.source)
            fresh.options = plugin.options
            self._fill(fresh, package, granted)
            old, was_active, old_object = plugin.runtime, plugin._state == "active", plugin.object
            if was_active:
                self._leave(plugin)
            for name in ("version", "object", "digest", "publisher", "manifest", "grants", "config", "runtime"):
                setattr(plugin, name, getattr(fresh, name))
            try:
                if was_active:
                    self._enter(plugin)
            except BaseException:
                plugin.object, plugin.runtime = old_object, old
                self._enter(plugin)
                raise
        old.close()

    def reload_changed(self) -> list[str]:
        """Reload every component whose file changed since it was loaded; ids of those reloaded.

        A package that cannot be loaded is recorded in :attr:`faults`, and the old one keeps running.
        """
        changed = []
        for plugin in list(self.plugins.values()):
            if plugin.runtime is None or plugin.source is None:
                continue
            stamp = _stamp(plugin.source)
            if stamp == plugin.options.get("stamp"):
                continue
            plugin.options["stamp"] = stamp
            try:
                self.reload(plugin)
                changed.append(plugin.id)
            except (HyperHostError, OSError) as caught:
                self._faults.record(plugin.id, "", caught)
        return changed

    def unload(self, plugin: Plugin) -> None:
        """Remove a plugin; see :meth:`Plugin.unload`."""
        with self._lock:
            self._check_alive(plugin)
            if plugin._state == "active":
                self._leave(plugin)
            plugin._state = "uninstalled"
            self.plugins.pop(plugin.id, None)
            self._suspended.pop(plugin.id, None)
        if plugin.runtime is not None:
            plugin.runtime.close()

    def release(self, plugin: Plugin) -> None:
        """End a plugin's quarantine; see :meth:`Plugin.release`."""
        with self._lock:
            if plugin.quarantine is not None:
                plugin.quarantine.release()
            self._resume(plugin)

    def call_plugin(self, plugin: Plugin, hook: str, arguments: Mapping[str, Any]) -> Any:
        """Call one plugin's implementation; see :meth:`Plugin.call`."""
        caller = getattr(self.hook, hook, None)
        mine = [item for item in self._implementations(plugin) if item[0] == hook]
        if caller is None or not mine:
            raise PluginStateError(
                f"does not implement {hook!r}" if plugin._state == "active" else f"is {plugin.state}",
                plugin=plugin.id,
                hook=hook,
                hint=f"it implements {', '.join(plugin.hooks) or 'nothing'}",
            )
        implementation = mine[0][1]
        if implementation.wrapper or implementation.hookwrapper:
            raise PluginStateError("wraps this hook and cannot answer it alone", plugin=plugin.id, hook=hook)
        if unknown := [name for name in arguments if name not in {p for p, _, _ in self._hooks[hook].function.parameters}]:
            raise PluginStateError(f"hook {hook!r} has no parameter {unknown[0]!r}", plugin=plugin.id, hook=hook)
        try:
            return implementation.function(*[arguments[name] for name in implementation.argnames])
        except KeyError as missing:
            raise PluginStateError(
                f"argument {missing.args[0]!r} is missing", plugin=plugin.id, hook=hook, hint="give every argument"
            ) from None
        except BaseException as caught:
            self._on_fault(hook, implementation, caught)
            raise

    def close(self) -> None:
        """Unload every plugin and free everything. Calls in other threads must have ended."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for plugin in list(self.plugins.values()):
                self.unload(plugin)
            if self._sandbox is not None:
                self._sandbox.close()
            if self._services is not None:
                self._services.close()
            self.state.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what components run in ------------------------------------------------------------------

    @property
    def sandbox(self) -> Sandbox:
        """Engines, compile cache and host interfaces; made when first needed, as wasmtime loads slowly."""
        with self._lock:
            if self._sandbox is None:
                from hyperhost.sandbox.engine import Sandbox
                from hyperhost.sandbox.interfaces import builtin_interfaces
                from hyperhost.sandbox.wasi import wasi_interfaces

                self._sandbox = Sandbox(
                    [*builtin_interfaces(), *wasi_interfaces()],
                    self.home / "cache" if self.home else None,
                    self._report_cache,
                )
                for interface in self._interfaces:
                    self.add_interface(interface)
            return self._sandbox

    @property
    def grammar(self) -> Grammar:
        """The capability grammar, with the kinds of this host's own interfaces."""
        with self._lock:
            if self._grammar is None:
                from hyperhost.capabilities.grammar import Grammar

                self._grammar = Grammar()
                if self._interfaces:
                    _ = self.sandbox  # registers the kinds of the interfaces given to the host
            return self._grammar

    @property
    def services(self) -> Services:
        """What host functions work with."""
        with self._lock:
            if self._services is None:
                from hyperhost.sandbox.services import Services

                self._services = Services(kv=self.state.kv, log=self.state.log, home=self.home)
            return self._services

    def _register_kind(self, interface: HostInterface) -> None:
        kind = interface.capability
        if isinstance(kind, str) and kind and kind not in {known.name for known in self.grammar.kinds}:
            functions = interface.functions().values()
            self.grammar.register(
                kind,
                describe=getattr(interface, "describes", f"use {interface.name.partition('@')[0]}"),
                target_required=any(not item.unprivileged for item in functions)
                and bool(getattr(interface, "target_required", True)),
            )

    def _fill(self, plugin: Plugin, package: Package, granted: tuple[str, ...]) -> None:
        """Build everything a component needs to be called; nothing is registered yet."""
        from hyperhost.capabilities.grants import GrantSet
        from hyperhost.host.component import build_object, build_runtime

        manifest, options = package.manifest, plugin.options
        plugin.options.setdefault("stamp", _stamp(package.source))
        plugin.digest, plugin.publisher, plugin.manifest = package.digest, package.publisher, manifest
        requested = None if manifest.bare else manifest.requested
        plugin.grants = GrantSet(
            package.id, requested, granted, grammar=self.grammar, learning=bool(options.get("learn"))
        )
        plugin.config = {**manifest.config_defaults, **options.get("config", {})}
        stub = options.get("stub_denied")
        plugin.runtime = build_runtime(
            package,
            self.sandbox,
            self._hooks,
            plugin.grants,
            limits=options.get("limits") or manifest.limits,
            instances=options.get("instances") or manifest.instances,
            stub_denied=manifest.stub_denied if stub is None else stub,
            config=plugin.config,
            services=self.services,
            observe=self._observer(plugin),
        )
        plugin.object = build_object(
            package.id, plugin.runtime.exports.values(), manifest.hooks, self._runner(plugin.runtime)
        )

    @staticmethod
    def _runner(runtime: ComponentRuntime) -> Any:
        def run(export: Export, arguments: tuple[Any, ...]) -> Any:
            return runtime.call(export, arguments)

        return run

    def _observer(self, plugin: Plugin) -> Any:
        record, plugin_id = self.state.record_call, plugin.id

        def observe(call: Call, seconds: float, error: BaseException | None, fuel: int | None, memory: int | None) -> None:
            outcome = "ok" if error is None else getattr(error, "code", type(error).__name__)
            record(plugin_id, call.hook, outcome, seconds * 1000)
            usage = self.plugins[plugin_id].usage if plugin_id in self.plugins else plugin.usage
            if call.host_calls > usage.host_calls:
                usage.host_calls = call.host_calls
            if call.output > usage.output:
                usage.output = call.output
            if fuel is not None:
                usage.fuel = max(usage.fuel or 0, fuel)
            if memory is not None:
                usage.memory = max(usage.memory or 0, memory)

        return observe

    def _load_native(self, package: Package) -> Plugin:
        import importlib

        module_name, _, attribute = (package.manifest.native or "").partition(":")
        try:
            found: Any = importlib.import_module(module_name)
            for part in attribute.split(".") if attribute else ():
                found = getattr(found, part)
            found = found() if isinstance(found, type) else found
        except Exception as caught:
            raise PluginLoadError(
                f"cannot be imported from {package.manifest.native}: {type(caught).__name__}: {caught}",
                plugin=package.id,
                hint="install the distribution that holds it into this environment",
            ) from caught
        plugin = self.register(found, package.id)
        plugin.version, plugin.manifest, plugin.source = package.version, package.manifest, package.source
        plugin.digest, plugin.publisher = package.digest, package.publisher
        return plugin

    # --- registration ------------------------------------------------------------------------------

    def _enter(self, plugin: Plugin) -> None:
        """Register a plugin's hooks, wholly or not at all."""
        try:
            self._manager.register(plugin.object, plugin.id)
        except PluginValidationError as caught:
            raise PluginLoadError(
                " ".join(str(caught).split()), plugin=plugin.id, hint="match the hookspec's parameters"
            ) from caught
        try:
            self._selection.apply()
        except BaseException:
            self._manager.unregister(name=plugin.id)
            self._selection.apply()
            raise
        plugin._state = "active"
        self.plugins[plugin.id] = plugin

    def _leave(self, plugin: Plugin) -> None:
        self._resume(plugin)
        self._manager.unregister(name=plugin.id)
        self._selection.apply()

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

    def _check_free(self, plugin_id: str, source: str) -> None:
        if plugin_id in self.plugins:
            first = self.plugins[plugin_id].source or "the program"
            raise DuplicatePluginError(
                f"is loaded from {first} and again from {source}",
                plugin=plugin_id,
                hint="give one of them another id, or unload the first",
            )

    def _check_dependencies(self, package: Package) -> None:
        from hyperhost.host.dependencies import satisfies

        for needed, constraint in package.manifest.dependencies.items():
            other = self.plugins.get(needed)
            if other is None or not satisfies(other.version, constraint):
                have = "it is not loaded" if other is None else f"version {other.version} is loaded"
                raise DependencyError(
                    f"needs {needed} {constraint}, but {have}", plugin=package.id, hint=f"load {needed} first"
                )

    def _check_alive(self, plugin: Plugin) -> None:
        if plugin._state == "uninstalled":
            raise PluginStateError("is unloaded", plugin=plugin.id, hint="load it again")

    def _check_open(self) -> None:
        if self._closed:
            raise PluginStateError(f"host {self.name!r} is closed")

    # --- faults ---------------------------------------------------------------------------------

    def _on_fault(self, hook: str, implementation: HookImpl, error: BaseException) -> bool:
        """Record an exception of an implementation; whether the hook goes on without it."""
        info = self._hooks.get(hook)
        skip = info is not None and info.on_fault == "skip" and isinstance(error, Exception)
        plugin_id = implementation.plugin_name
        plugin = self.plugins.get(plugin_id)
        if isinstance(error, RefusalError | QuarantinedError) or not isinstance(error, Exception) or plugin is None:
            if isinstance(error, RefusalError) and plugin is not None:
                error.located(plugin_id, hook)
            return skip
        if isinstance(error, HyperHostError):
            if error.plugin is not None and error.plugin != plugin_id:
                return skip  # the fault of another plugin that this one called; recorded there
            error.located(plugin_id, hook)
        elif f"plugin {plugin_id!r}" not in " ".join(getattr(error, "__notes__", ())):
            error.add_note(f"raised by plugin {plugin_id!r} in hook {hook!r}")
        self._faults.record(plugin_id, hook, error)
        if plugin.kind == "native":
            self.state.record_call(plugin_id, hook, getattr(error, "code", type(error).__name__), 0.0)
        if plugin.quarantine is not None and plugin.quarantine.fault():
            self._suspend(plugin)
        return skip

    def _suspend(self, plugin: Plugin) -> None:
        """Put stand-ins where the plugin's implementations are; calls cost nothing while none is needed."""
        with self._lock:
            if plugin.id in self._suspended:
                return
            kept = []
            for hook, implementation in self._implementations(plugin):
                kept.append((implementation, implementation.function))
                wraps = implementation.wrapper or implementation.hookwrapper
                stand_in = self._resting_wrapper(plugin, hook) if wraps else self._resting(
                    plugin, hook, implementation.function
                )
                _replace_function(implementation, stand_in)
            self._suspended[plugin.id] = kept

    def _resting(self, plugin: Plugin, hook: str, original: Any) -> Any:
        def resting(*arguments: Any, **keywords: Any) -> Any:
            assert plugin.quarantine is not None
            plugin.quarantine.admit(hook)
            result = original(*arguments, **keywords)  # a fault comes back through _on_fault
            plugin.quarantine.pass_trial()
            self._resume(plugin)
            return result

        return resting

    def _resting_wrapper(self, plugin: Plugin, hook: str) -> Any:
        gate = self._hooks[hook].on_fault == "raise" if hook in self._hooks else True

        def resting(*arguments: Any, **keywords: Any) -> Any:
            if gate:
                assert plugin.quarantine is not None
                plugin.quarantine.admit(hook)
            return (yield)

        return resting

    def _resume(self, plugin: Plugin) -> None:
        with self._lock:
            for implementation, function in self._suspended.pop(plugin.id, ()):
                _replace_function(implementation, function)

    def _implementations(self, plugin: Plugin) -> list[tuple[str, HookImpl]]:
        found = []
        for name in self._hooks:
            known = self._selection.implementations(name) or getattr(self.hook, name).get_hookimpls()
            found += [(name, item) for item in known if item.plugin is plugin.object]
        return found

    def _persist_fault(self, fault: Fault) -> None:
        self.state.record_fault(fault.plugin, fault.hook, fault.code, fault.message)

    def _report_cache(self, error: CacheError) -> None:
        self._faults.record("", "", error)


def _replace_function(implementation: HookImpl, function: Any) -> None:
    implementation.function = function  # type: ignore[misc]  # Final to type checkers; pluggy reads it on each call


def _stamp(source: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a package's files do: names, sizes and times of change."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    found = []
    for path in files:
        try:
            info = path.stat()
        except FileNotFoundError:
            continue
        found.append((path.name, info.st_size, info.st_mtime_ns))
    return tuple(found)
