"""How often each operation ran, how that ended, and how long it took."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Figures"]

_KEPT = 1_000
"""Latest durations of one operation from which its percentiles are taken."""


@dataclass(slots=True)
class _Figure:
    count: int = 0
    good: int = 0
    total_ms: float = 0.0
    least_ms: float = float("inf")
    most_ms: float = 0.0
    last_us: int = 0
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))


class Figures:
    """Figures by operation. Any number of threads may use one."""

    def __init__(self) -> None:
        self._figures: dict[str, _Figure] = {}
        self._lock = threading.Lock()

    def add(self, operation: str, duration_ms: float, at_us: int, *, good: bool) -> None:
        """Count one run.

        Args:
            operation: Its name.
            duration_ms: How long it took.
            at_us: When it was asked for.
            good: It ended without an error.
        """
        with self._lock:
            figure = self._figures.setdefault(operation, _Figure())
            figure.count += 1
            figure.good += good
            figure.total_ms += duration_ms
            figure.least_ms = min(figure.least_ms, duration_ms)
            figure.most_ms = max(figure.most_ms, duration_ms)
            figure.last_us = max(figure.last_us, at_us)
            figure.latest.append(duration_ms)

    def rows(self) -> list[dict[str, Any]]:
        """One object per operation, sorted by name; percentiles are of the latest 1,000 runs."""
        with self._lock:
            kept = {name: (figure, sorted(figure.latest)) for name, figure in self._figures.items()}
            return [
                {
                    "operation": name,
                    "count": figure.count,
                    "mean_ms": round(figure.total_ms / figure.count, 3),
                    "min_ms": round(figure.least_ms, 3),
                    "max_ms": round(figure.most_ms, 3),
                    "p50_ms": round(_percentile(latest, 0.50), 3),
                    "p95_ms": round(_percentile(latest, 0.95), 3),
                    "success_rate": round(figure.good / figure.count, 4),
                    "last_run_us": figure.last_us,
                }
                for name, (figure, latest) in sorted(kept.items())
            ]


def _percentile(values: list[float], share: float) -> float:
    """The smallest value that at least ``share`` of the sorted values do not exceed."""
    return values[max(0, -(-len(values) * round(share * 100) // 100) - 1)]
