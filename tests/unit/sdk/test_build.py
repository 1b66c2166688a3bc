"""What a build promises whatever the language: checked before it counts, and all or nothing.

The compiler here assembles component text, so that these tests need no tools; real compilers have
tests of their own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import wasmtime

import hyperhost.sdk.build as building
from hyperhost.errors import BuildError, CompileError, SignatureMismatchError, UndeclaredImportError

CONTRACT = """
import hyperhost

class Hooks:
    @hyperhost.hookspec
    def double(self, n: int) -> int:
        \"\"\"Twice a number.\"\"\"
"""
MANIFEST = """
[plugin]
id = "acme-double"
version = "0.1.0"
hooks = ["double"]

[build]
language = "c"
source = "plugin.wat"
specs = ["acme_double_contract:Hooks"]
"""
GOOD = """(component
  (core module $m (func (export "double") (param i64) (result i64) (i64.add (local.get 0) (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "double") (param "n" s64) (result s64) (canon lift (core func $i "double"))))"""
LOGS = GOOD.replace(
    "(component",
    """(component
  (import "hyperhost:host/clock@1.0.0" (instance (export "now" (func (result u64)))))""",
)
STRANGE = GOOD.replace(
    "(component",
    '(component\n  (import "acme:oven/heat@1.0.0" (instance (export "now" (func (result u64)))))',
)
OTHER_TYPE = GOOD.replace('(param "n" s64) (result s64)', '(param "n" u64) (result u64)')


class Assembler:
    """Component text as a language."""

    language = "c"

    def require(self, project):
        return {"wasmtime": "any"}

    def bindings(self, project, world, directory):
        (directory / "plugin.h").write_text(f"/* {', '.join(world.hooks)} */\n")

    def compile(self, project, world, bindings, out):
        assert (bindings / "wit" / "world.wit").is_file()
        try:
            out.write_bytes(wasmtime.wat2wasm(project.source.read_text()))
        except wasmtime.WasmtimeError as error:
            raise CompileError(f"plugin.wat: {error}") from error
        return ("it was assembled",)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(building, "toolchain", lambda language: Assembler())
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "acme_double_contract.py").write_text(CONTRACT)
    (tmp_path / "plugin.toml").write_text(MANIFEST)
    (tmp_path / "plugin.wat").write_text(GOOD)
    return tmp_path


def everything(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_build_writes_the_component_and_says_what_it_is(directory):
    told = []
    built = building.build(directory, progress=told.append)
    data = (directory / "plugin.wasm").read_bytes()
    assert built.path == directory.resolve() / "plugin.wasm"
    assert (built.sha256, built.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert built.hooks == ("double",)
    assert built.imports == ()
    assert built.notes == ("it was assembled",)
    assert told == ["writing bindings", "compiling plugin.wat", "checking it"]
    assert (directory / "bindings" / "plugin.h").read_text() == "/* double */\n"
    assert "export double: func(n: s64) -> s64;" in (directory / "bindings/wit/world.wit").read_text()


def test_building_again_changes_nothing(directory):
    building.build(directory)
    before = everything(directory)
    building.build(directory)
    assert everything(directory) == before


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("(component (", CompileError, "plugin.wat"),
        (OTHER_TYPE, SignatureMismatchError, "exports double with another type"),
        (LOGS, UndeclaredImportError, "which plugin.toml does not ask for"),
        (STRANGE, UndeclaredImportError, "which this host does not offer"),
        ("(component)", SignatureMismatchError, "does not export double"),
    ],
)
def test_a_build_that_fails_leaves_the_component_that_was_there(directory, text, kind, words):
    building.build(directory)
    before = (directory / "plugin.wasm").read_bytes()
    names = set(everything(directory))
    (directory / "plugin.wat").write_text(text)
    with pytest.raises(kind) as caught:
        building.build(directory)
    assert words in str(caught.value)
    assert caught.value.plugin == "acme-double"
    assert caught.value.hint or kind is CompileError
    assert (directory / "plugin.wasm").read_bytes() == before
    assert set(everything(directory)) == names - {"bindings/built.json"}  # what is there is stale now


def test_the_hint_for_an_undeclared_import_is_what_to_write(directory):
    (directory / "plugin.wat").write_text(LOGS)
    with pytest.raises(UndeclaredImportError) as caught:
        building.build(directory)
    assert '[[capabilities.required]] with name = "clock"' in caught.value.hint
    assert not (directory / "plugin.wasm").exists()


def test_both_signatures_are_shown_when_they_differ(directory):
    (directory / "plugin.wat").write_text(OTHER_TYPE)
    with pytest.raises(SignatureMismatchError) as caught:
        building.build(directory)
    assert "func(n: s64) -> s64" in caught.value.hint
    assert "func(n: u64) -> u64" in caught.value.hint


def test_bindings_that_are_a_link_to_elsewhere_are_not_written_through(directory, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (directory / "bindings").symlink_to(elsewhere)
    with pytest.raises(BuildError, match="bindings is not a directory"):
        building.build(directory)
    assert list(elsewhere.iterdir()) == []


def test_a_project_that_cannot_be_written_to_is_named(directory, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(building.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(BuildError, match="bindings cannot be written: Permission denied"):
        building.build(directory)
