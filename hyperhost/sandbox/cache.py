"""The compile cache: machine code of components that were compiled before.

Loading a cache entry runs native code, so an entry is used only when nobody else can have
written it: the directory belongs to the user and is closed to others, and each entry carries a
keyed digest whose key lives outside of the directory. Anything else is discarded, reported and
compiled anew; a cache that cannot be written is reported once and done without.

Reading tens of megabytes only to digest them takes longer than everything else at a start. So a
digest that was found right is sealed together with the file's device, inode, size and times of
change, under the same key. Whoever changes the file also moves its ``ctime``, which no call sets;
the seal then breaks and the file is read in full again.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hyperhost.errors import CacheError

__all__ = ["CompileCache"]

_MAX_BYTES: Final = 2 * 1024**3
_ABANDONED_S: Final = 3600.0
_SEGMENT: Final = 4 * 1024**2
"""Entries are hashed in pieces of this size, several at a time."""
_READ: Final = 256 * 1024
_THREADS: Final = 4


class CompileCache:
    """Entries are ``<key>.cwasm`` with ``<key>.mac`` beside it.

    Args:
        directory: Where entries are kept; made with mode 0700.
        key_file: The key of the digests; made with mode 0600. Must lie outside of ``directory``.
        report: Called with a :class:`~hyperhost.errors.CacheError` for every problem; the cache
            itself never raises.
    """

    def __init__(self, directory: Path, key_file: Path, report: Callable[[CacheError], object]) -> None:
        self._directory = directory
        self._report = report
        self._key: bytes | None = None
        self._writable = True
        try:
            self._prepare(key_file)
        except (OSError, CacheError) as caught:
            problem = (
                caught
                if isinstance(caught, CacheError)
                else CacheError(
                    f"compile cache {directory} cannot be used: {caught}",
                    hint="every start compiles anew until the directory is writable by you alone",
                )
            )
            report(problem)

    def _prepare(self, key_file: Path) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        info = self._directory.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
            raise CacheError(
                f"compile cache {self._directory} is not a directory of yours",
                hint="remove it, or set another home with HYPERHOST_HOME",
            )
        if info.st_mode & 0o077:
            raise CacheError(
                f"compile cache {self._directory} is open to other users",
                hint=f"close it with: chmod 700 {self._directory}, and delete what is in it",
            )
        try:
            self._key = _read_key(key_file)
        except FileNotFoundError:
            self._key = _make_key(key_file)

    @staticmethod
    def key(component_sha256: str, settings: str) -> str:
        """Name of an entry: the component and everything that shapes its machine code."""
        return hashlib.sha256(f"{component_sha256} {settings}".encode()).hexdigest()

    def find(self, key: str) -> Path | None:
        """The file to load for ``key``, verified, or ``None``."""
        if self._key is None:
            return None
        entry, mac = self._directory / f"{key}.cwasm", self._directory / f"{key}.mac"
        try:
            info = entry.lstat()
            expected = mac.read_text()
            if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
                raise ValueError("it is not a file that only you can write")
            expected, _, seal = expected.partition("\n")
            if hmac.compare_digest(seal.encode(), self._seal(key, info).encode()):
                return entry
            if not hmac.compare_digest(
                expected.encode(), self._mac(key, lambda: entry.open("rb", buffering=0)).encode()
            ):
                raise ValueError("its digest does not fit")
            with contextlib.suppress(OSError):  # the next start reads it in full again
                self._write(mac, f"{expected}\n{self._seal(key, info)}".encode())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, UnicodeDecodeError) as caught:
            self.discard(key)
            self._report(
                CacheError(
                    f"compile cache entry {key[:12]} was altered: {caught}",
                    hint="it was deleted and the component compiled anew; nothing else to do",
                )
            )
            return None
        return entry

    def store(self, key: str, code: bytes | bytearray) -> None:
        """Keep machine code; each file appears complete or not at all."""
        if self._key is None or not self._writable:
            return
        code = bytes(code)
        try:
            entry = self._directory / f"{key}.cwasm"
            self._write(entry, code)
            mac = self._mac(key, lambda: io.BytesIO(code))
            self._write(self._directory / f"{key}.mac", f"{mac}\n{self._seal(key, entry.lstat())}".encode())
            self._prune()
        except OSError as caught:
            self._writable = False
            self._report(
                CacheError(
                    f"compile cache {self._directory} cannot be written: {caught}",
                    hint="the component runs, but every start compiles it anew",
                )
            )

    def discard(self, key: str) -> None:
        """Remove an entry, if it is there."""
        for suffix in (".cwasm", ".mac"):
            try:
                (self._directory / f"{key}{suffix}").unlink(missing_ok=True)
            except OSError as caught:
                self._report(CacheError(f"compile cache entry {key[:12]} cannot be removed: {caught}"))

    def _seal(self, key: str, info: os.stat_result) -> str:
        """HMAC-SHA256 of the entry's name and of what changes whenever the file does."""
        assert self._key is not None
        identity = f"{info.st_dev} {info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"
        return hmac.new(self._key, f"seal {key} {identity}".encode(), hashlib.sha256).hexdigest()

    def _mac(self, key: str, open_code: Callable[[], io.RawIOBase | io.BufferedIOBase]) -> str:
        """HMAC-SHA256 of the entry's name, its size and the SHA-256 of each of its segments in order."""
        assert self._key is not None
        with open_code() as file:
            size = file.seek(0, os.SEEK_END)
        text = f"{key} {size}\n".encode() + b"".join(_segment_digests(open_code, size))
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def _write(self, path: Path, data: bytes) -> None:
        import tempfile

        descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _prune(self) -> None:
        """Delete the entries used longest ago while the cache is over its size, and what crashes left."""
        for left in self._directory.glob(".new-*"):
            with contextlib.suppress(FileNotFoundError):  # its writer was quicker
                if time.time() - left.stat().st_mtime > _ABANDONED_S:
                    left.unlink()
        entries = [(path.stat(), path) for path in self._directory.glob("*.cwasm")]
        total = sum(info.st_size for info, _ in entries)
        for info, path in sorted(entries, key=lambda item: item[0].st_mtime):
            if total <= _MAX_BYTES:
                return
            self.discard(path.stem)
            total -= info.st_size


def _segment_digests(open_code: Callable[[], io.RawIOBase | io.BufferedIOBase], size: int) -> list[bytes]:
    """SHA-256 of every segment, hashed by as many threads as help: hashing runs without the GIL.

    Raises:
        OSError: the code cannot be read.
        ValueError: it became shorter while it was read.
    """
    starts = list(range(0, size, _SEGMENT))
    digests = [b""] * len(starts)
    left = list(enumerate(starts))
    problems: list[Exception] = []

    def work() -> None:
        buffer = memoryview(bytearray(_READ))
        try:
            with open_code() as file:
                while True:
                    try:
                        index, start = left.pop()
                    except IndexError:
                        return
                    digests[index] = _sha256(file, start, min(_SEGMENT, size - start), buffer)
        except Exception as caught:  # noqa: BLE001 - raised by the thread that waits for this one
            problems.append(caught)

    helpers = [
        threading.Thread(target=work) for _ in range(min(_THREADS, os.cpu_count() or 1, len(starts)) - 1)
    ]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if problems:
        raise problems[0]
    return digests


def _sha256(file: io.RawIOBase | io.BufferedIOBase, start: int, size: int, buffer: memoryview) -> bytes:
    digest = hashlib.sha256()
    file.seek(start)
    while size:
        count = file.readinto(buffer[: min(size, len(buffer))])
        if not count:
            raise ValueError("it became shorter while it was read")
        digest.update(buffer[:count])
        size -= count
    return digest.digest()


def _read_key(key_file: Path) -> bytes:
    info = key_file.lstat()
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o077:
        raise CacheError(
            f"{key_file} is not a file that only you can read", hint="delete it; it is made anew"
        )
    key = key_file.read_bytes()
    if len(key) != 32:
        raise CacheError(f"{key_file} is damaged", hint="delete it; it is made anew")
    return key


def _make_key(key_file: Path) -> bytes:
    """Write a new key; another process that is first wins."""
    import secrets
    import tempfile

    key_file.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(32)
    descriptor, name = tempfile.mkstemp(dir=key_file.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
        os.link(name, key_file)
    except FileExistsError:
        return _read_key(key_file)
    finally:
        Path(name).unlink(missing_ok=True)
    return key
