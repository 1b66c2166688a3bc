"""One call of one operation while it runs: who asks, what it may use, what it has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import ArtifactChange, OperationCall
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import Principal

    from .metering import CallLimits
    from .namespaces import Namespace
    from .vault import Vault

__all__ = ["Judged", "Work"]


class Judged(threading.local):
    """What this thread is asking plugins about, and the registry has checked already."""

    change: ArtifactChange | None = None


class Work:
    """One call.

    Args:
        call: What is asked.
        hook: The host's hooks.
        clock: Microseconds since 1970; real time when not given.
        call_limits: Which namespaces limit calls; read anew for this call when not given.
        vault: Seals configs that are encrypted at rest; ``None`` where nothing is written or rendered.
        attestor: Id of the key that the registry attests public artifacts with; empty without one.
        judged: Where it is noted what plugins are asked about, so that the registry does not ask itself.

    Attributes:
        principal: Who asks.
        at_us: When it was asked for; every time that the call writes.
        changes: What happened to artifacts so far; observers hear of it when it is durable.
        target: What it is about, for the audit log.
        namespace: Namespace of the target.
        details: What changed, for the audit log; without secrets.
        private: What is handed out is not for everybody.
        namespaces: Namespaces read so far, by path; ``None`` for one that was not created.
    """

    def __init__(
        self,
        call: OperationCall,
        hook: HookRelay,
        clock: Callable[[], int] | None = None,
        call_limits: CallLimits | None = None,
        vault: Vault | None = None,
        attestor: str = "",
        judged: Judged | None = None,
    ) -> None:
        self.call = call
        self.hook = hook
        self.principal: Principal = call.principal
        self.at_us = call.at_us or (clock or _now_us)()
        self.call_limits = call_limits
        self.vault = vault
        self.attestor = attestor
        self.judged = judged
        self.changes: list[ArtifactChange] = []
        self.target = ""
        self.namespace = ""
        self.details: dict[str, Any] = {}
        self.private = False
        self.namespaces: dict[str, Namespace | None] = {}

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
