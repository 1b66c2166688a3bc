"""A file of a plugin's own that is encrypted as private keys are, with the same ways to unlock it."""

from __future__ import annotations

import json
import os
import secrets
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import RefusalError
from hyperhost.host.keys.sealing import Unlock, open_sealed, read_json, seal
from hyperhost.host.keys.unlocking import Unlocker
from hyperhost.host.wholefile import names_to_disk, write_whole

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["SealedFile"]

_MAX_BYTES: Final = 64 << 20

Signature = tuple[int, int, int]


class SealedFile:
    """A file of a plugin's own whose bytes are encrypted: XChaCha20-Poly1305, Argon2id.

    What it is encrypted with is said by ``unlock`` in the plugin's configuration, as for private keys:
    ``file`` (the default; ``key_file``, or ``unlock.key`` in the plugin's directory), ``keyring`` or
    ``passphrase``. What was read stays in memory until the file changes. Any number of threads and
    processes may use one; of two that change it at once one waits.

    Args:
        context: The plugin's; it has a home.
        name: Of the file, in the plugin's directory.
    """

    def __init__(self, context: PluginContext, name: str) -> None:
        self._context = context
        self._name = name
        self._unlocker = Unlocker(context)
        self._lock = threading.Lock()
        self._known: tuple[Signature, bytes] | None = None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._context.data / self._name

    def read(self) -> bytes | None:
        """What is in it; ``None`` when there is no file.

        Raises:
            RefusalError: ``signing.key-unusable``: it cannot be unlocked, is damaged, or open to others.
        """
        with self._lock:
            return self._read()

    def change(self, make: Callable[[bytes | None], bytes]) -> None:
        """Replace what is in it, as a whole or not at all.

        Args:
            make: Called with what is in it, ``None`` when there is no file; gives what is to be in it.

        Raises:
            RefusalError: as :meth:`read`, or there is no room.
        """
        with self._lock, self._alone():
            data = make(self._read())
            self._write(self.path, data, self._unlocker.find(make=True))

    def rotate(self) -> None:
        """Make a new key file, and encrypt what is in the file with it.

        After a crash half way, what is there opens with the key that is there.

        Raises:
            RefusalError: as :meth:`read`; or it is no key file that it is encrypted with.
        """
        if self._context.config.get("unlock", "file") != "file":
            raise _refused(
                f"it is encrypted with a {self._context.config['unlock']}, which is not this program's to "
                "replace",
                "set unlock = 'file' for a key that can be rotated",
            )
        with self._lock, self._alone():
            data = self._read()
            if data is None:
                return
            key = self._unlocker.path
            fresh = secrets.token_bytes(32)
            self._write(self._next, data, Unlock("file", fresh))
            _replace(key, f"{fresh.hex()}\n".encode("ascii"))
            self._settle()

    @property
    def _next(self) -> Path:
        """The file during a rotation, encrypted with the new key."""
        return self.path.with_name(f"{self._name}.next")

    def _settle(self) -> None:
        """The rest of a rotation, once the new key is in its place."""
        self._next.replace(self.path)
        names_to_disk(self.path.parent)
        self._known = None

    def _read(self) -> bytes | None:
        try:
            data, signature = _load(self.path, self._known)
        except FileNotFoundError:
            self._known = None
            return None
        if data is None:
            assert self._known is not None
            return self._known[1]
        unlock = self._unlocker.find()
        try:
            plain = open_sealed(read_json(data), self._id, unlock)
        except RefusalError:
            plain = self._rotated(unlock)
            data, signature = _load(self.path, None)
        self._known = (signature, plain)
        return plain

    def _rotated(self, unlock: Unlock) -> bytes:
        """What is in the file of a rotation that a crash has ended after its key was replaced.

        Raises:
            RefusalError: there is none, or it does not open either.
        """
        try:
            data, _ = _load(self._next, None)
            plain = open_sealed(read_json(data or b""), self._id, unlock)
        except (FileNotFoundError, RefusalError):
            raise _refused(
                f"{self.path} cannot be opened: what it is unlocked with is not what it was encrypted with, "
                "or it was altered",
                "put it back from a copy, together with its key",
            ) from None
        self._settle()
        return plain

    @property
    def _id(self) -> str:
        """What the file is; authenticated, so that another plugin's or another file does not open here."""
        return f"{self._context.id}:{self._name}"

    def _write(self, path: Path, data: bytes, unlock: Unlock) -> None:
        document = seal(self._id, data, unlock)
        _replace(path, (json.dumps(document, indent=1) + "\n").encode("utf-8"))
        self._known = None

    def _alone(self) -> _Lock:
        return _Lock(self.path.with_name(f".{self._name}.lock"))


class _Lock:
    """Keeps other processes waiting while a file is changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def __enter__(self) -> None:
        import fcntl

        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _load(path: Path, known: tuple[Signature, bytes] | None) -> tuple[bytes | None, Signature]:
    """The bytes of a file, or ``None`` when it is the one that is known; and what it looks like outside."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
                raise _refused(f"{path} can be read or written by others", f"run: chmod 600 {path}")
            signature = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if known is not None and known[0] == signature:
                return None, signature
            return file.read(_MAX_BYTES), signature
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror or error}") from error


def _replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, in the place of one that is there."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise _refused(f"{path} cannot be written: {error.strerror or error}") from error


def _refused(reason: str, hint: str = "") -> RefusalError:
    return RefusalError(reason, "signing.key-unusable", hint=hint)
