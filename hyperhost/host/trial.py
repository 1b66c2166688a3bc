"""A canary at work: divides the calls of one plugin between two versions, and judges the new one.

While a trial lasts, the object registered for the plugin is one whose methods choose a version for
each call. A plugin without a trial is not touched by any of this.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts.limits import parse_duration_ms
from hyperhost.errors import ConcurrencyLimitError, HyperHostError, OutdatedPluginError, RefusalError
from hyperhost.hookspecs.markers import IMPL_ATTRIBUTE
from hyperhost.host.canary import CanaryPolicy, CanaryState, Verdict, share_parts
from hyperhost.host.component import ComponentObject
from hyperhost.host.statistics import NO_FAULTS, bucket_of, percentiles
from hyperhost.host.supervisor import speaks_against

if TYPE_CHECKING:
    from hyperhost.host.plugin import Plugin
    from hyperhost.host.specs import HookInfo
    from hyperhost.host.state_rows import FaultRecord
    from hyperhost.host.statistics import HookFigures

__all__ = ["Trial"]


_NO_FAULTS: Final = NO_FAULTS - {OutdatedPluginError.code}


@dataclass(slots=True)
class _Tally:
    """Calls of one hook by one version since the trial began."""

    calls: int = 0
    faults: int = 0
    buckets: dict[int, int] = field(default_factory=dict)


class Trial:
    """One canary. Safe to use from several threads.

    Args:
        plugin: The plugin; its own runtime is the stable version.
        fresh: The new version, loaded; it is not registered under a name of its own.
        hooks: Declared hooks by name.
        share: The share of calls for the new version, 0 to 1.
        policy: When it is rolled back by itself.
        since: When it began: UTC, ISO 8601.
        promote_after: Calls answered well after which it is promoted by itself.
        end: Told once how the trial has to end, by the thread whose call decided it.
        clock: Seconds that only go forward.

    Attributes:
        plugin: As above.
        fresh: As above.
        stable: The object that is registered when no canary runs.
        object: What is registered while it runs.
        ended: How it ends; every call goes to the stable version once it is to be rolled back.
    """

    def __init__(
        self,
        plugin: Plugin,
        fresh: Plugin,
        hooks: Mapping[str, HookInfo],
        share: float,
        policy: CanaryPolicy,
        since: str,
        promote_after: int | None,
        end: Callable[[Trial, Verdict], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plugin, self.fresh, self.stable = plugin, fresh, plugin.object
        self.ended: Verdict | None = None
        self._pending: Verdict | None = None
        self._share = share
        self._parts, self._all = share_parts(share)
        self._policy = policy
        self._since = since
        self._promote_after = promote_after
        self._end = end
        self._clock = clock
        self._window_s = parse_duration_ms(policy.window) / 1000
        self._floor_ms = parse_duration_ms(policy.floor)
        self._lock = threading.Lock()
        self._tallies: dict[tuple[bool, str], _Tally] = {}
        self._times: deque[float] = deque(maxlen=policy.faults)
        self._in_a_row = 0
        self._counters: dict[str, Any] = {}
        self.object = self._built(hooks)

    # --- the calls ------------------------------------------------------------------------------

    def _built(self, hooks: Mapping[str, HookInfo]) -> ComponentObject:
        assert self.plugin.runtime is not None
        assert self.fresh.runtime is not None
        old, new = self.plugin.runtime.exports, self.fresh.runtime.exports
        made = ComponentObject(self.plugin.id)
        for hook in hooks:
            if hook not in new:
                if hook in old:
                    setattr(made, hook, getattr(self.stable, hook))
                continue
            taken = {*(old[hook].arguments if hook in old else ()), *new[hook].arguments}
            names = [name for name, _, _ in hooks[hook].function.parameters if name in taken]
            run = self._divided(hook, hook in old)
            method = _method(
                hook, names, old[hook].arguments if hook in old else (), new[hook].arguments, run
            )
            marks = getattr(self.stable if hook in old else self.fresh.object, hook)
            setattr(method, IMPL_ATTRIBUTE, getattr(marks, IMPL_ATTRIBUTE))
            setattr(made, hook, method)
        return made

    def _divided(self, hook: str, both: bool) -> Callable[[tuple[Any, ...], tuple[Any, ...]], Any]:
        """The function that chooses a version for each call of one hook, runs it and takes note."""
        old = getattr(self.stable, hook) if both else None
        new = getattr(self.fresh.object, hook)
        self._counters[hook] = itertools.count()
        plugin, counters = self.plugin, self._counters

        def run(for_old: tuple[Any, ...], for_new: tuple[Any, ...]) -> Any:
            if old is None:
                if self.rolled_back:
                    return None  # as if nobody implemented it: that is what is being arranged
                if plugin.quarantine is not None:
                    plugin.quarantine.refuse(hook)  # how it fares says nothing about the stable version
                fresh = True
            else:
                parts, number = self._parts, next(counters[hook])
                # The running sum of shares passes a whole number: 10 % is each tenth call.
                fresh = (number + 1) * parts // self._all > number * parts // self._all
                if fresh and (self.rolled_back or (plugin.quarantine and plugin.quarantine.active)):
                    fresh = False  # a trial after a rest is about the stable version
            started = time.perf_counter()
            try:
                result = new(*for_new) if fresh or old is None else old(*for_old)
            except BaseException as caught:
                if fresh and isinstance(caught, HyperHostError) and caught.plugin in (None, self.plugin.id):
                    caught.version = self.fresh.figures
                self._note(fresh, hook, time.perf_counter() - started, caught)
                raise
            self._note(fresh, hook, time.perf_counter() - started, None)
            return result

        return run

    @property
    def rolled_back(self) -> bool:
        """Whether it was decided that the new version goes."""
        return self.ended is not None and self.ended.kind == "rolled back"

    @property
    def share(self) -> float:
        """The share of calls for the new version, 0 to 1; the next call obeys."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = share
        self._parts, self._all = share_parts(share)

    def state(self) -> CanaryState:
        """What is known about it now."""
        with self._lock:
            mine, theirs = self._sum(fresh=True), self._sum(fresh=False)
        fresh = self.fresh
        return CanaryState(
            version=fresh.version,
            digest=fresh.digest,
            publisher=fresh.publisher,
            figures=fresh.figures,
            share=self._share,
            since=self._since,
            granted=fresh.granted,
            hooks=fresh.hooks,
            calls=mine.calls,
            faults=mine.faults,
            stable_calls=theirs.calls,
            stable_faults=theirs.faults,
            promote_after=self._promote_after,
        )

    # --- the judgement --------------------------------------------------------------------------

    def _note(self, fresh: bool, hook: str, seconds: float, error: BaseException | None) -> None:
        fault = False
        if error is not None and not isinstance(error, RefusalError | ConcurrencyLimitError):
            # A version that does not know what the other one knows is worse, even if no plugin is at fault.
            fault = isinstance(error, OutdatedPluginError)
            if not fault and not (isinstance(error, Exception) and speaks_against(self.plugin, error)):
                return  # the caller's, another plugin's, or nobody's
            fault = True
        with self._lock:
            tally = self._tallies.setdefault((fresh, hook), _Tally())
            tally.calls += 1
            tally.faults += fault
            place = bucket_of(seconds * 1000)
            tally.buckets[place] = tally.buckets.get(place, 0) + 1
            if not fresh or self.ended is not None:
                return
            if fault:
                self._times.append(self._clock())
            self._in_a_row = self._in_a_row + 1 if fault else 0
            # Percentiles are looked at now and then: each look is a chance to be misled by noise.
            verdict = self._verdict(hook if tally.calls % self._policy.calls == 0 else None)
            self.ended = self._pending = verdict
        if verdict is not None and not fault:
            self.carry_out()

    def carry_out(self) -> None:
        """Have a verdict carried out that was found; the supervisor does so once the fault is recorded."""
        with self._lock:
            verdict, self._pending = self._pending, None
        if verdict is not None:
            self._end(self, verdict)

    def conclude(self, verdict: Verdict) -> bool:
        """End it; whether it had not ended before."""
        with self._lock:
            if self.ended is not None:
                return False
            self.ended = verdict
            return True

    def resume(
        self, figures: Mapping[tuple[str, str], HookFigures], faults: Iterable[FaultRecord], now_ns: int
    ) -> Verdict | None:
        """Take over what earlier processes counted; how it has to end if that is clear already.

        Args:
            figures: What was counted since the canary began, by version and hook.
            faults: The faults of its version since then, oldest first.
            now_ns: The present, in nanoseconds since 1970.
        """
        names = {self.plugin.figures: False, self.fresh.figures: True}
        with self._lock:
            last_ok_ns = 0
            for (version, hook), found in figures.items():
                if version in names:
                    fresh = names[version]
                    wrong = sum(n for code, n in found.outcomes.items() if code not in _NO_FAULTS)
                    calls = sum(found.outcomes.values())
                    self._tallies[fresh, hook] = _Tally(calls, wrong, dict(found.buckets))
                    if fresh:
                        last_ok_ns = max(last_ok_ns, found.last_ok_ns)
            present = self._clock()
            for fault in faults:
                self._times.append(present - (now_ns - fault.time_ns) / 1e9)
                self._in_a_row += fault.time_ns > last_ok_ns
            for hook in self._counters:
                # The next call is the one after those that were counted, so that single calls of many
                # processes are divided as evenly as many calls of one.
                done = sum(
                    self._tallies[key].calls for key in ((True, hook), (False, hook)) if key in self._tallies
                )
                self._counters[hook] = itertools.count(done)
            verdict = self._verdict(*self._counters)
            self.ended = verdict
            return verdict

    def _verdict(self, *hooks: str | None) -> Verdict | None:
        policy, version = self._policy, self.fresh.figures
        mine, theirs = self._sum(fresh=True), self._sum(fresh=False)
        if self._in_a_row >= policy.faults:
            return Verdict("rolled back", f"the last {self._in_a_row} calls of {version} all faulted")
        if len(self._times) == policy.faults and self._clock() - self._times[0] <= self._window_s:
            took = self._clock() - self._times[0]
            return Verdict(
                "rolled back",
                f"{policy.faults} calls of {version} faulted within {took:.0f} s, "
                f"{mine.faults} of {mine.calls} altogether",
            )
        if min(mine.calls, theirs.calls) >= policy.calls:
            ours, other = mine.faults / mine.calls, theirs.faults / theirs.calls
            if ours > other + policy.fault_rate:
                return Verdict(
                    "rolled back",
                    f"{ours:.1%} of {mine.calls} calls of {version} faulted, "
                    f"and {other:.1%} of {theirs.calls} calls of {self.plugin.figures}",
                )
        good = mine.calls - mine.faults
        promote = self._promote_after is not None and good >= self._promote_after
        for hook in self._counters if promote else hooks:
            if hook is not None and (slow := self._slow(hook)):
                return Verdict("rolled back", slow)
        if promote:
            return Verdict("promoted", f"{good} calls of {version} were answered, {mine.faults} faulted")
        return None

    def _slow(self, hook: str) -> str:
        """In words, that the new version is slower at a hook; empty if it is not, or nobody knows."""
        mine, theirs = self._tallies.get((True, hook)), self._tallies.get((False, hook))
        if mine is None or theirs is None or min(mine.calls, theirs.calls) < self._policy.calls:
            return ""
        [ours], [other] = (list(percentiles(each.buckets, (0.95,))) for each in (mine, theirs))
        if ours <= other * self._policy.slower or ours - other <= self._floor_ms:
            return ""
        return (
            f"the p95 of {hook} is {ours:.3g} ms in {self.fresh.figures} ({mine.calls} calls) "
            f"and {other:.3g} ms in {self.plugin.figures} ({theirs.calls} calls)"
        )

    def _sum(self, *, fresh: bool) -> _Tally:
        found = [tally for (side, _), tally in self._tallies.items() if side is fresh]
        return _Tally(sum(each.calls for each in found), sum(each.faults for each in found))


def _method(
    hook: str,
    names: Iterable[str],
    for_old: Iterable[str],
    for_new: Iterable[str],
    run: Callable[[tuple[Any, ...], tuple[Any, ...]], Any],
) -> Any:
    """A function whose parameters are those of both versions; see ``component.py`` for why it is text."""

    def packed(chosen: Iterable[str]) -> str:
        return "(" + "".join(f"{name}, " for name in chosen) + ")"

    namespace: dict[str, Any] = {"run_divided": run}
    source = f"def {hook}({', '.join(names)}): return run_divided({packed(for_old)}, {packed(for_new)})"
    exec(compile(source, f"<canary hook {hook}>", "exec"), namespace)  # noqa: S102 - names are Python identifiers of a hookspec
    return namespace[hook]
