"""Contract types of scheduled work."""

from __future__ import annotations

from dataclasses import dataclass

from hyperhost.contracts.types import U8, U32, U64

__all__ = ["Daily", "Every", "Job", "JobReport"]


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again.

    Attributes:
        interval_ms: From the start of one run to the start of the next, in milliseconds; at least
            1,000. A run that is still going when the next is due is not started twice.
    """

    interval_ms: U64


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day, in UTC.

    Attributes:
        hour: 0 to 23.
        minute: 0 to 59.
    """

    hour: U8
    minute: U8 = 0


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a plugin wants done at set times.

    Attributes:
        name: Unique among all plugins; start it with the plugin's id.
        when: At which times.
        summary: What it does, one line.
        timeout_ms: Longest run in milliseconds. A component's own deadline applies as well.
    """

    name: str
    when: Every | Daily
    summary: str = ""
    timeout_ms: U32 = 60_000


@dataclass(frozen=True, slots=True)
class JobReport:
    """What one run gave.

    Attributes:
        message: For a person; kept with the run.
        items: How many things were dealt with; 0 when that is not counted.
    """

    message: str = ""
    items: U64 = 0
