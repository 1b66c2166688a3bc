"""Make a loaded component look like a native plugin: an object with marked methods."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hyperhost.contracts.limits import Limits
from hyperhost.errors import HyperHostError, PluginLoadError, SignatureMismatchError
from hyperhost.hookspecs.markers import IMPL_ATTRIBUTE
from hyperhost.host.recording import Origin
from hyperhost.host.specs import HookInfo

if TYPE_CHECKING:
    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.host.manifest import HookEntry
    from hyperhost.host.package import Package
    from hyperhost.sandbox.engine import Sandbox
    from hyperhost.sandbox.export import Export
    from hyperhost.sandbox.replaying import Playback
    from hyperhost.sandbox.runtime import ComponentRuntime, InstanceMode, Observer
    from hyperhost.sandbox.services import Services

__all__ = ["ComponentObject", "build_object", "build_runtime"]


class ComponentObject:
    """The object registered with pluggy for a component; its methods are added when it is built."""

    def __init__(self, plugin: str) -> None:
        self.__name__ = plugin

    def __repr__(self) -> str:
        return f"<component {self.__name__}>"


def build_runtime(
    package: Package,
    sandbox: Sandbox,
    hooks: Mapping[str, HookInfo],
    grants: GrantSet,
    *,
    limits: Limits,
    instances: InstanceMode,
    stub_denied: bool,
    config: Mapping[str, Any],
    services: Services,
    observe: Observer | None = None,
    playback: Playback | None = None,
) -> ComponentRuntime:
    """Compile, check and link a component; nothing of it is run.

    With ``playback`` its host calls are answered from a recording, and it reaches nothing.

    Raises:
        ComponentFormatError: the file is not a usable component.
        SignatureMismatchError: an export does not fit its hook, or the manifest names a hook that
            does not exist or is not exported.
        ImportDeniedError: an import is outside the grant.
        LinkError: an import is unknown to the host.
        PluginLoadError: it implements no hook at all.
    """
    from hyperhost.sandbox.linker import link
    from hyperhost.sandbox.runtime import ComponentRuntime

    plugin = package.id
    assert package.component is not None
    fuel = limits.fuel is not None
    try:
        component = sandbox.compile(
            package.component, fuel=fuel, source=package.source.name, sha256=package.component_sha256
        )
    except HyperHostError as caught:
        raise caught.located(plugin, None) from caught.__cause__
    engine = sandbox.engine(fuel=fuel)
    try:
        exports = _exports(component, engine, hooks, plugin, [item.name for item in package.manifest.hooks])
        linked = link(
            component,
            sandbox,
            engine,
            plugin,
            grants,
            stub_denied=stub_denied,
            optional=_optional_kinds(package),
            playback=playback,
        )
    except BaseException as caught:
        component.close()
        if isinstance(caught, HyperHostError):
            caught.located(plugin, None)
        raise
    return ComponentRuntime(
        sandbox,
        plugin,
        component,
        engine,
        linked,
        exports,
        grants,
        limits,
        instances,
        config,
        services,
        observe,
        about=Origin.of(package),
    )


def _optional_kinds(package: Package) -> frozenset[str]:
    """Kinds of capability that the manifest asks for, and says that the plugin works without."""
    optional, required = (
        {capability.kind for capability in asked}
        for asked in (package.manifest.optional, package.manifest.required)
    )
    return frozenset(optional - required)


def _exports(
    component: Any, engine: Any, hooks: Mapping[str, HookInfo], plugin: str, named: Iterable[str]
) -> dict[str, Export]:
    from hyperhost.sandbox.compat import brief, mismatch
    from hyperhost.sandbox.export import Export
    from hyperhost.sandbox.guest_types import TypeReader, exported_functions
    from hyperhost.sandbox.wit import signature

    exported = exported_functions(component, engine)
    reader = TypeReader()
    found: dict[str, Export] = {}
    for info in hooks.values():
        if (kind := exported.get(info.wit_name)) is None:
            continue
        guest = reader.function(kind)
        if problem := mismatch(info.function, guest, guest_is_callee=True):
            raise SignatureMismatchError(
                f"exports {info.wit_name} with another type: {brief(problem)}",
                plugin=plugin,
                hook=info.name,
                hint=f"the hookspec says {signature(info.function)}; "
                f"the component has {brief(signature(guest))}",
            )
        index = component.get_export_index(info.wit_name)
        found[info.name] = Export(info.name, info.wit_name, info.function, guest, index, info.raises)
    for name in named:
        if name not in found:
            _missing(name, hooks, plugin)
    if not found:
        shown = brief(", ".join(sorted(exported))) or "nothing"
        raise PluginLoadError(
            f"implements no hook of this host; it exports {shown}",
            plugin=plugin,
            hint=f"the host's hooks are {_listed(info.wit_name for info in hooks.values())}; "
            "hooks of another program are added under [host] specs in hyperhost.toml",
        )
    return found


def _missing(name: str, hooks: Mapping[str, HookInfo], plugin: str) -> None:
    if name in hooks:
        raise SignatureMismatchError(
            f"its manifest names the hook {name!r}, but the component does not export {hooks[name].wit_name}",
            plugin=plugin,
            hook=name,
            hint="export it, or remove it from hooks in plugin.toml",
        )
    nearest = difflib.get_close_matches(name, hooks, 1)
    raise SignatureMismatchError(
        f"its manifest names the hook {name!r}, which this host does not have",
        plugin=plugin,
        hint=f"did it mean {nearest[0]!r}?" if nearest else f"hooks are {_listed(hooks)}",
    )


def _listed(names: Iterable[str]) -> str:
    """The first few of many names. The rest is for `hyperhost hooks`, or the program's own documents."""
    known = list(names)
    more = f" and {len(known) - 6} more" if len(known) > 6 else ""
    return (", ".join(known[:6]) or "none") + more


def build_object(
    plugin: str,
    exports: Iterable[Export],
    entries: Iterable[HookEntry],
    run: Callable[[Export, tuple[Any, ...]], Any],
) -> ComponentObject:
    """An object with one marked method per export, taking the parameters the guest takes.

    Args:
        plugin: Id of the plugin.
        exports: What it implements.
        entries: Order options from its manifest.
        run: Called with the export and the arguments in the guest's order.
    """
    found = ComponentObject(plugin)
    options = {entry.name: entry for entry in entries}
    for export in exports:
        entry = options.get(export.hook)
        method = _method(export, run)
        marks = {
            "before": entry.before if entry else (),
            "after": entry.after if entry else (),
            "priority": entry.priority if entry else None,
        }
        setattr(method, IMPL_ATTRIBUTE, marks)
        setattr(found, export.hook, method)
    return found


def _method(export: Export, run: Callable[[Export, tuple[Any, ...]], Any]) -> Any:
    """A function whose parameter names pluggy can read; built from text as its names vary."""
    names = ", ".join(export.arguments)
    values = f"({names},)" if export.arguments else "()"
    namespace: dict[str, Any] = {"run_component": run, "component_export": export}
    source = f"def {export.hook}({names}): return run_component(component_export, {values})"
    exec(compile(source, f"<component hook {export.hook}>", "exec"), namespace)  # noqa: S102 - names are Python identifiers of a hookspec
    return namespace[export.hook]
