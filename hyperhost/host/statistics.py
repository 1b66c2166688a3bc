"""Figures about calls: how many, how they ended, how long they took.

Durations go into buckets that each are about 9 % wide, so that figures of several processes add
up and percentiles come out within 5 % whatever the number of calls.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hyperhost.errors import (
    BadArgumentError,
    ConcurrencyLimitError,
    OutdatedPluginError,
    QuarantinedError,
    RefusalError,
)

__all__ = [
    "NO_FAULTS",
    "CallCounter",
    "CallRecord",
    "CallTally",
    "HookFigures",
    "HookStats",
    "OutcomeTally",
    "bucket_of",
    "figures_since",
    "hook_stats",
    "percentiles",
]

_PER_DOUBLING: Final = 8
_SHORTEST_MS: Final = 1e-4
_MAX_PENDING: Final = 1024

NO_FAULTS: Final = frozenset(
    {
        "ok",
        *(kind.code for kind in (BadArgumentError, ConcurrencyLimitError, RefusalError)),
        *(kind.code for kind in (OutdatedPluginError, QuarantinedError)),
    }
)
"""Outcomes of calls that do not speak against the plugin."""

CallRecord = tuple[str, str, str, str, float, int]
"""Plugin, version, hook, outcome, duration in milliseconds, end in nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class HookStats:
    """What is known about the calls of one hook that one version of a plugin answered.

    Attributes:
        plugin: Id of the plugin.
        version: Its version; empty where it was not written down (by HyperHost 0.1.0).
        hook: Name of the hook.
        calls: Number of calls.
        outcomes: Calls by outcome: ``ok``, or the code of the error.
        total_ms: Time of all calls together.
        min_ms: Shortest call.
        max_ms: Longest call.
        p50_ms: Half of the calls took no longer (within 5 %).
        p95_ms: 95 % of the calls took no longer (within 5 %).
        last_ns: End of the latest call, in nanoseconds since 1970 (UTC).
    """

    plugin: str
    version: str
    hook: str
    calls: int
    outcomes: Mapping[str, int]
    total_ms: float
    min_ms: float
    max_ms: float
    p50_ms: float
    p95_ms: float
    last_ns: int

    @property
    def mean_ms(self) -> float:
        """Average duration."""
        return self.total_ms / self.calls

    @property
    def faults(self) -> int:
        """Number of calls that speak against the plugin: no refusals, and no mistakes of callers."""
        return sum(calls for outcome, calls in self.outcomes.items() if outcome not in NO_FAULTS)

    @property
    def success_rate(self) -> float:
        """Share of calls that ended well, 0 to 1."""
        return self.outcomes.get("ok", 0) / self.calls


@dataclass(slots=True)
class HookFigures:
    """Plain counts of one hook of one version.

    Attributes:
        outcomes: Calls by outcome.
        buckets: Calls by bucket of duration.
        last_ok_ns: End of the latest call that ended well, 0 for none.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    buckets: dict[int, int] = field(default_factory=dict)
    last_ok_ns: int = 0


@dataclass(slots=True)
class OutcomeTally:
    """Calls of one hook of one version of a plugin that ended in one way."""

    calls: int = 0
    total_ms: float = 0.0
    min_ms: float = math.inf
    max_ms: float = 0.0
    last_ns: int = 0


@dataclass(slots=True)
class CallTally:
    """Calls added up. Not safe for several threads at once.

    Attributes:
        outcomes: By plugin, version, hook and outcome.
        buckets: Number of calls by plugin, version, hook and bucket of duration.
    """

    outcomes: dict[tuple[str, str, str, str], OutcomeTally] = field(default_factory=dict)
    buckets: dict[tuple[str, str, str, int], int] = field(default_factory=dict)

    def add(self, records: Iterable[CallRecord]) -> None:
        """Count calls."""
        outcomes, buckets = self.outcomes, self.buckets
        for plugin, version, hook, outcome, duration_ms, time_ns in records:  # part of what every call costs
            tally = outcomes.get((plugin, version, hook, outcome))
            if tally is None:
                tally = outcomes[plugin, version, hook, outcome] = OutcomeTally()
            tally.calls += 1
            tally.total_ms += duration_ms
            if duration_ms < tally.min_ms:
                tally.min_ms = duration_ms
            if duration_ms > tally.max_ms:
                tally.max_ms = duration_ms
            if time_ns > tally.last_ns:
                tally.last_ns = time_ns
            place = (plugin, version, hook, bucket_of(duration_ms))
            buckets[place] = buckets.get(place, 0) + 1

    def merge(self, other: CallTally) -> None:
        """Add the sums of ``other``, which must not be used afterwards."""
        for key, theirs in other.outcomes.items():
            ours = self.outcomes.setdefault(key, theirs)
            if ours is not theirs:
                ours.calls += theirs.calls
                ours.total_ms += theirs.total_ms
                ours.min_ms = min(ours.min_ms, theirs.min_ms)
                ours.max_ms = max(ours.max_ms, theirs.max_ms)
                ours.last_ns = max(ours.last_ns, theirs.last_ns)
        for place, calls in other.buckets.items():
            self.buckets[place] = self.buckets.get(place, 0) + calls

    def stats(self, plugin: str | None = None) -> list[HookStats]:
        """Figures by plugin, version and hook, in the order of their names."""
        hooks = sorted({key[:3] for key in self.outcomes if plugin is None or key[0] == plugin})
        return [
            hook_stats(
                *hook,
                {key[3]: tally for key, tally in self.outcomes.items() if key[:3] == hook},
                {key[3]: calls for key, calls in self.buckets.items() if key[:3] == hook},
            )
            for hook in hooks
        ]

    def figures(self, plugin: str) -> dict[tuple[str, str], HookFigures]:
        """The counts of one plugin by version and hook."""
        found: dict[tuple[str, str], HookFigures] = {}
        for (name, version, hook, outcome), tally in self.outcomes.items():
            if name == plugin:
                figures = found.setdefault((version, hook), HookFigures())
                figures.outcomes[outcome] = tally.calls
                if outcome == "ok":
                    figures.last_ok_ns = tally.last_ns
        for (name, version, hook, bucket), calls in self.buckets.items():
            if name == plugin:
                found[version, hook].buckets[bucket] = calls
        return found

    def forget(self, plugin: str) -> None:
        """Drop the figures of a plugin."""
        self.outcomes = {key: tally for key, tally in self.outcomes.items() if key[0] != plugin}
        self.buckets = {key: calls for key, calls in self.buckets.items() if key[0] != plugin}


class CallCounter:
    """Collects calls from many threads. :meth:`record` takes no lock as a rule."""

    def __init__(self) -> None:
        self._pending: deque[CallRecord] = deque()
        self._tally = CallTally()
        self._lock = threading.Lock()

    def record(self, plugin: str, hook: str, outcome: str, duration_ms: float, version: str = "") -> None:
        """Count a call that ended just now."""
        self._pending.append((plugin, version, hook, outcome, duration_ms, time.time_ns()))
        if len(self._pending) > _MAX_PENDING:
            with self._lock:
                self._add_up()

    def take(self) -> CallTally:
        """The sums so far; counting starts anew."""
        with self._lock:
            self._add_up()
            taken, self._tally = self._tally, CallTally()
            return taken

    def give_back(self, tally: CallTally) -> None:
        """Add what :meth:`take` gave, or what is left of it. It must not be used afterwards."""
        with self._lock:
            tally.merge(self._tally)
            self._tally = tally

    def stats(self, plugin: str | None = None) -> list[HookStats]:
        """Figures of what was counted and not taken."""
        with self._lock:
            self._add_up()
            return self._tally.stats(plugin)

    def figures(self, plugin: str) -> dict[tuple[str, str], HookFigures]:
        """Counts of one plugin, of what was counted and not taken."""
        with self._lock:
            self._add_up()
            return self._tally.figures(plugin)

    def _add_up(self) -> None:
        self._tally.add([self._pending.popleft() for _ in range(len(self._pending))])


def figures_since(
    now: Mapping[tuple[str, str], HookFigures], then: Mapping[tuple[str, str], HookFigures]
) -> dict[tuple[str, str], HookFigures]:
    """What ``now`` has beyond ``then``, by version and hook; nothing for what did not grow."""
    found = {}
    for key, figures in now.items():
        before = then.get(key, HookFigures())
        grown = HookFigures(
            {
                code: more
                for code, n in figures.outcomes.items()
                if (more := n - before.outcomes.get(code, 0)) > 0
            },
            {
                place: more
                for place, n in figures.buckets.items()
                if (more := n - before.buckets.get(place, 0)) > 0
            },
            figures.last_ok_ns,
        )
        if grown.outcomes:
            found[key] = grown
    return found


def hook_stats(
    plugin: str, version: str, hook: str, outcomes: Mapping[str, OutcomeTally], buckets: Mapping[int, int]
) -> HookStats:
    """The figures of one hook, from at least one call."""
    tallies = outcomes.values()
    shortest = min(tally.min_ms for tally in tallies)
    longest = max(tally.max_ms for tally in tallies)
    p50_ms, p95_ms = (min(max(value, shortest), longest) for value in percentiles(buckets, (0.5, 0.95)))
    return HookStats(
        plugin=plugin,
        version=version,
        hook=hook,
        calls=sum(tally.calls for tally in tallies),
        outcomes={outcome: tally.calls for outcome, tally in sorted(outcomes.items())},
        total_ms=sum(tally.total_ms for tally in tallies),
        min_ms=shortest,
        max_ms=longest,
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        last_ns=max(tally.last_ns for tally in tallies),
    )


def bucket_of(duration_ms: float) -> int:
    """The bucket that a duration belongs to."""
    return math.floor(math.log2(max(duration_ms, _SHORTEST_MS)) * _PER_DOUBLING)


def percentiles(buckets: Mapping[int, int], shares: tuple[float, ...]) -> Iterator[float]:
    """For each share, the duration (milliseconds, within 5 %) that so many calls did not exceed."""
    total = sum(buckets.values())
    for share in shares:
        wanted = max(1, math.ceil(share * total))
        seen = 0
        for bucket in sorted(buckets):
            seen += buckets[bucket]
            if seen >= wanted:
                yield 2 ** ((bucket + 0.5) / _PER_DOUBLING)
                break
        else:
            yield 0.0
