"""The tools that building a plugin's project needs; tests without them are skipped, with the reason."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from node import link_packages

from hyperhost.errors import ToolchainError
from hyperhost.sdk.project import open_project
from hyperhost.sdk.toolchain import toolchain

PYTEST_PLUGIN = "hyperhost.testing.plugin"


def ready(directory: Path) -> None:
    """Make a project ready to be built, as ``npm install`` would, or skip the test."""
    path = directory / "package.json"
    if path.is_file() and not (directory / "node_modules").exists():
        needed = json.loads(path.read_text(encoding="utf-8"))["devDependencies"]
        link_packages(directory, *(f"{name}@{version}" for name, version in sorted(needed.items())))
    project = open_project(directory)
    try:
        toolchain(project.plan.language).require(project)
    except ToolchainError as error:
        pytest.skip(f"{error.message}: {error.hint}")


def pytest_option() -> tuple[str, ...]:
    """Where HyperHost is not installed, pytest has to be told of its plugin."""
    known = any(each.value == PYTEST_PLUGIN for each in entry_points(group="pytest11"))
    return () if known else ("-p", PYTEST_PLUGIN)
