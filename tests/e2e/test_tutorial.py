"""``docs/tutorial.md`` works as it stands: its files are written, its commands typed, its output compared.

A block's first line says what it is:

- ``sh run``: commands, typed one after the other in one place; ``status=1`` when the last one fails.
- ``LANGUAGE file=NAME``: a file, with its path from where the commands before it have gone.
- ``text``: what the commands above it show. Each line has to come in that order, and ``…`` is anything.
- ``sh install``: not typed here; what it installs has to be what the package offers.
"""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from cli_shell import ROOT
from pages import Reader, blocks

PAGE = ROOT / "docs" / "tutorial.md"


def shown(output: str, expected: str) -> str:
    """The first expected line that did not come in its turn; empty if all did."""
    lines = iter(output.splitlines())
    for wanted in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, wanted.rstrip().split("…"))))
        if not any(pattern.fullmatch(line.rstrip()) for line in lines):
            return wanted
    return ""


def without(tool: str) -> bool:
    return importlib.util.find_spec(tool) is None


@pytest.mark.skipif(without("componentize_py"), reason="componentize-py is not installed")
@pytest.mark.timeout(300)
def test_the_tutorial_works_from_its_first_command_to_its_last(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    output, ran = "", 0
    for block in blocks(PAGE):
        where = f"{PAGE.name}, line {block.line}"
        if "file" in block.words:
            reader.save(block.words["file"], block.body)
        elif "run" in block.words:
            status, output = reader.type(block.body)
            assert status == int(block.words.get("status", 0)), f"{where}:\n{output}"
            ran += 1
        elif block.language == "text":
            missing = shown(output, block.body)
            assert not missing, f"{where}: {missing!r} is not in\n{output}"
    assert ran >= 5


def test_every_block_of_the_tutorial_is_one_that_is_run_saved_or_compared() -> None:
    for block in blocks(PAGE):
        known = {"run", "status", "file", "install"}
        assert block.words.keys() <= known, f"line {block.line}"
        assert block.words or block.language == "text", f"line {block.line}"


def test_what_the_tutorial_installs_is_what_the_package_offers() -> None:
    [command] = [block.body for block in blocks(PAGE) if "install" in block.words]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    [name] = re.findall(r"hyperhost\[([\w-]+)\]", command)
    assert any(each.startswith("componentize-py") for each in extras[name])


def test_the_comparison_notices_what_is_missing_or_out_of_order() -> None:
    assert shown("a\nb 1 c\nd\n", "a\nb … c\nd\n") == ""
    assert shown("a\nd\nb 1 c\n", "a\nb … c\nd\n") == "d"
    assert shown("ab\n", "a\n") == "a"
