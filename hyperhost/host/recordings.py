"""Recordings of faults: the latest ones, in a directory or in memory, never more than fits.

What is too large is left out, with the reason, rather than cut: half a recording replays nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from hyperhost.errors import RecordingError
from hyperhost.host.recording import Recording, make_recording
from hyperhost.host.recordingfile import read_bytes, write_bytes
from hyperhost.sandbox.gate import weight
from hyperhost.sandbox.tape import Tape, detach

__all__ = ["MAX_EACH_BYTES", "MAX_FILES", "MAX_TOTAL_BYTES", "Kept", "Recordings", "forget_recordings"]

MAX_FILES: Final = 50
"""Recordings of faults kept at a time."""

MAX_EACH_BYTES: Final = 1 << 20
"""Largest recording of a fault that is kept."""

MAX_TOTAL_BYTES: Final = 16 << 20
"""What all of them may take together."""

_NAME: Final = re.compile(r"\d{13}-(?P<plugin>[a-z0-9-]{1,64})-\w{1,64}-[0-9a-f]{8}\.json", re.ASCII)


class Kept:
    """The recording of one fault, as long as it is kept.

    Attributes:
        path: Its file; ``None`` when it is in memory or was not kept.
        note: Why it was not kept; empty when it was.
    """

    __slots__ = ("_data", "note", "path")

    def __init__(self, data: bytes | None = None, path: Path | None = None, note: str = "") -> None:
        self._data = data
        self.path = path
        self.note = note

    def load(self) -> Recording | None:
        """The recording; ``None`` when it was not kept, or had to give way to later ones."""
        data = self._data
        if data is None and self.path is not None:
            try:
                data = read_bytes(self.path)
            except RecordingError:
                return None
        return None if data is None else Recording.parse(data)

    def forget(self) -> int:
        """Give way; the bytes that are free again."""
        freed, self._data = len(self._data or b""), None
        return freed


class Recordings:
    """Keeps the recordings of a host's faults.

    Args:
        directory: Where to keep them, made when the first one comes; in memory when ``None``.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._memory: deque[Kept] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, error: BaseException) -> Kept | None:
        """Take the tape off an error and keep the recording; ``None`` when there is no tape.

        Never raises: what keeps a fault from being recorded must not take the place of the fault.
        """
        tape = detach(error)
        if tape is None or tape.about is None:
            return None
        try:
            return self._keep(tape, error)
        except RecordingError as problem:
            return Kept(note=problem.message)
        except Exception as problem:  # noqa: BLE001 - a host function may answer what cannot be written
            return Kept(note=f"the call cannot be recorded: {type(problem).__name__}: {problem}")

    def _keep(self, tape: Tape, error: BaseException) -> Kept:
        if sum(map(weight, tape.arguments)) > MAX_EACH_BYTES:  # before work is spent on it
            return Kept(note=f"its arguments alone are over {MAX_EACH_BYTES >> 20} MiB")
        data = make_recording(tape, error).to_bytes()
        if len(data) > MAX_EACH_BYTES:
            return Kept(note=f"the recording would have {len(data)} bytes; {MAX_EACH_BYTES} are kept")
        if self._directory is not None:
            return Kept(path=self._write(self._directory, tape, data))
        kept = Kept(data)
        with self._lock:
            self._memory.append(kept)
            self._bytes += len(data)
            while len(self._memory) > MAX_FILES or self._bytes > MAX_TOTAL_BYTES:
                self._bytes -= self._memory.popleft().forget()
        return kept

    def _write(self, directory: Path, tape: Tape, data: bytes) -> Path:
        name = (
            f"{time.time_ns() // 1_000_000:013d}-{tape.plugin}-{tape.export.hook[:64]}-{secrets.token_hex(4)}"
        )
        with self._lock:
            try:
                directory.mkdir(mode=0o700, exist_ok=True)
            except OSError as problem:
                raise RecordingError(
                    f"{directory} cannot be made: {problem.strerror}", hint="make room for it"
                ) from problem
            write_bytes(directory / f"{name}.json", data, replace=False)
            _tidy(directory)
        return directory / f"{name}.json"


def forget_recordings(directory: Path, plugin: str) -> None:
    """Remove every recording of a plugin."""
    for name, owner, _ in _kept_in(directory):
        if owner == plugin:
            with suppress(OSError):
                (directory / name).unlink()


def _kept_in(directory: Path) -> list[tuple[str, str, int]]:
    """Name, plugin and bytes of each recording, the latest first. Files with other names are not touched."""
    found = []
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if match := _NAME.fullmatch(entry.name):
                with suppress(OSError):
                    info = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(info.st_mode):
                        found.append((entry.name, match["plugin"], info.st_size))
    return sorted(found, reverse=True)


def _tidy(directory: Path) -> None:
    """Remove the oldest until the rest fits."""
    total = 0
    for index, (name, _, size) in enumerate(_kept_in(directory)):
        total += size
        if index >= MAX_FILES or total > MAX_TOTAL_BYTES:
            with suppress(OSError):
                (directory / name).unlink()
