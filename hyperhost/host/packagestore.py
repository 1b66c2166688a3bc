"""Put packages into a home directory and take them out again: complete or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import InstallError

if TYPE_CHECKING:
    from hyperhost.host.home import Home
    from hyperhost.host.package import Package

__all__ = ["discard", "place", "staged", "sweep"]

_PREFIX: Final = ".new-"
_ABANDONED_S: Final = 3600.0


@contextmanager
def staged(home: Home, package: Package) -> Iterator[Path]:
    """A copy of the package within the home, on the disk but not in its place yet.

    It is removed when the block ends, unless :func:`place` took it.

    Raises:
        InstallError: it cannot be written.
    """
    try:
        home.plugins_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home.plugins_dir))
    except OSError as error:
        raise _failed(package.id, error) from error
    try:
        try:
            _copy(package, directory)
        except OSError as error:
            raise _failed(package.id, error) from error
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def place(home: Home, package: Package, directory: Path) -> Path:
    """Move a staged copy to where it belongs. ``plugins.lock`` must be held and not mention it.

    Raises:
        InstallError: it cannot be moved.
    """
    target = home.package_dir(package.id, package.version, package.digest)
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        old = directory.with_name(f"{directory.name}.old")
        if replaces := target.exists():
            # Left by a process that died before it wrote the lock file, or signed by someone else.
            target.rename(old)
        try:
            directory.rename(target)
        except OSError:
            if replaces:
                old.rename(target)  # it may be what is installed
            raise
        _sync(target.parent)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise _failed(package.id, error) from error
    return target


def discard(directory: Path) -> bool:
    """Remove a package's directory, and that of its id if it is then empty; whether it is gone."""
    shutil.rmtree(directory, ignore_errors=True)
    with contextlib.suppress(OSError):
        directory.parent.rmdir()
    return not directory.exists()


def sweep(home: Home, kept: Iterable[Path]) -> None:
    """Remove what processes left that died, and packages that no entry refers to any more.

    ``plugins.lock`` must be held.

    Args:
        home: The home directory.
        kept: Directories that entries refer to.
    """
    wanted = set(kept)
    with contextlib.suppress(OSError):
        for directory in list(home.plugins_dir.iterdir()):
            if directory.name.startswith(_PREFIX):
                if time.time() - directory.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(directory, ignore_errors=True)
                continue
            for version in list(directory.iterdir()):
                if version not in wanted:
                    discard(version)


def _copy(package: Package, directory: Path) -> None:
    source = package.source
    if package.manifest.bare:
        # Component text was compiled when it was opened; its digest is that of the component.
        _write(directory / f"{package.id}.wasm", iter([package.component or b""]))
    elif source.is_dir():
        from hyperhost.host.archive import open_directory

        with open_directory(source) as files:
            for name in files.sizes:
                _write(directory / name, files.chunks(name))
    else:
        with source.open("rb") as file:
            _write(directory / f"{package.id}.hhp", iter(lambda: file.read(1 << 20), b""))
    _sync(directory)


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Some network file systems cannot sync a directory.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(plugin: str, error: OSError) -> InstallError:
    return InstallError(
        f"could not be written into the home: {error.strerror or error}",
        plugin=plugin,
        hint="check the permissions of the home directory and the room on its disk",
    )
