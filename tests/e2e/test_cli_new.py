"""``hyperhost plugin new`` as a person uses it, and native plugins up to their being found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from author_tools import pytest_option
from cli_shell import ROOT, Shell

COMMANDS_AT_MOST = 4


def new(shell: Shell, *words: object) -> None:
    shell.ok("plugin", "new", *map(str, words))


def python(*words: object, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_what_it_wrote_and_what_to_type_next(bare: Shell, tmp_path: Path) -> None:
    done = bare.ok("plugin", "new", "desc-check", "--dir", str(tmp_path / "it"))
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0] == f"wrote {tmp_path / 'it'}"
    assert "  plugin.toml" in lines
    following = lines[lines.index("next:") + 1 :]
    assert following == [
        f"  hyperhost plugin test {tmp_path / 'it'}",
        f"  hyperhost plugin pack {tmp_path / 'it'}",
    ]
    assert not bare.home.exists()


@pytest.mark.parametrize("language", ["javascript", "c", "zig"])
def test_what_needs_npm_is_packed_after_four_commands(bare: Shell, tmp_path: Path, language: str) -> None:
    where = str(tmp_path / "a place")
    done = bare.ok("plugin", "new", "desc-check", "--lang", language, "--dir", where, "--output", "json")
    following = done.data["next"]
    assert following[0] == f"npm install --prefix '{where}'"
    assert 1 + len(following) <= COMMANDS_AT_MOST
    assert "package.json" in done.data["files"]


def test_json_names_directory_files_and_commands(bare: Shell, tmp_path: Path) -> None:
    done = bare.ok("plugin", "new", "desc-check", "--dir", str(tmp_path / "it"), "--output", "json")
    assert list(done.data) == ["directory", "files", "next"]
    assert done.data["directory"] == str(tmp_path / "it")
    assert sorted(done.data["files"]) == done.data["files"]
    assert all((tmp_path / "it" / name).is_file() for name in done.data["files"])


@pytest.mark.parametrize(
    ("words", "code", "said", "hint"),
    [
        (["Desc Check"], "HH-BUILD", "no name for a plugin", "'desc-check'"),
        (["../evil"], "HH-BUILD", "no name for a plugin", "'evil'"),
        (["import"], "HH-BUILD", "is a word of Python", "'acme-import'"),
        (["a", "--lang", "pyton"], "HH-BUILD", "no language 'pyton'", "'python'"),
        (["a", "--hook", "artifact_valdate"], "HH-BUILD", "no hook", "'artifact_validate'"),
        (["a", "--hook", "search_facets", "--hook", "search-facets"], "HH-BUILD", "named twice", "once"),
        (["a", "--capability", "htp:acme.test"], "HH-CAPABILITY-SYNTAX", "htp", ""),
        (["a", "--specs", "acme_absent:Inbox"], "HH-CONFIG", "cannot be imported", "install the package"),
        (["a", "--native", "--lang", "c"], "HH-BUILD", "written in Python", "--lang"),
    ],
)
def test_what_cannot_be_is_refused_with_status_1_and_nothing_is_written(
    bare: Shell, tmp_path: Path, words: list[str], code: str, said: str, hint: str
) -> None:
    target = tmp_path / "it"
    done = bare("--output", "json", "plugin", "new", *words, "--dir", str(target))
    assert done.status == 1
    error = json.loads(done.err)
    assert error["code"] == code
    assert said in error["message"]
    assert hint in error["hint"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [[], ["a", "b"], ["a", "--hook"], ["a", "--no-such-option"]])
def test_a_command_that_is_not_written_as_help_says_ends_with_status_2(bare: Shell, words: list[str]) -> None:
    assert bare("plugin", "new", *words).status == 2


def test_a_directory_that_is_not_empty_is_left_alone(bare: Shell, tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "mine.txt").write_text("mine")
    done = bare("plugin", "new", "desc-check", "--dir", str(tmp_path / "it"))
    assert done.status == 1
    assert "is not empty" in done.err
    assert [path.name for path in (tmp_path / "it").iterdir()] == ["mine.txt"]


def test_a_native_plugin_installs_with_pip_and_is_found(bare: Shell, tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling builds native plugins")
    project, site = tmp_path / "project", tmp_path / "site"
    new(
        bare,
        "desc-check",
        "--native",
        "--hook",
        "artifact_validate",
        "--hook",
        "search_rerank",
        "--dir",
        project,
    )
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    done = python("-m", "pip", "install", *options, "--target", site, project, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    bare.environ["PYTHONPATH"] = os.pathsep.join([str(site), str(ROOT)])
    [found] = [each for each in bare.ok("plugin", "list", "-o", "json").data if each["id"] == "desc-check"]
    assert (found["version"], found["kind"], found["state"]) == ("0.1.0", "native", "active")
    assert sorted(found["hooks"]) == ["artifact_validate", "search_rerank"]


def test_a_native_plugins_own_tests_pass_before_it_is_installed(bare: Shell, tmp_path: Path) -> None:
    project = tmp_path / "project"
    new(bare, "desc-check", "--native", "--dir", project)
    options = ("-q", "-p", "no:cacheprovider", *pytest_option())
    done = python("-W", "error", "-m", "pytest", *options, cwd=project, path=str(ROOT))
    assert done.returncode == 0, done.stdout + done.stderr
