"""``docs/registry-tutorial.md`` works as it stands; its blocks are marked as told in ``test_tutorial.py``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from cli_shell import ROOT
from pages import Reader, blocks

PAGE = ROOT / "docs" / "registry-tutorial.md"


def missing(output: str, expected: str) -> str:
    """The first expected line that did not come in its turn; empty if all did."""
    lines = iter(output.splitlines())
    for wanted in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, wanted.rstrip().split("…"))))
        if not any(pattern.fullmatch(line.rstrip()) for line in lines):
            return wanted
    return ""


@pytest.mark.timeout(300)
def test_the_tutorial_works_from_first_to_last(registry_template: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader._environment["PYTHONPATH"] = os.pathsep.join([str(registry_template / "site"), str(ROOT)])
    output, ran = "", 0
    for block in blocks(PAGE):
        where = f"{PAGE.name}, line {block.line}"
        if "file" in block.words:
            reader.save(block.words["file"], block.body)
        elif "run" in block.words:
            status, output = reader.type(block.body)
            assert status == int(block.words.get("status", 0)), f"{where}:\n{output}"
            ran += 1
        else:
            assert block.language == "text", where
            wanted = missing(output, block.body)
            assert not wanted, f"{where}: {wanted!r} is not in\n{output}"
    assert ran >= 8
