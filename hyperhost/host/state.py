"""What a host remembers: plugins' key-value data, their logs, faults and call statistics.

:func:`open_state` gives one that ends with the process, or one kept in ``state.db``. In the latter

- key-value writes and faults are on the disk when the method returns;
- log lines and statistics are collected and written every half second, so that calls do not wait
  for the disk; a crash can lose that half second of them.
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Final, Protocol

from hyperhost.host.state_rows import FaultRecord
from hyperhost.host.statistics import CallCounter, HookFigures, HookStats, figures_since
from hyperhost.sandbox.services import KeyValueStore, LogRecord, LogSink, MemoryKeyValueStore, MemoryLog

__all__ = ["FaultRecord", "MemoryState", "State", "open_state"]

MAX_FAULTS: Final = 1_000
_MAX_MESSAGE: Final = 16 * 1024


class State(Protocol):
    """What a host remembers. Safe to use from several threads."""

    @property
    def kv(self) -> KeyValueStore:
        """Key-value stores of all plugins."""
        ...

    @property
    def log(self) -> LogSink:
        """Where log lines go."""
        ...

    def record_call(
        self, plugin: str, hook: str, outcome: str, duration_ms: float, version: str = ""
    ) -> None:
        """Count a call; ``outcome`` is ``ok`` or the code of the error. Costs about half a microsecond."""
        ...

    def record_fault(self, plugin: str, hook: str, code: str, message: str, version: str = "") -> None:
        """Keep a fault. Never raises; what cannot be written now is written later."""
        ...

    def stats(self, plugin: str | None = None) -> list[HookStats]:
        """Figures of one plugin or of all, by plugin, version and hook in the order of their names."""
        ...

    def mark(self, plugin: str) -> None:
        """Remember the figures of a plugin as they are now; an earlier mark is gone."""
        ...

    def since_mark(self, plugin: str) -> dict[tuple[str, str], HookFigures]:
        """What was counted since then, by version and hook; everything when there is no mark."""
        ...

    def faults(self, plugin: str | None = None, limit: int = 100) -> list[FaultRecord]:
        """The latest faults of one plugin or of all, oldest first."""
        ...

    def logs(self, plugin: str | None = None, limit: int = 100) -> list[LogRecord]:
        """The latest log lines of one plugin or of all, oldest first."""
        ...

    def forget(self, plugin: str) -> None:
        """Remove everything about a plugin, its stored data included."""
        ...

    def flush(self) -> None:
        """Write what was collected so far."""
        ...

    def close(self) -> None:
        """Write what was collected and let go of everything. Closing twice is harmless."""
        ...


def open_state(path: Path | None) -> State:
    """What a host remembers, in the file ``path`` or, without one, in memory.

    Raises:
        HomeError: the file is not a ``state.db``, comes from a newer HyperHost, or cannot be opened.
    """
    if path is None:
        return MemoryState()
    from hyperhost.host.state_disk import DiskState

    return DiskState(path)


class MemoryState:
    """A :class:`State` that ends with the process."""

    def __init__(self) -> None:
        self.kv: MemoryKeyValueStore = MemoryKeyValueStore()
        self.log: MemoryLog = MemoryLog()
        self._calls = CallCounter()
        self._faults: deque[FaultRecord] = deque(maxlen=MAX_FAULTS)
        self._marks: dict[str, dict[tuple[str, str], HookFigures]] = {}

    def record_call(
        self, plugin: str, hook: str, outcome: str, duration_ms: float, version: str = ""
    ) -> None:
        """Count a call; ``outcome`` is ``ok`` or the code of the error."""
        self._calls.record(plugin, hook, outcome, duration_ms, version)

    def record_fault(self, plugin: str, hook: str, code: str, message: str, version: str = "") -> None:
        """Keep a fault; the latest 1,000 are kept."""
        self._faults.append(FaultRecord(time.time_ns(), plugin, hook, code, message[:_MAX_MESSAGE], version))

    def stats(self, plugin: str | None = None) -> list[HookStats]:
        """Figures of one plugin or of all, by plugin, version and hook in the order of their names."""
        return self._calls.stats(plugin)

    def mark(self, plugin: str) -> None:
        """Remember the figures of a plugin as they are now."""
        self._marks[plugin] = self._calls.figures(plugin)

    def since_mark(self, plugin: str) -> dict[tuple[str, str], HookFigures]:
        """What was counted since then, by version and hook."""
        return figures_since(self._calls.figures(plugin), self._marks.get(plugin, {}))

    def faults(self, plugin: str | None = None, limit: int = 100) -> list[FaultRecord]:
        """The latest faults of one plugin or of all, oldest first."""
        found = [fault for fault in self._faults.copy() if plugin is None or fault.plugin == plugin]
        return found[-limit:] if limit > 0 else []

    def logs(self, plugin: str | None = None, limit: int = 100) -> list[LogRecord]:
        """The latest log lines of one plugin or of all, oldest first."""
        return self.log.records(plugin, limit)

    def forget(self, plugin: str) -> None:
        """Remove everything about a plugin, its stored data included."""
        self.kv.forget(plugin)
        self.log.forget(plugin)
        self._marks.pop(plugin, None)
        tally = self._calls.take()
        tally.forget(plugin)
        self._calls.give_back(tally)
        kept = [fault for fault in self._faults.copy() if fault.plugin != plugin]
        self._faults = deque(kept, maxlen=MAX_FAULTS)

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
