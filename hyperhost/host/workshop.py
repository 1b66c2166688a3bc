"""What the operations on a home directory share: its entries, and a host to try packages in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost.errors import HyperHostError, LockFileError, PluginNotFoundError
from hyperhost.host.lockentry import LockEntry
from hyperhost.host.packagestore import discard, sweep
from hyperhost.host.populate import Present, import_specs, load_order, open_installed

if TYPE_CHECKING:
    from hyperhost.config import Config
    from hyperhost.contracts.limits import Limits
    from hyperhost.errors import DependencyError
    from hyperhost.host.dependencies import HasDependencies
    from hyperhost.host.discovery import Discovered
    from hyperhost.host.home import Home
    from hyperhost.host.host import Host
    from hyperhost.host.manifest import Manifest
    from hyperhost.host.package import Package
    from hyperhost.host.state import State
    from hyperhost.sandbox.interface import HostInterface

__all__ = ["Outcome", "Progress", "Workshop", "not_found"]

Progress = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation did.

    Attributes:
        entry: The plugin's entry in ``plugins.lock`` as it is now, or was when it was removed.
        changed: Whether anything was changed.
        notes: What a person should know, each a sentence without a full stop.
    """

    entry: LockEntry
    changed: bool = True
    notes: tuple[str, ...] = ()


class Workshop:
    """Operations on one home directory. Holds nothing open between them.

    Args:
        home: The home directory; made by the first install.
        config: Configuration; that of the home when not given.
        specs: Hookspecs besides the kernel's and those in the configuration.
        interfaces: Host interfaces besides the built-in ones.
        progress: Called with what is being done when that may take long; entered while it lasts.
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

    def entries(self) -> dict[str, LockEntry]:
        """All entries by id.

        Raises:
            LockFileError: ``plugins.lock`` cannot be read.
        """
        return self.home.lock.read() if self.home.exists else {}

    def entry(self, plugin_id: str) -> LockEntry:
        """The entry of an installed plugin.

        Raises:
            PluginNotFoundError: nothing of that id is installed; the hint names the nearest.
        """
        return entry_in(self.entries(), plugin_id)

    def known(self, plugin_id: str) -> LockEntry:
        """The entry of an installed plugin, or one made up for a native plugin that pip installed.

        Raises:
            PluginNotFoundError: there is no plugin of that id; the hint names the nearest.
        """
        entries = self.entries()
        natives = {item.id: item for item in discovered() if item.kind == "native"}
        if plugin_id in entries:
            return entries[plugin_id]
        if plugin_id not in natives:
            raise not_found(plugin_id, [*entries, *natives])
        item = natives[plugin_id]
        return LockEntry(item.id, item.version, "", source=f"pip:{item.distribution}", state="active")

    def directory(self, entry: LockEntry) -> Path:
        """Where the package of an entry is."""
        return self.home.package_dir(entry.id, entry.version, entry.digest)

    def limits(self, plugin_id: str, asked: Limits) -> Limits:
        """Limits of a plugin that asks for ``asked``.

        Raises:
            ConfigError: the configuration gives it limits that are none.
        """
        return self.config.limits_for(plugin_id, asked)

    def unmet(
        self, host: Host, manifest: Manifest | None = None, without: str = ""
    ) -> dict[str, DependencyError]:
        """Why active plugins could not be loaded, were ``manifest`` added and ``without`` removed."""
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

    def check_needs(self, host: Host, manifest: Manifest) -> None:
        """Check that a plugin finds what it needs, and that nothing that worked stops working.

        Raises:
            DependencyError: one of the two is not so.
        """
        before = self.unmet(host)
        for plugin_id, error in self.unmet(host, manifest).items():
            if plugin_id == manifest.id or plugin_id not in before:
                raise error

    def tidy(self) -> None:
        """Remove files that no entry refers to; another time when the lock file is busy."""
        with suppress(LockFileError), self.home.lock.update() as entries:
            present = [*entries.values(), *(each.canary.entry for each in entries.values() if each.canary)]
            sweep(self.home, [self.directory(each) for each in present])

    def discard(self, entry: LockEntry) -> tuple[str, ...]:
        """Remove the files of an entry that is gone; a note when that does not work."""
        directory = self.directory(entry)
        return () if discard(directory) else (f"its files could not all be removed: {directory}",)

    @contextmanager
    def state(self) -> Iterator[State]:
        """The home's ``state.db``; one in memory when there is no home."""
        from hyperhost.host.state import open_state

        state = open_state(self.home.state_file if self.home.exists else None)
        try:
            yield state
        finally:
            state.close()

    def stored_bytes(self, plugin_id: str) -> int:
        """Bytes in the key-value store of a plugin, installed or not."""
        if not self.home.state_file.exists():
            return 0
        with self.state() as state:
            return state.kv.used_bytes(plugin_id)

    def opened(self, path: Path, host: Host) -> Package:
        """Open a package with the host's grammar.

        Raises:
            PluginLoadError: as :func:`hyperhost.host.package.open_package` says.
        """
        from hyperhost.host.package import open_package

        return open_package(path, grammar=host.grammar)

    @contextmanager
    def bench(self) -> Iterator[Host]:
        """A host without plugins, to try packages in. A home that is not there is not made for it."""
        import tempfile

        if self.home.exists:
            self.home.check()
            with self._host(self.home.path) as host:
                yield host
            return
        with tempfile.TemporaryDirectory(prefix="hyperhost-") as directory, self._host(directory) as host:
            yield host

    def _host(self, directory: Path | str) -> Host:
        from hyperhost.hookspecs import KERNEL_SPECS
        from hyperhost.host.host import Host

        return Host(
            specs=[*KERNEL_SPECS, *import_specs(self.config.specs), *self._specs],
            home=directory,
            interfaces=self._interfaces,
        )


def discovered() -> list[Discovered]:
    """Plugins that pip installed.

    Raises:
        DuplicatePluginError: two distributions declare one id.
    """
    from hyperhost.host.discovery import discover

    return discover()


def entry_in(entries: Mapping[str, LockEntry], plugin_id: str) -> LockEntry:
    """The entry of ``plugin_id``.

    Raises:
        PluginNotFoundError: there is none; the hint names the nearest.
    """
    if plugin_id not in entries:
        raise not_found(plugin_id, entries)
    return entries[plugin_id]


def not_found(plugin_id: str, known: Iterable[str]) -> PluginNotFoundError:
    """The error for an id that nothing has; the hint names the nearest one."""
    known = sorted(known)
    near = difflib.get_close_matches(plugin_id, known, 1)
    return PluginNotFoundError(
        "is not installed",
        plugin=plugin_id,
        hint=f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(known) or 'nothing'}",
    )
