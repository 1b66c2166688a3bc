"""Start, change and end canaries in a host that runs.

A verdict binds at once: calls that begin after it go to the stable version. What takes longer
(freeing the new version, which waits for its calls, and writing the end into ``plugins.lock``) is
done by a thread of its own, because the thread that met the last fault is in the middle of a call.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hyperhost.errors import CanaryError, HyperHostError, PluginStateError
from hyperhost.host.canary import CanaryPolicy, CanaryState, Verdict, figures_name, parse_share, share_words
from hyperhost.host.faults import RELEASED, FaultLog
from hyperhost.host.plugin import Plugin
from hyperhost.host.roster import Roster
from hyperhost.host.specs import HookInfo

if TYPE_CHECKING:
    from hyperhost.host.environment import Environment
    from hyperhost.host.host import Host
    from hyperhost.host.loader import LoadOptions
    from hyperhost.host.package import Package
    from hyperhost.host.trial import Trial

__all__ = ["Canaries", "Settle"]

Settle = Callable[[str, str, Verdict], None]
"""Told plugin id, digest of the canary and how it ended, so that it can be written down."""


class Canaries:
    """Made by :class:`hyperhost.Host`, which shares its parts.

    Args:
        host: The host.
        roster: Who is registered.
        hooks: Declared hooks by name.
        environment: What components run in.
        faults: Where ends that nobody asked for are recorded.
        policy: When a canary is rolled back by itself.

    Attributes:
        settle: Set for hosts with a home, to write ends of installed canaries into ``plugins.lock``.
    """

    def __init__(
        self,
        host: Host,
        roster: Roster,
        hooks: Mapping[str, HookInfo],
        environment: Environment,
        faults: FaultLog,
        policy: CanaryPolicy,
    ) -> None:
        self._host, self._roster, self._hooks = host, roster, hooks
        self._environment, self._faults, self.policy = environment, faults, policy
        self._threads: set[threading.Thread] = set()
        self.settle: Settle | None = None

    def canary(
        self,
        plugin: Plugin,
        source: str | Path | Package | None,
        share: float | str,
        grants: Iterable[str] | None,
        promote_after: int | None,
    ) -> CanaryState:
        """See :meth:`Plugin.canary`."""
        from hyperhost.host.loader import LoadOptions
        from hyperhost.host.package import open_package

        try:
            part = parse_share(share)
        except ValueError as error:
            raise CanaryError(
                str(error), plugin=plugin.id, hint="promote() makes it the only version, rollback() drops it"
            ) from None
        if promote_after is not None and (isinstance(promote_after, bool) or promote_after < 1):
            raise CanaryError(f"cannot be promoted after {promote_after!r} calls", plugin=plugin.id)
        if source is None:
            trial = self._running(plugin)
            trial.share = part
            return trial.state()
        package = (
            open_package(source, grammar=self._environment.grammar)
            if isinstance(source, str | Path)
            else source
        )
        options = plugin.options or LoadOptions()
        self.start(plugin, package, part, grants, options, promote_after=promote_after)
        assert plugin.trial is not None
        return plugin.trial.state()

    def start(
        self,
        plugin: Plugin,
        package: Package,
        share: float,
        grants: Iterable[str] | None,
        options: LoadOptions,
        *,
        promote_after: int | None = None,
        since: str = "",
    ) -> Trial:
        """Load ``package`` and give it a share of the calls, wholly or not at all.

        Raises:
            HyperHostError: as :meth:`Plugin.canary` says.
        """
        from hyperhost.capabilities.grants import still_asked
        from hyperhost.host.trial import Trial

        self._check(plugin, package)
        assert plugin.grants is not None
        package = package.with_manifest(dataclasses.replace(package.manifest, id=plugin.id))
        asked = None if package.manifest.bare else package.manifest.requested
        carried = grants is None
        granted = (
            tuple(item.text for item in still_asked(asked, plugin.grants.granted))
            if grants is None
            else tuple(grants)
        )
        fresh = Plugin(plugin.id, package.version, "component", self._host, None, package.source)
        fresh.options, fresh.line, fresh.bound = options, plugin.line, plugin.bound
        fresh.named = figures_name(package.version, package.digest, plugin.figures)
        from hyperhost.host.loader import fill

        # Compiling may take seconds, so it happens before the lock.
        fill(fresh, package, granted, self._hooks, self._environment, self._host.state)
        assert fresh.runtime is not None
        assert fresh.grants is not None
        try:
            with self._roster.lock:
                self._check(plugin, package)
                if carried:
                    fresh.grants.carry(plugin.grants)  # loading took a while; what was revoked stays so
                since = since or datetime.now(UTC).isoformat(timespec="microseconds")
                trial = Trial(
                    plugin, fresh, self._hooks, share, self.policy, since, promote_after, self._decided
                )
                self._roster.check_exchange(plugin, fresh.object)  # it has to be able to stand alone
                self._roster.exchange(plugin, trial.object)
                plugin.trial, plugin.canary_failure = trial, None
        except BaseException:
            fresh.runtime.close()
            raise
        return trial

    def resume(self, trial: Trial) -> None:
        """Judge a canary by what earlier processes left in ``state.db``."""
        plugin, state = trial.plugin, self._host.state
        since_ns = int(datetime.fromisoformat(trial.state().since).timestamp() * 1e9)
        faults = [
            fault
            for fault in state.faults(plugin.id, limit=1000)
            if fault.version == trial.fresh.figures and fault.hook and fault.time_ns >= since_ns
        ]
        verdict = trial.resume(state.since_mark(plugin.id), faults, time.time_ns())
        if verdict is not None:
            self._finish(trial, verdict, asked=False)

    def decide(self, plugin: Plugin, kind: Literal["promoted", "rolled back"]) -> None:
        """End a canary because somebody says so; see :meth:`Plugin.promote` and :meth:`Plugin.rollback`."""
        trial = self._running(plugin)
        verdict = Verdict(kind, "by hand")
        if kind == "promoted":
            with self._roster.lock:
                self._roster.check_exchange(plugin, trial.fresh.object)
        if self.settle is not None and plugin.bound:
            self.settle(plugin.id, trial.fresh.digest, verdict)
        if not trial.conclude(verdict):
            raise self._none(plugin)
        self._finish(trial, verdict, asked=True)

    def wait(self) -> None:
        """Wait for ends that are being carried out. No lock may be held."""
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join()

    def _check(self, plugin: Plugin, package: Package) -> None:
        self._roster.check_alive(plugin)
        if plugin.kind == "native" or package.manifest.native is not None:
            raise CanaryError(
                "is a native plugin: Python imports one version of a module only",
                plugin=plugin.id,
                hint="canaries are for components; upgrade a native plugin as a whole",
            )
        if plugin.runtime is None or plugin.state == "quarantined":
            raise PluginStateError(
                f"is {plugin.state}, so there is nothing to compare a canary with",
                plugin=plugin.id,
                hint="upgrade it as a whole",
            )
        self.check_none(plugin)
        if (plugin.digest, plugin.publisher) == (package.digest, package.publisher):
            raise CanaryError(
                f"runs this very package, version {package.version}, for every call already",
                plugin=plugin.id,
                hint="a canary has to be another package",
            )

    def check_none(self, plugin: Plugin) -> None:
        """Return if no canary runs.

        Raises:
            CanaryError: one does.
        """
        if plugin.trial is not None:
            raise CanaryError(
                f"has a canary: version {plugin.trial.fresh.version}",
                plugin=plugin.id,
                hint="promote it or roll it back first",
            )

    def _running(self, plugin: Plugin) -> Trial:
        self._roster.check_alive(plugin)
        if plugin.trial is None or plugin.trial.ended is not None:
            raise self._none(plugin)
        return plugin.trial

    @staticmethod
    def _none(plugin: Plugin) -> CanaryError:
        return CanaryError(
            "has no canary", plugin=plugin.id, hint="start one with a new version of it and a share of calls"
        )

    def _decided(self, trial: Trial, verdict: Verdict) -> None:
        thread = threading.Thread(
            target=self._finish, args=(trial, verdict), kwargs={"asked": False}, name="hyperhost-canary"
        )
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter is ending
            self._threads.discard(thread)
            self._finish(trial, verdict, asked=False)

    def _finish(self, trial: Trial, verdict: Verdict, *, asked: bool) -> None:
        """Carry out a verdict. Nothing of it is left to do when the plugin was unloaded meanwhile."""
        try:
            if not asked:
                verdict = self._possible(trial, verdict)
            if self._swap(trial, verdict) and not asked:
                self._record(trial, verdict)
        finally:
            self._threads.discard(threading.current_thread())

    def _possible(self, trial: Trial, verdict: Verdict) -> Verdict:
        """A canary that cannot stand alone, as plugins came since it began, is rolled back instead."""
        if verdict.kind == "promoted":
            try:
                with self._roster.lock:
                    self._roster.check_exchange(trial.plugin, trial.fresh.object)
            except HyperHostError as error:
                verdict = trial.ended = Verdict("rolled back", f"it cannot stand alone: it {error.message}")
        return verdict

    def _swap(self, trial: Trial, verdict: Verdict) -> bool:
        plugin, fresh = trial.plugin, trial.fresh
        with self._roster.lock:
            if plugin.trial is not trial:
                return False
            if verdict.kind == "rolled back":
                self._roster.exchange(plugin, trial.stable)
                leaving = fresh.runtime
            else:
                leaving = plugin.runtime
                self._roster.exchange(plugin, fresh.object)
                self._roster.take_over(plugin, fresh)
                self._roster.release(plugin)
            plugin.trial = None
        if leaving is not None:
            leaving.close()
        return True

    def _record(self, trial: Trial, verdict: Verdict) -> None:
        """Write down an end that nobody asked for: first for the next process, then for people."""
        plugin, fresh = trial.plugin, trial.fresh
        problem: HyperHostError | None = None
        if self.settle is not None and plugin.bound:
            try:
                self.settle(plugin.id, fresh.digest, verdict)
            except HyperHostError as caught:
                problem = caught
        share = share_words(trial.share)
        error = CanaryError(
            f"version {fresh.version}, which answered {share} of the calls, was {verdict.kind} "
            f"by itself: {verdict.reason}",
            plugin=plugin.id,
            hint=f"see hyperhost plugin logs {plugin.id} and hyperhost plugin stats {plugin.id}",
        )
        self._faults.record(plugin.id, "", error, fresh.figures)
        if verdict.kind == "promoted":
            # What the version did as a canary was judged already; a quarantine begins anew.
            self._host.state.record_fault(
                plugin.id, "", RELEASED, f"{plugin.id} {fresh.version} was promoted"
            )
        if problem is not None:
            self._faults.record(plugin.id, "", problem, fresh.figures)
