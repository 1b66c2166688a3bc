"""``plugins.lock``: what is installed, from where, and what it was granted.

The file is to permissions what a lock file is to versions: sorted text that people review. It is
replaced as a whole and atomically, under a lock that all processes of a home directory share, so
a crash at any moment leaves either the old file or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hyperhost.errors import LockFileError
from hyperhost.host.lockentry import LockEntry, LockState, entries_text, parse_entries

__all__ = ["LockEntry", "LockFile", "LockState"]

MAX_LOCK_BYTES: Final = 16 << 20


class LockFile:
    """The lock file at ``path``. Instances hold nothing open and may be shared between threads.

    Args:
        path: The file, usually ``plugins.lock`` in the home directory. It need not exist yet.
        timeout_s: How long :meth:`update` waits for another process or thread (seconds).
    """

    def __init__(self, path: Path | str, *, timeout_s: float = 10.0) -> None:
        self.path = Path(path)
        self.timeout_s = timeout_s
        self._guard = self.path.with_name(f".{self.path.name}.guard")
        self._temporary = f".{self.path.name}."

    def read(self) -> dict[str, LockEntry]:
        """The entries by plugin id, in the order of ids; empty when there is no file yet.

        Needs no lock: the file is only ever replaced as a whole.

        Raises:
            LockFileError: it cannot be read, is over 16 MiB or corrupt. The message names the line.
        """
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_LOCK_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failed("be read", error) from error
        if len(data) > MAX_LOCK_BYTES:
            raise LockFileError(
                f"{self.path} is larger than {MAX_LOCK_BYTES >> 20} MiB", hint="restore it from a backup"
            )
        return parse_entries(data, self.path)

    @contextmanager
    def update(self) -> Iterator[dict[str, LockEntry]]:
        """Change entries: the dictionary given is written back when the block ends without an error.

        The file is read anew under the lock, so changes of other processes are never lost. An
        error in the block leaves the file as it was. Leftovers of writers that died are removed.

        Raises:
            LockFileError: another writer holds the lock for longer than ``timeout_s`` (a nested
                update of the same file is one), or the file is corrupt or cannot be written.
        """
        with self._locked():
            self._remove_leftovers()
            entries = self.read()
            before = dict(entries)
            yield entries
            for plugin_id, entry in entries.items():
                if plugin_id != entry.id:
                    raise LockFileError(
                        f"the entry of {entry.id!r} was stored as {plugin_id!r}",
                        plugin=plugin_id,
                        hint="store each entry under its own id",
                    )
            if entries != before:
                self._write(entries_text(entries))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            import fcntl
        except ImportError as error:
            raise LockFileError(
                f"{self.path} cannot be locked on this system", hint="run HyperHost on Linux or macOS"
            ) from error
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._guard, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._failed("be locked", error) from error
        try:
            deadline = time.monotonic() + self.timeout_s
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    self._wait(deadline, error)
                except OSError as error:
                    raise self._failed("be locked", error) from error
            try:
                yield
            finally:
                # Closing alone would leave the lock with a child that was forked in the meantime.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def _wait(self, deadline: float, error: OSError) -> None:
        if time.monotonic() >= deadline:
            raise LockFileError(
                f"{self.path} was locked by another writer for {self.timeout_s:g} s",
                hint="wait for the other 'hyperhost' command to end, then try again",
            ) from error
        time.sleep(0.005)

    def _write(self, text: str) -> None:
        """Replace the file: whole and on disk first, then visible, then the directory on disk."""
        temporary = self.path.with_name(f"{self._temporary}{os.getpid()}-{secrets.token_hex(4)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            self._sync_directory()
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise self._failed("be written", error) from error

    def _sync_directory(self) -> None:
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            # Some network file systems cannot sync a directory; the replacement itself has happened.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)

    def _remove_leftovers(self) -> None:
        """Remove what writers left that died before they replaced the file; the lock is held."""
        for leftover in self.path.parent.iterdir():
            if leftover.name.startswith(self._temporary) and leftover.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    leftover.unlink()

    def _failed(self, what: str, error: OSError) -> LockFileError:
        return LockFileError(
            f"{self.path} cannot {what}: {error.strerror or error}",
            hint="check who owns the home directory and whether its disk is full",
        )
