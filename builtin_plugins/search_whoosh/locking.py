"""Who may write to the index: one thread of one process at a time."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hyperhost.errors import RefusalError

__all__ = ["Lock"]

_WAIT_S: Final = 30.0
_STEP_S: Final = 0.01


class Lock:
    """A lock among threads, and among processes where the index is on disk.

    Args:
        file: What processes lock; ``None`` for an index in memory.
        busy: What to say when somebody else has it.
    """

    def __init__(self, file: Path | None, busy: str) -> None:
        self._file = file
        self._busy = busy
        self._threads = threading.Lock()
        self._descriptor = -1

    def take(self, wait_s: float = _WAIT_S) -> None:
        """Take it.

        Raises:
            RefusalError: rule ``search.busy``: somebody else had it all the time.
        """
        if not self._threads.acquire(timeout=wait_s):
            raise RefusalError(self._busy, "search.busy", hint="try again later")
        if self._file is None:
            return
        try:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            end = time.monotonic() + wait_s
            while True:
                try:
                    fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= end:
                        raise RefusalError(self._busy, "search.busy", hint="try again later") from None
                    time.sleep(_STEP_S)
                else:
                    return
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let others have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._threads.release()

    @property
    def taken(self) -> bool:
        """Whether anybody has it at the moment."""
        try:
            self.take(0)
        except RefusalError:
            return True
        self.give_back()
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have it for a block."""
        self.take()
        try:
            yield
        finally:
            self.give_back()
