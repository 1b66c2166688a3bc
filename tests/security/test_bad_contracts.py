"""Components whose imports or exports are not those of the contract or of the grant."""

from __future__ import annotations

import pytest
from wat import CONFIG, DOUBLE, ENV, LEVEL, LOG, NOW, Guest, Hook, Import, run

from hyperhost.errors import (
    CapabilityDeniedError,
    DuplicatePluginError,
    ImportDeniedError,
    LinkError,
    OrderCycleError,
    PluginLoadError,
    SignatureMismatchError,
)

BODY = "(local.get $n)"


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "granted", "kind"),
    [
        (LOG, [], "log"),
        (LOG, ["clock"], "log"),
        (ENV, ["kv"], "env"),
        (CONFIG, [], "config"),
        (NOW, ["log"], "clock"),
    ],
)
def test_an_import_outside_of_the_grant(arena, wanted: Import, granted: list[str], kind: str) -> None:
    with arena.ends(
        ImportDeniedError,
        f"imports {wanted.interface}, which needs the capability {kind}",
        hook=None,
        hint=f"hyperhost plugin grant evil {kind}",
    ):
        arena.load(Guest([run(BODY)], [wanted]), grants=granted)
    arena.nothing_is_registered()


def test_an_import_outside_of_the_grant_that_is_only_refused_when_called(arena) -> None:
    guest = Guest([run("(if (i64.eqz (local.get $n)) (then (drop (call $now)))) (local.get $n)")], [NOW])
    plugin = arena.load(guest, stub_denied=True)
    assert plugin.call("run", n=7) == 7
    with arena.ends(CapabilityDeniedError, "called hyperhost:host/clock@1.0.0 now"):
        plugin.call("run", n=0)


@pytest.mark.parametrize(
    ("interface", "hint"),
    [
        ("acme:evil/thing@1.0.0", "stub_denied"),
        ("hyperhost:host/logs@1.0.0", r"did it mean hyperhost:host/log@1\.0\.0"),
        ("hyperhost:host/log@2.0.0", r"did it mean hyperhost:host/log@1\.0\.0"),
        ("wasi:sockets/tcp@0.2.0", "."),
        ("wasi:http/outgoing-handler@0.2.0", "."),
    ],
)
def test_an_unknown_import(arena, interface: str, hint: str) -> None:
    wanted = Import("it", interface, "it", '(param "n" u32)', "(param i32)")
    with arena.ends(LinkError, f"imports {interface}, which this host does not offer", hook=None, hint=hint):
        arena.load(Guest([DOUBLE], [wanted]), grants=["log"])
    arena.nothing_is_registered()


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ('(import "bare" (func))', "imports 'bare' outside of any interface"),
        ('(import "thing" (type (sub resource)))', "imports 'thing' outside of any interface"),
        ('(import "m" (core module))', "imports 'm' outside of any interface"),
        ('(import "unlocked-dep=<a:b>" (func))', "outside of any interface"),
        (
            '(import "a:b/c" (instance (export "m" (core module))))',
            "'m', which is neither a function nor a type",
        ),
        (
            '(import "a:b/c" (instance (export "i" (instance (export "f" (func))))))',
            "'i', which is neither a function nor a type",
        ),
    ],
    ids=[
        "function",
        "resource",
        "module",
        "dependency",
        "module in an interface",
        "interface in an interface",
    ],
)
def test_an_import_that_no_host_interface_can_serve(arena, before: str, words: str) -> None:
    with arena.ends(LinkError, words, hook=None):
        arena.load(Guest([DOUBLE], before=before))


def test_a_function_that_an_offered_interface_does_not_have(arena) -> None:
    wanted = Import("it", LOG.interface, "erase", "(result u32)", "(result i32)")
    guest = Guest([run("(i64.extend_i32_u (call $it))")], [wanted])
    with arena.ends(CapabilityDeniedError, "log@1.0.0 erase, which this host does not offer"):
        arena.run(guest, grants=["log"])


@pytest.mark.parametrize(
    ("function", "type_", "core", "words"),
    [
        (
            "write",
            '(param "level" string) (param "message" string)',
            "i32 i32 i32 i32",
            "parameter 'level' is string",
        ),
        ("write", '(param "level" $level)', "i32", "parameter 'message' is missing"),
        (
            "write",
            '(param "level" $level) (param "message" string) (result string)',
            "i32 i32 i32 i32",
            "the result is string, the contract says nothing",
        ),
        (
            "write",
            '(param "level" $level) (param "message" (list u8))',
            "i32 i32 i32",
            "parameter 'message' is list<u8>",
        ),
        (
            "write",
            '(param "grade" $level) (param "message" string)',
            "i32 i32 i32",
            "parameter 'grade' is not in the",
        ),
    ],
)
def test_a_host_function_imported_with_another_type(arena, function, type_, core, words) -> None:
    wanted = Import("it", LOG.interface, function, type_, f"(param {core})", LEVEL)
    with arena.ends(SignatureMismatchError, words, hook=None, hint="the host offers"):
        arena.load(Guest([DOUBLE], [wanted]), grants=["log"])
    arena.nothing_is_registered()


@pytest.mark.parametrize(
    ("interface", "function", "type_", "core", "words"),
    [
        ("random/random", "get-random-bytes", '(param "len" s64)', "i64", "'len' is s64, which is no int"),
        ("random/random", "get-random-bytes", '(param "len" f64)', "f64", "'len' is f64, which is no int"),
        ("random/random", "get-random-bytes", '(param "len" string)', "i32 i32", "'len' is string"),
        ("random/random", "get-random-bytes", "", "", "it has 0 parameters instead of 1"),
        ("random/random", "get-random-u64", '(param "n" u64)', "i64", "it has 1 parameters instead of 0"),
        ("io/poll", "poll", '(param "in" string)', "i32 i32", "'in' is string, which is no Sequence"),
        ("cli/exit", "exit", '(param "status" u32)', "i32", "'status' is u32, which is no tuple"),
        (
            "clocks/monotonic-clock",
            "subscribe-duration",
            '(param "when" (list u8))',
            "i32 i32",
            "'when' is list<u8>",
        ),
    ],
)
def test_a_wasi_function_imported_with_another_type(arena, interface, function, type_, core, words) -> None:
    wanted = Import("it", f"wasi:{interface}@0.2.0", function, type_, f"(param {core})")
    with arena.ends(SignatureMismatchError, words, hook=None, hint="published interface"):
        arena.load(Guest([DOUBLE], [wanted]), grants=["random", "clock"])
    arena.nothing_is_registered()


# --- exports --------------------------------------------------------------------------------------

ENUM = '(type $c (enum "red" "blue")) (export $color "color-type" (type $c))'
POINT = """(type $p (record (field "x" bool) (field "z" bool))) (export $point "point-type" (type $p))"""
SHORT_POINT = '(type $p (record (field "x" bool))) (export $point "point-type" (type $p))'
WIDE = """(type $l (record (field "n" s64))) (export $left "left-type" (type $l))
    (type $e (variant (case "left" $left) (case "middle"))) (export $either "either-type" (type $e))"""


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (
            Hook("run", '(param "n" string) (result s64)', "(param i32 i32) (result i64) (i64.const 0)"),
            "'n' is string",
        ),
        (Hook("run", '(param "n" u64) (result s64)', "(param i64) (result i64) (i64.const 0)"), "'n' is u64"),
        (
            Hook(
                "run",
                '(param "n" s64) (param "m" s64) (result s64)',
                "(param i64 i64) (result i64) (i64.const 0)",
            ),
            "parameter 'm' is not in the contract",
        ),
        (
            Hook("run", '(param "m" s64) (result s64)', "(param i64) (result i64) (i64.const 0)"),
            "parameter 'm' is not",
        ),
        (
            Hook("run", '(param "n" s64) (result s32)', "(param i64) (result i32) (i32.const 0)"),
            "the result is s32",
        ),
        (Hook("run", '(param "n" s64)', "(param i64)"), "the result is nothing, the contract says s64"),
        (
            Hook("color", "(result $color)", "(result i32) (i32.const 0)"),
            "case 'blue' that the contract lacks",
        ),
        (Hook("points", "(result (list $point))", "(result i32) (i32.const 0)"), "field 'z' that point"),
        (
            Hook("either", "(result $either)", "(result i32) (i32.const 0)"),
            "case 'middle' that the contract lacks",
        ),
        (Hook("words", "(result (list (list string)))", "(result i32) (i32.const 0)"), "is list<string>"),
        (
            Hook("maybe", "(result s64)", "(result i64) (i64.const 0)"),
            "the result is s64, the contract says option",
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else value.name,
)
def test_a_hook_with_another_signature(arena, hook: Hook, words: str) -> None:
    types = {"color": ENUM, "points": POINT, "either": WIDE}.get(hook.name, "")
    with arena.ends(
        SignatureMismatchError,
        f"exports {hook.name} with another type: .*{words}",
        hook=hook.name,
        hint="the hookspec says .*; the component has",
    ):
        arena.load(Guest([hook, DOUBLE] if hook.name != "run" else [hook], types=types))
    arena.nothing_is_registered()


def test_a_record_that_lacks_a_field(arena) -> None:
    hook = Hook("points", "(result (list $point))", "(result i32) (i32.const 0)")
    with arena.ends(SignatureMismatchError, "lacks field 'y' of point", hook="points"):
        arena.load(Guest([hook], types=SHORT_POINT))


def test_a_component_without_any_hook(arena) -> None:
    stranger = Hook("unknown-hook", "(result s64)", "(result i64) (i64.const 0)")
    with arena.ends(
        PluginLoadError,
        "implements no hook of this host; it exports unknown-hook",
        hook=None,
        hint="hooks are color",
    ):
        arena.load(Guest([stranger]))


# --- who else is there ----------------------------------------------------------------------------


def test_two_plugins_with_one_id(arena) -> None:
    first = arena.load(Guest([DOUBLE]))
    with arena.ends(
        DuplicatePluginError, r"loaded from .*evil\.wasm and again from", hook=None, hint="another id"
    ):
        arena.host.load(arena.put(Guest([run("(i64.const 0)")]), "evil"))
    with arena.ends(DuplicatePluginError, "loaded from .* and again from the program", hook=None):
        arena.host.register(object(), "evil")
    assert arena.host.plugin("evil") is first
    assert first.call("run", n=4) == 8


def packed(arena, name: str, order: str, guest: Guest | None = None):
    directory = arena.path / name
    directory.mkdir()
    (guest or Guest([DOUBLE])).write(directory / "plugin.wasm")
    (directory / "plugin.toml").write_text(
        f'[plugin]\nid = "{name}"\nversion = "1.0.0"\n[[hook]]\nname = "run"\n{order}\n', encoding="utf-8"
    )
    return directory


def test_a_cyclic_order_leaves_the_last_one_out(arena) -> None:
    arena.host.load(packed(arena, "one", 'before = ["two"]'))
    arena.host.load(packed(arena, "two", 'before = ["three"]'))
    with pytest.raises(OrderCycleError) as caught:
        arena.host.load(packed(arena, "three", 'before = ["one"]'))
    for name in ("one", "two", "three"):
        assert name in caught.value.message
    assert (caught.value.hook, bool(caught.value.hint)) == ("run", True)
    arena.nothing_is_registered("three")
    assert arena.host.hook.run(n=3) == 6


def test_an_order_before_itself_means_nothing(arena) -> None:
    arena.host.load(packed(arena, "selfish", 'after = ["selfish"]'))
    assert arena.host.hook.run(n=3) == 6
