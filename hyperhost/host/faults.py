"""What went wrong, kept where the host program can look: :attr:`hyperhost.Host.faults`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.errors import HyperHostError
from hyperhost.sandbox.tape import has_tape

if TYPE_CHECKING:
    from hyperhost.host.recording import Recording
    from hyperhost.host.recordings import Kept, Recordings

__all__ = ["RELEASED", "Fault", "FaultLog"]

RELEASED = "HH-RELEASED"
"""Code of the record that ends a quarantine; faults before it no longer count."""

_WITH_TRACEBACK = 20
"""Only so many of the latest faults keep their traceback."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One recorded fault.

    Attributes:
        plugin: Id of the plugin at fault; empty when it is the host's own (the compile cache).
        hook: Hook being called; empty outside of a call.
        error: The exception itself.
        at_s: When, in seconds since the epoch.
        version: Version of the plugin, as statistics call it; empty when no plugin is at fault.
        kept: What became of its recording, if it is a component's call; see :attr:`recording`.
    """

    plugin: str
    hook: str
    error: BaseException
    at_s: float
    version: str = ""
    kept: Kept | None = field(default=None, repr=False, compare=False)

    @property
    def recording(self) -> Recording | None:
        """The recorded call, to be written to a file or replayed; ``None`` when there is none (any more).

        The latest 50 are kept, in the home directory or in memory; see docs/recording.md.
        """
        return self.kept.load() if self.kept is not None else None

    @property
    def message(self) -> str:
        """The error in words."""
        return str(self.error) or type(self.error).__name__

    @property
    def code(self) -> str:
        """The error's code; the class name for exceptions that are not HyperHost's."""
        return self.error.code if isinstance(self.error, HyperHostError) else type(self.error).__name__


class FaultLog:
    """The latest faults of a host, oldest first.

    Args:
        keep: How many to keep.
        persist: Told about each, for the home's ``state.db``.
        recordings: Directory for recordings of components' calls; in memory when not given.
    """

    def __init__(
        self,
        keep: int = 1000,
        persist: Callable[[Fault], None] | None = None,
        recordings: Path | None = None,
    ) -> None:
        self._directory = recordings
        self._recordings: Recordings | None = None
        self._faults: deque[Fault] = deque(maxlen=keep)
        self._persist = persist

    def record(self, plugin: str, hook: str, error: BaseException, version: str = "") -> Fault:
        """Keep one."""
        fault = Fault(plugin, hook, error, time.time(), version, self._keep_recording(error))
        if len(self._faults) >= _WITH_TRACEBACK:
            # A traceback keeps every frame of the call alive, and with them whatever the caller passed.
            self._faults[-_WITH_TRACEBACK].error.__traceback__ = None
        self._faults.append(fault)
        if self._persist is not None:
            self._persist(fault)
        return fault

    def _keep_recording(self, error: BaseException) -> Kept | None:
        if not has_tape(error):
            return None
        if self._recordings is None:
            from hyperhost.host.recordings import Recordings  # loads what only components need

            self._recordings = Recordings(self._directory)
        return self._recordings.keep(error)

    def all(self) -> tuple[Fault, ...]:
        """Everything kept."""
        return tuple(self._faults)
