"""Uploads: bytes on their way in, hashed as they come. What is small stays in memory."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hyperhost.errors import RefusalError

from .digests import Hasher
from .failures import on_disk

__all__ = [
    "APPEND_MAX",
    "Upload",
    "Uploads",
    "discard",
    "remove_forgotten",
    "sync",
    "write_durably",
]

APPEND_MAX: Final = 4 << 20
"""Bytes of one piece."""
_FORGOTTEN_S: Final = 86_400


class Upload:
    """One upload. Its bytes are in ``buffer`` until they are too many, and then in the file ``path``."""

    def __init__(self, algorithm: str) -> None:
        self.id = uuid.uuid4().hex
        self.hasher = Hasher(algorithm)
        self.buffer: bytearray | None = bytearray()
        self.path: Path | None = None
        self.lock = threading.Lock()
        self.touched = time.monotonic()
        self.sent_at = 0.0
        self.over = False


class Uploads:
    """All uploads of this process.

    Args:
        directory: Says where files may lie; asked when the first one is needed.
        inline_below: Uploads of fewer bytes stay in memory.
        max_bytes: The largest upload.
    """

    def __init__(self, directory: Callable[[], Path], inline_below: int, max_bytes: int) -> None:
        self._directory = directory
        self._inline_below = inline_below
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._open: dict[str, Upload] = {}

    def open(self, algorithm: str) -> Upload:
        """Begin an upload, and forget those of which nothing was heard for a day."""
        upload = Upload(algorithm)
        oldest = time.monotonic() - _FORGOTTEN_S
        with self._lock:
            old = [each.id for each in self._open.values() if each.touched < oldest]
            self._open[upload.id] = upload
        for each in old:
            self.abort(each)
        return upload

    def append(self, upload_id: str, data: bytes) -> int:
        """Add a piece; bytes so far. An upload that cannot take it is gone.

        Raises:
            RefusalError: ``content.missing``, ``content.size``, ``content.full``.
        """
        if len(data) > APPEND_MAX:
            raise RefusalError(
                f"a piece of {len(data)} bytes is too large",
                "content.size",
                hint="send at most 4 MiB at once",
            )
        with self._lock:
            upload = self._open.get(upload_id)
        if upload is None:
            raise _missing(upload_id)
        with upload.lock:
            if upload.over:
                raise _missing(upload_id)
            if upload.hasher.size + len(data) > self._max_bytes:
                self._drop(upload)
                raise RefusalError(
                    f"the content is larger than {self._max_bytes} bytes",
                    "content.size",
                    hint="raise max_bytes in [plugins.content-tiers.config]",
                )
            try:
                self._write(upload, data)
            except BaseException:
                self._drop(upload)
                raise
            upload.hasher.add(data)
            upload.touched = time.monotonic()
            return upload.hasher.size

    def end(self, upload_id: str) -> Upload:
        """Take an upload out: nobody can add to it any more. The caller has to discard it.

        Raises:
            RefusalError: ``content.missing``.
        """
        with self._lock:
            upload = self._open.pop(upload_id, None)
        if upload is None:
            raise _missing(upload_id)
        with upload.lock:  # waits for a piece that is being written
            if upload.over:  # it could not be
                raise _missing(upload_id)
            upload.over = True
        return upload

    def abort(self, upload_id: str) -> bool:
        """Forget an upload; whether there was one."""
        try:
            upload = self.end(upload_id)
        except RefusalError:
            return False
        discard(upload)
        return True

    def close(self) -> None:
        """Forget all uploads."""
        for upload_id in list(self._open):
            self.abort(upload_id)

    def _drop(self, upload: Upload) -> None:
        upload.over = True
        with self._lock:
            self._open.pop(upload.id, None)
        discard(upload)

    def _write(self, upload: Upload, data: bytes) -> None:
        if upload.buffer is not None:
            if len(upload.buffer) + len(data) < self._inline_below:
                upload.buffer += data
                return
            upload.path = self._directory() / upload.id
            with on_disk():
                write(upload.path, bytes(upload.buffer), os.O_CREAT | os.O_EXCL)
            upload.buffer = None
        assert upload.path is not None
        with on_disk():
            write(upload.path, data)


def write(path: Path, data: bytes, flags: int = 0) -> None:
    """Append to a file, all of it or an exception."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file and see that it is on the disk.

    Raises:
        RefusalError: ``content.full`` or ``content.unavailable``.
    """
    with on_disk():
        path.unlink(missing_ok=True)
        write(path, data, os.O_CREAT | os.O_EXCL)
        sync(path)


def sync(path: Path) -> None:
    """See that a file, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(upload: Upload) -> None:
    """Remove what an upload left on the disk, if anything."""
    if upload.path is not None:
        for path in (upload.path, upload.path.with_suffix(".digests")):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue


def remove_forgotten(directory: Path) -> None:
    """Remove uploads that nobody has added to for a day: their process has ended.

    Raises:
        RefusalError: ``content.full`` or ``content.unavailable``.
    """
    oldest = time.time() - _FORGOTTEN_S
    with on_disk():
        for entry in os.scandir(directory):
            try:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < oldest:
                    Path(entry.path).unlink(missing_ok=True)
            except FileNotFoundError:
                continue  # another process was faster


def _missing(upload_id: str) -> RefusalError:
    return RefusalError(
        f"there is no upload {upload_id[:40]!r}",
        "content.missing",
        hint="it was ended, or is older than a day or than this process; begin another one",
    )
