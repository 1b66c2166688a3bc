"""Change what is installed: switch plugins on and off, grant and revoke, release, remove."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from hyperhost.capabilities.grants import GrantSet, change_grants
from hyperhost.errors import DependencyError, GrantError, HyperHostError, ImportDeniedError, InstallError
from hyperhost.host.examine import alone, trial
from hyperhost.host.home import init_home
from hyperhost.host.populate import RELEASED, open_installed, replay_quarantine
from hyperhost.host.workshop import Outcome, Workshop, entry_in

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Capability
    from hyperhost.host.host import Host
    from hyperhost.host.lockentry import LockEntry
    from hyperhost.host.manifest import Manifest
    from hyperhost.host.package import Package

__all__ = ["Keeper", "requested_of"]


class Keeper(Workshop):
    """Operations on plugins that are installed. See :class:`Workshop` for its arguments."""

    def uninstall(self, plugin_id: str, *, purge: bool, force: bool = False) -> Outcome:
        """Remove a plugin, and with ``purge`` everything it stored, logged and was measured at.

        Raises:
            PluginNotFoundError: nothing of that id is installed.
            DependencyError: another plugin needs it and ``force`` is not given.
            InstallError: pip installed it, so pip has to remove it.
        """
        entry = self.known(plugin_id)
        if not entry.digest:
            raise InstallError(
                "was installed by pip",
                plugin=plugin_id,
                hint=f"uninstall {entry.source.removeprefix('pip:')} with pip, or switch the plugin off: "
                f"hyperhost plugin deactivate {plugin_id}",
            )
        if not force:
            self._check_unneeded(plugin_id)
        with self.home.lock.update() as entries:
            entry = entry_in(entries, plugin_id)
            del entries[plugin_id]
        notes = self.discard(entry)
        if entry.canary is not None:
            notes = (*notes, *self.discard(entry.canary.entry))
        if purge:
            with self.state() as state:
                state.forget(plugin_id)
            from hyperhost.host.recordings import forget_recordings  # loads what only components need

            forget_recordings(self.home.recordings_dir, plugin_id)
        return Outcome(entry, notes=notes)

    def activate(self, plugin_id: str) -> Outcome:
        """Load the plugin from the next start on.

        Raises:
            PluginNotFoundError: there is no plugin of that id.
            HyperHostError: it cannot be loaded; its state stays as it was.
        """
        entry = self.known(plugin_id)
        if entry.digest:
            with self.bench() as host:
                package = open_installed(self.home, entry, host)
                self.check_needs(host, package.manifest)
                self._try(host, package, entry)
        return self._switch(entry, "active")

    def deactivate(self, plugin_id: str, *, force: bool = False) -> Outcome:
        """Do not load the plugin any more; it stays installed, with its grants and data.

        Raises:
            PluginNotFoundError: there is no plugin of that id.
            DependencyError: another plugin needs it and ``force`` is not given.
        """
        entry = self.known(plugin_id)
        if not force:
            self._check_unneeded(plugin_id)
        return self._switch(entry, "inactive")

    def release(self, plugin_id: str) -> Outcome:
        """End a plugin's quarantine: its faults up to now no longer count.

        Raises:
            PluginNotFoundError: there is no plugin of that id.
        """
        entry = self.known(plugin_id)
        with self.state() as state:
            faults = [each for each in state.faults(plugin_id) if each.version in ("", entry.version)]
            quarantined = replay_quarantine(plugin_id, faults, self.config.quarantine).active
        self._forgive(plugin_id, "released from quarantine by command")
        return Outcome(entry, changed=quarantined)

    def _forgive(self, plugin_id: str, why: str) -> None:
        """Record that the faults up to now no longer count, if there are any."""
        if not self.home.state_file.exists():
            return
        with self.state() as state:
            faults = state.faults(plugin_id, limit=1)
            if faults and faults[-1].code != RELEASED:
                state.record_fault(plugin_id, "", RELEASED, why)

    def grant(self, plugin_id: str, capabilities: Iterable[str]) -> Outcome:
        """Grant capabilities, all or none of them; the plugin has them from its next start on.

        Raises:
            GrantError: it never asked for one, it is a native plugin, or its package was altered.
            CapabilitySyntaxError: a text is no capability.
            PluginNotFoundError: nothing of that id is installed.
        """
        return self._regrant(plugin_id, GrantSet.grant, list(capabilities))

    def revoke(self, plugin_id: str, capabilities: Iterable[str]) -> Outcome:
        """Take capabilities back, all or none of them.

        Raises:
            GrantError: one is not granted, or only as part of a wider one.
            CapabilitySyntaxError: a text is no capability.
            PluginNotFoundError: nothing of that id is installed.
        """
        return self._regrant(plugin_id, GrantSet.revoke, list(capabilities))

    def _regrant(
        self, plugin_id: str, change: Callable[[GrantSet, str], None], capabilities: list[str]
    ) -> Outcome:
        entry = self.known(plugin_id)
        with self.bench() as host:
            package = open_installed(self.home, entry, host) if entry.digest else None
            if package is None or package.manifest.native is not None:
                raise GrantError(
                    "is a native plugin, which may do anything",
                    plugin=plugin_id,
                    hint="only components are granted things",
                )
            with self.home.lock.update() as entries:
                entry = entry_in(entries, plugin_id)
                if not entry.binds(package):
                    raise changed_meanwhile(plugin_id)
                # A revocation binds both versions where a canary runs, even if its package is broken.
                present = [entry] if entry.canary is None else [entry, entry.canary.entry]
                sets = [self._grants_of(held, package if held is entry else None, host) for held in present]
                for text in capabilities:
                    change_grants(sets, change, text)
                fresh, *others = map(_holding, present, sets)
                if entry.canary is not None:
                    fresh = dataclasses.replace(
                        fresh, canary=dataclasses.replace(entry.canary, entry=others[0])
                    )
                entries[plugin_id] = fresh
            return Outcome(fresh, changed=fresh != entry, notes=self._loading_note(host, package, fresh))

    def _grants_of(self, entry: LockEntry, package: Package | None, host: Host) -> GrantSet:
        """What an entry holds; of a package that cannot be read, what the lock file says it asks for."""
        requested: Iterable[Capability | str] | None = entry.requested
        with suppress(HyperHostError):
            manifest = (package or open_installed(self.home, entry, host)).manifest
            requested = None if manifest.bare else manifest.requested
        return GrantSet(entry.id, requested, entry.granted, grammar=host.grammar)

    def _loading_note(self, host: Host, package: Package, entry: LockEntry) -> tuple[str, ...]:
        """A note if the plugin cannot be loaded with what it is granted now."""
        try:
            self._try(host, package, entry)
        except ImportDeniedError as error:
            return (f"it cannot be loaded with what it is granted now: it {error.message}",)
        return ()

    def _try(self, host: Host, package: Package, entry: LockEntry) -> None:
        limits = self.limits(entry.id, entry.limits)
        trial(host, alone(package), entry.granted, limits, stub_denied=entry.stub_denied)

    def _switch(self, entry: LockEntry, state: Literal["active", "inactive"]) -> Outcome:
        fresh = dataclasses.replace(self.entries().get(entry.id, entry), state=state)
        changed = entry.state != state
        if changed:
            init_home(self.home)
            with self.home.lock.update() as entries:
                # Only the state is this operation's to change; the rest may have changed since it was read.
                present = entries.get(entry.id)
                found = ("", "") if present is None else (present.digest, present.publisher)
                if found != (entry.digest, entry.publisher):
                    raise changed_meanwhile(entry.id)
                fresh = dataclasses.replace(present or entry, state=state)
                entries[entry.id] = fresh
        notes: tuple[str, ...] = ()
        if state == "active" and not self.config.plugin(entry.id).enabled:
            notes = (f"it stays off while hyperhost.toml says enabled = false in [plugins.{entry.id}]",)
        return Outcome(fresh, changed=changed, notes=notes)

    def _check_unneeded(self, plugin_id: str) -> None:
        with self.bench() as host:
            before = self.unmet(host)
            for other, error in self.unmet(host, without=plugin_id).items():
                if other not in before and other != plugin_id:
                    raise DependencyError(
                        f"is needed by {other!r}",
                        plugin=plugin_id,
                        hint=f"deactivate {other} first, or add --force",
                    ) from error


def requested_of(manifest: Manifest, granted: Iterable[str]) -> tuple[str, ...]:
    """What the lock file says was asked for; a component without a manifest asks for what it is given."""
    return tuple(sorted(granted if manifest.bare else (item.text for item in manifest.requested)))


def _holding(entry: LockEntry, grants: GrantSet) -> LockEntry:
    granted = tuple(item.text for item in grants.granted)
    requested = granted if grants.requested is None else entry.requested
    return dataclasses.replace(entry, granted=granted, requested=requested)


def changed_meanwhile(plugin_id: str) -> InstallError:
    """The error for an entry that another process changed while this one was at work."""
    return InstallError("was changed by another process in the meantime", plugin=plugin_id, hint="try again")
