"""``docs/remotes.md`` works as it stands; its blocks are marked as told in ``test_tutorial.py``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from cli_shell import ROOT
from pages import Reader, blocks
from tuf_parts import Mirror, running_mirror

PAGE = ROOT / "docs" / "remotes.md"
ADDRESS = "https://registry.example"


def _show(mirror: Mirror, site: Path) -> None:
    files = (path for path in site.rglob("*") if path.is_file())
    mirror.show({str(path.relative_to(site)): path.read_bytes() for path in files})


def _missing(output: str, expected: str) -> str:
    """The first expected line that did not come in its turn; empty if all did."""
    lines = iter(output.splitlines())
    for wanted in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))))
        if not any(pattern.match(" ".join(line.split())) for line in lines):
            return wanted
    return ""


@pytest.mark.timeout(300)
def test_the_page_works_from_first_to_last(registry_template: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader._environment["PYTHONPATH"] = os.pathsep.join([str(registry_template / "site"), str(ROOT)])
    output, ran = "", 0
    with running_mirror() as mirror:
        for block in blocks(PAGE):
            where = f"{PAGE.name}, line {block.line}"
            if "run" in block.words:
                status, output = reader.type(block.body.replace(ADDRESS, mirror.url))
                output = output.replace(mirror.url, ADDRESS)
                assert status == 0, f"{where}:\n{output}"
                _show(mirror, tmp_path / "site")
                ran += 1
            else:
                squeezed = "\n".join(" ".join(line.split()) for line in block.body.splitlines())
                wanted = _missing(output, squeezed)
                assert not wanted, f"{where}: {wanted!r} is not in\n{output}"
    assert ran == 3
