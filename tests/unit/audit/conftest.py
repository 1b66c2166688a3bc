"""Homes for hosts with an audit log."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_hosts import Rows, audited_host, draft


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home in memory where there is one: these tests write much, and survive no power failure."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path / "home"
        return
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        yield Path(directory) / "home"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose audit log has eight entries; not to be changed."""
    place = tmp_path_factory.mktemp("written") / "home"
    with audited_host(place) as (_, operations):
        for name in ("a", "b", "c", "d", "e", "f"):
            operations.run("create", draft=draft(name))
        operations.run("publish", artifact="org.acme/a")
        operations.run("tag", artifact="org.acme/a", tag="stable")
    return place


@pytest.fixture
def log(written: Path, home: Path) -> Rows:
    """A copy of that home's log, to be tampered with."""
    shutil.copytree(written, home)
    return Rows(home)
