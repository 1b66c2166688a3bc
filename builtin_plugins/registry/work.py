"""One call of one operation while it runs: who asks, what it may use, what it has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from hyperhost.contracts import ArtifactChange, OperationCall
from hyperhost.offering import Asked

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .metering import CallLimits
    from .namespaces import Namespace
    from .vault import Vault

__all__ = ["Judged", "Work"]


class Judged(threading.local):
    """What this thread is asking plugins about, and the registry has checked already."""

    change: ArtifactChange | None = None


class Work(Asked):
    """One call.

    Args:
        call: What is asked.
        hook: The host's hooks.
        clock: Microseconds since 1970, for a call that does not say when it was made; real time when
            not given.
        call_limits: Which namespaces limit calls; read anew for this call when not given.
        vault: Seals configs that are encrypted at rest; ``None`` where nothing is written or rendered.
        attestor: Id of the key that the registry attests public artifacts with; empty without one.
        judged: Where it is noted what plugins are asked about, so that the registry does not ask itself.

    Attributes:
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
        super().__init__(call, hook, clock)
        self.call_limits = call_limits
        self.vault = vault
        self.attestor = attestor
        self.judged = judged
        self.namespaces: dict[str, Namespace | None] = {}
