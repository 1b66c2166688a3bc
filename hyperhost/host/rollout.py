"""Upgrade step by step: a canary beside the installed version, its share, and how it ends.

As for any operation, ``plugins.lock`` is what counts and is written last. A crash before that
leaves the installed version serving every call; what was copied by then is removed later.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from hyperhost.errors import CanaryError
from hyperhost.host.canary import figures_name, parse_share, share_words
from hyperhost.host.decisions import Decide
from hyperhost.host.installer import Installer, canary_runs
from hyperhost.host.keeper import changed_meanwhile
from hyperhost.host.lockentry import CanaryEntry, LockEntry
from hyperhost.host.populate import open_installed
from hyperhost.host.workshop import Outcome, entry_in

__all__ = ["Rollout"]


class Rollout(Installer):
    """Operations on canaries of a home directory. See :class:`Workshop` for its arguments."""

    def canary(
        self,
        plugin_id: str,
        source: Path | str | None,
        share: float | str,
        decide: Decide,
        *,
        also: Iterable[str] = (),
        force: bool = False,
        promote_after: int | None = None,
    ) -> Outcome:
        """Install another version beside the one installed, for a share of the calls; or change the share.

        What is asked and carried over is the same as for :meth:`Installer.upgrade`.

        Args:
            plugin_id: The plugin.
            source: The new package. When not given: the share of the canary that runs is changed, or,
                when none does, the package is taken from where the installed one came.
            share: ``0.1`` or ``"10%"``.
            decide: Asked when the new version wants more than the installed one.
            also: Capabilities to grant it whether or not they are new.
            force: Accept an older version, too.
            promote_after: Calls answered well after which it becomes the only version by itself.

        Raises:
            CanaryError: another canary runs, it is a native plugin, the package is the one installed, or
                the share is none.
            HyperHostError: as for :meth:`Installer.upgrade`.
        """
        part = _share(plugin_id, share)
        entry = self.known(plugin_id)
        if entry.canary is not None and (source is None or self._is(entry.canary.entry, source)):
            return self._reshare(entry, part, promote_after)
        if entry.canary is not None:
            raise canary_runs(entry)
        self._check_component(entry)
        found = self._successor(entry, source, decide, also, force=force)
        if found is None:
            raise CanaryError(
                f"is this very package already, version {entry.version}",
                plugin=plugin_id,
                hint="a canary has to be another package",
            )
        examined, fresh, changes = found
        if examined.package.manifest.native is not None:
            raise _native(plugin_id)
        written = dataclasses.replace(entry, canary=CanaryEntry(fresh, part, promote_after))
        if self.home.state_file.exists():
            with self.state() as state:
                state.mark(plugin_id)  # both versions are compared by what they do from now on
        return self._commit(examined, fresh, entry, changes, written)

    def promote(self, plugin_id: str) -> Outcome:
        """Make the canary the only version; it keeps its own grants.

        Raises:
            CanaryError: no canary runs.
            GrantError: its package was altered since it was installed.
            PluginNotFoundError: nothing of that id is installed.
        """
        entry, canary = self._running(plugin_id)
        with self.bench() as host:
            package = open_installed(self.home, canary.entry, host)
            self.check_needs(host, package.manifest)
            self._try(host, package, canary.entry)
        with self.home.lock.update() as entries:
            if entries.get(plugin_id) != entry:
                raise changed_meanwhile(plugin_id)
            fresh = dataclasses.replace(canary.entry, state=entry.state)
            entries[plugin_id] = fresh
        self._forgive(plugin_id, f"{plugin_id} {fresh.version} was promoted")
        self.tidy()
        return Outcome(fresh)

    def rollback(self, plugin_id: str) -> Outcome:
        """Drop the canary. What it stored stays, as data belong to the plugin.

        Raises:
            CanaryError: no canary runs.
            PluginNotFoundError: nothing of that id is installed.
        """
        entry, canary = self._running(plugin_id)
        with self.home.lock.update() as entries:
            present = entry_in(entries, plugin_id)
            if present.canary is None or present.canary.entry.digest != canary.entry.digest:
                raise changed_meanwhile(plugin_id)
            fresh = dataclasses.replace(present, canary=None)
            entries[plugin_id] = fresh
        words = f"version {canary.entry.version}, which answered {share_words(canary.share)} of the calls"
        with self.state() as state:
            label = figures_name(canary.entry.version, canary.entry.digest, entry.version)
            state.record_fault(plugin_id, "", CanaryError.code, f"{words}, was rolled back by command", label)
        self.tidy()
        return Outcome(fresh)

    def _reshare(self, entry: LockEntry, share: float, promote_after: int | None) -> Outcome:
        with self.home.lock.update() as entries:
            present = entry_in(entries, entry.id)
            if present.canary is None or entry.canary is None:
                raise changed_meanwhile(entry.id)
            if present.canary.entry.digest != entry.canary.entry.digest:
                raise changed_meanwhile(entry.id)
            after = present.canary.promote_after if promote_after is None else promote_after
            canary = dataclasses.replace(present.canary, share=share, promote_after=after)
            fresh = dataclasses.replace(present, canary=canary)
            entries[entry.id] = fresh
        return Outcome(fresh, changed=fresh != present)

    def _running(self, plugin_id: str) -> tuple[LockEntry, CanaryEntry]:
        entry = self.known(plugin_id)
        if entry.canary is None:
            raise CanaryError(
                "has no canary",
                plugin=plugin_id,
                hint=f"start one with: hyperhost plugin upgrade {plugin_id} FILE --canary 10%",
            )
        return entry, entry.canary

    def _check_component(self, entry: LockEntry) -> None:
        if not entry.digest:
            raise _native(entry.id)
        if entry.state == "inactive":
            raise CanaryError(
                "is not active, so there are no calls to share",
                plugin=entry.id,
                hint=f"switch it on with: hyperhost plugin activate {entry.id}",
            )
        with self.bench() as host:
            if open_installed(self.home, entry, host).manifest.native is not None:
                raise _native(entry.id)

    def _is(self, entry: LockEntry, source: Path | str) -> bool:
        """Whether ``source`` is the package of ``entry``."""
        from hyperhost.host.examine import renamed
        from hyperhost.host.installer import located

        with self.bench() as host:
            package = self.opened(located(source)[0], host)
            return entry.binds(renamed(package, entry.id) if package.manifest.bare else package)


def _share(plugin_id: str, share: float | str) -> float:
    try:
        return parse_share(share)
    except ValueError as error:
        raise CanaryError(
            str(error),
            plugin=plugin_id,
            hint="--promote makes the canary the only version, --rollback drops it",
        ) from None


def _native(plugin_id: str) -> CanaryError:
    return CanaryError(
        "is a native plugin: Python imports one version of a module only",
        plugin=plugin_id,
        hint="canaries are for components; upgrade a native plugin as a whole",
    )
