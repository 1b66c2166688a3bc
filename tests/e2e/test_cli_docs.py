"""``hyperhost plugin docs`` as an author, an operator and a host program's maintainer type it."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from cli_guests import SPECS, packed
from cli_shell import ROOT, Shell


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = packed(tmp_path / "source", "clock", required=[("clock", "to date findings")])
    with (directory / "plugin.toml").open("a") as file:
        file.write(f'\n[build]\nlanguage = "python"\nsource = "plugin.py"\nspecs = ["{SPECS}"]\n')
    (directory / "plugin.py").write_text("")
    return directory


def test_pages_of_a_project_are_written_where_packing_finds_them(
    bare: Shell, project: Path, tmp_path: Path
) -> None:
    done = bare.ok("plugin", "docs", str(project), "-o", "json").data
    assert done == {
        "directory": str(project / "docs" / "reference"),
        "id": "scan",
        "format": "markdown",
        "files": ["index.md"],
        "unknown": [],
    }
    before = (project / "docs" / "reference" / "index.md").read_bytes()
    assert b"### `run`" in before
    again = bare.ok("plugin", "docs", str(project))
    assert again.out == ""
    assert again.err.startswith("wrote 1 page into ")
    assert (project / "docs" / "reference" / "index.md").read_bytes() == before
    bare.ok("plugin", "pack", str(project), "--out", str(tmp_path / "scan.hhp"))
    assert "docs/reference/index.md" in zipfile.ZipFile(tmp_path / "scan.hhp").namelist()


def test_an_installed_plugin_is_documented_by_its_id(
    shell: Shell, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell.ok("plugin", "install", str(project), "--yes")
    shell.ok("plugin", "docs", "scan", "--format", "html")
    page = (tmp_path / "scan-reference" / "index.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "to date findings" in page
    assert "Make another number of a number." in page
    [package] = (shell.home / "plugins" / "scan").iterdir()
    assert not (package / "docs").exists()  # though it came with a table [build]


def test_the_hooks_of_a_program_are_documented_without_a_plugin(bare: Shell, tmp_path: Path) -> None:
    done = bare.ok("plugin", "docs", "--specs", SPECS, "--out", str(tmp_path / "hooks"), "-o", "json").data
    assert (done["id"], done["files"]) == (None, ["index.md"])
    assert (tmp_path / "hooks" / "index.md").read_text().count("\n### `") >= 2


def test_what_is_not_there_is_an_error_and_writes_nothing(
    bare: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nobody = bare("plugin", "docs", "nobody", "-o", "json")
    assert (nobody.status, json.loads(nobody.err)["message"]) == (1, "is not installed")
    nothing = bare("plugin", "docs", "nothing.hhp", "-o", "json")
    assert (nothing.status, json.loads(nothing.err)["message"]) == (1, "nothing.hhp is not there")
    assert bare("plugin", "docs", "scan.hhp", "--specs", SPECS).status == 2
    assert bare("plugin", "docs", ".", "--format", "pdf").status == 2
    assert not list(tmp_path.iterdir())


def test_a_native_plugin_is_told_what_documents_it(bare: Shell) -> None:
    bare.environ["PYTHONPATH"] += os.pathsep + str(ROOT / "tests" / "fake_dists" / "scan")
    done = bare("plugin", "docs", "secret-scan", "-o", "json")
    assert done.status == 1
    error = json.loads(done.err)
    assert error["message"] == "is a native plugin, which has no manifest to document it by"
    assert "hyperhost plugin docs --specs PKG.MOD:CLASS" in error["hint"]


def test_a_directory_that_holds_something_else_is_not_touched(bare: Shell, project: Path) -> None:
    notes = project / "docs" / "reference" / "notes.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    done = bare("plugin", "docs", str(project), "-o", "json")
    error = json.loads(done.err)
    assert (done.status, error["code"]) == (1, "HH-BUILD")
    assert "holds 'notes.md', which is no page of an earlier run" in error["message"]
    assert [each.name for each in notes.parent.iterdir()] == ["notes.md"]
