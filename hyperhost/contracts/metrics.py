"""Contract types of metrics: what plugins report, and what they are told about operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.types import S64

__all__ = ["Metric", "MetricKind", "OperationSample"]


class MetricKind(StrEnum):
    """How a figure behaves over time."""

    COUNTER = "counter"
    """Only grows."""
    GAUGE = "gauge"
    """Goes up and down."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure at one moment.

    Attributes:
        name: snake_case with its unit at the end, for example ``cache_size_bytes``.
        value: The figure.
        kind: How it behaves.
        labels: What it is about; name and labels together are unique within one plugin.
        summary: What it means, one line.
    """

    name: str
    value: float
    kind: MetricKind = MetricKind.GAUGE
    labels: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True, slots=True)
class OperationSample:
    """One operation that has ended.

    Attributes:
        operation: Its name, for example ``publish``.
        duration_ms: How long it took, in milliseconds.
        succeeded: It did what was asked.
        error_code: ``HH-…`` code of its error; empty when it succeeded.
        ended_at_us: When it ended.
    """

    operation: str
    duration_ms: float
    succeeded: bool
    error_code: str = ""
    ended_at_us: S64 = 0
