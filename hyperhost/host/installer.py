"""Install and upgrade plugins; with :class:`Keeper`, the operations behind ``hyperhost plugin``.

Nothing here prints or asks. What a person has to decide arrives as a
:class:`~hyperhost.host.decisions.Question` at a function that the front end gives. Each operation
is complete or leaves the home as it was: packages are copied and checked beside their place, and
``plugins.lock``, written last, is what makes them count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.capabilities.diff import compare
from hyperhost.capabilities.grants import GrantSet, intersect
from hyperhost.errors import CanaryError, InstallError, UpgradeApprovalError
from hyperhost.host.canary import share_words
from hyperhost.host.decisions import Decide, Decision, Question, wider_limits
from hyperhost.host.examine import Examined, examine, renamed, trial
from hyperhost.host.home import init_home, package_in
from hyperhost.host.keeper import Keeper, changed_meanwhile, requested_of
from hyperhost.host.lockentry import LockEntry
from hyperhost.host.packagestore import place, staged
from hyperhost.host.workshop import Outcome, discovered

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Capability
    from hyperhost.host.host import Host
    from hyperhost.host.package import Package

__all__ = ["Installer", "Outcome", "approval_error", "canary_runs", "located"]


class Installer(Keeper):
    """All operations on the plugins of a home directory. See :class:`Workshop` for its arguments."""

    def install(
        self, source: Path | str, decide: Decide, *, stub_denied: bool = False, label: str = ""
    ) -> Outcome:
        """Install a plugin.

        Args:
            source: A ``.wasm``, a ``.wat``, a ``.hhp``, a directory with ``plugin.toml``, or the id of a
                component that pip installed.
            decide: Asked once everything about the package was checked.
            stub_denied: Refuse imports that are not granted when they are called, not now.
            label: What the lock file calls the place it came from; that place when empty.

        Raises:
            InstallError: it is installed already, was declined, or cannot be written.
            GrantError: a grant has nothing to do with what it asks for.
            ImportDeniedError: it cannot be loaded with what it was granted.
            DependencyError: a plugin it needs is not installed.
            SignatureError: its signature does not fit.
            PluginLoadError: the package is not usable, in one of the ways that subclasses name.
        """
        path, place_label = located(source)
        with self.bench() as host:
            package = self.opened(path, host)
            self._check_new(package, host)
            examined = self._examined(host, package, stub_denied=stub_denied)
            self.check_needs(host, examined.package.manifest)
            question = Question(
                package=examined.package,
                hooks=examined.hooks,
                asks=examined.asks,
                unspecified=examined.unspecified,
                limits=examined.limits,
                kept_bytes=self.stored_bytes(package.id),
            )
            decision = decide(question)
            if not decision.approved:
                raise InstallError("was declined; nothing was changed", plugin=package.id)
            granted = _granted(examined.package, decision.grants, host)
        entry = self._entry_for(examined, label or place_label, granted, stub_denied=stub_denied)
        return self._commit(examined, entry, None)

    def upgrade(
        self,
        plugin_id: str,
        source: Path | str | None,
        decide: Decide,
        *,
        also: Iterable[str] = (),
        force: bool = False,
        label: str = "",
    ) -> Outcome:
        """Replace an installed plugin by another version of it.

        What was granted before and is asked for again is carried over, unless someone else signed
        the package. ``decide`` is asked about the rest only, and not at all when there is none.

        Args:
            plugin_id: What to replace.
            source: The new package; where the old one came from when not given.
            decide: Asked when the new version wants more.
            also: Capabilities to grant whether or not they are new; revoked ones come back this way.
            force: Accept an older version, too.
            label: What the lock file calls the place it came from; that place when empty.

        Raises:
            UpgradeApprovalError: the new version wants more and that was declined.
            CanaryError: a canary runs; it has to be promoted or rolled back first.
            InstallError: the package is another plugin, is older, or cannot be written.
            PluginNotFoundError: nothing of that id is installed.
            HyperHostError: as for :meth:`install`.
        """
        entry = self.known(plugin_id)
        if not entry.digest:
            raise InstallError(
                "was installed by pip", plugin=plugin_id, hint=f"upgrade {entry.source[4:]} with pip"
            )
        if entry.canary is not None:
            raise canary_runs(entry)
        found = self._successor(entry, source, decide, also, force=force)
        if found is None:
            return Outcome(entry, changed=False)
        examined, fresh, changes = found
        return self._commit(examined, replace(fresh, source=label or fresh.source), entry, changes)

    def _successor(
        self, entry: LockEntry, source: Path | str | None, decide: Decide, also: Iterable[str], *, force: bool
    ) -> tuple[Examined, LockEntry, tuple[str, ...]] | None:
        """A package that may follow ``entry``, its own entry, and what changes, in words.

        Returns:
            ``None`` when it is the package that is installed.

        Raises:
            HyperHostError: as for :meth:`upgrade`.
        """
        path, label = located(source if source is not None else entry.source)
        with self.bench() as host:
            package = self.opened(path, host)
            if package.manifest.bare:
                package = renamed(package, entry.id)
            _check_successor(entry, package, force=force)
            if entry.binds(package):
                return None
            examined = self._examined(host, package, stub_denied=entry.stub_denied)
            self.check_needs(host, examined.package.manifest)
            question, wider = _upgrade_question(entry, examined, host)
            decision = decide(question) if wider else Decision(True)
            if not decision.approved:
                raise approval_error(question)
            carried = tuple(item.text for item in question.carried)
            granted = _granted(examined.package, (*carried, *decision.grants, *also), host)
        fresh = self._entry_for(examined, label, granted, stub_denied=entry.stub_denied, state=entry.state)
        return examined, fresh, question.changes

    def _examined(self, host: Host, package: Package, *, stub_denied: bool) -> Examined:
        self.config.keys.check(package.id, package.publisher)
        limits = self.limits(package.id, package.manifest.limits)
        with self._progress(f"checking {package.id} {package.version}"):
            return examine(host, package, limits, stub_denied=stub_denied)

    def _entry_for(
        self,
        examined: Examined,
        label: str,
        granted: tuple[str, ...],
        *,
        stub_denied: bool,
        state: str = "active",
    ) -> LockEntry:
        package = examined.package
        return LockEntry(
            id=package.id,
            version=package.version,
            digest=package.digest,
            publisher=package.publisher,
            source=label,
            requested=requested_of(package.manifest, granted),
            granted=tuple(sorted(granted)),
            limits=package.manifest.limits,
            state="inactive" if state == "inactive" else "active",
            installed_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            stub_denied=stub_denied,
        )

    def _commit(
        self,
        examined: Examined,
        entry: LockEntry,
        replaces: LockEntry | None,
        notes: Iterable[str] = (),
        written: LockEntry | None = None,
    ) -> Outcome:
        """Copy the package, check the copy, move it into place, and write the lock file.

        Args:
            examined: The package.
            entry: Its entry.
            replaces: What the lock file has to say now.
            notes: For the outcome.
            written: What the lock file will say instead of ``entry``.
        """
        package, written = examined.package, written or entry
        init_home(self.home)
        with staged(self.home, package) as directory:
            with self._progress(f"installing {package.id} {package.version}"), self.bench() as host:
                copy = self.opened(package_in(directory, package.id), host)
                if not entry.binds(copy):
                    raise InstallError(
                        "changed while it was being installed", plugin=package.id, hint="try again"
                    )
                copy = copy.with_manifest(package.manifest)
                trial(host, copy, entry.granted, examined.limits, stub_denied=entry.stub_denied)
            with self.home.lock.update() as entries:
                if entries.get(package.id) != replaces:
                    raise changed_meanwhile(package.id)
                place(self.home, package, directory)
                entries[package.id] = written
        # Whatever stands in the lock file now was not at fault before.
        if written is entry:
            self._forgive(package.id, f"{package.id} {package.version} was installed")
        self.tidy()
        return Outcome(written, notes=tuple(notes))

    def _check_new(self, package: Package, host: Host) -> None:
        if package.id in self.entries():
            raise InstallError(
                "is installed already",
                plugin=package.id,
                hint=f"replace it with: hyperhost plugin upgrade {package.id} {package.source}",
            )
        for item in host.discover():
            if item.id == package.id and item.kind == "native":
                raise InstallError(
                    f"is installed already, by pip ({item.distribution})",
                    plugin=package.id,
                    hint=f"uninstall {item.distribution}, or give the new plugin another id",
                )


def located(source: Path | str) -> tuple[Path, str]:
    """Where a package is, and what the lock file calls that place."""
    path = Path(source)
    if not path.exists():
        name = str(source).removeprefix("pip:")
        for item in discovered():
            if item.kind == "component" and item.id == name:
                return item.directory(), f"pip:{item.id}"
    return path, str(path.absolute())


def canary_runs(entry: LockEntry) -> CanaryError:
    """The error for a change that a canary is in the way of."""
    assert entry.canary is not None
    command = f"hyperhost plugin upgrade {entry.id}"
    return CanaryError(
        f"has a canary: version {entry.canary.entry.version} answers {share_words(entry.canary.share)} "
        "of the calls",
        plugin=entry.id,
        hint=f"end it first with: {command} --promote, or: {command} --rollback",
    )


def approval_error(question: Question) -> UpgradeApprovalError:
    """The error for an upgrade that nobody approved."""
    installed = question.replaces.version if question.replaces is not None else "the old version"
    return UpgradeApprovalError(
        f"version {question.package.version} was not approved, so {installed} keeps running. "
        f"What it wants: {'; '.join(question.changes)}",
        plugin=question.package.id,
        hint="allow it with --yes, or only some of it with --grant",
    )


def _upgrade_question(entry: LockEntry, examined: Examined, host: Host) -> tuple[Question, bool]:
    """What an upgrade changes, and whether somebody has to agree."""
    package, grammar = examined.package, host.grammar
    same_publisher = entry.publisher == package.publisher
    old_asked = [grammar.parse(text) for text in entry.requested]
    # A grant wider than the request was never in effect as a whole, so only the effective part stays.
    held = intersect(old_asked, [grammar.parse(text) for text in entry.granted]) if same_publisher else ()
    asked, carried = _asked_and_carried(examined, held)
    diff = compare(old_asked, asked, entry.publisher, package.publisher)
    more = wider_limits(entry.limits, package.manifest.limits)
    known = old_asked if same_publisher else []
    unspecified = tuple(
        kind for kind in examined.unspecified if not any(item.kind == kind.name for item in carried)
    )
    question = Question(
        package=package,
        hooks=examined.hooks,
        asks=tuple(ask for ask in examined.asks if not any(item.covers(ask.capability) for item in known)),
        unspecified=unspecified,
        limits=examined.limits,
        replaces=entry,
        carried=carried,
        changes=(*diff.sentences(), *more, *(f"new: imports {kind.name}" for kind in unspecified)),
    )
    return question, diff.needs_approval or bool(more) or bool(unspecified)


def _asked_and_carried(
    examined: Examined, held: tuple[Capability, ...]
) -> tuple[list[Capability], tuple[Capability, ...]]:
    """What the new version asks for, and what of the old grants it keeps."""
    if not examined.package.manifest.bare:
        asked = list(examined.package.manifest.requested)
        return asked, intersect(asked, held)
    # A lone component cannot ask for less than a kind: it keeps what it holds of the kinds it imports.
    kinds = {ask.capability.kind for ask in examined.asks} | {kind.name for kind in examined.unspecified}
    carried = tuple(item for item in held if item.kind in kinds)
    return [*carried, *(ask.capability for ask in examined.asks)], carried


def _check_successor(entry: LockEntry, package: Package, *, force: bool) -> None:
    from hyperhost.versions import compare

    if package.id != entry.id:
        raise InstallError(
            f"cannot be replaced by {package.source}, which is the plugin {package.id!r}",
            plugin=entry.id,
            hint=f"install that one by itself: hyperhost plugin install {package.source}",
        )
    if not force and compare(package.version, entry.version) < 0:
        raise InstallError(
            f"version {package.version} is older than {entry.version}, which is installed",
            plugin=entry.id,
            hint="add --force to go back to it",
        )


def _granted(package: Package, grants: Iterable[str], host: Host) -> tuple[str, ...]:
    """Canonical texts of what the package is granted.

    Raises:
        GrantError: something was never asked for.
        CapabilitySyntaxError: a text is no capability.
    """
    if package.manifest.native is not None:
        return ()
    requested = None if package.manifest.bare else package.manifest.requested
    return tuple(item.text for item in GrantSet(package.id, requested, grants, grammar=host.grammar).granted)
