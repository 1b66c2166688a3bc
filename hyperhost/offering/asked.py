"""One call of one operation while it runs: who asks, what it may use, what it has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import ArtifactChange, OperationCall
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import Principal

__all__ = ["Asked"]


class Asked:
    """One call.

    Args:
        call: What is asked.
        hook: The host's hooks.
        clock: Microseconds since 1970, for a call that does not say when it was made; real time when
            not given.

    Attributes:
        principal: Who asks.
        at_us: When it was asked for; every time that the call writes.
        changes: What happened to artifacts so far; observers hear of it when it is durable.
        target: What it is about, for the audit log.
        namespace: Namespace of the target.
        details: What changed, for the audit log; without secrets.
        private: What is handed out is not for everybody.
    """

    def __init__(self, call: OperationCall, hook: HookRelay, clock: Callable[[], int] | None = None) -> None:
        self.call = call
        self.hook = hook
        self.principal: Principal = call.principal
        self.at_us = call.at_us or (clock or _now_us)()
        self.changes: list[ArtifactChange] = []
        self.target = ""
        self.namespace = ""
        self.details: dict[str, Any] = {}
        self.private = False

    @contextmanager
    def unit(self) -> Iterator[None]:
        """A unit of work around a block; undone as a whole when the block raises.

        Raises:
            RefusalError: ``storage.failed`` when the block ended well, and yet nothing of it was kept,
                because it went on after something inside of it had undone the unit.
        """
        outermost = self.hook.storage_begin(write=True)
        try:
            yield
        except BaseException:
            self.hook.storage_end(commit=False)
            raise
        durable = self.hook.storage_end(commit=True)
        if outermost and not durable:
            raise RefusalError(
                "nothing was kept, as a part of the operation was undone",
                "storage.failed",
                hint="see the log for what failed before",
            )

    def about(self, target: str, namespace: str = "", **details: Any) -> None:
        """Say what the call is about, for the audit log."""
        self.target, self.namespace = target, namespace or self.namespace
        self.details |= details


def _now_us() -> int:
    return time.time_ns() // 1000
