"""What every benchmark shares: interleaved timing, and rows that say honestly whether a bound holds.

A time by itself says nothing on a shared machine. Therefore every row is a ratio of two things
timed in turns within one process (A B A B …), each represented by its best round: the best is the
round that other programs disturbed least, for both alike. The ratio of the middle rounds is shown
beside it; where the two differ much, the machine was busy and the run should be repeated.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # lets the scripts run from a checkout that is not installed
    sys.path.insert(0, str(ROOT))

Better = Literal["at most", "at least", "under"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        project: HyperHost's figure.
        peer: The figure it is compared with, or ``None`` if the bound is on the figure itself.
        unit: Unit of both.
        value: What the bound is on: a ratio, or a figure in ``unit``.
        bound: The bound, or ``None`` for a row that only informs.
        better: On which side of the bound the value must lie.
        median: The same value from the middle rounds, to judge how disturbed the run was.
        note: What a reader must know to judge the row.
        error: Why there is no figure, if there is none.
    """

    what: str
    project: float | None = None
    peer: float | None = None
    unit: str = "µs"
    value: float | None = None
    bound: float | None = None
    better: Better = "at most"
    median: float | None = None
    note: str = ""
    error: str = ""

    @property
    def verdict(self) -> str:
        """``PASS``, ``FAIL``, ``info`` (no bound) or ``MISSING`` (no figure)."""
        if self.error or self.value is None:
            return "MISSING"
        if self.bound is None:
            return "info"
        good = {
            "at most": self.value <= self.bound,
            "at least": self.value >= self.bound,
            "under": self.value < self.bound,
        }
        return "PASS" if good[self.better] else "FAIL"


@dataclass
class Timing:
    """Seconds per call in each round, for each competitor."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def best(self, name: str) -> float:
        """Seconds per call in the least disturbed round."""
        return min(self.rounds[name])

    def median(self, name: str) -> float:
        """Seconds per call in the middle round."""
        return statistics.median(self.rounds[name])


def interleave(
    competitors: dict[str, Callable[[int], float | None]], *, rounds: int, calls: dict[str, int] | int
) -> Timing:
    """Time competitors in turns.

    Args:
        competitors: Name → function that makes so many calls. It may return the seconds that count,
            if some of its work is preparation; otherwise all of its time counts.
        rounds: How often each gets its turn, after one turn that is not counted.
        calls: Calls per turn, for all or for each.
    """
    timing = Timing({name: [] for name in competitors})
    for round_number in range(rounds + 1):
        for name, run in competitors.items():
            count = calls if isinstance(calls, int) else calls[name]
            gc.collect()
            gc.disable()
            try:
                started = time.perf_counter()
                counted = run(count)
                seconds = time.perf_counter() - started
            finally:
                gc.enable()
            if round_number:
                timing.rounds[name].append((seconds if counted is None else counted) / count)
    return timing


def repeat(function: Callable[[], object]) -> Callable[[int], None]:
    """A competitor that calls a function again and again."""

    def run(count: int) -> None:
        for _ in range(count):
            function()

    return run


def ratio_row(
    what: str,
    timing: Timing,
    project: str,
    peer: str,
    bound: float | None,
    *,
    unit: str = "µs",
    note: str = "",
) -> Row:
    """A row for ``project`` as a fraction of ``peer``; smaller is better."""
    scale = {"µs": 1e6, "ms": 1e3}[unit]
    ours, theirs = timing.best(project), timing.best(peer)
    median = timing.median(project) / timing.median(peer)
    return Row(what, ours * scale, theirs * scale, unit, ours / theirs, bound, "at most", median, note)


def table(rows: Iterable[Row]) -> str:
    """Rows as text."""
    lines = [("what", "HyperHost", "peer", "result", "(median)", "bound", "")]
    notes = []
    for row in rows:
        if row.verdict == "MISSING":
            lines.append((row.what, "-", "-", "-", "-", _bound(row), "MISSING"))
            notes.append(f"  {row.what}: {row.error}")
            continue
        is_ratio = row.peer is not None and row.better != "under"
        result, median = (
            "-" if value is None else f"{value:.3f} x" if is_ratio else f"{value:.1f} {row.unit}"
            for value in (row.value, row.median)
        )
        ours, theirs = _figure(row.project, row.unit), _figure(row.peer, row.unit)
        lines.append((row.what, ours, theirs, result, median, _bound(row), row.verdict))
        if row.note:
            notes.append(f"  {row.what}: {row.note}")
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths).rstrip())
    return "\n".join([*text, *(["", "notes", *notes] if notes else [])])


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def _bound(row: Row) -> str:
    if row.bound is None:
        return "-"
    return f"{row.better} {row.bound:g}{' ' + row.unit if row.better == 'under' else ' x'}"


def main(measure: Callable[[], list[Row]]) -> None:
    """Run one benchmark as a script."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument("--strict", action="store_true", help="end with status 1 when a bound is missed")
    options = parser.parse_args()
    finish(measure(), as_json=options.json, strict=options.strict)


def finish(rows: list[Row], *, as_json: bool, strict: bool) -> None:
    """Print rows and leave with the status they deserve."""
    if as_json:
        print(json.dumps([{**dataclasses.asdict(row), "verdict": row.verdict} for row in rows], indent=1))
    else:
        print(table(rows))
    if strict and any(row.verdict in ("FAIL", "MISSING") for row in rows):
        sys.exit(1)
