"""``hyperhost`` with a home of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_guests import SPECS
from cli_shell import Shell
from installed import installed_shell, site_with_entry_points


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """With a home that knows the hooks of the tests."""
    bare.home.mkdir(mode=0o700)
    (bare.home / "hyperhost.toml").write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    return bare


@pytest.fixture(scope="session")
def registry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the entry points of this checkout and a home with an empty registry."""
    directory = tmp_path_factory.mktemp("registry")
    installed_shell(directory, site_with_entry_points(directory)).ok("registry", "init")
    return directory


@pytest.fixture
def registry(registry_template: Path, tmp_path: Path) -> Shell:
    """A home with a registry of its own."""
    shutil.copytree(registry_template / "home", tmp_path / "home")
    return installed_shell(tmp_path, registry_template / "site")
