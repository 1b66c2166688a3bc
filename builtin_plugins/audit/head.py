"""The head of the chain, kept beside the store: how far the log had come, and the hash of its last entry.

What lies in the store alone cannot tell that its end was cut off. The head can: it is a file of the
home, written after each commit. It is written in place and not forced to the disk, so after a power
failure it may be older than the log, never newer; an older head only says less.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .sealing import hash_of

__all__ = ["DamagedHeadError", "Head", "HeadFile"]

_SIZE: Final = 103


class DamagedHeadError(Exception):
    """The file is not one that was written here."""


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain.

    Attributes:
        seq: Number of an entry.
        hash: Its hash.
    """

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class HeadFile:
    """The file. Any number of threads and processes may use one.

    Args:
        path: Where; its directory is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: Head | None = None

    def read(self) -> Head | None:
        """The head; ``None`` when there is none yet.

        Raises:
            DamagedHeadError: the file is damaged.
            OSError: it cannot be read.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return _decoded(data) if data else None

    def doubt(self) -> None:
        """Compare the head with the log before it is written the next time."""
        self._written = None

    def advance(self, head: Head, holds: Callable[[Head], bool], *, force: bool = False) -> bool:
        """Write a later head, if the one that is there is part of the log.

        Args:
            head: What is durable now.
            holds: Whether the log has an entry; asked only about heads that others wrote.
            force: Write it whatever is there.

        Returns:
            Whether all is well: ``False`` when the file holds what the log does not, and was left as
            it is, being the evidence.

        Raises:
            OSError: it cannot be written.
        """
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            data = os.pread(file, _SIZE + 1, 0)
            if data and not force:
                try:
                    there = _decoded(data)
                except DamagedHeadError:
                    return False
                if there != self._written and not holds(there):
                    return False
                self._written = there
                if there.seq >= head.seq:
                    return True  # another thread or process was faster
            os.pwrite(file, _encoded(head), 0)
            if len(data) > _SIZE:
                os.ftruncate(file, _SIZE)
            self._written = head
            return True
        finally:
            with suppress(OSError):
                os.close(file)


def _encoded(head: Head) -> bytes:
    text = f"{head.seq:020d} {head.hash}"
    return f"{text} {hash_of(text)[:16]}\n".encode()


def _decoded(data: bytes) -> Head:
    try:
        text = data.decode("ascii")
        number, digest, check = text.split()
        if len(data) == _SIZE and hash_of(f"{number} {digest}")[:16] == check:
            return Head(int(number), digest)
    except ValueError:
        pass
    raise DamagedHeadError
