"""A home directory whose hooks are those of ``cli_guests``, and the operations on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_guests import SPECS

from hyperhost.host.home import Home
from hyperhost.host.installer import Installer


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    (path / "hyperhost.toml").write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    return Home(path)


@pytest.fixture
def work(home: Home) -> Installer:
    return Installer(home)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"
