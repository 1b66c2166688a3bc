"""``hyperhost`` with a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_guests import SPECS
from cli_shell import Shell


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """With a home that knows the hooks of the tests."""
    bare.home.mkdir(mode=0o700)
    (bare.home / "hyperhost.toml").write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    return bare
