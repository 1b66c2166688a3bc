"""Build a component plugin so that it only needs to be registered: nothing here changes the host."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hyperhost.contracts.limits import Limits
from hyperhost.errors import PluginLoadError
from hyperhost.host.environment import Environment
from hyperhost.host.manifest import Instances
from hyperhost.host.plugin import Line, Plugin, Usage
from hyperhost.host.plugin_config import check_config
from hyperhost.host.specs import HookInfo
from hyperhost.host.state import State

if TYPE_CHECKING:
    from hyperhost.host.package import Package
    from hyperhost.sandbox.call import Call
    from hyperhost.sandbox.runtime import InstanceMode

__all__ = ["LoadOptions", "fill", "import_native", "stamp"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the host program said when it loaded the plugin; kept for reloading.

    Attributes:
        limits: Instead of the manifest's.
        instances: Instead of the manifest's.
        stub_denied: Instead of the manifest's.
        config: Laid over the manifest's defaults.
        learn: Grant nothing and record what is reached for.
    """

    limits: Limits | None = None
    instances: InstanceMode | None = None
    stub_denied: bool | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    learn: bool = False


def fill(
    plugin: Plugin,
    package: Package,
    granted: tuple[str, ...],
    hooks: Mapping[str, HookInfo],
    environment: Environment,
    state: State,
) -> None:
    """Compile, check and link the component of ``package`` into ``plugin``.

    Raises:
        HyperHostError: as :meth:`hyperhost.Host.load` says; the plugin is then to be thrown away.
    """
    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.host.component import build_object, build_runtime
    from hyperhost.host.offers import only_offered

    manifest, options = package.manifest, plugin.options
    instances = options.instances or manifest.instances
    if instances not in get_args(Instances):
        raise PluginLoadError(
            f"instances is {instances!r}",
            plugin=package.id,
            hint=f"choose one of {', '.join(get_args(Instances))}",
        )
    plugin.stamp = stamp(package.source)
    plugin.digest, plugin.publisher, plugin.manifest = package.digest, package.publisher, manifest
    plugin.grants = GrantSet(
        package.id,
        None if manifest.bare else manifest.requested,
        granted,
        grammar=environment.grammar,
        learning=options.learn,
    )
    plugin.config = {**manifest.config_defaults, **options.config}
    check_config(package.id, plugin.config, manifest.config_schema)
    plugin.runtime = build_runtime(
        package,
        environment.sandbox,
        hooks,
        plugin.grants,
        limits=options.limits or manifest.limits,
        instances=instances,
        stub_denied=manifest.stub_denied if options.stub_denied is None else options.stub_denied,
        config=plugin.config,
        services=environment.services,
        observe=_observer(plugin.id, plugin.figures, plugin.usage, state),
    )
    if plugin.line is None:
        plugin.line = Line(plugin.runtime)
    exports = plugin.runtime.exports
    run = only_offered(plugin.line.through(plugin.runtime), exports, environment.hook)
    plugin.object = build_object(package.id, exports.values(), manifest.hooks, run)


def import_native(package: Package) -> Any:
    """The object of a package whose manifest names a native plugin; a class is instantiated.

    Raises:
        PluginLoadError: importing or instantiating it fails.
    """
    native = package.manifest.native or ""
    module_name, _, attribute = native.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split(".") if attribute else ():
            found = getattr(found, part)
        return found() if isinstance(found, type) else found
    except Exception as caught:
        raise PluginLoadError(
            f"cannot be imported from {native}: {type(caught).__name__}: {caught}",
            plugin=package.id,
            hint="install the distribution that holds it into this environment",
        ) from caught


def stamp(source: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a package's files do: their names, sizes and times of change."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    found = []
    for path in files:
        try:
            info = path.stat()
        except FileNotFoundError:
            continue
        found.append((path.name, info.st_size, info.st_mtime_ns))
    return tuple(found)


def _observer(plugin: str, version: str, usage: Usage, state: State) -> Any:
    record = state.record_call

    def observe(
        call: Call, seconds: float, error: BaseException | None, fuel: int | None, memory: int | None
    ) -> None:
        outcome = "ok" if error is None else getattr(error, "code", type(error).__name__)
        record(plugin, call.hook, outcome, seconds * 1000, version)
        if call.host_calls > usage.host_calls:
            usage.host_calls = call.host_calls
        if call.output > usage.output:
            usage.output = call.output
        if fuel is not None:
            usage.fuel = max(usage.fuel or 0, fuel)
        if memory is not None:
            usage.memory = max(usage.memory or 0, memory)

    return observe
