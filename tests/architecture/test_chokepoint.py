"""One chokepoint: every host function is counted, checked against the live grants, and stops at the deadline.

The functions are enumerated, so a new one is tested without anybody remembering to; each is linked into
a real component and called by it. What needs no capability is listed here by name, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

import hyperhost
from hyperhost import Limits
from hyperhost.errors import CapabilityDeniedError, DeadlineError, HostCallLimitError
from hyperhost.sandbox.gate import BoundFunction, Gate
from hyperhost.sandbox.interface import HostFunction, HostInterface
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.linker import host_types
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
from hyperhost.sandbox.wasi import wasi_interfaces

INTERFACES: list[HostInterface] = [*builtin_interfaces(), *wasi_interfaces()]
FUNCTIONS: list[tuple[HostInterface, str, HostFunction]] = [
    (interface, name, function)
    for interface in INTERFACES
    for name, function in sorted(interface.functions().items())
]

# Why a function, or all of an interface, may be called without any capability.
UNPRIVILEGED = {
    "wasi:cli/environment get-arguments": "always empty",
    "wasi:cli/environment initial-cwd": "always none",
    "wasi:cli/exit": "ends the guest itself",
    "wasi:cli/stderr": "its own log, under Limits.output",
    "wasi:cli/stdin": "always at its end",
    "wasi:cli/stdout": "its own log, under Limits.output",
    "wasi:cli/terminal-stderr": "always none",
    "wasi:cli/terminal-stdin": "always none",
    "wasi:cli/terminal-stdout": "always none",
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


# --- calling each through a real component --------------------------------------------------------

PLAIN = Function((), None)
"""WASI functions take whatever type a component declares, so one without parameters reaches the gate."""


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
        case Enum() | Flags():
            return ["i32"]
        case _:
            return ["i32"] * 99  # more than fits: passed through memory


def component(interface: HostInterface, name: str) -> bytes:
    """A component whose hook ``run`` calls one host function with zeroes, for ever."""
    kind = host_types(interface)[name] if interface.typed else PLAIN
    declared: list[str] = []
    parameters = " ".join(f'(param "{wit}" {wat_type(item, declared)})' for _, wit, item in kind.parameters)
    result = "" if kind.result is None else f"(result {wat_type(kind.result, declared)})"
    core = [item for _, _, parameter in kind.parameters for item in flat(parameter)]
    results = flat(kind.result)
    if len(results) > 1:
        core, results = [*core, "i32"], []
    zeroes = " ".join(f"({item}.const 0)" for item in core)
    call = f"(call $it {zeroes})"
    version = "" if "@" in interface.name else "@0.2.0"
    method = name.startswith("[method]")
    if method:  # such a name needs its resource as first parameter
        resource = name.removeprefix("[method]").partition(".")[0]
        declared.append(f'(export "{resource}" (type $self (sub resource)))')
        parameters, core, call = '(param "self" (borrow $self))', ["i32"], "(call $it (i32.const 1))"
    text = f"""(component
      (import "{interface.name}{version}" (instance $i
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


class Recorder:
    """Stands where the body of a host function was: what it does not see, no body sees."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, call: hyperhost.Call, *arguments: Any) -> Any:
        self.calls += 1
        return None


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("t", specs=[Probe], services=Services(log=MemoryLog(), environ={})) as host:
        yield host


def grants_for(interface: HostInterface, tmp_path: Path) -> list[str]:
    """A grant of each kind the interface is linked under, wide enough to link it."""
    kinds = [interface.capability] if isinstance(interface.capability, str) else list(interface.capability)
    texts = {
        "env": "env:*",
        "fs.read": f"fs.read:{tmp_path}",
        "fs.write": f"fs.write:{tmp_path}",
        "http": "http:example.invalid",
        "kv:shared": "kv:shared:*",
    }
    return [texts.get(kind, kind) for kind in kinds if kind]


def bound(plugin: hyperhost.Plugin) -> BoundFunction:
    assert plugin.runtime is not None
    (only,) = plugin.runtime._linked.bound
    return only


def load(
    host: hyperhost.Host, interface: HostInterface, name: str, tmp_path: Path, limits: Limits
) -> hyperhost.Plugin:
    """The component that calls one function, which is linked but does nothing."""
    if name.startswith("[method]"):
        pytest.skip("a method needs a handle, which only its interface hands out; see the next test")
    path = tmp_path / "probe.wasm"
    path.write_bytes(component(interface, name))
    return host.load(path, grants=grants_for(interface, tmp_path), limits=limits)


def answering(function: BoundFunction) -> Recorder:
    """Let the function do nothing, whatever it is asked: its checks are what is tested."""
    recorder = Recorder()
    function._run = recorder
    function._requires = lambda call, *arguments: ()
    function._lower = None
    return recorder


@each_function
def test_each_call_counts_as_a_host_call(
    host, interface: HostInterface, name: str, function: HostFunction, tmp_path: Path
) -> None:
    plugin = load(host, interface, name, tmp_path, Limits(host_calls=3, deadline="5s"))
    gated = bound(plugin)
    if not function.unprivileged:
        gated._function = HostFunction(name, function.body, function.requires, function.error, True)
    recorder = answering(gated)
    if recorded_results(interface, name):
        recorder.calls = -10**6
        pytest.skip("it must answer, so it is counted in the next test")
    with pytest.raises(HostCallLimitError, match="more than 3 times"):
        plugin.call("run")
    assert recorder.calls == 3


def recorded_results(interface: HostInterface, name: str) -> bool:
    return interface.typed and host_types(interface)[name].result is not None
