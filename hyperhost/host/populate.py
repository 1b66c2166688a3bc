"""Fill a host with the plugins of a home directory and with those that pip installed."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from hyperhost.errors import ConfigError, DependencyError, GrantError, HyperHostError, InstallError
from hyperhost.host.faults import RELEASED
from hyperhost.host.plugin import Plugin

if TYPE_CHECKING:
    from hyperhost.config import Config
    from hyperhost.host.canary import Verdict
    from hyperhost.host.dependencies import HasDependencies
    from hyperhost.host.discovery import Discovered
    from hyperhost.host.home import Home
    from hyperhost.host.host import Host
    from hyperhost.host.lockentry import CanaryEntry, LockEntry
    from hyperhost.host.package import Package
    from hyperhost.host.quarantine import Quarantine, QuarantinePolicy
    from hyperhost.host.state_rows import FaultRecord

__all__ = [
    "RELEASED",
    "Present",
    "check_bound",
    "import_specs",
    "load_order",
    "open_installed",
    "populate",
    "replay_quarantine",
    "settle_canary",
]


@dataclass(frozen=True, slots=True)
class Present:
    """A plugin as far as the order of loading is concerned.

    Attributes:
        id: Its id.
        version: Its version.
        dependencies: Constraints by the id of the plugin needed.
    """

    id: str
    version: str
    dependencies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def import_specs(names: Iterable[str]) -> list[Any]:
    """The hookspec classes or modules named ``package.module:Class``.

    Raises:
        ConfigError: one cannot be imported.
    """
    found: list[Any] = []
    for name in names:
        module, _, attribute = name.partition(":")
        try:
            target: Any = importlib.import_module(module)
            for part in attribute.split(".") if attribute else ():
                target = getattr(target, part)
        except Exception as error:
            raise ConfigError(
                f"hookspecs {name!r} cannot be imported: {type(error).__name__}: {error}",
                hint="write package.module:Class, and install the package into this environment",
            ) from error
        found.append(target)
    return found


def populate(host: Host, home: Home, config: Config, only: set[str] | None = None) -> None:
    """Load every active plugin into ``host``; one that cannot be loaded is left as ``failed``.

    Args:
        host: A host without plugins.
        home: Where packages and grants are.
        config: What the operator decided.
        only: Load these and what they need; all when ``None``.

    Raises:
        LockFileError: ``plugins.lock`` cannot be read.
        DuplicatePluginError: two distributions declare one plugin.
    """
    entries = home.lock.read() if home.exists else {}
    natives = {item.id: item for item in host.discover() if item.kind == "native"}
    off = {plugin_id for plugin_id, entry in entries.items() if entry.state == "inactive"}
    off |= {plugin_id for plugin_id, found in config.plugins.items() if not found.enabled}

    packages: dict[str, Package] = {}
    for entry in entries.values():
        if entry.digest and entry.id not in off and entry.id not in natives:
            try:
                packages[entry.id] = open_installed(home, entry, host)
            except HyperHostError as error:
                _fail(host, entry, error, home.package_of(entry))
    plugins: list[HasDependencies] = [
        Present(key, item.version) for key, item in natives.items() if key not in off
    ]
    order, unmet = load_order([*plugins, *(package.manifest for package in packages.values())])
    for plugin_id, problem in unmet.items():
        _fail(host, entries[plugin_id], problem, packages[plugin_id].source)
    wanted = None if only is None else _with_needed(only, packages)
    for plugin_id in order:
        if wanted is not None and plugin_id not in wanted:
            continue
        if plugin_id in natives:
            _register(host, natives[plugin_id])
        else:
            _load(host, home, entries[plugin_id], packages[plugin_id], config)
    for plugin in list(host.plugins.values()):
        _restore_quarantine(host, plugin, config.quarantine)
        if plugin.trial is not None and host.home is not None:
            host._canaries.resume(plugin.trial)


def open_installed(home: Home, entry: LockEntry, host: Host) -> Package:
    """The package of an installed plugin, if it still is the one that was granted its permissions.

    Raises:
        GrantError: it was altered since it was installed.
        PluginLoadError: it is gone or cannot be read.
        SignatureError: its signature does not fit any more.
    """
    from hyperhost.host.package import open_package

    package = open_package(home.package_of(entry), grammar=host.grammar)
    check_bound(entry, package)
    return package


def check_bound(entry: LockEntry, package: Package) -> None:
    """Return if the grants of ``entry`` hold for ``package``.

    Raises:
        GrantError: id, digest or publisher differ.
    """
    if not entry.binds(package):
        raise GrantError(
            f"was altered since it was installed (its digest was {entry.digest[:19]}…, now it is "
            f"{package.digest[:19]}…), so nothing that it was granted holds",
            plugin=entry.id,
            hint=f"install it again: hyperhost plugin uninstall {entry.id} --keep-data, then install",
        )


def load_order(plugins: Iterable[HasDependencies]) -> tuple[list[str], dict[str, DependencyError]]:
    """Ids in the order of loading, and why each of the others cannot be loaded."""
    from hyperhost.host.dependencies import order_plugins

    known = {plugin.id: plugin for plugin in plugins}
    unmet: dict[str, DependencyError] = {}
    while True:
        try:
            return order_plugins(known.values()), unmet
        except DependencyError as error:
            if error.plugin not in known:
                raise
            unmet[error.plugin] = error
            del known[error.plugin]


def _with_needed(only: set[str], packages: Mapping[str, Package]) -> set[str]:
    found: set[str] = set()
    waiting = list(only)
    while waiting:
        plugin_id = waiting.pop()
        if plugin_id not in found:
            found.add(plugin_id)
            if plugin_id in packages:
                waiting += packages[plugin_id].manifest.dependencies
    return found


def _register(host: Host, item: Discovered) -> None:
    try:
        plugin = host.register(item.load(), item.id)
        plugin.version = item.version
    except HyperHostError as error:
        _mark(host, item.id, item.version, "native", error)


def _load(host: Host, home: Home, entry: LockEntry, package: Package, config: Config) -> None:
    own = config.plugin(entry.id)
    try:
        limits = config.limits_for(entry.id, entry.limits)
        stub = entry.stub_denied or None
        plugin = host.load(package, grants=entry.granted, limits=limits, config=own.config, stub_denied=stub)
    except HyperHostError as error:
        _fail(host, entry, error, package.source, "component" if package.manifest.component else "native")
    except ValueError as error:
        problem = InstallError(f"its limits are wrong: {error}", plugin=entry.id)
        _fail(host, entry, problem, package.source)
    else:
        plugin.bound = True
        if entry.canary is not None:
            _start_canary(host, home, plugin, entry.canary, config)


def _start_canary(host: Host, home: Home, plugin: Plugin, canary: CanaryEntry, config: Config) -> None:
    """Let the canary have its share. If it cannot be loaded, the installed version goes on alone."""
    from hyperhost.host.loader import LoadOptions

    entry, own = canary.entry, config.plugin(plugin.id)
    host._canaries.settle = partial(settle_canary, home)
    try:
        package = open_installed(home, entry, host)
        limits = config.limits_for(entry.id, entry.limits)
        options = LoadOptions(limits, None, entry.stub_denied or None, dict(own.config))
        host._canaries.start(
            plugin,
            package,
            canary.share,
            entry.granted,
            options,
            promote_after=canary.promote_after,
            since=entry.installed_at,
        )
    except (HyperHostError, ValueError) as caught:
        problem = (
            caught.located(plugin.id, None)
            if isinstance(caught, HyperHostError)
            else InstallError(f"the limits of its canary are wrong: {caught}", plugin=plugin.id)
        )
        plugin.canary_failure = problem
        host._faults.record(plugin.id, "", problem, entry.version)


def settle_canary(home: Home, plugin_id: str, digest: str, verdict: Verdict) -> None:
    """Write the end of a canary into ``plugins.lock``, unless somebody was faster.

    Raises:
        LockFileError: it cannot be locked or written.
    """
    with home.lock.update() as entries:
        entry = entries.get(plugin_id)
        if entry is None or entry.canary is None or entry.canary.entry.digest != digest:
            return
        entries[plugin_id] = (
            replace(entry, canary=None)
            if verdict.kind == "rolled back"
            else replace(entry.canary.entry, state=entry.state)
        )


def _fail(
    host: Host,
    entry: LockEntry,
    error: HyperHostError,
    source: Path,
    kind: Literal["native", "component"] = "component",
) -> None:
    plugin = _mark(host, entry.id, entry.version, kind, error)
    plugin.source, plugin.digest, plugin.publisher = source, entry.digest, entry.publisher


def _mark(
    host: Host, plugin_id: str, version: str, kind: Literal["native", "component"], error: HyperHostError
) -> Plugin:
    error.located(plugin_id, None)
    plugin = Plugin(plugin_id, version, kind, host, None)
    plugin._state = "failed"
    plugin.failure = error
    host.plugins[plugin_id] = plugin
    return plugin


def _restore_quarantine(host: Host, plugin: Plugin, policy: QuarantinePolicy) -> None:
    """Put a plugin to rest that faulted too often in earlier processes."""
    if plugin.quarantine is None or host.home is None:
        return
    faults = [
        each for each in host.state.faults(plugin.id, limit=100) if each.version in ("", plugin.figures)
    ]
    plugin.quarantine = replay_quarantine(plugin.id, faults, policy)
    if plugin.quarantine.active:
        host._roster.supervisor.rest(plugin)


def replay_quarantine(
    plugin: str, faults: Iterable[FaultRecord], policy: QuarantinePolicy, now_ns: int | None = None
) -> Quarantine:
    """The quarantine that a history of faults leads to, as if one process had seen them all.

    Args:
        plugin: Id of the plugin.
        faults: Its faults, oldest first.
        policy: When it is quarantined.
        now_ns: The present, in nanoseconds since 1970.
    """
    from hyperhost.contracts.limits import parse_duration_ms
    from hyperhost.host.quarantine import Quarantine

    class Clock:
        """The time of each fault while they are replayed, the present afterwards."""

        at: float | None = None

        def __call__(self) -> float:
            return time.monotonic() if self.at is None else self.at

    clock = Clock()
    quarantine = Quarantine(plugin, policy, clock)
    present_s, wall_ns = time.monotonic(), time.time_ns() if now_ns is None else now_ns
    last = 0.0
    for fault in faults:
        clock.at = last = present_s - (wall_ns - fault.time_ns) / 1e9
        if fault.code == RELEASED:
            quarantine.release()
            continue
        if not fault.hook:
            continue  # it could not be loaded, which is no fault of a call
        if not quarantine.active:
            quarantine.fault()
        elif not _rests(quarantine, fault.hook):
            quarantine.relapse()  # a call after the rest was the trial, and this is how it ended
    clock.at = present_s
    # Nothing went wrong for a whole window after the rest: calls in other processes passed the trial.
    quiet_s = present_s - last
    if quarantine.active and quiet_s > parse_duration_ms(policy.window) / 1000 and not _rests(quarantine, ""):
        quarantine.pass_trial()
    clock.at = None
    return quarantine


def _rests(quarantine: Quarantine, hook: str) -> bool:
    """Whether a call is refused; one that is not, is the trial."""
    from hyperhost.errors import QuarantinedError

    try:
        quarantine.admit(hook)
    except QuarantinedError:
        return True
    return False
