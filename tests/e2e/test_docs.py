"""The documents are true: their Python runs, their output is what is printed, their links lead somewhere.

Blocks marked ``python`` of one page run in order and share their names. A block marked ``text``
that follows one directly is the output it must print. Blocks with more words behind the language
belong to a test of their own (``test_tutorial.py``).
"""

from __future__ import annotations

import itertools
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(?P<language>\w*)(?P<words>[^\n]*)\n(?P<body>.*?)^```\n", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
_TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)(?:::(?P<name>\w+))?`")


@dataclass(frozen=True)
class Block:
    """One block of a page: its first line, its code and what it must print (``None``: anything)."""

    line: int
    code: str
    output: str | None


def python_blocks(page: Path) -> list[Block]:
    """The Python of a page, in order."""
    text = page.read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(text))
    blocks = []
    for fence, following in itertools.pairwise([*fences, None]):
        if fence is None or fence["language"] != "python" or fence["words"]:
            continue
        printed = None
        if following is not None and following["language"] == "text":
            between = text[fence.end() : following.start()]
            printed = following["body"] if not between.strip() else None
        blocks.append(Block(text.count("\n", 0, fence.start()) + 2, fence["body"], printed))
    return blocks


def anchors(page: Path) -> set[str]:
    """What ``page.md#…`` may lead to, made from the headings as code hosts do."""
    headings = _HEADING.finditer(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", found["title"].lower()).replace(" ", "-") for found in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)], ids=lambda page: page.name)
def test_the_python_of_a_page_runs_and_prints_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    for block in python_blocks(page):
        # Empty lines before it make line numbers in tracebacks those of the page.
        exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), vars(module))
        printed = capsys.readouterr().out
        if block.output is not None:
            assert printed == block.output, f"{page.name}, line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in _LINK.finditer(text):
        path, _, anchor = found["target"].partition("#")
        if path.startswith(("http:", "https:", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {found['target']}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {found['target']}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for found in _TEST.finditer(page.read_text(encoding="utf-8")):
        file = ROOT / found["file"]
        assert file.is_file(), f"{page.name} names {found['file']}"
        if found["name"]:
            assert f"def {found['name']}(" in file.read_text(encoding="utf-8"), f"{page.name}: {found[0]}"


def test_the_first_two_commands_of_the_readme_are_those_of_ci() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [fence["body"].strip() for fence in _FENCE.finditer(readme) if fence["language"] == "sh"]
    install = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/hyperhost demo"
    assert commands[:2] == [install, ".venv/bin/pytest"]
    assert "step 'tests' .venv/bin/pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
