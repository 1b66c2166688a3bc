"""The loop behind ``plugin dev`` and what decides about building, without processes and without watching."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wasmtime
from plugin_projects import make_project, manifest, source

from hyperhost.errors import BuildError, CompileError, ManifestError, ToolchainError
from hyperhost.sdk.dev import Called, Dev, Failed, Loaded, Planned
from hyperhost.sdk.freshness import is_fresh, is_source, source_digest
from hyperhost.sdk.project import open_project


class Builder:
    """Stands in for the build; ``factor`` says what comes out."""

    def __init__(self) -> None:
        self.factor: int | None = 2
        self.count = 0

    def __call__(self, directory: Path, **_: Any) -> Any:
        self.count += 1
        if self.factor is None:
            raise CompileError("plugin.c:3: oops")
        component = open_project(directory).component
        component.write_bytes(wasmtime.wat2wasm(source(self.factor)))
        return SimpleNamespace(path=component)


@pytest.fixture
def builder() -> Builder:
    return Builder()


@pytest.fixture
def directory(tmp_path: Path, compiler: None) -> Path:
    return make_project(tmp_path / "p", built=False)


def events(kind: type, told: list[Any]) -> list[Any]:
    return [each for each in told if isinstance(each, kind)]


def test_rounds_build_what_changed_and_call(directory: Path, builder: Builder) -> None:
    told: list[Any] = []
    calls = [Planned("run", "test", {"n": 50})]
    with Dev(directory, told.append, calls=calls, build=builder) as loop:
        assert loop.round()
        (directory / "plugin.c").write_text(source(3))
        builder.factor = 3
        assert loop.round([directory / "plugin.c"])
        builder.factor = None
        (directory / "plugin.c").write_text("oops")
        assert not loop.round([directory / "plugin.c"])
        assert loop.round([directory / "calls" / "run.json"])
        (directory / "plugin.c").write_text(source(4))
        builder.factor = 4
        assert loop.round([directory / "plugin.c"])
        (directory / "plugin.c").touch()
        assert loop.round([directory / "plugin.c"])
    assert [each.result for each in events(Called, told)] == [100, 150, 150, 200, 200]
    assert [each.built is not None for each in events(Loaded, told)] == [True, True, True, False]
    assert [each.error.message for each in events(Failed, told)] == ["plugin.c:3: oops"]
    assert builder.count == 4


def test_what_somebody_else_built_is_loaded_too(directory: Path, builder: Builder) -> None:
    told: list[Any] = []
    with Dev(directory, told.append, calls=[Planned("run", "test", {"n": 50})], build=builder) as loop:
        assert loop.round()
        make_project(directory, factor=5)
        assert loop.round([directory / "plugin.c"])
        (directory / "plugin.wasm").unlink()
        (directory / "plugin.wasm").mkdir()
        assert not loop.round([directory / "plugin.c"])
    assert [each.result for each in events(Called, told)] == [100, 250]
    assert "plugin.wasm" in told[-1].error.message
    assert builder.count == 2


def test_what_the_plugin_stored_survives_another_manifest(directory: Path, builder: Builder) -> None:
    told: list[Any] = []
    calls = [Planned("run", "test", {"n": 7}), Planned("run", "test", {"n": 6})]
    with Dev(directory, told.append, calls=calls, build=builder) as loop:
        assert loop.round()
        (directory / "plugin.toml").write_text(manifest(more='[limits]\ndeadline = "3s"'))
        assert loop.round([directory / "plugin.toml"])
        (directory / "plugin.toml").write_text("[plugin]\nid = 3")
        assert not loop.round([directory / "plugin.toml"])
    assert [each.result for each in events(Called, told)] == [-1, 6, ord("1"), 6]


def test_calls_come_from_files_and_wrong_ones_are_named(directory: Path, builder: Builder) -> None:
    told: list[Any] = []
    calls = directory / "calls"
    calls.mkdir()
    (calls / "run.json").write_text('{"n": 30}')
    (calls / "run.log.json").write_text('{"n": 1}')
    with Dev(directory, told.append, build=builder) as loop:
        assert loop.round()
        assert [(each.source, each.result) for each in events(Called, told)] == [
            ("calls/run.json", 60),
            ("calls/run.log.json", 1),
        ]
        assert [line.message for line in told[-1].logs] == ["hello"]
        assert told[-1].facts.host_calls == 1
        assert loop.wants(calls / "run.json")
        assert not loop.wants(calls / "run.txt")
        (calls / "rum.json").write_text("{}")
        assert not loop.round()
        assert "belongs to no hook" in told[-1].error.message
        (calls / "rum.json").unlink()
        (calls / "run.json").write_text("{")
        assert not loop.round()
        assert "calls/run.json holds no JSON" in told[-1].error.message


def test_a_fault_is_shown_each_time_and_puts_nothing_to_rest(directory: Path, builder: Builder) -> None:
    told: list[Any] = []
    with Dev(directory, told.append, calls=[Planned("run", "test", {"n": 8})], build=builder) as loop:
        for _ in range(8):
            assert not loop.round()
    assert {each.error.code for each in events(Called, told)} == {"HH-TRAP"}


def test_wrong_arguments_and_grants_are_told(directory: Path, builder: Builder) -> None:
    told: list[Any] = []
    with Dev(directory, told.append, calls=[Planned("run", "test", {"m": 1})], build=builder) as loop:
        assert not loop.round()
        assert "there is no argument 'm'" in told[-1].error.message
        assert told[-1].facts is None
    with Dev(directory, told.append, grants=["fs.read:/x"], build=builder) as loop:
        assert not loop.round()
        assert "never asked for it" in told[-1].error.message
    with Dev(
        directory, told.append, grants=[], calls=[Planned("run", "test", {"n": 1})], build=builder
    ) as loop:
        assert not loop.round()
        assert told[-1].error.code == "HH-DENIED"


def test_a_missing_tool_ends_the_loop_before_anything_was_loaded(directory: Path) -> None:
    def build(directory: Path, **_: Any) -> Any:
        raise ToolchainError("needs cc", hint="install it")

    with Dev(directory, print, build=build) as loop, pytest.raises(ToolchainError, match="needs cc"):
        loop.round()


def test_wrong_projects_are_refused_at_once(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no hook 'rum'"):
        Dev(directory, print, calls=[Planned("rum", "test")])
    with pytest.raises(ManifestError, match=r"holds no plugin\.toml"):
        Dev(tmp_path, print)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plugin.c", True),
        ("plugin.toml", True),
        ("src/deep/more.c", True),
        ("plugin.wasm", False),
        ("bindings", False),
        ("bindings/plugin.h", False),
        (".git/index", False),
        ("node_modules/a/b.js", False),
        ("tests/test_it.py", False),
        ("README.md", False),
        ("plugin.c~", False),
        ("../other/plugin.c", False),
    ],
)
def test_what_counts_as_source(directory: Path, name: str, expected: bool) -> None:
    project = open_project(directory)
    assert is_source(project, (project.directory / name).parent.resolve() / Path(name).name) is expected


def test_freshness_is_decided_by_content(directory: Path) -> None:
    make_project(directory)
    project = open_project(directory)
    assert is_fresh(project)
    before = source_digest(project)
    (directory / "plugin.c").touch()
    (directory / "tests").mkdir()
    (directory / "tests" / "test_it.py").write_text("")
    assert source_digest(project) == before
    (directory / "more.c").write_text("")
    assert not is_fresh(project)
    (directory / "more.c").unlink()
    assert is_fresh(project)
    project.component.write_bytes(b"\0asm")
    assert not is_fresh(project)
    make_project(directory)
    (project.bindings / "built.json").write_text("[")
    assert not is_fresh(project)
