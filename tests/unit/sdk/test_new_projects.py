"""What ``plugin new`` writes fits the hooks, in every language, and is there as a whole or not at all."""

from __future__ import annotations

import ast
import json
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from hyperhost.errors import BuildError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.host.manifest import LANGUAGES, Manifest
from hyperhost.host.specs import read_specs
from hyperhost.sdk.new import files_of, write_project
from hyperhost.sdk.project import open_project
from hyperhost.sdk.writing.layout import WIDTH, fitted
from hyperhost.sdk.writing.order import order

HOOKS = [name for spec in KERNEL_SPECS for name in read_specs(spec)]
KINDS = [*LANGUAGES, "native"]
SOURCES = {
    "python": "plugin.py",
    "javascript": "plugin.js",
    "c": "plugin.c",
    "zig": "plugin.zig",
    "rust": "src/lib.rs",
    "native": "src/acme_scan/plugin.py",
}


def written(kind: str, **options: object) -> dict[str, str]:
    native = kind == "native"
    return dict(files_of(order("acme-scan", "python" if native else kind, native=native, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_can_be_written_in_every_language(kind: str, hook: str) -> None:
    files = written(kind, hooks=[hook])
    source = files[SOURCES[kind]]
    spelled = {hook, hook.replace("_", "-"), "".join(hook.title().split("_"))}
    spelled.add(hook.split("_")[0] + "".join(hook.title().split("_")[1:]))
    assert any(each in source for each in spelled)
    for name, text in files.items():
        assert "$" not in text or name.endswith((".js", ".md")), name
        assert text.endswith("\n") or not text, name
        assert not any(line != line.rstrip() for line in text.splitlines()), name
        if name.endswith(".py"):
            ast.parse(text)
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith(".json"):
            json.loads(text)
        if name.endswith((".py", ".js", ".zig", ".rs")):
            assert max(map(len, text.splitlines()), default=0) <= 120, name


@pytest.mark.parametrize("kind", KINDS)
def test_all_hooks_fit_into_one_plugin(kind: str) -> None:
    assert written(kind, hooks=HOOKS)[SOURCES[kind]].count("\n") > len(HOOKS)


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_of_another_host_program_can_be_written(kind: str) -> None:
    files = written(kind, specs=["rich_contract:Rich"], hooks=["do_everything", "flags_only", "refuses_only"])
    assert "everything" in files[SOURCES[kind]].lower()
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)


def test_a_native_plugin_may_be_called_like_a_contract_type() -> None:
    files = files_of(order("artifact-change", native=True))
    source = files["src/artifact_change/plugin.py"]
    assert "class ArtifactChangePlugin:" in source
    assert "change: ArtifactChange" in source
    assert '"artifact_change.plugin:ArtifactChangePlugin"' in files["pyproject.toml"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manifest_says_what_was_asked_for(language: str) -> None:
    capabilities = ["log", "kv", "config", "http:api.acme.test", "env:ACME_*", "kv:shared:scores", "clock"]
    files = written(language, hooks=["search_rerank", "command_run"], capabilities=capabilities)
    manifest = Manifest.parse(files["plugin.toml"])
    assert (manifest.id, manifest.version) == ("acme-scan", "0.1.0")
    assert manifest.hook_names == ("search_rerank", "command_run")
    assert {each.text for each in manifest.required} == set(capabilities)
    assert all(ask.reason for ask in manifest.asks)
    assert manifest.build is not None
    assert (manifest.build.language, manifest.build.source) == (language, SOURCES[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_project_can_be_opened_as_it_is_written(language: str, tmp_path: Path) -> None:
    wanted = order("acme-scan", language, ["artifact_validate", "schedule_jobs"], ["log"])
    made = write_project(wanted, tmp_path / "scan")
    project = open_project(made.directory)
    assert list(project.hooks) == ["artifact_validate", "schedule_jobs"]
    assert project.source.is_file()
    assert set(made.files) >= {".gitignore", "README.md", "plugin.toml", "tests/test_acme_scan.py"}
    assert len(made.commands) <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_editors_are_told_where_the_types_are(kind: str) -> None:
    expected = {
        "python": ("pyproject.toml", "bindings"),
        "javascript": ("jsconfig.json", "bindings"),
        "c": ("compile_flags.txt", "-Ibindings"),
        "zig": ("package.json", "jco-transpile"),
        "rust": ("Cargo.toml", "wit-bindgen"),
        "native": ("pyproject.toml", '"hyperhost.plugins"'),
    }
    name, word = expected[kind]
    assert word in written(kind)[name]


def test_the_example_of_a_hook_is_written_in_every_language() -> None:
    for kind in KINDS:
        assert "description.missing" in written(kind)[SOURCES[kind]], kind


def test_templates_are_part_of_the_package() -> None:
    templates = resources.files("hyperhost.sdk") / "templates"
    assert {entry.name for entry in templates.iterdir()} >= {"bodies", "common", *KINDS}


# --- all or nothing ----------------------------------------------------------------------------


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def test_a_directory_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "mine.txt").write_text("mine")
    with pytest.raises(BuildError, match="is there already, and is not empty") as caught:
        write_project(order("scan"), tmp_path / "scan")
    assert caught.value.hint == "name another directory with --dir"
    assert names(tmp_path / "scan") == ["mine.txt"]
    assert names(tmp_path) == ["scan"]


def test_an_empty_directory_is_used(tmp_path: Path) -> None:
    (tmp_path / "scan").mkdir()
    write_project(order("scan"), tmp_path / "scan")
    assert "plugin.toml" in names(tmp_path / "scan")
    assert names(tmp_path) == ["scan"]


@pytest.mark.parametrize("what", ["file", "link", "dangling link"])
def test_what_is_no_directory_is_left_alone(tmp_path: Path, what: str) -> None:
    target = tmp_path / "scan"
    if what == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "elsewhere")
        if what == "link":
            (tmp_path / "elsewhere").mkdir()
    before = names(tmp_path)
    with pytest.raises(BuildError, match="is there already, and is no directory"):
        write_project(order("scan"), target)
    assert names(tmp_path) == before


def test_directories_above_are_made(tmp_path: Path) -> None:
    made = write_project(order("scan"), tmp_path / "a" / "b" / "scan")
    assert made.directory == tmp_path / "a" / "b" / "scan"
    assert names(tmp_path / "a" / "b") == ["scan"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BuildError, match="No space left on device"):
        write_project(order("scan"), tmp_path / "a" / "scan")
    assert names(tmp_path) == []


def test_a_parent_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(BuildError, match="cannot be written"):
        write_project(order("scan"), tmp_path / "a" / "scan")
    assert (tmp_path / "a").read_text() == "mine"


# --- layout ------------------------------------------------------------------------------------


def test_lines_are_broken_at_brackets_and_commas() -> None:
    arguments = ", ".join(f"argument_{number}=Value(number={number})" for number in range(9))
    broken = fitted(f"answer = call({arguments})")
    assert max(map(len, broken.splitlines())) <= WIDTH
    assert broken.startswith("answer = call(\n    argument_0=Value(number=0),\n")
    assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(f"answer = call({arguments})"))


def test_brackets_in_text_are_no_brackets() -> None:
    line = f'call("{"(, " * 20}", [{", ".join(["1"] * 40)}])'
    assert ast.dump(ast.parse(fitted(line))) == ast.dump(ast.parse(line))
