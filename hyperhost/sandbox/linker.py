"""Link a component's imports to host functions, as far as it was granted them.

The import section is the permission request: every imported interface must be one the host
offers and the plugin holds a grant for, or loading fails before any of its code ran.
"""

from __future__ import annotations

import ctypes
import difflib
import re
import shlex
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import wasmtime.component as wc

from hyperhost.errors import (
    CapabilityDeniedError,
    ImportDeniedError,
    LinkError,
    SignatureMismatchError,
    SpecError,
)
from hyperhost.sandbox import capi
from hyperhost.sandbox.compat import brief, generic, mismatch
from hyperhost.sandbox.gate import BoundFunction, Gate
from hyperhost.sandbox.guest_types import ImportedInstance, imports
from hyperhost.sandbox.interface import HostFunction, HostInterface
from hyperhost.sandbox.loose import misfit
from hyperhost.sandbox.resources import ResourceBridge
from hyperhost.sandbox.types import Function, function_from_python
from hyperhost.sandbox.wasi import denied_stub
from hyperhost.sandbox.wit import signature

if TYPE_CHECKING:
    import wasmtime

    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.sandbox.call import Call
    from hyperhost.sandbox.engine import Sandbox
    from hyperhost.sandbox.replaying import Playback

__all__ = ["Linked", "find_interface", "host_types", "link", "required_capabilities"]


class Linked:
    """A linker for one plugin, with everything that must live as long as it does."""

    def __init__(self, linker: wc.Linker, gate: Gate, numbers: list[int], bound: list[BoundFunction]) -> None:
        self.linker = linker
        self.pointer = capi.pointer(linker)
        self.bound = bound
        self._gate = gate
        self._numbers = numbers

    def close(self) -> None:
        """Free the linker; no store may use it any more."""
        self.linker.close()
        self._gate.remove(self._numbers)


def find_interface(name: str, interfaces: Iterable[HostInterface]) -> HostInterface | None:
    """The host interface that serves an import: same name, and a version that is compatible.

    A host interface without a version serves all; one at 1.2.0 serves imports from 1.0.0 to 1.2.x.
    """
    base, _, wanted = name.partition("@")
    for interface in interfaces:
        offered_base, _, offered = interface.name.partition("@")
        if offered_base == base and (not offered or _serves(offered, wanted)):
            return interface
    return None


def _serves(offered: str, wanted: str) -> bool:
    if not wanted:
        return True
    have, want = ([int(part) for part in re.findall(r"\d+", text)[:3]] for text in (offered, wanted))
    # Versions that differ in the last number only have the same functions; before 1.0 nothing is promised.
    return have[0] == want[0] and (
        have[1] >= want[1] if have[0] else have[1] == want[1] and have[2:] >= want[2:]
    )


def host_types(interface: HostInterface) -> dict[str, Function]:
    """WIT types of a typed interface's functions, from their annotations."""
    types = {}
    for name, function in interface.functions().items():
        body = function.body.__func__ if hasattr(function.body, "__func__") else function.body
        where = f"{interface.name} {name}"
        types[name] = function_from_python(body, skip=2, where=where, error=function.error)
    return types


def required_capabilities(
    component: wc.Component, engine: wasmtime.Engine, offered: list[HostInterface]
) -> list[str]:
    """Kinds of capability without which the component cannot be linked, sorted; nothing is run."""
    found = set()
    for instance in imports(component, engine)[0]:
        if instance.functions or instance.resources:
            interface = find_interface(instance.name, offered)
            if interface is None:
                found.add(f"? {instance.name}")
            elif not interface.always:
                found.add(" or ".join(_kinds(interface)))
    return sorted(found)


def link(
    component: wc.Component,
    sandbox: Sandbox,
    engine: wasmtime.Engine,
    plugin: str,
    grants: GrantSet,
    *,
    stub_denied: bool = False,
    optional: Collection[str] = (),
    playback: Playback | None = None,
) -> Linked:
    """Link everything the component imports.

    Args:
        component: The compiled component.
        sandbox: Holds the host interfaces and the gate.
        engine: The engine the component was compiled by.
        plugin: Id of the plugin.
        grants: What it may do.
        stub_denied: Link imports outside the grant to a function that refuses when it is called.
        optional: Kinds of capability that the plugin says it works without. Their interfaces are
            linked, granted or not; the gate refuses each call until they are.
        playback: Link every import to its answers, and none to a host interface.

    Raises:
        ImportDeniedError: an import is outside the grant; the hint is the granting command.
        LinkError: an import is offered by no host interface.
        SignatureMismatchError: a host function is imported with a type it does not have.
    """
    instances, others = imports(component, engine)
    if others:
        raise LinkError(
            f"imports {others[0]!r} outside of any interface",
            plugin=plugin,
            hint="import host interfaces only",
        )
    needed = [item for item in instances if item.functions or item.resources]
    interfaces = {
        item.name: None if playback else _permitted(item, sandbox, plugin, grants, stub_denied, optional)
        for item in needed
    }
    type_ids = {
        name: index for index, name in enumerate(sorted({n for i in needed for n in i.resources.values()}), 1)
    }
    bridge = ResourceBridge(type_ids)
    linker = wc.Linker(engine)
    numbers: list[int] = []
    bound: list[BoundFunction] = []
    try:
        with linker.root() as root:
            for item in needed:
                with root.add_instance(item.name) as instance:
                    _add(
                        item,
                        interfaces[item.name],
                        instance,
                        sandbox,
                        plugin,
                        bridge,
                        type_ids,
                        numbers,
                        bound,
                        playback,
                    )
    except BaseException:
        linker.close()
        sandbox.gate.remove(numbers)
        raise
    return Linked(linker, sandbox.gate, numbers, bound)


def _kinds(interface: HostInterface) -> tuple[str, ...]:
    return (interface.capability,) if isinstance(interface.capability, str) else interface.capability


def _permitted(
    item: ImportedInstance,
    sandbox: Sandbox,
    plugin: str,
    grants: GrantSet,
    stub_denied: bool,
    optional: Collection[str],
) -> HostInterface | None:
    """The interface to link, or ``None`` for stubs."""
    interface = find_interface(item.name, sandbox.interfaces)
    if interface is not None and (
        interface.always
        or grants.learning
        or any(kind in optional or grants.has_kind(kind) for kind in _kinds(interface))
    ):
        return interface
    if stub_denied:
        return None
    if interface is None:
        _refuse_version(item.name, sandbox.interfaces, plugin)
        names = [known.name for known in sandbox.interfaces]
        nearest = difflib.get_close_matches(item.name, names, 1)
        raise LinkError(
            f"imports {item.name}, which this host does not offer",
            plugin=plugin,
            hint=f"did it mean {nearest[0]}?"
            if nearest
            else "load it with stub_denied to refuse it when called",
        )
    kinds = _kinds(interface)
    wanted = grants.suggestion(kinds)
    denied = ImportDeniedError(
        f"imports {item.name}, which needs the capability {' or '.join(kinds)}",
        plugin=plugin,
        hint=f"grant it with: hyperhost plugin grant {plugin} {shlex.quote(wanted)}",
    )
    denied.capability = wanted
    raise denied


def _refuse_version(name: str, interfaces: Iterable[HostInterface], plugin: str) -> None:
    """Raise :class:`LinkError` if only the version of an import keeps the host from serving it."""
    base, _, wanted = name.partition("@")
    for interface in interfaces:
        offered_base, _, offered = interface.name.partition("@")
        if offered_base == base:
            raise LinkError(
                f"imports {name}, which this host does not offer: it has version {offered}",
                plugin=plugin,
                hint=f"did it mean {interface.name}? Build it for that version, "
                f"or run it in a host that offers {wanted}",
            )


def _add(
    item: ImportedInstance,
    interface: HostInterface | None,
    instance: wc.LinkerInstance,
    sandbox: Sandbox,
    plugin: str,
    bridge: ResourceBridge,
    type_ids: dict[str, int],
    numbers: list[int],
    bound: list[BoundFunction],
    playback: Playback | None,
) -> None:
    offered = interface.functions() if interface is not None else {}
    types = host_types(interface) if interface is not None and interface.typed else None
    pointer = capi.pointer(instance)
    for name, identity in item.resources.items():
        dropped = interface.resources.get(name) if interface is not None else None
        if playback is not None:
            dropped = playback.drop
        numbers.append(sandbox.gate.add(dropped if dropped is not None else _nothing))
        kind = wc.ResourceType.host(type_ids[identity])
        data = name.encode()
        _check(
            capi.add_resource(
                pointer,
                data,
                len(data),
                ctypes.cast(kind.ptr(), ctypes.c_void_p).value,
                sandbox.gate.resource_callback,
                numbers[-1],
                capi.NO_FINALIZER,
            )
        )
    for name, guest in item.functions.items():
        function = offered.get(name)
        if playback is not None:
            function, host = playback.function(item.name, name, guest)
        elif function is None:
            function = _refusal(item.name, name, plugin, missing=interface is not None)
            host = _generic_function(guest)
        elif types is None:
            host = _generic_function(guest)
            if problem := misfit(function.body, guest, unsigned=item.name.startswith("wasi:")):
                raise SignatureMismatchError(
                    f"imports {item.name} {name} with another type: {brief(problem)}",
                    plugin=plugin,
                    hint="build it against the published interface",
                )
        else:
            host = types[name]
            if problem := mismatch(host, guest, guest_is_callee=False):
                raise SignatureMismatchError(
                    f"imports {item.name} {name} with another type: {brief(problem)}",
                    plugin=plugin,
                    hint=f"the host offers {signature(host)}; "
                    f"the component expects {brief(signature(guest))}",
                )
        entry = BoundFunction(item.name, function, host, guest, bridge)
        bound.append(entry)
        numbers.append(sandbox.gate.add(entry))
        data = name.encode()
        _check(
            capi.add_func(
                pointer, data, len(data), sandbox.gate.host_callback, numbers[-1], capi.NO_FINALIZER
            )
        )


def _generic_function(guest: Function) -> Function:
    parameters = tuple((name, name, generic(kind)) for _, name, kind in guest.parameters)
    return Function(parameters, None if guest.result is None else generic(guest.result))


def _refusal(interface: str, name: str, plugin: str, *, missing: bool) -> HostFunction:
    """A function that refuses whoever calls it; WASI's start-up questions get an empty answer instead."""
    if not missing and interface.startswith("wasi:"):
        return HostFunction(
            name, denied_stub(interface, name), lambda call, *arguments: (), unprivileged=True
        )
    reason = "which this host does not offer" if missing else "which it was not granted"

    def refuse(call: Call, *arguments: Any) -> Any:
        raise CapabilityDeniedError(
            f"called {interface} {name}, {reason}",
            plugin=plugin,
            hook=call.hook,
            hint=f"see what it may do with: hyperhost plugin permissions {plugin}",
        )

    return HostFunction(name, refuse, lambda call, *arguments: (), unprivileged=True)


def _nothing(call: Call, handle: int) -> None:
    """A resource that needs no clean-up."""


def _check(error: int) -> None:
    if error:
        message = capi.error_message(error)
        capi.error_delete(error)
        raise SpecError(f"wasmtime refused a host function: {message}")
