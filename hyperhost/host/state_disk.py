"""What a host remembers, kept in ``state.db``."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhost.errors import HomeError
from hyperhost.host.state_db import Run, StateDatabase
from hyperhost.host.state_kv import DiskKeyValueStore
from hyperhost.host.state_rows import (
    FaultRecord,
    forget_rows,
    mark_rows,
    prune_log,
    read_faults,
    read_figures,
    read_log,
    read_stats,
    write_faults,
    write_log,
    write_tally,
)
from hyperhost.host.statistics import CallCounter, HookFigures, HookStats, figures_since
from hyperhost.sandbox.services import LogRecord, LogSink

__all__ = ["DiskState"]

FLUSH_S: Final = 0.5
MAX_LINE: Final = 16 * 1024
MAX_LINES: Final = 10_000
MAX_LOG_BYTES: Final = 4 * 1024 * 1024
MAX_FAULTS: Final = 1_000
_MAX_PENDING_LINES: Final = 5_000
_MAX_PENDING_BYTES: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class _Growth:
    """What was added to a plugin's log since it was last cut back."""

    lines: int = MAX_LINES  # nothing is known about what earlier processes left
    size: int = 0


class DiskState:
    """A :class:`~hyperhost.host.state.State` kept in ``state.db``.

    Args:
        path: The file; created when missing.

    Raises:
        HomeError: the file is not a ``state.db``, comes from a newer HyperHost, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._database = StateDatabase(path)
        self.kv: DiskKeyValueStore = DiskKeyValueStore(self._database)
        self._calls = CallCounter()
        self._lines: deque[LogRecord] = deque()
        self._lines_size = 0
        self._lost_lines = 0
        self._new_faults: deque[FaultRecord] = deque(maxlen=MAX_FAULTS)
        self._growth: dict[str, _Growth] = {}
        self._lock = threading.Lock()  # guards what was collected, and the start of the thread
        self._flush_lock = threading.Lock()
        self._pending = threading.Event()
        self._closing = threading.Event()
        self._flusher: threading.Thread | None = None

    @property
    def log(self) -> LogSink:
        """Where log lines go: this object's :meth:`write`."""
        return self

    def record_call(
        self, plugin: str, hook: str, outcome: str, duration_ms: float, version: str = ""
    ) -> None:
        """Count a call; ``outcome`` is ``ok`` or the code of the error. Written within half a second."""
        self._calls.record(plugin, hook, outcome, duration_ms, version)
        if not self._pending.is_set():
            self._wake()

    def record_fault(self, plugin: str, hook: str, code: str, message: str, version: str = "") -> None:
        """Keep a fault, on the disk at once if it can be written; the latest 1,000 of a plugin are kept."""
        with self._lock:
            self._new_faults.append(
                FaultRecord(time.time_ns(), plugin, hook, code, message[:MAX_LINE], version)
            )
        self._try_flush(0.5)

    def write(self, plugin: str, hook: str, level: str, message: str) -> None:
        """Keep one log line, cut at 16,384 characters. Written within half a second."""
        if len(message) > MAX_LINE:
            message = f"{message[:MAX_LINE]}… ({len(message) - MAX_LINE:,} more characters)"
        with self._lock:
            self._lines.append(LogRecord(time.time_ns(), plugin, hook, level, message))
            self._lines_size += len(message)
            full = len(self._lines) > _MAX_PENDING_LINES or self._lines_size > _MAX_PENDING_BYTES
        if full and not self._try_flush(0.05):
            self._drop_lines()
        if not self._pending.is_set():
            self._wake()

    def stats(self, plugin: str | None = None) -> list[HookStats]:
        """Figures of one plugin or of all, by plugin, version and hook in the order of their names.

        Raises:
            HomeError: ``state.db`` cannot be read or written.
        """
        self.flush()
        return read_stats(self._database, plugin)

    def mark(self, plugin: str) -> None:
        """Remember the figures of a plugin as they are now; an earlier mark is gone.

        Raises:
            HomeError: ``state.db`` cannot be read or written.
        """
        self.flush()
        with self._database.writing() as run:
            mark_rows(run, plugin)

    def since_mark(self, plugin: str) -> dict[tuple[str, str], HookFigures]:
        """What was counted since then, by all processes, by version and hook.

        Raises:
            HomeError: ``state.db`` cannot be read or written.
        """
        self.flush()
        return figures_since(
            read_figures(self._database, plugin), read_figures(self._database, plugin, marked=True)
        )

    def faults(self, plugin: str | None = None, limit: int = 100) -> list[FaultRecord]:
        """The latest faults of one plugin or of all, oldest first.

        Raises:
            HomeError: ``state.db`` cannot be read or written.
        """
        self.flush()
        return read_faults(self._database, plugin, limit)

    def logs(self, plugin: str | None = None, limit: int = 100) -> list[LogRecord]:
        """The latest log lines of one plugin or of all, oldest first.

        Raises:
            HomeError: ``state.db`` cannot be read or written.
        """
        self.flush()
        return read_log(self._database, plugin, limit)

    def forget(self, plugin: str) -> None:
        """Remove everything about a plugin, its stored data included.

        Raises:
            HomeError: ``state.db`` cannot be written.
        """
        self.flush()
        self.kv.forget(plugin)
        with self._database.writing() as run:
            forget_rows(run, plugin)

    def flush(self) -> None:
        """Write what was collected so far.

        Raises:
            HomeError: ``state.db`` cannot be written; what was collected is kept for the next time.
        """
        self._flush(5.0)

    def close(self) -> None:
        """Write what was collected and close the file. Closing twice is harmless.

        Raises:
            HomeError: the last of it could not be written; the file is closed all the same.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._pending.set()
        if self._flusher is not None:
            self._flusher.join()
        try:
            self.flush()
        finally:
            self._database.close()

    def _wake(self) -> None:
        self._pending.set()
        if self._flusher is None:
            with self._lock:
                if self._flusher is None and not self._closing.is_set():
                    self._flusher = threading.Thread(
                        target=self._keep_flushing, name="hyperhost-state", daemon=True
                    )
                    self._flusher.start()

    def _keep_flushing(self) -> None:
        while not self._closing.is_set():
            self._pending.wait()
            self._closing.wait(FLUSH_S)
            # Cleared before the flush: what is recorded from here on sets it again.
            self._pending.clear()
            if not self._try_flush(FLUSH_S):
                self._pending.set()

    def _try_flush(self, wait_s: float) -> bool:
        try:
            self._flush(wait_s)
        except HomeError:
            return False
        return True

    def _flush(self, wait_s: float) -> None:
        if not self._flush_lock.acquire(timeout=wait_s):
            raise HomeError(f"{self._database.path} is busy", hint="try again")
        try:
            self._flush_alone(wait_s)
        finally:
            self._flush_lock.release()

    def _flush_alone(self, wait_s: float) -> None:
        with self._lock:
            lines, lost, faults = list(self._lines), self._lost_lines, list(self._new_faults)
        tally = self._calls.take()
        if not (lines or lost or faults or tally.outcomes):
            return
        try:
            with self._database.writing(wait_s) as run:
                write_tally(run, tally)
                write_faults(run, faults, MAX_FAULTS)
                self._write_lines(run, lines, lost)
        except BaseException:
            self._calls.give_back(tally)
            raise
        with self._lock:
            for _ in faults:
                self._new_faults.popleft()
            # Lines dropped meanwhile were the oldest, so the first of them were written after all.
            dropped = self._lost_lines - lost
            for _ in range(len(lines) - dropped):
                self._lines_size -= len(self._lines.popleft().message)
            self._lost_lines = max(0, dropped - len(lines))

    def _write_lines(self, run: Run, lines: list[LogRecord], lost: int) -> None:
        if lost:
            text = f"{lost} log lines were lost, because state.db could not be written"
            lines = [*lines, LogRecord(time.time_ns(), "hyperhost", "", "warning", text)]
        write_log(run, lines)
        for line in lines:
            growth = self._growth.setdefault(line.plugin, _Growth())
            growth.lines += 1
            growth.size += len(line.message)
        for plugin, growth in self._growth.items():
            if growth.lines > MAX_LINES // 10 or growth.size > MAX_LOG_BYTES // 10:
                prune_log(run, plugin, MAX_LINES, MAX_LOG_BYTES)
                growth.lines = growth.size = 0

    def _drop_lines(self) -> None:
        with self._lock:
            while len(self._lines) > _MAX_PENDING_LINES or self._lines_size > _MAX_PENDING_BYTES:
                self._lines_size -= len(self._lines.popleft().message)
                self._lost_lines += 1
