"""Keeping an index in a directory: who may write, which of its directories answers, how far that one is.

How far it is stands in one small file that is replaced as a whole, after the files of the engine are safe on
disk. A crash in between leaves an index that has seen more than it says, which costs indexing some documents
again and nothing else.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import SearchIndexState
from hyperhost.errors import RefusalError

__all__ = [
    "Lock",
    "Position",
    "build_missing",
    "damaged",
    "moved",
    "now_us",
    "read_position",
    "stamp",
    "sync_files",
    "write_position",
]

_FILE: Final = "position.json"
_WAIT_S: Final = 30.0
_STEP_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Position:
    """What the file says.

    Attributes:
        directory: Name of the directory that answers; empty for none.
        documents: Documents in it.
        sequence: The last change of the store that it reflects.
        mark: Recognises that change.
        updated_at_us: When it was written.
        format: Of the engine's schema.
    """

    directory: str = ""
    documents: int = 0
    sequence: int = 0
    mark: str = ""
    updated_at_us: int = 0
    format: int = 1

    def state(self, *, rebuilding: bool) -> SearchIndexState:
        """The same for others."""
        return SearchIndexState(self.documents, self.sequence, self.updated_at_us, rebuilding, self.mark)


def read_position(place: Path, format_: int = 1) -> tuple[Position, object]:
    """What the file says, and a stamp that changes with it. What cannot be read says nothing.

    Args:
        place: Directory of the index.
        format_: Of the schema; an index of another one is none.
    """
    file = place / _FILE
    nothing = Position(format=format_)
    try:
        info = file.stat()
        data: Any = json.loads(file.read_bytes())
        found = Position(**data)
    except (OSError, ValueError, TypeError):
        return nothing, None
    if found.format != format_ or not (place / found.directory).is_dir() or not found.directory:
        return nothing, None
    return found, (info.st_ino, info.st_mtime_ns)


def stamp(place: Path) -> object:
    """The stamp alone."""
    try:
        info = os.stat(f"{place}/{_FILE}")  # noqa: PTH116 - with every search, and a Path takes longer
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns


def write_position(place: Path, position: Position) -> None:
    """Replace the file, durably."""
    draft = place / f"{_FILE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, json.dumps(asdict(position)).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(place / _FILE)
    _sync(place)


def sync_files(directory: Path, known: set[str]) -> set[str]:
    """Bring what was written to a directory onto the disk, where an engine leaves that to others.

    Args:
        directory: It.
        known: Names of files that are there already and are never written again.

    Returns:
        The names of all files that are on the disk now.
    """
    there = {file.name for file in directory.iterdir() if file.is_file()}
    for name in there - known:
        with suppress(FileNotFoundError):  # a merged segment, taken away by another process
            _sync(directory / name)
    _sync(directory)
    return there


def now_us() -> int:
    """The time."""
    return time.time_ns() // 1000


def damaged(problem: str) -> RefusalError:
    """The refusal of an index that cannot be read."""
    return RefusalError(
        f"the search index is damaged: {problem}",
        "search.damaged",
        hint="it is built anew with: hyperhost search --rebuild",
    )


def moved(reached: int, after: int) -> RefusalError:
    """The refusal to continue an index that is somewhere else."""
    return RefusalError(
        f"the index is at change {reached}, not at {after}",
        "search.moved",
        hint="ask search_status how far it is, and go on from there",
    )


def build_missing(name: str) -> RefusalError:
    """The refusal of the name of a rebuild that was never begun, or has ended."""
    return RefusalError(f"there is no index {name[:80]!r} being built", "search.rebuild")


class Lock:
    """A lock among threads, and among processes where the index is on disk: who may write.

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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
