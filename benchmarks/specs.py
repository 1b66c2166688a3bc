"""The hooks that are measured, and hosts that hold one component of :mod:`guests`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from common import ROOT  # noqa: F401 - makes hyperhost importable from a checkout

from hyperhost import Host, Limits, hookspec

TEXT = "The quick brown fox jumps over the lazy dog. " * 3 + "Sphinx of quar."
assert len(TEXT.encode()) == 150


@dataclass(frozen=True, slots=True)
class Document:
    """A record of 8 fields."""

    path: str
    text: str
    language: str
    size: int
    score: float
    binary: bool
    tags: list[str]
    owner: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check answers."""

    rule: str
    line: int
    severity: Literal["low", "medium", "high"]
    excerpt: str


class Hooks:
    """Hooks of the benchmarks; one answer each, so that results need no unpacking."""

    @hookspec(firstresult=True)
    def echo(self, text: str) -> str:
        """Give back the text."""

    @hookspec(firstresult=True)
    def echo_bytes(self, data: bytes) -> bytes:
        """Give back the bytes."""

    @hookspec(firstresult=True)
    def spin(self, rounds: int) -> int:
        """Compute for a while."""

    @hookspec(firstresult=True)
    def check(self, document: Document) -> list[Finding]:
        """Check a document."""


@contextmanager
def component_host(text: str, *, count: int = 1, **options: Any) -> Iterator[Host]:
    """A host without a home that holds ``count`` plugins made of one component text."""
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as directory:
        path = Path(directory) / "guest.wat"
        path.write_text(text)
        with Host("benchmarks", specs=[Hooks]) as host:
            for number in range(count):
                host.load(path, id=f"guest-{number}", **{"limits": Limits(deadline="60s"), **options})
            yield host
