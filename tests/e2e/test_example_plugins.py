"""The example plugins are complete, and their own tests pass wherever the tools to build them are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from author_tools import pytest_option, ready

import hyperhost
from hyperhost.host.manifest import LANGUAGES
from hyperhost.sdk.project import open_project
from hyperhost.sdk.writing.naming import check_name

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/plugin.toml"))
GENERATED = shutil.ignore_patterns("bindings", "*.wasm", "node_modules", "target", "__pycache__", ".*_cache")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps machine code, so that what two examples share is compiled once."""
    return tmp_path_factory.mktemp("home")


def test_there_is_one_for_each_language_and_for_each_kind_of_hook() -> None:
    projects = [open_project(EXAMPLES / name) for name in PROJECTS]
    assert {project.plan.language for project in projects} == set(LANGUAGES)
    hooks = {hook for project in projects for hook in project.hooks}
    assert hooks >= {
        "artifact_published",
        "artifact_transform",
        "artifact_validate",
        "policy_decide",
        "resolution_choose",
        "search_rerank",
    }


@pytest.mark.parametrize("name", PROJECTS)
def test_an_example_says_what_it_is(name: str) -> None:
    project = open_project(EXAMPLES / name)
    manifest = project.manifest
    assert check_name(manifest.id, project.plan.language) == manifest.id
    assert manifest.description.endswith(".")
    assert manifest.license == "Apache-2.0"
    assert list((EXAMPLES / name / "tests").glob("test_*.py"))
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert f"hyperhost plugin test examples/{name}\n" in readme
    assert manifest.description in readme
    for hook in project.hooks:
        assert f"`{hook}`" in readme


@pytest.mark.parametrize("name", PROJECTS)
def test_an_example_keeps_what_builds_write_out_of_version_control(name: str) -> None:
    ignored = (EXAMPLES / name / ".gitignore").read_text(encoding="utf-8").split()
    assert {"bindings/", "plugin.wasm"} <= set(ignored)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PROJECTS)
def test_an_examples_own_tests_pass(name: str, home: Path, tmp_path: Path) -> None:
    project = tmp_path / name
    shutil.copytree(EXAMPLES / name, project, ignore=GENERATED)
    ready(project)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *pytest_option()],
        cwd=project,
        env={
            **os.environ,
            "HYPERHOST_HOME": str(home),
            "PYTHONPATH": str(Path(hyperhost.__file__).parents[1]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
