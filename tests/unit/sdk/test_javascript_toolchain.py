"""Plugins in JavaScript: compiled by componentize-qjs, run in a host, and wrong in every way."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from guest_contract import FULL, SPARE, Echo
from guest_projects import javascript_project, session_directory, two_builds
from node import node_packages

import hyperhost
from hyperhost.errors import (
    BuildError,
    CompileError,
    RefusalError,
    ToolchainError,
    TrapError,
    UndeclaredImportError,
)
from hyperhost.sandbox.types import Enum, Function, List, Option, Prim, Result, Tuple, Variant
from hyperhost.sdk.build import generate
from hyperhost.sdk.languages import dts, unsigned
from hyperhost.sdk.languages import javascript as language
from hyperhost.sdk.languages.javascript import TOOLCHAIN
from hyperhost.sdk.project import open_project


@pytest.fixture(scope="module")
def loaded():
    component, _, _ = two_builds("javascript")
    limits = hyperhost.Limits(memories=3)
    with hyperhost.Host("javascript", specs=[Echo], home=session_directory() / "home-js") as host:
        yield host, host.load(component, grants=["log", "kv"], limits=limits)


@pytest.fixture
def host(loaded):
    return loaded[0]


@pytest.fixture
def said(loaded):
    plugin = loaded[1]
    before = len(plugin.logs())
    return lambda: [(line.level, line.message) for line in plugin.logs()[before:]]


@pytest.fixture
def directory(tmp_path):
    return javascript_project(tmp_path / "project")


def compiled(directory: Path) -> Path:
    project = open_project(directory)
    out = directory.parent / "out" / "plugin.wasm"
    out.parent.mkdir()
    TOOLCHAIN.compile(project, generate(project), project.bindings, out)
    return out


def rewrite(directory: Path, old: str, new: str) -> None:
    path = directory / "plugin.js"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# --- what works --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [FULL, SPARE], ids=["full", "spare"])
def test_every_kind_of_value_comes_back(host, value):
    assert host.hook.echo_all(value=value) == [value]


def test_values_arrive_as_the_declarations_say(host, said):
    host.hook.echo_all(value=FULL)
    kinds = dict(pair.split(":") for pair in said()[0][1].split())
    assert kinds == {
        "flag": "Boolean",
        "text": "String",
        "number": "Number",
        "big": "Number",
        "small": "Number",
        "signed": "Number",
        "count": "Number",
        "data": "Uint8Array",
        "maybe": "String",
        "maybeData": "Uint8Array",
        "names": "Array",
        "pair": "Array",
        "table": "Array",
        "colour": "String",
        "mode": "String",
        "rights": "Object",
        "shape": "Object",
        "nested": "Array",
    }


def test_numbers_of_32_bits_keep_their_sign(host):
    assert host.hook.check_more(kind="some", count=2**32 - 1) == [2**32 - 1]


def test_a_hook_answers_with_nothing(host):
    assert host.hook.check_more(kind="none", count=1) == []


def test_a_refusal_carries_its_reason_and_rule(host, said):
    with pytest.raises(RefusalError, match="because") as caught:
        host.hook.check_more(kind="no", count=1)
    assert caught.value.rule == "r1"
    assert [level for level, _ in said()] == ["debug"]


def test_a_refusal_needs_no_rule(host):
    with pytest.raises(RefusalError, match="because") as caught:
        host.hook.check_more(kind="norule", count=1)
    assert caught.value.rule == ""


def test_host_functions_are_modules(host):
    assert host.hook.check_more(kind="kv", count=1) == [2]


def test_the_console_writes_to_the_log(host, said):
    host.hook.check_more(kind="none", count=1)
    assert said() == [("debug", "hello none"), ("info", "printed none [1]")]


def test_an_exception_leaves_its_stack_in_the_log(host, said):
    with pytest.raises(TrapError):
        host.hook.check_more(kind="bug", count=1)
    assert said()[1:] == [("error", "TypeError: a bug"), ("error", "    at checkMore (plugin.js:21:33)")]


# --- declarations ------------------------------------------------------------------------------


def type_errors(directory: Path) -> str:
    tsc = node_packages("componentize-qjs", "typescript") / "node_modules" / ".bin" / "tsc"
    if not tsc.exists():
        pytest.skip("typescript is not installed")
    return subprocess.run(
        [tsc, "-p", "jsconfig.json"], cwd=directory, capture_output=True, text=True, check=False
    ).stdout


def test_typescript_knows_hooks_and_host_functions(directory):
    generate(open_project(directory))
    assert type_errors(directory) == ""
    rewrite(directory, 'write("info", kinds', 'write("information", kinds')
    rewrite(directory, "return value;", 'return { ...value, mode: "slow" };')
    rewrite(directory, "? null : count", "? undefined : String(count)")
    found = type_errors(directory)
    assert "Argument of type '\"information\"' is not assignable to parameter of type 'Level'" in found
    assert "'\"slow\"' is not assignable to type" in found
    assert "is not assignable to type" in found


def test_declarations_carry_the_docstrings(directory):
    generate(open_project(directory))
    text = (directory / "bindings" / "plugin.d.ts").read_text()
    assert " * Behave as ``kind`` says.\n     *\n     * @throws {Refusal}\n" in text
    assert "function delete_(key: string): boolean;\n  export { delete_ as delete };" in text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (None, "void"),
        (Prim("u64"), "number"),
        (Prim("char"), "string"),
        (List(Prim("u8")), "Uint8Array"),
        (List(Prim("s8")), "Int8Array"),
        (List(Option(Prim("string"))), "Array<string | null>"),
        (Option(Option(Prim("bool"))), '{ tag: "some", val: boolean | null } | { tag: "none" }'),
        (Tuple((Prim("string"), Prim("f32"))), "[string, number]"),
        (Result(None, Prim("string")), '{ tag: "ok" } | { tag: "err", val: string }'),
        (Enum("two-words", ("a",), ("a",)), "TwoWords"),
    ],
)
def test_each_type_has_its_declaration(kind, text):
    assert dts.show(kind) == text


def test_only_what_holds_a_u32_is_mended():
    whole = Variant("shape", (("none", None, None), ("some-of-it", List(Prim("u32")), None)))
    function = Function((("a", "a", Prim("s32")), ("b", "b", whole)), List(Prim("string")))
    assert unsigned.result(function) == "null"
    assert unsigned.arguments(function).startswith("[null, (v) => ")


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "export function echoAll(value) {",
            "export function echoAll(value {",
            "plugin.js:8:31: SyntaxError: Unexpected token '{'\n"
            "    export function echoAll(value {\n"
            "                                  ^\n"
            "    at plugin.js:8:31",
        ),
        (
            'import { WORDS } from "./lib/words.js";',
            "const WORDS = [nothere];",
            "plugin.js:5:16: nothere is not defined\n"
            "    const WORDS = [nothere];\n"
            "                   ^\n"
            "    at <anonymous> (plugin.js:5:16)",
        ),
        (
            "./lib/words.js",
            "./lib/wrods.js",
            "plugin.js imports './lib/wrods.js', which is not there",
        ),
    ],
)
def test_compile_errors_are_quickjs_words_with_the_authors_lines(directory, old, new, message):
    rewrite(directory, old, new)
    with pytest.raises(CompileError) as caught:
        compiled(directory)
    assert caught.value.message == message


def test_an_error_in_another_file_names_that_file(directory):
    (directory / "lib" / "words.js").write_text("export const WORDS = [];\nthrow new Error('deep');\n")
    with pytest.raises(CompileError, match=r"^lib/words\.js:2:11: deep\n"):
        compiled(directory)


def test_a_hook_with_another_name_is_recognised(directory):
    rewrite(directory, "function checkMore", "function chekMore")
    with pytest.raises(CompileError) as caught:
        compiled(directory)
    assert caught.value.message == "plugin.js exports no function checkMore for the hook 'check_more'"
    assert caught.value.hint == "rename chekMore"


def test_a_missing_hook_is_spelled_out(directory):
    rewrite(directory, "export function checkMore", "function notIt")
    with pytest.raises(CompileError) as caught:
        compiled(directory)
    assert caught.value.hint == "write: export function checkMore(kind, count) { … }"


def test_an_interface_that_was_not_asked_for_is_named(directory):
    rewrite(
        directory, "import { write }", 'import { now } from "hyperhost:host/clock@1.0.0";\nimport { write }'
    )
    with pytest.raises(UndeclaredImportError, match=r"imports hyperhost:host/clock@1\.0\.0") as caught:
        compiled(directory)
    assert caught.value.hint == (
        'add to plugin.toml: [[capabilities.required]] with name = "clock" and a reason'
    )


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("host/log@1.0.0", "host/log@2.0.0", "write it in full: 'hyperhost:host/log@1.0.0'"),
        ("host/log@1.0.0", "host/logg@1.0.0", "did you mean hyperhost:host/log@1.0.0?"),
        ("{ write }", "{ wriet as write }", "did you mean write?"),
    ],
)
def test_what_is_nearly_right_gets_the_right_name(directory, old, new, hint):
    rewrite(directory, old, new)
    with pytest.raises(CompileError) as caught:
        compiled(directory)
    assert caught.value.hint == hint


def test_one_memory_is_not_enough(directory):
    path = directory / "plugin.toml"
    path.write_text(path.read_text().replace("memories = 3", "memories = 1"))
    with pytest.raises(BuildError, match=r"have 3 memories, and plugin\.toml asks for 1") as caught:
        compiled(directory)
    assert caught.value.hint == "add to plugin.toml: [limits] with memories = 3"


def test_dependencies_are_taken_along_and_development_tools_are_not(directory):
    (directory / "node_modules").unlink()
    packages = node_packages("componentize-qjs", "typescript") / "node_modules"
    for name in ("componentize-qjs", "@andreiltd"):
        (directory / "node_modules" / name).parent.mkdir(exist_ok=True)
        (directory / "node_modules" / name).symlink_to(packages / name)
    for name, needs, text in (
        ("acme-words", {"acme-more": "1"}, 'export { WORDS } from "acme-more";'),
        ("acme-more", {}, 'export const WORDS = ["from afar"];'),
    ):
        place = directory / "node_modules" / name
        place.mkdir()
        described = {"name": name, "type": "module", "main": "index.js", "dependencies": needs}
        (place / "package.json").write_text(language.json.dumps(described))
        (place / "index.js").write_text(text)
    (directory / "package.json").write_text('{"dependencies": {"acme-words": "1"}}')
    rewrite(directory, "./lib/words.js", "acme-words")
    assert b"from afar" in compiled(directory).read_bytes()


# --- what is missing -----------------------------------------------------------------------------


def test_without_node_one_sentence_says_what_to_install(directory, monkeypatch):
    monkeypatch.setattr(language.shutil, "which", lambda name: None)
    with pytest.raises(ToolchainError, match=r"Node\.js, which is not installed") as caught:
        TOOLCHAIN.require(open_project(directory))
    assert "Node.js 20 or later" in caught.value.hint


@pytest.mark.parametrize(
    ("listed", "command"), [(False, "npm install --save-dev componentize-qjs"), (True, "npm install")]
)
def test_without_the_package_one_sentence_says_what_to_run(directory, listed, command):
    (directory / "node_modules").unlink()
    if listed:
        (directory / "package.json").write_text("{}")
    with pytest.raises(ToolchainError, match="componentize-qjs, which is not installed") as caught:
        TOOLCHAIN.require(open_project(directory))
    assert caught.value.hint == f"run `{command}` in {directory}"


def test_the_versions_of_the_tools_are_told(directory):
    tools = TOOLCHAIN.require(open_project(directory))
    assert list(tools) == ["node", "componentize-qjs"]
    assert all(version[0].isdigit() for version in tools.values())


def test_files_are_of_no_use_to_javascript(directory):
    from hyperhost.capabilities.grammar import Grammar

    project = open_project(directory)
    ask = dataclasses.replace(project.manifest.asks[0], capability=Grammar().parse("fs.read:/data"))
    manifest = project.manifest.asking([*project.manifest.asks, ask])
    notes = list(language._notes(dataclasses.replace(project, manifest=manifest)))
    assert notes[0] == "JavaScript reaches no files: the capability fs.read is of no use to it"
