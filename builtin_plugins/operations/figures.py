"""How often each operation ran, how that ended, and how long it took."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, fields
from typing import Any, Final

__all__ = ["Figure", "Figures", "merged", "percentile", "row"]

_KEPT: Final = 1_000
"""Latest durations of one operation from which its percentiles are taken."""


@dataclass(slots=True)
class Figure:
    """Figures of one operation.

    Attributes:
        count: Runs.
        good: Runs that ended without an error.
        total_ms: Time of all runs together.
        least_ms: Shortest run.
        most_ms: Longest run.
        last_us: When it was last asked for.
        latest: Durations of the latest runs (ms), in the order in which they ended.
    """

    count: int = 0
    good: int = 0
    total_ms: float = 0.0
    least_ms: float = math.inf
    most_ms: float = 0.0
    last_us: int = 0
    latest: list[float] = field(default_factory=list)

    def add(self, duration_ms: float, at_us: int, *, good: bool) -> None:
        """Count one run."""
        self.count += 1
        self.good += good
        self.total_ms += duration_ms
        self.least_ms = min(self.least_ms, duration_ms)
        self.most_ms = max(self.most_ms, duration_ms)
        self.last_us = max(self.last_us, at_us)
        self.latest.append(round(duration_ms, 3))
        if len(self.latest) >= 2 * _KEPT:
            del self.latest[:-_KEPT]

    def data(self) -> dict[str, Any]:
        """As JSON data; of a figure with at least one run."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {
            "latest": self.latest[-_KEPT:]
        }


class Figures:
    """Figures by operation, since they were last taken. Any number of threads may use one."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}
        self._lock = threading.Lock()
        self._runs = 0

    def add(self, operation: str, duration_ms: float, at_us: int, *, good: bool) -> int:
        """Count one run.

        Args:
            operation: Its name.
            duration_ms: How long it took.
            at_us: When it was asked for.
            good: It ended without an error.

        Returns:
            Runs since the figures were last taken.
        """
        with self._lock:
            self._figures.setdefault(operation, Figure()).add(duration_ms, at_us, good=good)
            self._runs += 1
            return self._runs

    def take(self) -> dict[str, Figure]:
        """The figures, which are the caller's from then on."""
        with self._lock:
            taken, self._figures, self._runs = self._figures, {}, 0
            return taken

    def put_back(self, taken: dict[str, Figure]) -> None:
        """Give back what was taken and could not be kept elsewhere; it counts as not taken anew."""
        with self._lock:
            for name, figure in taken.items():
                since = self._figures.get(name)
                self._figures[name] = figure if since is None else merged(figure, since)

    def now(self) -> dict[str, Figure]:
        """A copy of the figures."""
        with self._lock:
            return {name: merged(Figure(), figure) for name, figure in self._figures.items()}


def merged(earlier: Figure, later: Figure) -> Figure:
    """Figures of two spans of time as those of both."""
    return Figure(
        earlier.count + later.count,
        earlier.good + later.good,
        earlier.total_ms + later.total_ms,
        min(earlier.least_ms, later.least_ms),
        max(earlier.most_ms, later.most_ms),
        max(earlier.last_us, later.last_us),
        (earlier.latest + later.latest)[-_KEPT:],
    )


def row(operation: str, figure: Figure) -> dict[str, Any]:
    """What is shown of an operation; its percentiles are of the latest 1,000 runs."""
    latest = sorted(figure.latest[-_KEPT:])
    return {
        "operation": operation,
        "count": figure.count,
        "mean_ms": round(figure.total_ms / figure.count, 3),
        "min_ms": round(figure.least_ms, 3),
        "max_ms": round(figure.most_ms, 3),
        "p50_ms": percentile(latest, 50),
        "p95_ms": percentile(latest, 95),
        "success_rate": round(figure.good / figure.count, 4),
        "last_run_us": figure.last_us,
    }


def percentile(values: list[float], percent: int) -> float:
    """The smallest of the sorted values that at least so many percent of them do not exceed."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]
