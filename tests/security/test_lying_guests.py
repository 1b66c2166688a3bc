"""Guests whose values are not what their types say, and allocators that lie."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from wat import (
    CONFIG,
    ECHO,
    KV_SET,
    LOG,
    RANDOM,
    SLEEP,
    Guest,
    Hook,
    Import,
    answering,
    realloc,
    run,
)

import hyperhost
from hyperhost import Limits
from hyperhost.errors import (
    BadResultError,
    HostBytesLimitError,
    OutputLimitError,
    TrapError,
)

MALFORMED = "returned or passed a malformed value: "
COLOR = '(type $color-type (enum "red" "green")) (export $color "color-type" (type $color-type))'
EITHER = """(type $left-type (record (field "n" s64))) (export $left "left" (type $left-type))
    (type $right-type (record (field "s" string))) (export $right "right" (type $right-type))
    (type $either-type (variant (case "left" $left) (case "right" $right)))
    (export $either "either-type" (type $either-type))"""
POINT = """(type $point-type (record (field "x" bool) (field "y" bool)))
    (export $point "point" (type $point-type))"""


def pointer(at: int, length: int) -> bytes:
    return at.to_bytes(4, "little") + length.to_bytes(4, "little")


def returning(name: str, type_: str, core: str, types: str = "") -> Guest:
    """A guest whose hook ``name`` ends in the core value ``core``."""
    return Guest([Hook(name, f"(result {type_})", f"(result i32) {core}")], types=types)


def listing(name: str, type_: str, length: int, *, pages: int, types: str = "", at: int = 4096) -> Guest:
    """A guest that answers with a list of ``length`` items in a memory of zeroes."""
    core = f"""(i32.store (i32.const 16) (i32.const {at})) (i32.store (i32.const 20) (i32.const {length}))
        (i32.const 16)"""
    hook = Hook(name, f"(result (list {type_}))", f"(result i32) {core}")
    return Guest([hook], memory=str(pages), types=types)


# --- values that do not exist ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hook", "guest", "words"),
    [
        ("text", answering("text", "string", pointer(1032, 2) + b"\xff\xfe"), "invalid utf-8"),
        ("text", answering("text", "string", pointer(1032, 3) + b"\xed\xa0\x80"), "invalid utf-8"),
        (
            "words",
            answering("words", "(list string)", pointer(1032, 1) + pointer(1040, 1) + b"\x80"),
            "utf-8",
        ),
        (
            "text",
            answering("text", "string", pointer(1024, 2**31 - 1)),
            "string pointer/length out of bounds",
        ),
        ("text", answering("text", "string", pointer(2**32 - 8, 8)), "out of bounds"),
        (
            "color",
            returning("color", "$color", "(i32.const 7)", COLOR),
            r"discriminant 7 out of range \[0\.\.2\)",
        ),
        ("color", returning("color", "$color", "(i32.const -1)", COLOR), "out of range"),
        ("maybe", answering("maybe", "(option s64)", bytes([7]) + bytes(16)), "discriminant 7 out of range"),
        ("maybe", returning("maybe", "(option s64)", "(i32.const 1025)"), "return pointer not aligned"),
        ("maybe", returning("maybe", "(option s64)", "(i32.const -8)"), "pointer out of bounds"),
        (
            "words",
            answering("words", "(list string)", pointer(0, 2**32 - 1)),
            "list pointer/length out of bounds",
        ),
        ("numbers", answering("numbers", "(list s64)", pointer(1028, 1)), "list pointer is not aligned"),
    ],
    ids=[
        "text that is no UTF-8",
        "text with half a surrogate pair",
        "text in a list that is no UTF-8",
        "text beyond the memory",
        "text that wraps around",
        "an enum case that does not exist",
        "a negative enum case",
        "an option that is neither",
        "an answer at an odd address",
        "an answer beyond the memory",
        "a list beyond the memory",
        "a list at an odd address",
    ],
)
def test_an_answer_that_its_type_does_not_allow(arena, hook: str, guest: Guest, words: str) -> None:
    (one,) = guest.hooks
    if one.type.startswith("(result") and hook == "text":  # it takes an argument, too
        takes = Hook("text", f'(param "text" string) {one.type}', f"(param i32 i32) {one.core}")
        guest = Guest([takes], core=guest.core)
    with arena.ends(BadResultError, MALFORMED + f".*{words}", hook=hook, hint="plugin is at fault"):
        arena.run(guest, hook)


@pytest.mark.parametrize("case", [2, 255])
def test_a_variant_case_that_does_not_exist(arena, case: int) -> None:
    guest = Guest(
        [Hook("either", "(result $either)", "(result i32) (i32.const 1024)")],
        types=EITHER,
        core=f'(data (i32.const 1024) "\\{case:02x}")',
    )
    with arena.ends(BadResultError, f"discriminant {case} out of range", hook="either"):
        arena.run(guest, "either")


def test_any_bool_but_zero_is_true_as_the_canonical_abi_says(arena) -> None:
    assert arena.run(returning("flag", "bool", "(i32.const 7)"), "flag") is True


class Anything(hyperhost.HostInterface):
    """Takes whatever type a guest declares, as the WASI interfaces do."""

    name: ClassVar[str] = "acme:any/thing@1.0.0"
    capability: ClassVar[str] = "anything"
    describes: ClassVar[str] = "do anything"
    target_required: ClassVar[bool] = False
    typed: ClassVar[bool] = False

    def __init__(self) -> None:
        self.taken: list[Any] = []

    @hyperhost.hostfunction(requires="anything")
    def take(self, call: hyperhost.Call, value: Any) -> None:
        self.taken.append(value)


@pytest.mark.parametrize(
    ("type_", "core", "value", "words"),
    [
        ("char", "i32", "(i32.const 0xd800)", "converted integer out of range for `char`|invalid"),
        ("char", "i32", "(i32.const 0x110000)", "converted integer out of range for `char`|invalid"),
        ("(option u8)", "i32 i32", "(i32.const 2) (i32.const 0)", "discriminant 2 out of range"),
        ("(result u8)", "i32 i32", "(i32.const 9) (i32.const 0)", "discriminant 9 out of range"),
        ("(list u64)", "i32 i32", "(i32.const 4) (i32.const 1)", "list pointer is not aligned"),
    ],
    ids=["half a surrogate pair", "beyond Unicode", "option", "result", "unaligned list"],
)
def test_an_argument_of_a_host_function_that_its_type_does_not_allow(
    make_arena, type_: str, core: str, value: str, words: str
) -> None:
    anything = Anything()
    arena = make_arena(interfaces=[anything])
    take = Import("take", "acme:any/thing@1.0.0", "take", f'(param "value" {type_})', f"(param {core})")
    with arena.ends(BadResultError, MALFORMED + f".*({words})"):
        arena.run(Guest([run(f"(call $take {value}) (i64.const 1)")], [take]), grants=["anything"])
    assert anything.taken == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("(i32.const 9) (i32.const 0) (i32.const 4)", r"discriminant 9 out of range \[0\.\.4\)"),
        ("(i32.const 1) (i32.const 0) (i32.const -4)", "string pointer/length out of bounds"),
        ("(i32.const 1) (i32.const 1024) (i32.const 2)", "invalid utf-8"),
    ],
    ids=["level", "length", "UTF-8"],
)
def test_a_log_line_that_its_type_does_not_allow(arena, arguments: str, words: str) -> None:
    guest = Guest(
        [run(f"(call $log {arguments}) (i64.const 1)")], [LOG], core=r'(data (i32.const 1024) "\ff\fe")'
    )
    with arena.ends(BadResultError, MALFORMED + f".*{words}"):
        arena.run(guest, grants=["log"])
    assert arena.host.state.logs("evil") == []


# --- lists of ten million items -------------------------------------------------------------------

TEN_MILLION = 10_000_000
ROOMY = Limits(memory="256MiB", deadline="10s")


@pytest.mark.parametrize(
    ("hook", "type_", "types"),
    [("octets", "u8", ""), ("words", "string", ""), ("points", "$point", POINT)],
    ids=["bytes", "empty texts", "records"],
)
def test_a_list_of_ten_million_items_that_are_not_there(arena, resident, hook, type_, types) -> None:
    with resident.within(20), arena.ends(BadResultError, "list pointer/length out of bounds", hook=hook):
        arena.run(listing(hook, type_, TEN_MILLION, pages=2, types=types), hook)


@pytest.mark.parametrize(
    ("hook", "type_", "types"),
    [("octets", "u8", ""), ("words", "string", ""), ("points", "$point", POINT)],
    ids=["bytes", "empty texts", "records"],
)
def test_a_list_of_ten_million_items_in_a_large_memory(arena, resident, hook, type_, types) -> None:
    guest = listing(hook, type_, TEN_MILLION, pages=2000, types=types)
    with (
        resident.within(40),
        arena.ends(OutputLimitError, "returned more than can cross at once", hook=hook, limit="output"),
    ):
        arena.run(guest, hook, limits=ROOMY)


@pytest.mark.parametrize("count", [200_000, 800_000])
def test_the_largest_lists_of_records_that_can_cross_take_bounded_memory(arena, resident, count) -> None:
    # The engine lets about 128 MiB of values cross; as Rust, C and Python values that is the worst case.
    with resident.within(600), pytest.raises(OutputLimitError):
        arena.run(
            listing("points", "$point", count, pages=200, types=POINT),
            "points",
            limits=Limits(output=count * 8 - 1, deadline="10s"),
        )


def test_a_list_larger_than_the_output_limit_is_not_built(arena) -> None:
    with arena.ends(
        OutputLimitError,
        "returned more than 100000 bytes",
        hook="words",
        hint=r"Limits\.output",
        limit="output",
    ):
        guest = listing("words", "string", 100_000, pages=100)
        arena.run(guest, "words", limits=Limits(output=100_000))


def test_a_host_function_is_passed_ten_million_bytes(arena, resident) -> None:
    guest = Guest(
        [
            run(
                f"(call $set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const {TEN_MILLION}))"
                "(i64.const 1)"
            )
        ],
        [KV_SET],
        memory="200",
    )
    with (
        resident.within(40),
        arena.ends(HostBytesLimitError, "passed more to a host function than can cross", limit="host_bytes"),
    ):
        arena.run(guest, grants=["kv"], limits=Limits(host_bytes="100MiB", kv="100MiB"))


# --- allocators -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("unreachable", TrapError, "trapped: .*unreachable"),
        ("(i32.const -16)", BadResultError, "realloc return: beyond end of memory"),
        ("(i32.const 131072)", BadResultError, "realloc return: beyond end of memory"),
    ],
    ids=["traps", "wraps around", "just beyond the memory"],
)
def test_an_allocator_that_fails_while_arguments_are_written(arena, body, kind, words) -> None:
    with arena.ends(kind, words, hook="text"):
        arena.run(Guest([ECHO], realloc=realloc(body)), "text")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("unreachable", TrapError, "trapped: .*unreachable"),
        ("(i32.const -4)", BadResultError, "realloc return: beyond end of memory"),
        ("(loop $l (br $l)) (i32.const 0)", None, "stopped at its deadline"),
    ],
    ids=["traps", "wraps around", "loops"],
)
def test_an_allocator_that_fails_half_way_through_a_host_call(arena, body, kind, words) -> None:
    from hyperhost.errors import DeadlineError

    guest = Guest([run("(call $config (i32.const 16)) (i64.const 1)")], [CONFIG], realloc=realloc(body))
    limit = "" if kind else "deadline"
    with arena.ends(kind or DeadlineError, words, limit=limit):
        arena.run(guest, grants=["config"], config={"key": "v"}, limits=Limits(deadline="150ms"))


def test_an_allocator_at_an_odd_address(make_arena) -> None:
    class Numbers(hyperhost.HostInterface):
        name = "acme:num/bers@1.0.0"
        capability = "numbers"
        describes = "count"
        target_required = False

        @hyperhost.hostfunction(requires="numbers")
        def all(self, call: hyperhost.Call) -> list[int]:
            return [1, 2, 3]

    arena = make_arena(interfaces=[Numbers()])
    everything = Import("all", "acme:num/bers@1.0.0", "all", "(result (list s64))", "(param i32)")
    guest = Guest(
        [run("(call $all (i32.const 16)) (i64.const 1)")],
        [everything],
        realloc=realloc("(i32.const 4097)"),
    )
    with arena.ends(BadResultError, "realloc return: result not aligned"):
        arena.run(guest, grants=["numbers"])


def test_an_allocator_that_calls_the_host(arena) -> None:
    # The allocator is in the module that also imports the host: it may not leave while it allocates.
    guest = """(component
      (import "hyperhost:host/clock@1.0.0" (instance $clock (export "sleep" (func (param "ms" u32)))))
      (core func $sleep (canon lower (func $clock "sleep")))
      (core module $m
        (import "host" "sleep" (func $sleep (param i32)))
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
          (call $sleep (i32.const 1)) (i32.const 8))
        (func (export "text") (param i32 i32) (result i32) (i32.const 16)))
      (core instance $i (instantiate $m (with "host" (instance (export "sleep" (func $sleep))))))
      (func (export "text") (param "text" string) (result string)
        (canon lift (core func $i "text") (memory (core memory $i "memory"))
          (realloc (core func $i "realloc")))))"""
    with arena.ends(TrapError, "cannot leave component instance", hook="text"):
        arena.run(guest, "text", grants=["clock"])
    assert arena.host.plugin("evil").usage.host_calls == 0


# --- post-return and traps ------------------------------------------------------------------------


def test_a_post_return_function_that_traps(arena) -> None:
    with arena.ends(TrapError, "trapped: .*unreachable"):
        arena.run(Guest([run("(local.get $n)", post="(param i64) unreachable")]))


def test_a_post_return_function_that_calls_the_host(arena) -> None:
    guest = Guest([run("(local.get $n)", post="(param i64) (call $sleep (i32.const 1))")], [SLEEP])
    with arena.ends(TrapError, "cannot leave component instance"):
        arena.run(guest, grants=["clock"])


@pytest.mark.parametrize(
    ("body", "trap"),
    [
        ("unreachable", "unreachable"),
        ("(i64.div_s (i64.const 1) (i64.const 0))", "integer_division_by_zero"),
        ("(i64.load (i32.const -8))", "memory_out_of_bounds"),
        ("(call_indirect (i32.const 4)) (i64.const 1)", "table_out_of_bounds"),
        ("(call_indirect (i32.const 0)) (i64.const 1)", "indirect_call_to_null"),
        ("(i64.trunc_f64_s (f64.const nan))", "bad_conversion_to_integer"),
        ("(i64.div_s (i64.const 0x8000000000000000) (i64.const -1))", "integer_overflow"),
    ],
)
def test_a_guest_that_traps(arena, body: str, trap: str) -> None:
    with arena.ends(TrapError, "trapped: ", hint="plugin logs") as caught:
        arena.run(Guest([run(body)], core="(table 1 funcref)"))
    assert caught.value.trap == trap


def test_a_guest_that_traps_half_way_through_its_host_calls(arena) -> None:
    body = """(call $random (i32.const 16) (i32.const 32))
        (call $log (i32.const 1) (i32.const 1024) (i32.const 2))
        unreachable"""
    guest = Guest([run(body)], [RANDOM, LOG], core='(data (i32.const 1024) "hi")')
    with arena.ends(TrapError, "unreachable"):
        arena.run(guest, grants=["random", "log"])
    assert [line.message for line in arena.host.state.logs("evil")] == ["hi"]  # what was done stays done


def test_a_persistent_instance_does_not_survive_a_trap(arena) -> None:
    body = """(global.set $calls (i64.add (global.get $calls) (i64.const 1)))
        (if (i64.eqz (local.get $n)) (then unreachable)) (global.get $calls)"""
    plugin = arena.load(
        Guest([run(body)], core="(global $calls (mut i64) (i64.const 0))"), instances="persistent"
    )
    assert [plugin.call("run", n=1) for _ in range(3)] == [1, 2, 3]
    with arena.ends(TrapError, "unreachable"):
        plugin.call("run", n=0)
    assert plugin.call("run", n=1) == 1
    assert plugin.runtime.live_instances == 1


def test_wrong_arguments_of_the_caller_cost_a_persistent_plugin_nothing(arena) -> None:
    from hyperhost.errors import BadArgumentError

    body = "(global.set $calls (i64.add (global.get $calls) (i64.const 1))) (global.get $calls)"
    plugin = arena.load(
        Guest([run(body)], core="(global $calls (mut i64) (i64.const 0))"), instances="persistent"
    )
    assert plugin.call("run", n=1) == 1
    with arena.ends(BadArgumentError, "argument 'n' is str 'x', expected int"):
        plugin.call("run", n="x")
    assert plugin.call("run", n=1) == 2
