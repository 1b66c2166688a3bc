"""Quarantine: a plugin that faults too often rests, and its rest grows with every relapse.

While it rests, hooks that are gates fail closed with :class:`QuarantinedError`; hooks that are
observers go on without it. When the rest is over, the next call is a trial: success ends the
quarantine, a fault doubles the rest.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hyperhost.contracts.limits import parse_duration_ms
from hyperhost.errors import QuarantinedError

__all__ = ["Quarantine", "QuarantinePolicy"]


@dataclass(frozen=True, slots=True)
class QuarantinePolicy:
    """When a plugin is quarantined, and for how long.

    Attributes:
        faults: This many faults …
        window: … within this time (milliseconds or text such as ``"60s"``) begin a quarantine.
        rest: How long the first rest is; each relapse doubles it.
        max_rest: The longest rest.

    Raises:
        ValueError: a count below 1, or a text that is no duration.
    """

    faults: int = 5
    window: float | str = "60s"
    rest: float | str = "30s"
    max_rest: float | str = "1h"

    def __post_init__(self) -> None:
        if isinstance(self.faults, bool) or not isinstance(self.faults, int) or self.faults < 1:
            raise ValueError(f"quarantine faults must be a whole number from 1, not {self.faults!r}")
        for value in (self.window, self.rest, self.max_rest):
            parse_duration_ms(value)

    def rest_s(self, relapses: int) -> float:
        """Seconds of rest after so many earlier quarantines."""
        doubled = parse_duration_ms(self.rest) / 1000 * 2.0 ** min(relapses, 60)
        return min(doubled, parse_duration_ms(self.max_rest) / 1000)


class Quarantine:
    """The record of one plugin. Safe to use from several threads.

    Args:
        plugin: Id of the plugin.
        policy: When and how long.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, plugin: str, policy: QuarantinePolicy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plugin = plugin
        self._policy = policy
        self._clock = clock
        self._window_s = parse_duration_ms(policy.window) / 1000
        self._faults: deque[float] = deque(maxlen=policy.faults)
        self._until = 0.0
        self._relapses = 0
        self._on_trial = False
        self._lock = threading.Lock()

    @property
    def active(self) -> bool:
        """Whether the plugin is quarantined, resting or on trial."""
        return self._until > 0

    def fault(self) -> bool:
        """Count a fault; whether it begins a quarantine."""
        with self._lock:
            now = self._clock()
            if self._until:
                return False  # a call that was running when the quarantine began, or a trial
            self._faults.append(now)
            if len(self._faults) == self._policy.faults and now - self._faults[0] <= self._window_s:
                self._begin(now)
                return True
            return False

    def admit(self, hook: str) -> None:
        """Let one call pass as a trial if the rest is over, or as any other if there is no quarantine.

        Raises:
            QuarantinedError: it is not, or another call is on trial.
        """
        with self._lock:
            if not self._until:
                return  # released since the call looked up what to run
            if self._until > self._clock() or self._on_trial:
                raise self._refusal(hook)
            self._on_trial = True

    def refuse(self, hook: str) -> None:
        """Refuse a call that cannot be a trial by itself (that of a wrapper).

        Raises:
            QuarantinedError: always, while the quarantine lasts.
        """
        with self._lock:
            if self._until:
                raise self._refusal(hook)

    def pass_trial(self) -> None:
        """The trial succeeded: the quarantine is over. A relapse rests longer than this time."""
        with self._lock:
            self._until = 0.0
            self._on_trial = False
            self._faults.clear()

    def relapse(self) -> None:
        """The trial failed: rest again, for longer."""
        with self._lock:
            if self._on_trial:
                self._begin(self._clock())

    def abandon_trial(self) -> None:
        """The trial said nothing about the plugin; the next call is a trial again."""
        with self._lock:
            self._on_trial = False

    def release(self) -> None:
        """End the quarantine and forget its history."""
        with self._lock:
            self._until = 0.0
            self._on_trial = False
            self._relapses = 0
            self._faults.clear()

    def _begin(self, now: float) -> None:
        self._until = now + self._policy.rest_s(self._relapses)
        self._relapses += 1
        self._on_trial = False
        self._faults.clear()

    def _refusal(self, hook: str) -> QuarantinedError:
        left = self._until - self._clock()
        when = f"for {left:.0f} s more" if left > 0 else "while another call is on trial"
        return QuarantinedError(
            f"is quarantined {when} after repeated faults",
            plugin=self._plugin,
            hook=hook,
            hint=f"see hyperhost plugin logs {self._plugin}; "
            f"end it with: hyperhost plugin release {self._plugin}",
        )
