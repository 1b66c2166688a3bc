"""One chokepoint: every host function is counted, checked against the live grants, and stops at the deadline.

The functions are enumerated, so a new one is tested without anybody remembering to; each is linked into
a real component and called by it. What needs no capability is listed here by name, with the reason.
"""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

import hyperhost
from hyperhost import Limits
from hyperhost.capabilities.grants import GrantSet
from hyperhost.errors import CapabilityDeniedError, DeadlineError, HostCallLimitError, SandboxError
from hyperhost.sandbox import capi
from hyperhost.sandbox.call import Budget
from hyperhost.sandbox.gate import BoundFunction, Gate
from hyperhost.sandbox.interface import HostFunction, HostInterface
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.interfaces.http import HttpRequest
from hyperhost.sandbox.linker import host_types
from hyperhost.sandbox.resources import ResourceBridge
from hyperhost.sandbox.services import MemoryLog, Services
from hyperhost.sandbox.types import (
    Enum,
    Flags,
    Function,
    List,
    Map,
    Option,
    Prim,
    Record,
    Resource,
    Result,
    Tuple,
    Variant,
    WitType,
)
from hyperhost.sandbox.wasi import close_state, wasi_interfaces

INTERFACES: list[HostInterface] = [*builtin_interfaces(), *wasi_interfaces()]
FUNCTIONS: list[tuple[HostInterface, str, HostFunction]] = [
    (interface, name, function)
    for interface in INTERFACES
    for name, function in sorted(interface.functions().items())
]

# Why a function, or all of an interface, may be called without any capability.
UNPRIVILEGED = {
    "wasi:cli/environment get-arguments": "always empty",
    "wasi:cli/environment get-environment": "lists what the grants of this moment cover: nothing without one",
    "wasi:cli/environment initial-cwd": "always none",
    "wasi:cli/exit": "ends the guest itself",
    "wasi:cli/stderr": "its own log, under Limits.output",
    "wasi:cli/stdin": "always at its end",
    "wasi:cli/stdout": "its own log, under Limits.output",
    "wasi:cli/terminal-stderr": "always none",
    "wasi:cli/terminal-stdin": "always none",
    "wasi:cli/terminal-stdout": "always none",
    "wasi:filesystem/preopens get-directories": "lists what the grants cover at this moment",
    "wasi:filesystem/types filesystem-error-code": "reads an error that the guest holds",
    "wasi:io/error": "reads an error that the guest holds",
    "wasi:io/poll": "waits, within the deadline, for what the guest holds",
    "wasi:io/streams": "moves bytes of streams that the guest holds; each was handed out under a grant",
}

each_function = pytest.mark.parametrize(
    ("interface", "name", "function"), FUNCTIONS, ids=[f"{i.name} {name}" for i, name, _ in FUNCTIONS]
)


class Probe:
    @hyperhost.hookspec(firstresult=True)
    def run(self) -> None: ...


# --- every function says what it needs ------------------------------------------------------------


def test_there_are_functions_to_test() -> None:
    assert len(FUNCTIONS) > 70


@each_function
def test_a_function_names_a_capability_or_is_listed_as_needing_none(
    interface: HostInterface, name: str, function: HostFunction
) -> None:
    listed = f"{interface.name} {name}" in UNPRIVILEGED or interface.name in UNPRIVILEGED
    assert function.unprivileged == listed
    if not function.unprivileged:
        assert interface.capability


def test_the_list_of_unprivileged_functions_has_no_entry_too_many() -> None:
    free = {f"{interface.name} {name}" for interface, name, function in FUNCTIONS if function.unprivileged}
    for entry in UNPRIVILEGED:
        assert any(item == entry or item.startswith(f"{entry} ") for item in free), entry


def test_only_interfaces_without_privileged_functions_are_linked_without_a_grant() -> None:
    for interface in INTERFACES:
        if interface.always:
            functions = interface.functions().values()
            exempt = interface.name == "wasi:filesystem/types"
            assert exempt or all(function.unprivileged for function in functions), interface.name


def test_a_body_is_run_by_the_gate_and_by_nothing_else() -> None:
    sources = Path(hyperhost.__file__).parent.joinpath("sandbox").rglob("*.py")
    holders = {path.name for path in sources if "add_func(" in path.read_text(encoding="utf-8")}
    assert holders == {"linker.py"}
    linker = Path(hyperhost.__file__).parent / "sandbox" / "linker.py"
    assert linker.read_text(encoding="utf-8").count("capi.add_func(") == 1
    assert "entry = BoundFunction(" in linker.read_text(encoding="utf-8")


def test_a_replay_is_bound_at_the_same_place_and_to_no_host_interface() -> None:
    sandbox = Path(hyperhost.__file__).parent / "sandbox"
    replaying = (sandbox / "replaying.py").read_text(encoding="utf-8")
    for name in ("interfaces", "wasi", "services", "grants", "capi"):
        assert f"sandbox.{name}" not in replaying
    linker = (sandbox / "linker.py").read_text(encoding="utf-8")
    assert "None if playback else _permitted(" in linker  # with a recording, no interface is looked up


# --- calling each through a real component --------------------------------------------------------

WASI = {
    "int": Prim("u64"),
    "Sequence[int]": List(Prim("u32")),
    "tuple[bool, None]": Result(None, None),
}
"""Types that WASI functions take for what their bodies say; handles are numbers, too."""


def declared_type(interface: HostInterface, name: str) -> Function:
    """The type a component imports a function with."""
    if interface.typed:
        return host_types(interface)[name]
    parameters = list(inspect.signature(interface.functions()[name].body).parameters.values())[1:]
    return Function(
        tuple((p.name, p.name.replace("_", "-"), WASI[str(p.annotation)]) for p in parameters), None
    )


def wat_type(kind: WitType, declared: list[str]) -> str:
    """A type as component text; named types are declared before, in ``declared``."""
    match kind:
        case Prim(name):
            return name
        case List(element):
            return f"(list {wat_type(element, declared)})"
        case Map(value):
            return f"(list (tuple string {wat_type(value, declared)}))"
        case Option(inner):
            return f"(option {wat_type(inner, declared)})"
        case Tuple(elements):
            return f"(tuple {' '.join(wat_type(item, declared) for item in elements)})"
        case Result(ok, err):
            sides = "" if ok is None else wat_type(ok, declared)
            return f"(result {sides}{'' if err is None else f' (error {wat_type(err, declared)})'})"
        case Record(fields=fields):
            text = " ".join(f'(field "{field.name}" {wat_type(field.type, declared)})' for field in fields)
            return named(f"(record {text})", declared)
        case Enum(cases=names):
            return named(f"(enum {' '.join(map('{!r}'.format, names))})".replace("'", '"'), declared)
        case Flags(flags=names):
            return named(f"(flags {' '.join(map('{!r}'.format, names))})".replace("'", '"'), declared)
        case Variant(cases=cases):
            rows = " ".join(
                f'(case "{name}"{"" if payload is None else " " + wat_type(payload, declared)})'
                for name, payload, _ in cases
            )
            return named(f"(variant {rows})", declared)
        case Resource():
            raise AssertionError("typed interfaces have no resources")


def named(text: str, declared: list[str]) -> str:
    number = len(declared)
    declared.append(f'(type $d{number} {text}) (export "type-{number}" (type $t{number} (eq $d{number})))')
    return f"$t{number}"


def flat(kind: WitType | None) -> list[str]:
    """Core types of a value, as the canonical ABI flattens it."""
    match kind:
        case None:
            return []
        case Prim("string") | List() | Map():
            return ["i32", "i32"]
        case Prim(name):
            return [{"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}.get(name, "i32")]
        case Option(inner):
            return ["i32", *flat(inner)]
        case Tuple(elements):
            return [core for item in elements for core in flat(item)]
        case Record(fields=fields):
            return [core for field in fields for core in flat(field.type)]
        case Enum() | Flags() | Result(None, None):
            return ["i32"]
        case _:
            return ["i32"] * 99  # more than fits: passed through memory


def component(interface: HostInterface, name: str) -> bytes:
    """A component whose hook ``run`` calls one host function with zeroes, for ever."""
    kind = declared_type(interface, name)
    declared: list[str] = []
    parameters = " ".join(f'(param "{wit}" {wat_type(item, declared)})' for _, wit, item in kind.parameters)
    result = "" if kind.result is None else f"(result {wat_type(kind.result, declared)})"
    core = [item for _, _, parameter in kind.parameters for item in flat(parameter)]
    results = flat(kind.result)
    if len(results) > 1:
        core, results = [*core, "i32"], []
    zeroes = " ".join(f"({item}.const 0)" for item in core)
    call = f"(call $it {zeroes})"
    text = f"""(component
      (import "{interface.name}{version_of(interface)}" (instance $i
        {" ".join(declared)} (export "{name}" (func {parameters} {result}))))
      (core module $libc (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
      (core instance $l (instantiate $libc))
      (core func $it (canon lower (func $i "{name}") (memory (core memory $l "memory"))
        (realloc (core func $l "realloc"))))
      (core module $main (import "host" "it" (func $it (param {" ".join(core)}) (result {" ".join(results)})))
        (func (export "run") (loop $again {call if not results else f"(drop {call})"} (br $again))))
      (core instance $m (instantiate $main (with "host" (instance (export "it" (func $it))))))
      (func (export "run") (canon lift (core func $m "run"))))"""
    return bytes(wat2wasm(text))


def version_of(interface: HostInterface) -> str:
    return "" if "@" in interface.name else "@0.2.0"


def wide_grants(directory: Path) -> list[str]:
    """A grant of every kind there is, wide enough to link and call everything."""
    paths = [f"fs.read:{directory}", f"fs.write:{directory}"]
    targets = ["env:*", "secrets:*", "http:example.invalid", "kv:shared:x", "content:read"]
    return [*paths, *targets, "log", "config", "clock", "random", "kv"]


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("t", specs=[Probe], services=Services(log=MemoryLog(), environ={})) as host:
        yield host


REACHABLE = [item for item in FUNCTIONS if not item[1].startswith("[method]")]
reachable = pytest.mark.parametrize(
    ("interface", "name", "function"), REACHABLE, ids=[f"{i.name} {name}" for i, name, _ in REACHABLE]
)


@reachable
def test_a_component_that_may_call_nothing_calls_nothing(
    host, interface: HostInterface, name: str, function: HostFunction, tmp_path: Path
) -> None:
    path = tmp_path / "probe.wasm"
    path.write_bytes(component(interface, name))
    plugin = host.load(path, grants=wide_grants(tmp_path), limits=Limits(host_calls=0))
    with pytest.raises(HostCallLimitError, match="more than 0 times") as caught:
        plugin.call("run")
    assert (caught.value.plugin, caught.value.hook) == ("probe", "run")


@reachable
def test_a_component_whose_grants_were_taken_back_is_refused_at_the_next_call(
    host, interface: HostInterface, name: str, function: HostFunction, tmp_path: Path
) -> None:
    path = tmp_path / "probe.wasm"
    path.write_bytes(component(interface, name))
    plugin = host.load(path, grants=wide_grants(tmp_path), limits=Limits(host_calls=20, deadline="5s"))
    for granted in plugin.granted:
        plugin.revoke(granted)
    with pytest.raises(SandboxError) as caught:
        plugin.call("run")
    assert isinstance(caught.value, CapabilityDeniedError) != function.unprivileged, caught.value
    assert (caught.value.plugin, caught.value.hook) == ("probe", "run")


# --- the gate itself, for every function ----------------------------------------------------------


def test_what_lists_the_grants_lists_nothing_without_any(tmp_path: Path) -> None:
    guest = Gated(tmp_path, Limits())
    try:
        for interface, name in (
            ("wasi:cli/environment", "get-environment"),
            ("wasi:filesystem/preopens", "get-directories"),
        ):
            assert guest.function(interface, name).body(guest.call)
        for capability in guest.grants.granted:
            guest.grants.revoke(capability)
        assert guest.function("wasi:cli/environment", "get-environment").body(guest.call) == []
        assert guest.function("wasi:filesystem/preopens", "get-directories").body(guest.call) == []
    finally:
        guest.close()


class Gated:
    """One host function behind a real gate, with a body that only counts, called as wasmtime calls it.

    Args:
        directory: What files the call may reach; it holds open descriptors of it.
        limits: Limits of the call.
    """

    def __init__(self, directory: Path, limits: Limits) -> None:
        self.grants = GrantSet("p", None, wide_grants(directory))
        services = Services(log=MemoryLog(), environ={"HOME": "/"}, content_root=directory)
        self.call = hyperhost.Call("p", "run", Budget(limits), self.grants, {}, services, {})
        self.gate = Gate()
        self.ran = 0
        roots = self.function("wasi:filesystem/preopens", "get-directories").body(self.call)
        self.handle = roots[0][0]
        reading = self.function("wasi:filesystem/types", "[method]descriptor.read-directory")
        self.entries = reading.body(self.call, self.handle)

    @staticmethod
    def function(interface: str, name: str) -> HostFunction:
        """The function of that name."""
        return next(f for i, n, f in FUNCTIONS if (i.name, n) == (interface, name))

    def sample(self, name: str, function: HostFunction) -> list[Any]:
        """Arguments that name something the call was granted."""
        values: list[Any] = []
        for parameter in list(inspect.signature(function.body).parameters.values())[1:]:
            kind = str(parameter.annotation)
            if parameter.name in ("handle", "new_handle", "other"):
                values.append(self.entries if "directory-entry-stream" in name else self.handle)
            elif kind == "HttpRequest":
                values.append(HttpRequest("GET", "http://example.invalid/", [], b"", None))
            else:
                values.append({"int": 0, "str": "x", "bytes": b""}.get(kind))
        return values

    def enter(
        self, interface: HostInterface, name: str, function: HostFunction, *, outlasts: bool = False
    ) -> None:
        """Call it; raises what ended the guest."""
        arguments = self.sample(name, function)

        def body(call: hyperhost.Call, *given: Any) -> None:
            self.ran += 1
            if outlasts:
                call.deadline = time.monotonic() - 1

        counted = dataclasses.replace(function, body=body)
        entry = BoundFunction(
            interface.name, counted, Function((), None), Function((), None), ResourceBridge({})
        )
        entry._lift = lambda address, weigh: arguments
        number = self.gate.add(entry)
        self.gate.calls[1] = self.call
        error = self.gate._enter(number, 1, 0, 0, 0, 0, 0)
        if error:
            capi.error_delete(error)
        if self.call.failure is not None:
            raise self.call.failure

    def close(self) -> None:
        close_state(self.call.state)


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Any]:
    made: list[Gated] = []

    def make(**limits: Any) -> Gated:
        made.append(Gated(tmp_path, Limits(**limits)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@each_function
def test_a_granted_call_runs_and_is_counted(gated, interface, name, function) -> None:
    guest = gated(deadline="10s")
    guest.enter(interface, name, function)
    assert (guest.ran, guest.call.host_calls) == (1, 1)


@each_function
def test_a_call_beyond_the_limit_does_not_run(gated, interface, name, function) -> None:
    guest = gated(host_calls=0, deadline="10s")
    with pytest.raises(HostCallLimitError):
        guest.enter(interface, name, function)
    assert guest.ran == 0


@each_function
def test_a_call_after_the_deadline_does_not_run(gated, interface, name, function) -> None:
    guest = gated(deadline="10s")
    guest.call.deadline = time.monotonic() - 1
    with pytest.raises(DeadlineError):
        guest.enter(interface, name, function)
    assert guest.ran == 0


@each_function
def test_a_call_that_ends_after_the_deadline_has_no_answer(gated, interface, name, function) -> None:
    guest = gated(deadline="10s")
    with pytest.raises(DeadlineError):
        guest.enter(interface, name, function, outlasts=True)
    assert guest.ran == 1


@each_function
def test_a_call_without_its_grant_does_not_run(gated, interface, name, function) -> None:
    guest = gated(deadline="10s")
    for capability in guest.grants.granted:
        guest.grants.revoke(capability)
    if function.unprivileged:
        guest.enter(interface, name, function)
        assert guest.ran == 1
        return
    with pytest.raises(CapabilityDeniedError) as caught:
        guest.enter(interface, name, function)
    assert "hyperhost plugin grant p" in caught.value.hint
    assert guest.ran == 0


def test_a_function_that_forgets_to_say_what_it_needs_reaches_nothing(gated) -> None:
    guest = gated(deadline="10s")
    forgetful = HostFunction("leak", lambda call: "secret", lambda call, *arguments: ())
    with pytest.raises(CapabilityDeniedError, match="names no capability"):
        guest.enter(INTERFACES[0], "leak", forgetful)
    assert guest.ran == 0


def test_a_host_function_outside_of_a_call_is_refused() -> None:
    gate = Gate()
    error = gate._enter(1, 42, 0, 0, 0, 0, 0)
    assert error
    capi.error_delete(error)
