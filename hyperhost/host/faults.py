"""What went wrong, kept where the host program can look: :attr:`hyperhost.Host.faults`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hyperhost.errors import HyperHostError

__all__ = ["Fault", "FaultLog"]

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
    """

    plugin: str
    hook: str
    error: BaseException
    at_s: float

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
    """

    def __init__(self, keep: int = 1000, persist: Callable[[Fault], None] | None = None) -> None:
        self._faults: deque[Fault] = deque(maxlen=keep)
        self._persist = persist

    def record(self, plugin: str, hook: str, error: BaseException) -> Fault:
        """Keep one."""
        fault = Fault(plugin, hook, error, time.time())
        if len(self._faults) >= _WITH_TRACEBACK:
            # A traceback keeps every frame of the call alive, and with them whatever the caller passed.
            self._faults[-_WITH_TRACEBACK].error.__traceback__ = None
        self._faults.append(fault)
        if self._persist is not None:
            self._persist(fault)
        return fault

    def all(self) -> tuple[Fault, ...]:
        """Everything kept."""
        return tuple(self._faults)
