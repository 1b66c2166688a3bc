"""The shipped engines are what their sources make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from node import node_packages

from builtin_plugins.templates.rendering import SHIPPED

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "sdk" / "template_engines"


def test_every_engine_is_shipped():
    built = sorted(path.name for path in SOURCES.iterdir() if (path / "plugin.toml").is_file())
    assert built == sorted(path.stem for path in SHIPPED.glob("*.hhp")) == ["ejs", "eta", "handlebars"]


def test_each_package_is_no_larger_than_a_megabyte():
    sizes = {path.stem: path.stat().st_size for path in SHIPPED.glob("*.hhp")}
    assert {name: size for name, size in sizes.items() if size > 1_000_000} == {}


@pytest.mark.timeout(300)
def test_building_them_again_makes_the_same_files():
    wanted = {
        f"{name}@{version}"
        for path in SOURCES.glob("*/package.json")
        for name, version in json.loads(path.read_text(encoding="utf-8"))["devDependencies"].items()
    }
    modules = node_packages(*sorted(wanted)) / "node_modules"
    done = subprocess.run(
        [sys.executable, str(SOURCES / "build.py"), "--check", "--modules", str(modules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
