"""The home directory: what is where in it, how it is made, and the host that it describes.

::

    ~/.hyperhost/            or $HYPERHOST_HOME; closed to other users
      hyperhost.toml         configuration, written by people
      plugins.lock           what is installed and what it was granted
      plugins/ID/VERSION-DIGEST12/
                             one package each, never changed in place
      commands.json          commands of plugins, for quick help; may be deleted
      state.db               stores, logs, faults and statistics of plugins
      recordings/            the latest faults of components; may be deleted
      cache/, cache.key      compiled components; may be deleted
      tuf.key                unlocks the keys of the registry's TUF repository
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import HomeError

if TYPE_CHECKING:
    from hyperhost.config import Config
    from hyperhost.host.host import Host
    from hyperhost.host.lockentry import LockEntry
    from hyperhost.host.lockfile import LockFile
    from hyperhost.sandbox.interface import HostInterface

__all__ = ["HOME_VARIABLE", "Home", "find_home", "init_home", "open_host", "package_in"]

HOME_VARIABLE: Final = "HYPERHOST_HOME"

_TEMPLATE: Final = """\
# Configuration of HyperHost. Everything is optional; what is commented out is the default.

[host]
# specs = ["package.module:Class"]   # hookspecs of your program

[providers]
# storage = "storage-memory"         # which plugin answers for a service

[quarantine]
# faults = 5                         # this many faults …
# window = "60s"                     # … within this time put a plugin to rest …
# rest = "30s"                       # … for so long, twice as long each time, …
# max_rest = "1h"                    # … but never longer

[canary]
# faults = 3                         # this many faults of the new version …
# window = "10min"                   # … within this time, or so many in a row, roll it back
# calls = 50                         # with at least so many calls of both versions compare them:
# fault_rate = 0.02                  # roll it back if it faults in so much larger a share of its calls …
# slower = 1.5                       # … or if its p95 is more than this many times the old one's …
# floor = "1ms"                      # … and longer by more than this

[keys]
# trusted = []                       # if there are any, accept plugins signed by these keys only
# revoked = []                       # and by these never

[limits]
# memory = "64MiB"                   # of plugins whose manifest asks for nothing else
# deadline = "1s"

[cli]
# namespace = "org.acme"             # of names that say none, as in: hyperhost artifact get auth

# [plugins.secret-scan]
# enabled = true
# config = { threshold = 3 }
# limits = { deadline = "200ms" }    # prevails over what the plugin asks for
"""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the parts of a home directory are. Making one touches nothing.

    Attributes:
        path: The directory, absolute.
    """

    path: Path

    @property
    def config_file(self) -> Path:
        """``hyperhost.toml``."""
        return self.path / "hyperhost.toml"

    @property
    def lock_path(self) -> Path:
        """``plugins.lock``."""
        return self.path / "plugins.lock"

    @property
    def plugins_dir(self) -> Path:
        """Where packages are kept."""
        return self.path / "plugins"

    @property
    def commands_file(self) -> Path:
        """``commands.json``."""
        return self.path / "commands.json"

    @property
    def state_file(self) -> Path:
        """``state.db``."""
        return self.path / "state.db"

    @property
    def recordings_dir(self) -> Path:
        """Where recordings of faults are kept."""
        return self.path / "recordings"

    @property
    def cache_dir(self) -> Path:
        """Where compiled components are kept."""
        return self.path / "cache"

    @property
    def exists(self) -> bool:
        """Whether the directory is there."""
        return self.path.is_dir()

    @property
    def lock(self) -> LockFile:
        """``plugins.lock``, to read and to change."""
        from hyperhost.host.lockfile import LockFile

        return LockFile(self.lock_path)

    def package_dir(self, plugin_id: str, version: str, digest: str) -> Path:
        """Where the package of that id, version and digest (``sha256:…``) belongs."""
        return self.plugins_dir / plugin_id / f"{version}-{digest.partition(':')[2][:12]}"

    def package_of(self, entry: LockEntry) -> Path:
        """What to open for an entry."""
        return package_in(self.package_dir(entry.id, entry.version, entry.digest), entry.id)

    def check(self) -> None:
        """Return if the directory is there and only its owner, who must be you, can change it.

        Raises:
            HomeError: it is missing, no directory, someone else's, or open to other users. Whoever
                can write there can grant permissions and replace plugins.
        """
        try:
            info = self.path.stat()
        except FileNotFoundError:
            raise HomeError(
                f"there is no home directory {self.path}", hint="make it with: hyperhost init"
            ) from None
        except OSError as error:
            raise HomeError(f"home {self.path} cannot be used: {error.strerror or error}") from error
        if not stat.S_ISDIR(info.st_mode):
            raise HomeError(f"home {self.path} is no directory", hint=f"set {HOME_VARIABLE} to a directory")
        if info.st_uid != os.geteuid():
            raise HomeError(
                f"home {self.path} belongs to another user",
                hint=f"use a directory of your own: set {HOME_VARIABLE}",
            )
        if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise HomeError(
                f"home {self.path} can be changed by other users",
                hint=f"close it with: chmod 700 {self.path}",
            )

    def load_config(self, path: Path | None = None) -> Config:
        """The configuration in ``path``, or in the home; the defaults when the home has none.

        Raises:
            ConfigError: the file is wrong, or ``path`` is not there.
        """
        from hyperhost.config import Config, load_config

        if path is None and not self.config_file.exists():
            return Config()
        return load_config(path or self.config_file)


def package_in(directory: Path, plugin_id: str) -> Path:
    """What to open in the directory of a package: itself, or the one file that is the whole package."""
    if not (directory / "plugin.toml").exists():
        for suffix in ("hhp", "wasm"):
            if (whole := directory / f"{plugin_id}.{suffix}").is_file():
                return whole
    return directory


def find_home(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Home:
    """The home directory: ``path``, else ``$HYPERHOST_HOME``, else ``~/.hyperhost``. It need not exist.

    Raises:
        HomeError: neither is given and the user has no home directory.
    """
    chosen = (
        str(path) if path is not None else (os.environ if environ is None else environ).get(HOME_VARIABLE)
    )
    try:
        return Home(Path(os.path.abspath(Path(chosen or "~/.hyperhost").expanduser())))  # noqa: PTH100 - keep links
    except RuntimeError as error:
        raise HomeError(
            f"no home directory is known for this user: {error}", hint=f"set {HOME_VARIABLE} to a directory"
        ) from error


def init_home(home: Home) -> list[Path]:
    """Make the home directory, as far as it is missing, and return what was made.

    Existing files are left as they are.

    Raises:
        HomeError: something cannot be made, or the directory is not safe to use.
    """
    made: list[Path] = []
    try:
        for directory in (home.path, home.plugins_dir):
            if not directory.is_dir():
                directory.mkdir(mode=0o700, parents=True)
                made.append(directory)
        home.check()
        descriptor = os.open(home.config_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_TEMPLATE)
        made.append(home.config_file)
    except FileExistsError as error:
        if Path(error.filename) != home.config_file:
            raise HomeError(f"{error.filename} is in the way: it is no directory") from error
    except OSError as error:
        raise HomeError(
            f"home {home.path} cannot be made: {error.strerror or error}",
            hint=f"choose another place with --home or {HOME_VARIABLE}",
        ) from error
    return made


def open_host(
    home: Home | Path | str | None = None,
    config: Config | None = None,
    *,
    name: str = "hyperhost",
    specs: Iterable[Any] = (),
    interfaces: Iterable[HostInterface] = (),
    only: Iterable[str] | None = None,
) -> Host:
    """A host with everything that a home directory says: hookspecs, plugins, grants, providers.

    A plugin that cannot be loaded does not keep the others from running: it is in
    :attr:`Host.plugins` with the state ``failed`` and the reason in :attr:`Plugin.failure`.

    Args:
        home: The directory; as :func:`find_home` finds it when not given. If there is none, the host
            keeps everything in memory.
        config: Configuration; that of the home when not given.
        name: Name of the host program.
        specs: Hookspecs besides the kernel's and those in the configuration.
        interfaces: Host interfaces besides the built-in ones.
        only: Ids of plugins to load, with those that they need; all active ones when not given.

    Raises:
        HomeError: the directory is not safe to use, or ``plugins.lock`` or the configuration is wrong.
        SpecError: hookspecs are wrong.
        DuplicatePluginError: two distributions declare one plugin.
    """
    from hyperhost.hookspecs import KERNEL_SPECS
    from hyperhost.host.host import Host
    from hyperhost.host.populate import import_specs, populate

    home = home if isinstance(home, Home) else find_home(home)
    if home.exists:
        home.check()
    config = home.load_config() if config is None else config
    host = Host(
        name,
        specs=[*KERNEL_SPECS, *import_specs(config.specs), *specs],
        home=home.path if home.exists else None,
        config=config,
        interfaces=interfaces,
    )
    try:
        populate(host, home, config, None if only is None else set(only))
    except BaseException:
        host.close()
        raise
    return host
