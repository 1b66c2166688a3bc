"""Documents that tests follow as a reader would: their files saved, their commands typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli_shell import ROOT

_FENCE = re.compile(r"^```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block of the page."""

    line: int
    language: str
    words: dict[str, str]
    body: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order; ``words`` are those behind the language, as ``name=value``."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        words = dict(word.partition("=")[::2] for word in found["words"].split())
        yield Block(text.count("\n", 0, found.start()) + 1, found["language"], words, found["body"])


class Reader:
    """Somebody who follows the page in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.place = directory
        programs = directory / "bin"
        programs.mkdir()
        shim = programs / "hyperhost"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hyperhost.cli.main "$@"\n')
        shim.chmod(0o755)
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("HYPERHOST")},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HYPERHOST_HOME": str(directory / "home"),
            "NO_COLOR": "1",
            "COLUMNS": "120",
            "TERM": "dumb",
        }

    def type(self, commands: str) -> tuple[int, str]:
        """Type commands. Returns the status of the last one, and what all of them showed."""
        where = self.place / ".place"
        script = f"set -e\ntrap 'pwd > {where}' EXIT\n{commands}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.place,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
            check=False,
        )
        self.place = Path(where.read_text().strip())
        where.unlink()
        return done.returncode, done.stdout

    def save(self, name: str, text: str) -> None:
        path = self.place / name
        assert path.parent.is_dir(), f"{name} is to be saved where no directory is"
        path.write_text(text, encoding="utf-8")
