"""Files that are no component, not quite one, or far too much of one."""

from __future__ import annotations

import random
import time

import pytest
from wat import DOUBLE, GOOD, Guest, Hook, Import, run

from hyperhost import Limits
from hyperhost.errors import (
    ComponentFormatError,
    ComponentTooLargeError,
    CoreModuleError,
    CorruptComponentError,
    PluginLoadError,
    SignatureMismatchError,
)

BUILD_AGAIN = "again"


def renamed(guest: Guest) -> str:
    """The component's text, in which the hook ``run`` can be exported again as ``$r``."""
    return guest.text().replace('(func (export "run") (param "n"', '(func $r (export "run") (param "n"', 1)


def body(guest: Guest = GOOD) -> str:
    """The component's text without the beginning, to put more in front of it."""
    return guest.text().removeprefix("(component")


# --- not a component ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", CorruptComponentError, "evil.wasm is empty"),
        (b"\0", CorruptComponentError, "is not WebAssembly"),
        (b"\0asm", CorruptComponentError, "is not WebAssembly"),
        (b"MZ" + bytes(100), CorruptComponentError, "is not WebAssembly"),
        (b"\0asm\x01\0\0\0", CoreModuleError, "is a core module, not a component"),
        (b"\0asm\x0d\0\x02\0", CorruptComponentError, "unknown WebAssembly version 0d000200"),
        (b"\0asm\x0d\0\x01\0", PluginLoadError, "implements no hook of this host; it exports nothing"),
        (b"\0asm\x0d\0\x01\0\xff", CorruptComponentError, "is not a valid component"),
        (b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\x0f", CorruptComponentError, "sections do not add up"),
        (b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\xff\xff", CorruptComponentError, "sections do not add up"),
    ],
    ids=[
        "an empty file",
        "one byte",
        "half a header",
        "another format",
        "a core module",
        "a future version",
        "an empty component",
        "an unknown section",
        "a section longer than the file",
        "a number without end",
    ],
)
def test_a_file_that_is_no_plugin(arena, data: bytes, kind: type[PluginLoadError], words: str) -> None:
    with arena.ends(kind, words, hook=None):
        arena.load(data)
    arena.nothing_is_registered()


def test_every_prefix_of_a_component_is_refused(arena) -> None:
    whole = Guest([DOUBLE]).binary()
    code = whole[: whole.index(b"\x0ecomponent-name") - 2]  # what follows only holds names for debuggers
    path = arena.put(b"")
    accepted = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            plugin = arena.host.load(path)
        except PluginLoadError as refused:
            assert refused.plugin == "evil"  # noqa: PT017 - either outcome is right
            assert refused.hint  # noqa: PT017 - either outcome is right
        else:
            accepted.append(length)
            assert plugin.call("run", n=4) == 8
            plugin.unload()
    arena.nothing_is_registered()
    assert accepted == [len(code)]


def test_a_component_with_one_bit_flipped_never_crashes_the_host(arena) -> None:
    whole = GOOD.binary()
    chance = random.Random(7)
    outcomes = {"loaded": 0, "refused": 0}
    for index in sorted(chance.sample(range(8, len(whole)), 150)):
        data = bytearray(whole)
        data[index] ^= 1 << chance.randrange(8)
        try:
            plugin = arena.load(bytes(data), limits=Limits(deadline="50ms"))
        except PluginLoadError as refused:
            assert refused.plugin == "evil"  # noqa: PT017 - either outcome is right
            outcomes["refused"] += 1
            continue
        outcomes["loaded"] += 1
        for hook, arguments in {"run": {"n": 1}, "text": {"text": "a"}}.items():
            if hook in plugin.hooks:
                try:
                    plugin.call(hook, **arguments)
                except Exception as ended:
                    assert getattr(ended, "plugin", None) == "evil", ended  # noqa: PT017 - either outcome is right
        plugin.unload()
    assert min(outcomes.values()) > 0, outcomes


def test_random_bytes_behind_a_good_header_are_refused(arena) -> None:
    chance = random.Random(11)
    for _ in range(200):
        with pytest.raises(ComponentFormatError) as caught:
            arena.load(b"\0asm\x0d\0\x01\0" + chance.randbytes(chance.randrange(1, 400)))
        assert caught.value.plugin == "evil"
    arena.nothing_is_registered()


def test_a_file_that_is_too_large_is_not_even_read(arena, resident) -> None:
    path = arena.put(b"\0asm\x0d\0\x01\0")
    with path.open("r+b") as file:
        file.truncate(256 * 1024**2 + 1)  # sparse
    with (
        resident.within(20),
        arena.ends(ComponentTooLargeError, "larger than 256 MiB", hook=None, hint="strip"),
    ):
        arena.host.load(path)


def test_something_that_only_looks_like_a_file(arena) -> None:
    import os

    path = arena.path / "evil.wasm"
    os.mkfifo(path)
    with arena.ends(PluginLoadError, "is not there", hook=None, plugin=None):
        arena.host.load(path)


# --- far too much ---------------------------------------------------------------------------------


def nested(depth: int, kernel: str = "(component $c)") -> str:
    """A component in which every level instantiates the level below twice."""
    for _ in range(depth):
        kernel = f"(component $c {kernel} (instance (instantiate $c)) (instance (instantiate $c)))"
    return f"(component {kernel} (instance (instantiate $c)) {body()}"


def test_a_small_file_that_describes_a_billion_instances(arena, resident) -> None:
    bomb = nested(30)
    assert len(Guest.compiled(bomb)) < 3000
    with (
        resident.within(20),
        arena.ends(
            ComponentTooLargeError, r"2,147,483,6\d\d instances, the most accepted is 10,000", hook=None
        ),
    ):
        arena.load(bomb)


def test_core_instances_multiply_as_well(arena, resident) -> None:
    kernel = "(component $c (core module $m) (core instance (instantiate $m)))"
    with resident.within(20), arena.ends(ComponentTooLargeError, "instances, the most accepted", hook=None):
        arena.load(nested(20, kernel))


def test_many_instances_of_a_module_with_much_state(arena, resident) -> None:
    module = f"(core module $big {'(global i64 (i64.const 1))' * 200_000})"
    instances = "(core instance (instantiate $big))" * 100
    data = Guest.compiled(f"(component {module} {instances} {body()}")
    with resident.within(60), arena.ends(ComponentTooLargeError, "64 MiB together", hook=None):
        arena.load(data)


def test_components_that_are_passed_around_cannot_be_counted(arena) -> None:
    doubled = "(instance (instantiate $c)) (instance (instantiate $c))"
    twice = f'(component $twice (import "c" (component $c)) {doubled})'
    given = '(component $x) (instance (instantiate $twice (with "c" (component $x))))'
    with arena.ends(ComponentTooLargeError, "passes components between its parts", hook=None):
        arena.load(f"(component {twice} {given} {body()}")
    out = '(component $out (component $in) (export "in" (component $in)))'
    alias = '(instance $o (instantiate $out)) (alias export $o "in" (component $again))'
    with arena.ends(ComponentTooLargeError, "passes components between its parts", hook=None):
        arena.load(f"(component {out} {alias} (instance (instantiate $again)) {body()}")


def test_components_within_components_within_the_bounds_still_load(arena) -> None:
    assert arena.run(nested(8)) == 6


def test_a_component_nested_too_deeply(arena) -> None:
    deep = "(component)"
    for _ in range(90):
        deep = f"(component {deep})"
    with arena.ends(ComponentTooLargeError, "nests components deeper", hook=None):
        arena.load(f"(component {deep} {body()}")


def test_a_component_with_a_hundred_thousand_types(arena) -> None:
    started = time.monotonic()
    assert arena.run(Guest([DOUBLE], before="(type (tuple u8 u16))" * 100_000)) == 6
    assert time.monotonic() - started < 10


def test_a_component_with_a_million_sections(arena) -> None:
    data = b"\0asm\x0d\0\x01\0" + b"\0\x01\0" * 1_000_000
    with arena.ends(ComponentTooLargeError, "has more sections", hook=None):
        arena.load(data)


@pytest.mark.parametrize("many", ["exports", "imports", "functions"])
def test_a_component_with_a_huge_number_of_names(arena, many: str) -> None:
    count = 6_000
    if many == "exports":
        text = renamed(GOOD)
        text = text[:-1] + "".join(f'(export "e{index}" (func $r))' for index in range(count)) + ")"
        words = "more than 5,000 exports"
    elif many == "imports":
        text = "(component" + "".join(f'(import "i{index}" (func))' for index in range(count)) + body()
        words = "more than 5,000 imports"
    else:
        functions = "".join(f'(export "f{index}" (func))' for index in range(count))
        text = f'(component (import "hyperhost:host/log@1.0.0" (instance {functions})) {body()}'
        words = "more than 5,000 items in the imported interface hyperhost:host/log@1.0.0"
    started = time.monotonic()
    with arena.ends(PluginLoadError, words, hook=None):
        arena.load(text, grants=["log"])
    assert time.monotonic() - started < 5


def doubled(depth: int) -> str:
    """A type that holds another twice, which holds another twice, …: ``$t`` and a number."""
    text = "(type $t0 (tuple u8 u8))"
    return text + "".join(f"(type $t{i} (tuple $t{i - 1} $t{i - 1}))" for i in range(1, depth))


def test_a_type_that_unfolds_to_a_million(arena) -> None:
    hook = Hook("run", '(param "n" $t17) (result s64)', "(param i32) (result i64) (i64.const 1)")
    started = time.monotonic()
    with arena.ends(PluginLoadError, "more than 20,000 types within the types", hook=None):
        arena.load(Guest([hook], types=doubled(18)))
    assert time.monotonic() - started < 5


def test_a_type_of_an_import_that_unfolds_to_a_million(arena) -> None:
    take = Import(
        "take", "acme:evil/thing@1.0.0", "take", '(param "n" $t17)', "(param i32)", types=doubled(18)
    )
    started = time.monotonic()
    with arena.ends(PluginLoadError, "more than 20,000 types within the types", hook=None):
        arena.load(Guest([DOUBLE], [take]))
    assert time.monotonic() - started < 5


def test_a_large_type_does_not_fill_the_screen(arena) -> None:
    hook = Hook("run", '(param "n" $t11) (result s64)', "(param i32) (result i64) (i64.const 1)")
    with arena.ends(
        SignatureMismatchError, r"parameter 'n' is tuple<.*…", hook="run", hint="the hookspec says"
    ):
        arena.load(Guest([hook], types=doubled(12)))


@pytest.mark.parametrize("wrap", ["list", "option", "tuple"])
def test_types_nested_a_hundred_deep(arena, wrap: str) -> None:
    types = f"(type $t0 ({wrap} u8))" + "".join(f"(type $t{i} ({wrap} $t{i - 1}))" for i in range(1, 90))
    take = Import("take", "wasi:cli/stdin@0.2.0", "get-stdin", "(result $t89)", "", types=types)
    core = "(result i32)" if wrap == "tuple" else "(param i32)"
    take = Import(take.name, take.interface, take.function, take.type, core, types)
    with arena.ends(PluginLoadError, "nests types more than 50 deep", hook=None):
        arena.load(Guest([DOUBLE], [take]))


def test_types_nested_ten_thousand_deep_are_refused_by_the_validator(arena) -> None:
    types = "(type $t0 (tuple u8))" + "".join(f"(type $t{i} (tuple $t{i - 1}))" for i in range(1, 10_000))
    with arena.ends(CorruptComponentError, "type nesting is too deep", hook=None):
        arena.load(Guest([DOUBLE], before=types))


def test_a_function_that_is_long_compiles_in_bounded_time(arena) -> None:
    long = "(local.set 0 (i64.add (local.get 0) (i64.mul (local.get 0) (i64.const 3))))" * 20_000
    started = time.monotonic()
    assert arena.run(Guest([DOUBLE], core=f"(func $f (param i64) {long})")) == 6
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(component (core module (memory 1 1 shared)))", "threads must be enabled"),
        ("(component (core module (memory i64 1)))", "memory64 must be enabled"),
        ('(component (import "c" (component)))', "passes components between its parts"),
    ],
    ids=["threads", "64-bit memory", "an imported component"],
)
def test_features_that_are_switched_off(arena, text: str, words: str) -> None:
    with arena.ends(ComponentTooLargeError if "passes" in words else CorruptComponentError, words, hook=None):
        arena.load(text)


def test_a_hook_that_is_exported_twice(arena) -> None:
    text = renamed(GOOD)
    for name in ("run", "RUN"):
        binary = Guest.compiled(text[:-1] + f'(export "{name}" (func $r)))')
        with arena.ends(CorruptComponentError, "conflicts with previous name", hook=None):
            arena.load(binary)


def test_compiling_the_same_file_in_many_threads_at_once_is_safe(arena) -> None:
    import threading

    paths = [arena.put(Guest([run(f"(i64.const {index % 2})")]), f"plugin-{index}") for index in range(8)]
    answers: dict[int, int] = {}

    def load(index: int) -> None:
        answers[index] = arena.host.load(paths[index]).call("run", n=0)

    threads = [threading.Thread(target=load, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {index: index % 2 for index in range(8)}
    assert arena.host.faults == ()
