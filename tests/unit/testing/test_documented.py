"""``docs/testing.md``: its tests pass against the plugin it describes; fixtures and markers are all there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from rates_project import make_rates

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
SOURCE = (ROOT / "hyperhost" / "testing" / "plugin.py").read_text(encoding="utf-8")


def test_the_tests_of_the_page_pass(pytester, run):
    make_rates(pytester.path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (pytester.path / "tests").mkdir()
    for number, block in enumerate(blocks):
        (pytester.path / "tests" / f"test_block_{number}.py").write_text(block, encoding="utf-8")
    result = run("")
    result.assert_outcomes(passed=len(re.findall(r"^def test_", PAGE, re.MULTILINE)))


def test_every_fixture_marker_and_option_is_described():
    fixtures = re.findall(r"^@pytest\.fixture\ndef ([a-z]\w*)", SOURCE, re.MULTILINE)
    assert len(fixtures) == 12
    for name in fixtures:
        assert f"`{name}" in PAGE or f"def {name}" in PAGE, name
    markers = re.findall(r"^    ['\"](\w+)\(.*\): ", SOURCE, re.MULTILINE)
    assert len(markers) == 5
    for name in markers:
        assert f"| `{name}(" in PAGE, name
    options = re.findall(r"addoption\(\n +\"(--[\w-]+)", SOURCE)
    assert len(options) == 2
    for name in options:
        assert f"{name}`" in PAGE, name


def test_the_markers_are_registered_in_this_repository_too():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
    registered = {line.partition("(")[0] for line in settings["ini_options"]["markers"]}
    assert registered == set(re.findall(r"^    ['\"](\w+)\(.*\): ", SOURCE, re.MULTILINE))
