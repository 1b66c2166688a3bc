"""Whatever ends a guest becomes one typed error with a code that was read, not guessed from text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
import wasmtime
from echo_components import MEMORY, annotated, package
from small_components import MEET, MEETS, Hook, Meeting, Small, component
from wasmtime import TrapCode

import hyperhost
from hyperhost.capabilities.grants import GrantSet
from hyperhost.errors import (
    BadResultError,
    CapabilityDeniedError,
    DeadlineError,
    FuelLimitError,
    HostFunctionError,
    HyperHostError,
    LinkError,
    MemoryLimitError,
    SandboxError,
    StackLimitError,
    TrapError,
)
from hyperhost.sandbox import capi, faults
from hyperhost.sandbox.call import Budget, Call
from hyperhost.sandbox.services import Services

CORE = """
    (type $nothing (func))
    (type $number (func (result i32)))
    (table $table 4 funcref)
    (func $plain)
    (elem (i32.const 1) $plain)
    (func $deep (result i64) (i64.add (i64.const 1) (call $deep)))
"""
TRAPS: dict[str, tuple[str, TrapCode]] = {
    "unreachable": ("unreachable", TrapCode.UNREACHABLE),
    "memory": ("(i64.load (i32.const -16))", TrapCode.MEMORY_OUT_OF_BOUNDS),
    "fill": (
        "(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)) (i64.const 0)",
        TrapCode.MEMORY_OUT_OF_BOUNDS,
    ),
    "table": ("(call_indirect (type $nothing) (i32.const 99)) (i64.const 0)", TrapCode.TABLE_OUT_OF_BOUNDS),
    "null": ("(call_indirect (type $nothing) (i32.const 0)) (i64.const 0)", TrapCode.INDIRECT_CALL_TO_NULL),
    "signature": (
        "(i64.extend_i32_s (call_indirect (type $number) (i32.const 1)))",
        TrapCode.BAD_SIGNATURE,
    ),
    "overflow": (
        "(i64.div_s (i64.const 0x8000000000000000) (i64.const -1))",
        TrapCode.INTEGER_OVERFLOW,
    ),
    "division": ("(i64.div_s (i64.const 1) (i64.const 0))", TrapCode.INTEGER_DIVISION_BY_ZERO),
    "conversion": ("(i64.trunc_f64_s (f64.const nan))", TrapCode.BAD_CONVERSION_TO_INTEGER),
    "stack": ("(call $deep)", TrapCode.STACK_OVERFLOW),
}


@pytest.fixture
def load() -> Iterator[Callable[..., hyperhost.Plugin]]:
    """Loads a component into a host of its own, with a spec of the hook ``fail``."""
    hosts: list[hyperhost.Host] = []

    def make(
        data: bytes, *, result: Any = int, body: Any = lambda call, n: n, **limits: Any
    ) -> hyperhost.Plugin:
        def fail(self): ...

        specs = type("Specs", (Small,), {"fail": hyperhost.hookspec(annotated(fail, **{"return": result}))})
        policy = hyperhost.QuarantinePolicy(faults=1000)
        host = hyperhost.Host("test", specs=[specs], interfaces=[Meeting(body)], quarantine=policy)
        hosts.append(host)
        return host.load(
            package(data), grants=["meet"], limits=hyperhost.Limits(**{"deadline": "20s", **limits})
        )

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Trap codes read through the C API during the test."""
    seen: list[int | None] = []
    real = capi.trap_code

    def trap_code(error: int) -> int | None:
        seen.append(real(error))
        return seen[-1]

    monkeypatch.setattr(capi, "trap_code", trap_code)
    return seen


@pytest.mark.parametrize("name", TRAPS)
def test_the_code_of_a_trap_is_read_from_a_component_error(
    load: Callable[..., hyperhost.Plugin], codes: list[int | None], name: str
) -> None:
    body, code = TRAPS[name]
    plugin = load(component([Hook("fail", "(result s64)", f"(result i64) {body}")], core=CORE))
    with pytest.raises(SandboxError) as caught:
        plugin.call("fail")
    assert codes == [code.value]
    if code is TrapCode.STACK_OVERFLOW:
        assert isinstance(caught.value, StackLimitError)
        assert caught.value.message == "recursed too deeply"
    else:
        assert isinstance(caught.value, TrapError)
        assert caught.value.trap == code.name.lower()
        assert caught.value.message.startswith("trapped: ")
        assert "wasm trap" not in caught.value.message
        assert "\n" not in caught.value.message
    assert (caught.value.plugin, caught.value.hook) == ("guest", "fail")
    assert caught.value.code.startswith("HH-")


def test_a_trap_quotes_the_reason_without_the_backtrace(load: Callable[..., hyperhost.Plugin]) -> None:
    plugin = load(
        component([Hook("fail", "(result s64)", "(result i64) (i64.div_s (i64.const 1) (i64.const 0))")])
    )
    with pytest.raises(TrapError) as caught:
        plugin.call("fail")
    assert caught.value.message == "trapped: integer divide by zero"
    assert "hyperhost plugin logs" in caught.value.hint


def running(**limits: Any) -> Call:
    budget = Budget(hyperhost.Limits(**limits))
    return Call("guest", "fail", budget, GrantSet("guest", None), {}, Services(), {})


@pytest.mark.parametrize("code", TrapCode, ids=lambda code: code.name)
def test_every_trap_code_has_its_error(code: TrapCode) -> None:
    error = faults._from_trap(running(fuel=7), code.value, "the reason")
    kinds = {
        TrapCode.STACK_OVERFLOW: StackLimitError,
        TrapCode.OUT_OF_FUEL: FuelLimitError,
        TrapCode.INTERRUPT: DeadlineError,
        TrapCode.ALLOCATION_TOO_LARGE: MemoryLimitError,
        TrapCode.INVALID_CHAR: BadResultError,
        TrapCode.STRING_OUT_OF_BOUNDS: BadResultError,
        TrapCode.LIST_OUT_OF_BOUNDS: BadResultError,
        TrapCode.INVALID_DISCRIMINANT: BadResultError,
    }
    expected = kinds.get(code, TrapError)
    assert type(error) is expected
    assert error.hint
    if isinstance(error, TrapError):
        assert error.trap == code.name.lower()
        assert "the reason" in error.message


def test_a_trap_code_of_a_later_wasmtime_is_a_trap_all_the_same() -> None:
    error = faults._from_trap(running(), 200, "something new")
    assert isinstance(error, TrapError)
    assert (error.trap, error.message) == ("200", "trapped: something new")


# --- malformed results ------------------------------------------------------------------------------------


MALFORMED: dict[str, tuple[Any, str, str]] = {
    "text beyond memory": (
        str,
        "string",
        "(i32.store (i32.const 16) (i32.const -8)) (i32.store (i32.const 20) (i32.const 99))",
    ),
    "a list beyond memory": (
        list[int],
        "(list s64)",
        "(i32.store (i32.const 16) (i32.const 65528)) (i32.store (i32.const 20) (i32.const 99))",
    ),
    "a list of all memory and more": (
        list[int],
        "(list s64)",
        "(i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const -1))",
    ),
    "no unicode": (
        str,
        "string",
        "(i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 4))"
        "(i32.store (i32.const 32) (i32.const -1))",
    ),
    "a surrogate in utf-8": (
        str,
        "string",
        "(i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 3))"
        "(i32.store (i32.const 32) (i32.const 0x80a0ed))",
    ),
    "an option that is neither": (int | None, "(option s64)", "(i32.store (i32.const 16) (i32.const 2))"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_result_is_the_guests_fault(load: Callable[..., hyperhost.Plugin], name: str) -> None:
    python, wit, body = MALFORMED[name]
    plugin = load(
        component([Hook("fail", f"(result {wit})", f"(result i32) {body} (i32.const 16)")]), result=python
    )
    with pytest.raises(BadResultError, match="returned or passed a malformed value: ") as caught:
        plugin.call("fail")
    assert (caught.value.plugin, caught.value.hook) == ("guest", "fail")
    assert "\n" not in caught.value.message


def typed(definition: str, core: str) -> bytes:
    """A component whose hook ``fail`` returns a named type."""
    return bytes(
        wasmtime.wat2wasm(f"""
(component
  (type $t' {definition}) (import "kind" (type $t (eq $t')))
  (core module $m {MEMORY} (func (export "fail") {core}))
  (core instance $i (instantiate $m))
  (func (export "fail") (result $t) (canon lift (core func $i "fail"))))""")
    )


def test_an_enum_case_that_does_not_exist(load: Callable[..., hyperhost.Plugin]) -> None:
    kind = Literal["low", "high"]
    good = typed('(enum "low" "high")', "(result i32) (i32.const 1)")
    assert load(good, result=kind).call("fail") == "high"
    bad = load(typed('(enum "low" "high")', "(result i32) (i32.const 2)"), result=kind)
    with pytest.raises(BadResultError, match="malformed value"):
        bad.call("fail")


def test_a_result_at_an_odd_address_is_an_error_of_the_guest(load: Callable[..., hyperhost.Plugin]) -> None:
    plugin = load(
        component([Hook("fail", "(result (list s64))", "(result i32) (i32.const 17)")]), result=list[int]
    )
    with pytest.raises(SandboxError) as caught:
        plugin.call("fail")
    assert isinstance(caught.value, BadResultError | TrapError)
    assert (caught.value.plugin, caught.value.hook) == ("guest", "fail")


# --- limits and host functions ---


def test_fuel_and_time_have_their_codes(
    load: Callable[..., hyperhost.Plugin], codes: list[int | None]
) -> None:
    spin = component([Hook("fail", "(result s64)", "(result i64) (loop $l (br $l)) (i64.const 0)")])
    with pytest.raises(FuelLimitError, match="used up its fuel of 5000"):
        load(spin, fuel=5000).call("fail")
    assert codes == [TrapCode.OUT_OF_FUEL.value]
    with pytest.raises(DeadlineError, match="stopped at its deadline of 25 ms"):
        load(spin, deadline="25ms").call("fail")


def test_leaving_the_component_where_it_must_not(
    load: Callable[..., hyperhost.Plugin], codes: list[int | None]
) -> None:
    called = []
    plugin = load(
        component(
            [
                Hook(
                    "fail",
                    "(result s64)",
                    "(result i64) (i64.const 1)",
                    free="(drop (call $meet (i64.const 1)))",
                )
            ],
            meets=True,
        ),
        body=lambda call, n: called.append(n) or n,
    )
    with pytest.raises(TrapError) as caught:
        plugin.call("fail")
    assert codes == [TrapCode.CANNOT_LEAVE_COMPONENT.value]
    assert caught.value.trap == "cannot_leave_component"
    assert called == []


class OwnError(Exception):
    """An exception of a host function."""


@pytest.mark.parametrize(
    "error", [OwnError("broken"), ZeroDivisionError(), wasmtime.WasmtimeError("like a trap")]
)
def test_what_a_host_function_raises_is_kept_as_the_cause(
    load: Callable[..., hyperhost.Plugin], error: Exception
) -> None:
    def fail(call: Call, n: int) -> int:
        raise error

    plugin = load(component([MEETS], meets=True), body=fail)
    with pytest.raises(HostFunctionError) as caught:
        plugin.call("meet", n=1)
    assert caught.value.__cause__ is error
    assert caught.value.message == f"a host function raised {type(error).__name__}: {error}"
    assert "not of the plugin" in caught.value.hint


def test_hyperhosts_own_errors_pass_through_a_guest_as_themselves(
    load: Callable[..., hyperhost.Plugin],
) -> None:
    error = CapabilityDeniedError("capability 'x' is not granted", hint="ask")

    def fail(call: Call, n: int) -> int:
        raise error

    plugin = load(component([MEETS], meets=True), body=fail)
    with pytest.raises(CapabilityDeniedError) as caught:
        plugin.call("meet", n=1)
    assert caught.value is error
    assert (error.plugin, error.hook) == ("guest", "meet")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_meant_for_the_program_is_not_turned_into_a_fault(
    load: Callable[..., hyperhost.Plugin], error: type[BaseException]
) -> None:
    def fail(call: Call, n: int) -> int:
        raise error

    plugin = load(component([MEETS], meets=True), body=fail)
    with pytest.raises(error):
        plugin.call("meet", n=1)
    assert plugin._host.faults == ()


def test_a_host_function_that_returns_nonsense_is_named(load: Callable[..., hyperhost.Plugin]) -> None:
    plugin = load(component([MEETS], meets=True), body=lambda call, n: "seven")
    with pytest.raises(
        BadResultError, match=f"host function {MEET} meet: its answer is str 'seven', expected int"
    ):
        plugin.call("meet", n=1)


def test_a_start_function_that_traps_is_a_fault_of_the_call(load: Callable[..., hyperhost.Plugin]) -> None:
    start = "(func $start unreachable) (start $start)"
    plugin = load(component([Hook("fail", "(result s64)", "(result i64) (i64.const 1)")], core=start))
    with pytest.raises(TrapError) as caught:
        plugin.call("fail")
    assert caught.value.trap == "unreachable"


def test_a_component_that_needs_more_memories_than_allowed_says_so(
    load: Callable[..., hyperhost.Plugin],
) -> None:
    two = bytes(
        wasmtime.wat2wasm("""
(component
  (core module $m (memory 1) (func (export "fail") (result i64) (i64.const 1)))
  (core instance $other (instantiate $m))
  (core instance $i (instantiate $m))
  (func (export "fail") (result s64) (canon lift (core func $i "fail"))))""")
    )
    assert load(two, memories=2).call("fail") == 1
    with pytest.raises(HyperHostError) as caught:
        load(two, memories=1).call("fail")
    assert isinstance(caught.value, MemoryLimitError | LinkError)
    assert "Limits.memories" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "error while executing at wasm backtrace:\n 0: x\n\nCaused by:\n    wasm trap: integer overflow",
            "integer overflow",
        ),
        ("outer\n\nCaused by:\n    0: middle\n    1: innermost: detail", "innermost: detail"),
        ("only this", "only this"),
        ("only: this", "only: this"),
        ("", "no reason given"),
    ],
)
def test_the_innermost_cause_is_quoted(text: str, reason: str) -> None:
    assert faults._reason(text) == reason
