"""What a canary is: a share of the calls, a policy that ends it, and what is known about a running one.

A canary is a new version of a component that answers a share of its plugin's calls while the old
version, called *stable* here, answers the rest. How it runs is in ``trial.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from hyperhost.contracts.limits import parse_duration_ms

__all__ = ["CanaryPolicy", "CanaryState", "Verdict", "figures_name", "parse_share", "share_words"]

LEAST_SHARE: Final = 0.0001
_PARTS: Final = 1_000_000
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})(\s*%)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CanaryPolicy:
    """When a canary is rolled back by itself.

    Attributes:
        faults: This many faults …
        window: … within this time (milliseconds or text such as ``"10min"``), or this many calls in a
            row that all fault, however long that takes, roll it back.
        calls: Figures are compared once both versions have answered this many calls.
        fault_rate: It is rolled back when the share of its calls that faults is larger than that of
            the stable version by more than this (0 to 1).
        slower: It is rolled back when the p95 of a hook is more than this many times the stable one's …
        floor: … and longer by more than this, as tiny durations differ by chance.

    Raises:
        ValueError: a figure out of its range, or a text that is no duration.
    """

    faults: int = 3
    window: float | str = "10min"
    calls: int = 50
    fault_rate: float = 0.02
    slower: float = 1.5
    floor: float | str = "1ms"

    def __post_init__(self) -> None:
        for name in ("faults", "calls"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"canary {name} must be a whole number from 1, not {value!r}")
        for name, least, most in (("fault_rate", 0, 1), ("slower", 1, 1000)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                raise ValueError(f"canary {name} must be a number from {least} to {most}, not {value!r}")
        for text in (self.window, self.floor):
            parse_duration_ms(text)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a canary ends, and why.

    Attributes:
        kind: ``rolled back`` or ``promoted``.
        reason: The figures that led to it, in words.
    """

    kind: Literal["rolled back", "promoted"]
    reason: str


@dataclass(frozen=True, slots=True)
class CanaryState:
    """A canary that runs, as it was when it was asked for.

    Attributes:
        version: Its version.
        digest: Digest of its package.
        publisher: Key that signed it, empty when none did.
        figures: What statistics and faults call its version; differs from ``version`` only while the
            stable version has the same number.
        share: The share of calls that it answers, 0 to 1.
        since: When it began: UTC, ISO 8601 with microseconds.
        granted: Capabilities that it holds; those of the stable version are apart.
        hooks: Hooks that it implements, sorted.
        calls: Calls that it has answered, or faulted in.
        faults: How many of them were faults.
        stable_calls: Calls that the stable version answered in the same time.
        stable_faults: How many of those were faults.
        promote_after: Calls answered well after which it is promoted by itself, or ``None``.
    """

    version: str
    digest: str
    publisher: str
    figures: str
    share: float
    since: str
    granted: tuple[str, ...]
    hooks: tuple[str, ...]
    calls: int
    faults: int
    stable_calls: int
    stable_faults: int
    promote_after: int | None


def parse_share(value: float | str) -> float:
    """A share of calls, written as ``0.1`` or ``"10%"``, as a number between 0 and 1.

    Raises:
        ValueError: it is neither, or not between 0.01 % and 99.99 %.
    """
    share: float | None = None
    if isinstance(value, str):
        if found := _SHARE.fullmatch(value.strip()):
            share = float(Fraction(found[1]) / (100 if found[2] else 1))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        share = float(value)
    if share is None:
        raise ValueError(f"{value!r} is no share of calls; write 10% or 0.1")
    if not LEAST_SHARE <= share <= 1 - LEAST_SHARE:  # NaN is not either
        meant = f"; {share:g}% is written with its sign" if 1 < share < 100 and "%" not in str(value) else ""
        raise ValueError(
            f"{value} is no share that leaves calls to both versions; "
            f"it must lie between 0.01% and 99.99%{meant}"
        )
    return round(share, 6)


def share_parts(share: float) -> tuple[int, int]:
    """The share as a whole number of parts, and how many parts make all."""
    return round(share * _PARTS), _PARTS


def share_words(share: float) -> str:
    """``10 %``."""
    return f"{round(share * 100, 4):g} %"


def figures_name(version: str, digest: str, stable: str) -> str:
    """What statistics call a canary: its version, told apart from a stable version of the same number."""
    return version if version != stable else f"{version} ({digest.partition(':')[2][:12]})"
