"""Install, upgrade, remove and grant: the operations behind ``hyperhost plugin``.

Nothing here prints or asks. What a person has to decide arrives as a
:class:`~hyperhost.host.decisions.Question` at a function that the front end gives. Each operation
is complete or leaves the home as it was: packages are copied and checked beside their place, and
``plugins.lock``, written last, is what makes them count.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost.capabilities.diff import PermissionDiff, compare
from hyperhost.capabilities.grammar import Capability
from hyperhost.capabilities.grants import GrantSet, intersect
from hyperhost.errors import (
    DependencyError,
    GrantError,
    ImportDeniedError,
    InstallError,
    PluginNotFoundError,
    UpgradeApprovalError,
)
from hyperhost.host.decisions import Decide, Question, renamed, wider_limits
from hyperhost.host.examine import Examined, examine, trial
from hyperhost.host.home import Home, init_home, package_in
from hyperhost.host.lockentry import LockEntry
from hyperhost.host.packagestore import discard, place, staged, sweep

if TYPE_CHECKING:
    from hyperhost.config import Config
    from hyperhost.host.discovery import Discovered
    from hyperhost.host.host import Host
    from hyperhost.host.manifest import Manifest
    from hyperhost.host.package import Package
    from hyperhost.sandbox.interface import HostInterface

__all__ = ["Installer", "Outcome"]

Progress = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation did.

    Attributes:
        entry: The plugin's entry in ``plugins.lock``, as it is now; as it was when it was removed.
        changed: Whether anything was changed.
        notes: What a person should know, in sentences.
    """

    entry: LockEntry
    changed: bool = True
    notes: tuple[str, ...] = ()


class Installer:
    """Operations on one home directory. Holds nothing open between them.

    Args:
        home: The home directory; made by the first install.
        config: Configuration; that of the home when not given.
        specs: Hookspecs besides the kernel's and those in the configuration.
        interfaces: Host interfaces besides the built-in ones.
        progress: Called with what is being done when it may take long; entered while it lasts.
    """

    def __init__(
        self,
        home: Home,
        config: Config | None = None,
        *,
        specs: Iterable[Any] = (),
        interfaces: Iterable[HostInterface] = (),
        progress: Progress = lambda what: nullcontext(),
    ) -> None:
        self.home = home
        self.config = home.load_config() if config is None else config
        self._specs = tuple(specs)
        self._interfaces = tuple(interfaces)
        self._progress = progress

    # --- install and upgrade --------------------------------------------------------------------

    def install(self, source: Path | str, decide: Decide) -> Outcome:
        """Install a plugin.

        Args:
            source: A ``.wasm``, a ``.wat``, a ``.hhp``, a directory with ``plugin.toml``, or the id of a
                component that pip installed.
            decide: Asked once everything about the package was checked.

        Raises:
            InstallError: it is installed already, was declined, or cannot be written.
            GrantError: a grant has nothing to do with what it asks for.
            ImportDeniedError: it cannot be loaded with what it was granted.
            DependencyError: a plugin it needs is not installed.
            PluginLoadError: the package is not usable, in one of the many ways that subclasses name.
            SignatureError: its signature does not fit.
        """
        path, label = self._located(source)
        with self._workshop() as host:
            package = self._opened(path, host)
            self._check_new(package.id, path, host)
            with self._progress(f"checking {package.id} {package.version}"):
                examined = examine(host, package, self._limits(package))
            package = examined.package
            self._check_needs(host, package.manifest)
            question = Question(
                package=package,
                hooks=examined.hooks,
                asks=examined.asks,
                unspecified=examined.unspecified,
                limits=examined.limits,
                kept_bytes=self._kept_bytes(package.id),
            )
            decision = decide(question)
            if not decision.approved:
                raise InstallError("was declined; nothing was changed", plugin=package.id)
            granted = self._granted(package, decision.grants, host)
        return self._commit(examined, label, granted, None)

    def upgrade(
        self, plugin_id: str, source: Path | str | None, decide: Decide, *, force: bool = False
    ) -> Outcome:
        """Replace an installed plugin by another version of it.

        What was granted before and is asked for again is carried over, unless someone else signed
        the package. ``decide`` is asked about the rest only, and not at all when there is none.

        Args:
            plugin_id: What to replace.
            source: The new package; where the old one came from when not given.
            decide: Asked when the new version wants more.
            force: Accept an older version, too.

        Raises:
            UpgradeApprovalError: the new version wants more and that was declined.
            InstallError: the package is another plugin, is older, or cannot be written.
            PluginNotFoundError: nothing of that id is installed.
            HyperHostError: as for :meth:`install`.
        """
        entry = self.entry(plugin_id)
        path, label = self._located(source if source is not None else entry.source)
        with self._workshop() as host:
            package = self._opened(path, host)
            if package.manifest.bare:
                package = renamed(package, plugin_id)
            self._check_upgrade(entry, package, force=force)
            if entry.binds(package):
                return Outcome(entry, changed=False)
            with self._progress(f"checking {package.id} {package.version}"):
                examined = examine(host, package, self._limits(package))
            package = examined.package
            self._check_needs(host, package.manifest)
            question, approval = self._upgrade_question(entry, examined, host)
            granted = tuple(item.text for item in question.carried)
            if approval:
                decision = decide(question)
                if not decision.approved:
                    raise approval_error(question)
                granted = self._granted(package, (*granted, *decision.grants), host)
        return self._commit(examined, label, granted, entry, question.changes)

    def _upgrade_question(self, entry: LockEntry, examined: Examined, host: Host) -> tuple[Question, bool]:
        """What an upgrade changes, and whether somebody has to agree."""
        package = examined.package
        same_publisher = entry.publisher == package.publisher
        grammar = host.grammar
        old_asked = [grammar.parse(text) for text in entry.requested]
        held = intersect(old_asked, [grammar.parse(text) for text in entry.granted])
        if package.manifest.bare:
            kinds = {ask.capability.kind for ask in examined.asks}
            kinds |= {form.partition(":")[0] for form in examined.unspecified}
            carried = tuple(item for item in held if item.kind in kinds) if same_publisher else ()
        else:
            asked = package.manifest.requested
            carried = intersect(asked, held) if same_publisher else ()
        new_asked = [ask.capability for ask in examined.asks]
        if package.manifest.bare:
            new_asked += [item for item in carried if item not in new_asked]
        diff = compare(old_asked, new_asked, entry.publisher, package.publisher)
        covered = old_asked if same_publisher else []
        news = tuple(
            ask for ask in examined.asks if not any(item.covers(ask.capability) for item in covered)
        )
        held_kinds = {item.kind for item in carried}
        unspecified = tuple(
            form for form in examined.unspecified if not any(form.startswith(kind) for kind in held_kinds)
        )
        more = wider_limits(entry.limits, examined.limits)
        question = Question(
            package=package,
            hooks=examined.hooks,
            asks=news,
            unspecified=unspecified,
            limits=examined.limits,
            replaces=entry,
            carried=carried,
            changes=(*diff.sentences(), *more),
        )
        return question, _needs_approval(diff, more, unspecified)

    def _commit(
        self,
        examined: Examined,
        label: str,
        granted: tuple[str, ...],
        replaces: LockEntry | None,
        notes: tuple[str, ...] = (),
    ) -> Outcome:
        """Copy, check the copy, move it into place, and write the lock file."""
        package = examined.package
        init_home(self.home)
        entry = LockEntry(
            id=package.id,
            version=package.version,
            digest=package.digest,
            publisher=package.publisher,
            source=label,
            requested=_requested(package.manifest, granted),
            granted=tuple(sorted(granted)),
            limits=package.manifest.limits,
            state="active" if replaces is None else replaces.state,
            installed_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        with staged(self.home, package) as directory:
            with self._progress(f"compiling {package.id} {package.version}"), self._host() as host:
                copy = self._opened(package_in(directory, package.id), host)
                if (copy.id, copy.digest, copy.publisher) != (package.id, package.digest, package.publisher):
                    raise InstallError(
                        "changed while it was being installed", plugin=package.id, hint="try again"
                    )
                trial(host, copy.with_manifest(package.manifest), granted, examined.limits)
            with self.home.lock.update() as entries:
                if entries.get(package.id) != replaces:
                    raise InstallError(
                        "was changed by another process in the meantime", plugin=package.id, hint="try again"
                    )
                placed = place(self.home, package, directory)
                entries[package.id] = entry
                placed_is_new = replaces is None or placed != self._directory(replaces)
            # The lock file is written: from here on the new version counts.
            if replaces is not None and placed_is_new:
                discard(self._directory(replaces))
        with self.home.lock.update() as entries:
            sweep(self.home, [self._directory(each) for each in entries.values()])
        return Outcome(entry, notes=notes)

    # --- remove and switch ----------------------------------------------------------------------

    def uninstall(self, plugin_id: str, *, purge: bool, force: bool = False) -> Outcome:
        """Remove a plugin, and with ``purge`` everything it stored, logged and was measured at.

        Raises:
            PluginNotFoundError: nothing of that id is installed.
            DependencyError: another plugin needs it and ``force`` is not given.
            InstallError: pip installed it, so pip has to remove it.
        """
        with self.home.lock.update() as entries:
            entry = self._entry(plugin_id, entries)
            if not entry.digest:
                raise InstallError(
                    "was installed by pip", plugin=plugin_id, hint=f"remove it with pip: {entry.source}"
                )
            if not force:
                self._check_unneeded(plugin_id)
            del entries[plugin_id]
        notes = []
        if not discard(self._directory(entry)):
            notes.append(f"its files could not all be removed: {self._directory(entry)}")
        if purge:
            with self._state() as state:
                state.forget(plugin_id)
        return Outcome(entry, notes=tuple(notes))

    def stored_bytes(self, plugin_id: str) -> int:
        """Bytes in the key-value store of a plugin, installed or not."""
        return self._kept_bytes(plugin_id)

    def activate(self, plugin_id: str) -> Outcome:
        """Load the plugin from the next start on.

        Raises:
            PluginNotFoundError: there is no plugin of that id.
            HyperHostError: it cannot be loaded; its state stays as it was.
        """
        entry = self._known(plugin_id)
        if entry.digest:
            with self._workshop() as host:
                from hyperhost.host.populate import open_installed

                package = examine_cheaply(open_installed(self.home, entry, host))
                self._check_needs(host, package.manifest)
                trial(host, package, entry.granted, self.config.limits_for(plugin_id, entry.limits))
        return self._switch(entry, "active")

    def deactivate(self, plugin_id: str, *, force: bool = False) -> Outcome:
        """Do not load the plugin any more; it stays installed, with its grants and data.

        Raises:
            PluginNotFoundError: there is no plugin of that id.
            DependencyError: another plugin needs it and ``force`` is not given.
        """
        entry = self._known(plugin_id)
        if not force:
            self._check_unneeded(plugin_id)
        return self._switch(entry, "inactive")

    def release(self, plugin_id: str) -> Outcome:
        """End a plugin's quarantine: the faults up to now no longer count.

        Raises:
            PluginNotFoundError: there is no plugin of that id.
        """
        from hyperhost.host.populate import RELEASED, replay_quarantine

        entry = self._known(plugin_id)
        with self._state() as state:
            faults = state.faults(plugin_id)
            was = replay_quarantine(plugin_id, faults, self.config.quarantine).active
            if was or any(fault.code != RELEASED for fault in faults[-1:]):
                state.record_fault(plugin_id, "", RELEASED, "released from quarantine by command")
        return Outcome(entry, changed=was)

    # --- permissions ----------------------------------------------------------------------------

    def grant(self, plugin_id: str, capabilities: Iterable[str]) -> Outcome:
        """Grant capabilities, all or none of them; the plugin has them from its next start on.

        Raises:
            GrantError: it never asked for one, it is a native plugin, or its package was altered.
            CapabilitySyntaxError: a text is no capability.
            PluginNotFoundError: nothing of that id is installed.
        """
        return self._regrant(plugin_id, GrantSet.grant, capabilities)

    def revoke(self, plugin_id: str, capabilities: Iterable[str]) -> Outcome:
        """Take capabilities back, all or none of them.

        Raises:
            GrantError: one is not granted, or only as part of a wider one.
            CapabilitySyntaxError: a text is no capability.
            PluginNotFoundError: nothing of that id is installed.
        """
        return self._regrant(plugin_id, GrantSet.revoke, capabilities)

    def _regrant(
        self, plugin_id: str, change: Callable[[GrantSet, str], None], capabilities: Iterable[str]
    ) -> Outcome:
        capabilities = list(capabilities)
        with self._workshop() as host:
            from hyperhost.host.populate import open_installed

            package = open_installed(self.home, self.entry(plugin_id), host)
            if package.manifest.native is not None:
                raise GrantError(
                    "is a native plugin, which may do anything",
                    plugin=plugin_id,
                    hint="only components are granted things",
                )
            with self.home.lock.update() as entries:
                entry = self._entry(plugin_id, entries)
                if not entry.binds(package):
                    raise InstallError(
                        "was changed by another process in the meantime", plugin=plugin_id, hint="try again"
                    )
                requested = None if package.manifest.bare else package.manifest.requested
                grants = GrantSet(plugin_id, requested, entry.granted, grammar=host.grammar)
                for text in capabilities:
                    change(grants, text)
                granted = tuple(item.text for item in grants.granted)
                fresh = dataclasses.replace(
                    entry, granted=granted, requested=_requested(package.manifest, granted)
                )
                entries[plugin_id] = fresh
            return Outcome(fresh, changed=fresh != entry, notes=self._loads(host, package, fresh))

    def _loads(self, host: Host, package: Package, entry: LockEntry) -> tuple[str, ...]:
        """A note if the plugin cannot be loaded with what it is granted now."""
        try:
            limits = self.config.limits_for(entry.id, entry.limits)
            trial(host, examine_cheaply(package), entry.granted, limits)
        except ImportDeniedError as error:
            return (f"it cannot be loaded with that: it {error.message}",)
        return ()

    # --- looking things up ----------------------------------------------------------------------

    def entry(self, plugin_id: str) -> LockEntry:
        """The entry of an installed plugin.

        Raises:
            PluginNotFoundError: nothing of that id is installed; the hint names the nearest.
        """
        return self._entry(plugin_id, self.home.lock.read() if self.home.exists else {})

    def entries(self) -> dict[str, LockEntry]:
        """All entries by id."""
        return self.home.lock.read() if self.home.exists else {}

    def _entry(self, plugin_id: str, entries: dict[str, LockEntry]) -> LockEntry:
        found = entries.get(plugin_id)
        if found is None:
            raise not_found(plugin_id, entries)
        return found

    def _known(self, plugin_id: str) -> LockEntry:
        """The entry of an installed plugin, or a new one for a native plugin that pip installed."""
        entries = self.entries()
        if plugin_id in entries:
            return entries[plugin_id]
        found = {item.id: item for item in _discovered() if item.kind == "native"}
        if plugin_id not in found:
            raise not_found(plugin_id, [*entries, *found])
        item = found[plugin_id]
        return LockEntry(item.id, item.version, "", source=f"pip:{item.distribution}", state="active")

    def _switch(self, entry: LockEntry, state: Any) -> Outcome:
        fresh = dataclasses.replace(entry, state=state)
        if fresh != entry or state != "active":
            init_home(self.home)
            with self.home.lock.update() as entries:
                entries[entry.id] = fresh
        notes = ()
        if state == "active" and not self.config.plugin(entry.id).enabled:
            notes = (f"it stays off until [plugins.{entry.id}] enabled is removed from hyperhost.toml",)
        return Outcome(fresh, changed=fresh != entry, notes=notes)

    def _check_new(self, plugin_id: str, path: Path, host: Host) -> None:
        if plugin_id in self.entries():
            raise InstallError(
                "is installed already",
                plugin=plugin_id,
                hint=f"replace it with: hyperhost plugin upgrade {plugin_id} {path}",
            )
        for item in host.discover():
            if item.id == plugin_id and item.kind == "native":
                raise InstallError(
                    f"is installed already, by pip ({item.distribution})",
                    plugin=plugin_id,
                    hint=f"uninstall {item.distribution}, or give the new plugin another id",
                )

    def _check_upgrade(self, entry: LockEntry, package: Package, *, force: bool) -> None:
        import semver

        if package.id != entry.id:
            raise InstallError(
                f"cannot be replaced by {package.source}, which is the plugin {package.id!r}",
                plugin=entry.id,
                hint=f"install that one by itself: hyperhost plugin install {package.source}",
            )
        older = semver.Version.parse(package.version) < semver.Version.parse(entry.version)
        if older and not force:
            raise InstallError(
                f"version {package.version} is older than {entry.version}, which is installed",
                plugin=entry.id,
                hint="add --force to go back to it",
            )

    def _check_needs(self, host: Host, manifest: Manifest) -> None:
        """Check that ``manifest`` finds what it needs, and that nothing that worked stops working."""
        before, after = self._unmet(host, None), self._unmet(host, manifest)
        for plugin_id, error in after.items():
            if plugin_id == manifest.id or plugin_id not in before:
                raise error

    def _check_unneeded(self, plugin_id: str) -> None:
        with self._workshop() as host:
            before = self._unmet(host, None)
            for other, error in self._unmet(host, None, without=plugin_id).items():
                if other not in before and other != plugin_id:
                    raise DependencyError(
                        f"is needed by {other!r}",
                        plugin=plugin_id,
                        hint=f"deactivate {other} first, or add --force",
                    ) from error

    def _unmet(self, host: Host, manifest: Manifest | None, without: str = "") -> dict[str, DependencyError]:
        from hyperhost.errors import HyperHostError
        from hyperhost.host.dependencies import HasDependencies
        from hyperhost.host.populate import Present, load_order, open_installed

        plugins: dict[str, HasDependencies] = {
            item.id: Present(item.id, item.version) for item in host.discover() if item.kind == "native"
        }
        for entry in self.entries().values():
            if entry.state == "inactive":
                plugins.pop(entry.id, None)
            elif entry.digest:
                try:
                    plugins[entry.id] = open_installed(self.home, entry, host).manifest
                except HyperHostError:
                    continue  # it is broken already, whatever happens here
        if manifest is not None:
            plugins[manifest.id] = manifest
        plugins.pop(without, None)
        return load_order(plugins.values())[1]

    # --- parts ----------------------------------------------------------------------------------

    def _located(self, source: Path | str) -> tuple[Path, str]:
        """Where a package is, and what the lock file calls that place."""
        path = Path(source)
        if not path.exists():
            name = str(source).removeprefix("pip:")
            for item in _discovered():
                if item.kind == "component" and name in (item.id, item.distribution):
                    return item.directory(), f"pip:{item.id}"
        return path, str(path.absolute())

    def _opened(self, path: Path, host: Host) -> Package:
        from hyperhost.host.package import open_package

        return open_package(path, grammar=host.grammar)

    def _limits(self, package: Package) -> Any:
        return self.config.limits_for(package.id, package.manifest.limits)

    def _granted(self, package: Package, grants: Iterable[str], host: Host) -> tuple[str, ...]:
        requested = None if package.manifest.bare else package.manifest.requested
        if package.manifest.native is not None:
            return ()
        granted = GrantSet(package.id, requested, grants, grammar=host.grammar).granted
        return tuple(item.text for item in granted)

    def _directory(self, entry: LockEntry) -> Path:
        return self.home.package_dir(entry.id, entry.version, entry.digest)

    def _kept_bytes(self, plugin_id: str) -> int:
        if not self.home.state_file.exists():
            return 0
        with self._state() as state:
            return int(state.kv.used_bytes(plugin_id))

    @contextmanager
    def _state(self) -> Iterator[Any]:
        from hyperhost.host.state import open_state

        state = open_state(self.home.state_file if self.home.exists else None)
        try:
            yield state
        finally:
            state.close()

    @contextmanager
    def _workshop(self) -> Iterator[Host]:
        """A host to try packages in. A home that is not there yet is not made for it."""
        import tempfile

        if self.home.exists:
            self.home.check()
            with self._host() as host:
                yield host
            return
        with tempfile.TemporaryDirectory(prefix="hyperhost-") as directory, self._host(directory) as host:
            yield host

    def _host(self, directory: str | None = None) -> Host:
        from hyperhost.hookspecs import KERNEL_SPECS
        from hyperhost.host.host import Host
        from hyperhost.host.populate import import_specs

        return Host(
            specs=[*KERNEL_SPECS, *import_specs(self.config.specs), *self._specs],
            home=directory or self.home.path,
            interfaces=self._interfaces,
        )


def approval_error(question: Question) -> UpgradeApprovalError:
    """The error for an upgrade that was not approved."""
    installed = question.replaces
    version = installed.version if installed else "the old version"
    return UpgradeApprovalError(
        f"version {question.package.version} was not approved; {version} keeps running: "
        + "; ".join(question.changes),
        plugin=question.package.id,
        hint="allow it with --yes, or single capabilities with --grant",
    )


def not_found(plugin_id: str, known: Iterable[str]) -> PluginNotFoundError:
    """The error for an id that nothing has; the hint names the nearest one."""
    import difflib

    known = sorted(known)
    near = difflib.get_close_matches(plugin_id, known, 1)
    return PluginNotFoundError(
        "is not installed",
        plugin=plugin_id,
        hint=f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(known) or 'nothing'}",
    )


def _discovered() -> list[Discovered]:
    from hyperhost.host.discovery import discover

    return discover()


def _requested(manifest: Manifest, granted: Iterable[str]) -> tuple[str, ...]:
    """What the lock file says was asked for; a component without a manifest asks for what it is given."""
    return tuple(sorted(granted if manifest.bare else (item.text for item in manifest.requested)))


def _needs_approval(diff: PermissionDiff, more: list[str], unspecified: tuple[str, ...]) -> bool:
    return diff.needs_approval or bool(more) or bool(unspecified)


def examine_cheaply(package: Package) -> Package:
    """A package without its dependencies, to load it by itself."""
    return package.with_manifest(dataclasses.replace(package.manifest, dependencies={}))


_ = Capability
