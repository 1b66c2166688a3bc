"""Every example runs with the command its README gives, and prints what its README shows."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hyperhost

EXAMPLES = Path(__file__).parents[2] / "examples"
STANDALONE = ["inbox", "ordering", "host_interface", "storage_component", "registry_gate"]
INSTALLED = ["native_plugin", "component_wheel"]
CODE_ROOT = str(Path(hyperhost.__file__).parents[1])
PRINTED = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def python(
    *arguments: object, cwd: Path | None = None, path: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Python with hyperhost and ``path`` importable, every warning an error."""
    search = os.pathsep.join([*map(str, path), CODE_ROOT])
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        cwd=cwd or EXAMPLES.parent,
        env={**os.environ, "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def shown(name: str) -> str:
    """What the README says is printed."""
    [printed] = PRINTED.findall((EXAMPLES / name / "README.md").read_text(encoding="utf-8"))
    return printed


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the two projects that are installed: building must not write into the repository."""
    copies = tmp_path_factory.mktemp("projects")
    for name in INSTALLED:
        shutil.copytree(
            EXAMPLES / name, copies / name, ignore=shutil.ignore_patterns("__pycache__", "dist", ".*")
        )
    return copies


@pytest.fixture(scope="module")
def site(projects: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which pip installed both."""
    pytest.importorskip("hatchling", reason="hatchling builds the example projects")
    target = tmp_path_factory.mktemp("site")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    done = python("-W", "default", "-m", "pip", "install", *options, "--target", target, *projects.iterdir())
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.parametrize("name", STANDALONE)
def test_an_example_prints_what_its_readme_shows(name: str) -> None:
    done = python(EXAMPLES / name / "main.py")
    assert done.stderr == ""
    assert done.stdout == shown(name)
    assert done.returncode == 0


@pytest.mark.parametrize("name", STANDALONE)
def test_an_example_runs_from_anywhere(name: str, tmp_path: Path) -> None:
    assert python(EXAMPLES / name / "main.py", cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", INSTALLED)
def test_an_installed_plugin_is_found_and_loaded(name: str, site: Path) -> None:
    done = python(EXAMPLES / name / "main.py", path=(site,))
    assert done.stderr == ""
    assert done.stdout == shown(name)
    assert done.returncode == 0


@pytest.mark.parametrize("name", INSTALLED)
def test_without_the_plugin_the_example_says_how_to_install_it(name: str) -> None:
    done = python(EXAMPLES / name / "main.py")
    assert done.returncode == 1
    assert f"python -m pip install examples/{name}" in done.stdout


def test_listing_what_is_installed_imports_none_of_it(site: Path) -> None:
    script = (
        "import sys, hyperhost\n"
        "with hyperhost.Host(specs=[]) as host:\n"
        "    found = [(item.id, item.kind, item.distribution) for item in host.discover()]\n"
        "print([item for item in found if item[2].startswith('acme')])\n"
        "print([name for name in sys.modules if name.startswith('acme')])"
    )
    done = python("-c", script, path=(site,))
    assert done.stdout.splitlines() == [
        "[('conflict-scan', 'component', 'acme-conflict-scan'), ('long-lines', 'native', 'acme-long-lines')]",
        "[]",
    ], done.stderr


def test_native_and_component_plugins_answer_one_hook_together(site: Path) -> None:
    script = (
        "import hyperhost; from hyperhost.demo.specs import Checks\n"
        "with hyperhost.Host('both', specs=[Checks]) as host:\n"
        "    host.load_installed(['long-lines', 'conflict-scan'], grants={'conflict-scan': ['log']})\n"
        "    found = host.hook.check_text(path='a.txt', text='<<<<<<< ' + 'x' * 200)\n"
        "    print(sorted(finding.rule for findings in found for finding in findings))\n"
        "    print([(plugin.id, plugin.version, plugin.granted) for plugin in host.plugins.values()])"
    )
    done = python("-c", script, path=(site,))
    assert done.stdout.splitlines() == [
        "['merge/conflict', 'style/long-line']",
        "[('long-lines', '1.0.0', ()), ('conflict-scan', '1.0.0', ('log',))]",
    ], done.stderr


def test_an_installed_component_is_not_loaded_unless_it_is_named(site: Path) -> None:
    script = (
        "import hyperhost; from hyperhost.demo.specs import Checks\n"
        "with hyperhost.Host('all') as host:\n"
        "    host.add_specs(Checks)\n"
        "    host.load_installed()\n"
        "    print('long-lines' in host.plugins, 'conflict-scan' in host.plugins)"
    )
    done = python("-c", script, path=(site,))
    assert done.stdout.split() == ["True", "False"], done.stderr


def test_the_plugin_projects_own_tests_pass(projects: Path, site: Path) -> None:
    project = projects / "native_plugin"
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project, path=(site,))
    assert done.returncode == 0, done.stdout


def test_the_component_of_the_wheel_is_the_one_its_source_builds() -> None:
    built = runpy.run_path(str(EXAMPLES / "component_wheel" / "build.py"))
    assert built["TARGET"].read_bytes() == built["build"]()


def test_every_example_is_in_the_index() -> None:
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for directory in (path for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert f"]({directory.name})" in index
        is_plugin = (directory / "plugin.toml").exists()  # see test_example_plugins.py
        command = (
            f"hyperhost plugin test examples/{directory.name}"
            if is_plugin
            else f"python examples/{directory.name}/main.py"
        )
        assert f"`{command}`" in index
        assert f"    {command}\n" in (directory / "README.md").read_text(encoding="utf-8")
