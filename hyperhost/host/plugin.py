"""The handle of one plugin: what it is, what it may do, how it fares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hyperhost.errors import GrantError, HyperHostError, PluginStateError
from hyperhost.sandbox.call import RetiredError

if TYPE_CHECKING:
    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.host.canary import CanaryState
    from hyperhost.host.host import Host
    from hyperhost.host.manifest import Manifest
    from hyperhost.host.package import Package
    from hyperhost.host.quarantine import Quarantine
    from hyperhost.host.statistics import HookStats
    from hyperhost.host.trial import Trial
    from hyperhost.sandbox.export import Export
    from hyperhost.sandbox.runtime import ComponentRuntime
    from hyperhost.sandbox.services import LogRecord

__all__ = ["Plugin", "PluginState"]

PluginState = Literal["installed", "active", "inactive", "quarantined", "failed", "uninstalled"]


@dataclass(slots=True)
class Usage:
    """The largest figures seen of a component's resources.

    Attributes:
        fuel: Fuel of one call, or ``None`` when it is not counted.
        memory: Bytes of linear memory, or ``None`` when it was not measured.
        host_calls: Host calls of one call.
        output: Bytes logged and printed in one call.
    """

    fuel: int | None = None
    memory: int | None = None
    host_calls: int = 0
    output: int = 0


class Line:
    """Leads calls to the latest version of a component.

    A call may have looked up a method just before a reload retired what is behind it; such a call
    goes on with the new version.
    """

    __slots__ = ("latest",)

    def __init__(self, latest: ComponentRuntime) -> None:
        self.latest = latest

    def through(self, runtime: ComponentRuntime) -> Callable[[Export, tuple[Any, ...]], Any]:
        """The function that calls ``runtime``, or its successor once it is retired."""
        call = runtime.call

        def run(export: Export, arguments: tuple[Any, ...]) -> Any:
            try:
                return call(export, arguments)
            except RetiredError as retired:
                latest = self.latest
                same = latest.exports.get(export.hook)
                if latest is not runtime and same is not None and same.arguments == export.arguments:
                    return latest.call(same, arguments)
                raise PluginStateError(
                    retired.message, plugin=retired.plugin, hook=retired.hook, hint=retired.hint
                ) from None

        return run


@dataclass(eq=False)
class Plugin:
    """One plugin of a host. Made by :meth:`Host.register` and :meth:`Host.load`.

    Attributes:
        id: Unique within the host.
        version: Its version; ``0.0.0`` when it does not say.
        kind: ``native`` (trusted Python) or ``component`` (sandboxed).
        source: Where it was loaded from; empty for objects registered by the program.
        digest: Digest of the package, empty for native plugins.
        publisher: Key that signed the package, empty when none did.
        manifest: Its manifest, if it has one.
        grants: What it may do; ``None`` for native plugins, which may do anything.
        bound: Its grants hold for this very package only, so that a changed one is not reloaded.
        usage: Largest figures seen.
        failure: Why the plugin is in the state ``failed``; ``None`` in every other state.
        trial: The canary that runs beside it, for the host's own use; see :attr:`canary_state`.
        canary_failure: Why an installed canary does not run although it should, or ``None``.
    """

    id: str
    version: str
    kind: Literal["native", "component"]
    _host: Host = field(repr=False)
    object: Any = field(repr=False)
    source: Path | None = None
    digest: str = ""
    publisher: str = ""
    manifest: Manifest | None = field(default=None, repr=False)
    grants: GrantSet | None = field(default=None, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    usage: Usage = field(default_factory=Usage, repr=False)
    runtime: ComponentRuntime | None = field(default=None, repr=False)
    quarantine: Quarantine | None = field(default=None, repr=False)
    failure: HyperHostError | None = field(default=None, repr=False)
    _state: PluginState = field(default="installed", repr=False)
    options: Any = field(default=None, repr=False)
    bound: bool = field(default=False, repr=False)
    line: Line | None = field(default=None, repr=False)
    stamp: tuple[tuple[str, int, int], ...] = field(default=(), repr=False)
    trial: Trial | None = field(default=None, repr=False)
    canary_failure: HyperHostError | None = field(default=None, repr=False)
    named: str = field(default="", repr=False)

    @property
    def state(self) -> PluginState:
        """Where it is in its life; quarantine shows only while it would otherwise be active."""
        if self._state == "active" and self.quarantine is not None and self.quarantine.active:
            return "quarantined"
        return self._state

    @property
    def figures(self) -> str:
        """What statistics and faults call this version: its number, told apart from that of another build."""
        return self.named or self.version

    @property
    def requested(self) -> tuple[str, ...]:
        """Capabilities it asks for."""
        if self.grants is None or self.grants.requested is None:
            return ()
        return tuple(item.text for item in self.grants.requested)

    @property
    def granted(self) -> tuple[str, ...]:
        """Capabilities it holds: asked for and granted."""
        return () if self.grants is None else tuple(item.text for item in self.grants.effective)

    @property
    def reached(self) -> tuple[str, ...]:
        """In learn mode, the capabilities it reached for."""
        return () if self.grants is None else tuple(item.text for item in self.grants.reached)

    @property
    def hooks(self) -> tuple[str, ...]:
        """Names of the hooks it implements, sorted."""
        return tuple(sorted(self._host.hooks_of(self)))

    @property
    def stats(self) -> dict[str, HookStats]:
        """Figures of this version by hook. Of native plugins only faults are counted, and not timed."""
        figures = self._host.state.stats(self.id)
        return {item.hook: item for item in figures if item.version == self.figures}

    def logs(self, limit: int = 100) -> list[LogRecord]:
        """Its latest log lines, oldest first: what it logged and printed."""
        return self._host.state.logs(self.id, limit)

    def grant(self, capability: str) -> None:
        """Allow something; it binds the next check.

        A component that was linked without it (see ``stub_denied``) links anew by :meth:`reload`. While
        a canary runs, each of the two versions holds it if it asked for it.

        Raises:
            GrantError: it never asked for it, or it is a native plugin.
            CapabilitySyntaxError: it is not a capability.
        """
        from hyperhost.capabilities.grants import GrantSet, change_grants

        with self._host._roster.lock:  # a reload carries grants over under it
            change_grants(self._granted_sets(), GrantSet.grant, capability)

    def revoke(self, capability: str) -> None:
        """Take something back, from a canary as well; the next check obeys, in calls that are running, too.

        Raises:
            GrantError: it is not granted, or it is a native plugin.
            CapabilitySyntaxError: it is not a capability.
        """
        from hyperhost.capabilities.grants import GrantSet, change_grants

        with self._host._roster.lock:
            change_grants(self._granted_sets(), GrantSet.revoke, capability)

    def activate(self) -> None:
        """Register its hooks again.

        Raises:
            PluginStateError: it is unloaded or failed.
        """
        self._host._roster.activate(self)

    def deactivate(self) -> None:
        """Take its hooks out of every call; the plugin stays loaded.

        Raises:
            PluginStateError: it is unloaded.
        """
        self._host._roster.leave(self)

    def reload(self) -> None:
        """Load its package again from where it came, and swap it in between two calls.

        Raises:
            PluginStateError: it was registered by the program, or is unloaded.
            PluginLoadError: the new package cannot be loaded; the old one keeps running.
        """
        self._host.reload(self)

    def unload(self) -> None:
        """Remove it from the host and free everything it holds.

        Raises:
            PluginStateError: it is unloaded already.
        """
        self._host._roster.remove(self)

    def release(self) -> None:
        """End its quarantine and forget the faults that led to it."""
        self._host._roster.release(self)

    def call(self, hook: str, /, **arguments: Any) -> Any:
        """Call this plugin's own implementation of one hook; wrappers and other plugins are left out.

        Raises:
            PluginStateError: it does not implement the hook, or is not active.
            HyperHostError: whatever the call ends in.
        """
        return self._host._roster.call(self, hook, arguments)

    def canary(
        self,
        source: str | Path | Package | None = None,
        *,
        share: float | str,
        grants: Iterable[str] | None = None,
        promote_after: int | None = None,
    ) -> CanaryState:
        """Let another version answer a share of the calls; or change the share, when no source is given.

        Args:
            source: The new version, as for :meth:`Host.load`.
            share: ``0.1`` or ``"10%"``.
            grants: What it is granted; what this version holds and it asks for, when not given.
            promote_after: After this many calls answered well it becomes the only version by itself.

        Raises:
            CanaryError: a native plugin, the same package, one that runs already or none that does, or a
                share that is none.
            PluginStateError: the plugin is unloaded, failed or quarantined.
            HyperHostError: as for :meth:`Host.load`; this version goes on alone.
        """
        return self._host._canaries.canary(self, source, share, grants, promote_after)

    @property
    def canary_state(self) -> CanaryState | None:
        """What is known about the canary that runs beside it, ``None`` when none does."""
        trial = self.trial
        return None if trial is None or trial.ended is not None else trial.state()

    def promote(self) -> None:
        """Make the canary the only version. Calls that the old version is answering finish.

        Raises:
            CanaryError: no canary runs.
            LockFileError: it is installed, and that cannot be written down; both go on.
        """
        self._host._canaries.decide(self, "promoted")

    def rollback(self) -> None:
        """Drop the canary. Calls that it is answering finish; what it stored stays.

        Raises:
            CanaryError: no canary runs.
            LockFileError: it is installed, and that cannot be written down; both go on.
        """
        self._host._canaries.decide(self, "rolled back")

    def _granted_sets(self) -> list[GrantSet]:
        if self._state == "uninstalled":
            raise PluginStateError("is unloaded", plugin=self.id, hint="load it again")
        if self.grants is None:
            raise GrantError(
                "is a native plugin, which may do anything",
                plugin=self.id,
                hint="only components are granted things",
            )
        canary = self.trial.fresh.grants if self.trial is not None else None
        return [self.grants] if canary is None else [self.grants, canary]
