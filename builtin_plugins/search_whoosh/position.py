"""How far the index is, and which of its directories answers: one small file, replaced as a whole.

It is written after whoosh's own files are safe on disk. A crash in between leaves an index that has seen
more than it says, which costs indexing some documents again and nothing else.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import SearchIndexState

from .schema import FORMAT

__all__ = ["Position", "read_position", "sync_files", "write_position"]

_FILE: Final = "position.json"


@dataclass(frozen=True, slots=True)
class Position:
    """What the file says.

    Attributes:
        directory: Name of the directory that answers; empty for none.
        documents: Documents in it.
        sequence: The last change of the store that it reflects.
        mark: Recognises that change.
        updated_at_us: When it was written.
        format: Of the schema.
    """

    directory: str = ""
    documents: int = 0
    sequence: int = 0
    mark: str = ""
    updated_at_us: int = 0
    format: int = FORMAT

    def state(self, *, rebuilding: bool) -> SearchIndexState:
        """The same for others."""
        return SearchIndexState(self.documents, self.sequence, self.updated_at_us, rebuilding, self.mark)


def read_position(place: Path) -> tuple[Position, object]:
    """What the file says, and a stamp that changes with it. What cannot be read says nothing."""
    file = place / _FILE
    try:
        info = file.stat()
        data: Any = json.loads(file.read_bytes())
        found = Position(**data)
    except (OSError, ValueError, TypeError):
        return Position(), None
    if found.format != FORMAT or not (place / found.directory).is_dir() or not found.directory:
        return Position(), None
    return found, (info.st_ino, info.st_mtime_ns)


def stamp(place: Path) -> object:
    """The stamp alone."""
    try:
        info = (place / _FILE).stat()
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


def sync_files(directory: Path, since: float) -> None:
    """Bring what was written to a directory onto the disk; whoosh leaves that to the operating system."""
    for file in directory.iterdir():
        try:
            if file.stat().st_mtime >= since - 1:
                _sync(file)
        except FileNotFoundError:  # a merged segment, taken away by another process
            continue
    _sync(directory)


def now_us() -> int:
    """The time."""
    return time.time_ns() // 1000


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
