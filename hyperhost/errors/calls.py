"""A call of a component failed, or hit a limit."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError
from hyperhost.errors.loading import CapabilityError

__all__ = [
    "BadResultError",
    "CapabilityDeniedError",
    "ConcurrencyLimitError",
    "DeadlineError",
    "FuelLimitError",
    "HostBytesLimitError",
    "HostCallLimitError",
    "HostFunctionError",
    "LimitError",
    "MemoryLimitError",
    "OutdatedPluginError",
    "OutputLimitError",
    "QuotaError",
    "RefusalError",
    "SandboxError",
    "StackLimitError",
    "TrapError",
]


class SandboxError(HyperHostError):
    """A call into a component failed. The host is unharmed and the instance is gone."""

    code = "HH-SANDBOX"


class TrapError(SandboxError):
    """The guest trapped. ``trap`` holds wasmtime's trap code in lower case, for example ``unreachable``."""

    code = "HH-TRAP"
    trap: str = "unknown"


class BadResultError(SandboxError):
    """The guest returned something its type does not allow: invalid UTF-8, an unknown case, and so on."""

    code = "HH-RESULT"


class OutdatedPluginError(SandboxError):
    """The component was built for an older contract that lacks a case or flag of an argument.

    Recorded, but not counted towards quarantine: other calls of the plugin are sound.
    """

    code = "HH-OUTDATED"


class HostFunctionError(SandboxError):
    """A host function raised. The original exception is ``__cause__``."""

    code = "HH-HOST-FUNCTION"


class CapabilityDeniedError(SandboxError, CapabilityError):
    """A component reached for something outside its grant while running."""

    code = "HH-DENIED"


class RefusalError(SandboxError):
    """A plugin's considered *no*: the ``error`` case of a hook whose spec documents ``raises``.

    Native plugins raise it (or a subclass); components return it as ``err``. It is an answer,
    not a fault: it does not count towards quarantine.

    Args:
        reason: Why, for a person.
        rule: Stable name of the rule that refused, empty if there is none.
    """

    code = "HH-REFUSED"

    def __init__(
        self,
        reason: str,
        rule: str = "",
        *,
        plugin: str | None = None,
        hook: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(reason, plugin=plugin, hook=hook, hint=hint)
        self.reason = reason
        self.rule = rule


class LimitError(SandboxError):
    """A component hit one of its limits. ``limit`` names the field of :class:`hyperhost.Limits`."""

    code = "HH-LIMIT"
    limit: str = ""


class DeadlineError(LimitError):
    """The call took longer than ``Limits.deadline``, host functions included."""

    code = "HH-LIMIT-DEADLINE"
    limit = "deadline"


class MemoryLimitError(LimitError):
    """The component needed more than ``Limits.memory``."""

    code = "HH-LIMIT-MEMORY"
    limit = "memory"


class FuelLimitError(LimitError):
    """The component used up ``Limits.fuel``."""

    code = "HH-LIMIT-FUEL"
    limit = "fuel"


class StackLimitError(LimitError):
    """The component recursed too deeply."""

    code = "HH-LIMIT-STACK"
    limit = "stack"


class OutputLimitError(LimitError):
    """The component wrote or returned more than ``Limits.output``."""

    code = "HH-LIMIT-OUTPUT"
    limit = "output"


class HostCallLimitError(LimitError):
    """The component called host functions more often than ``Limits.host_calls``."""

    code = "HH-LIMIT-HOST-CALLS"
    limit = "host_calls"


class HostBytesLimitError(LimitError):
    """The component moved more bytes through host functions than ``Limits.host_bytes``."""

    code = "HH-LIMIT-HOST-BYTES"
    limit = "host_bytes"


class ConcurrencyLimitError(LimitError):
    """``Limits.concurrency`` calls were already running and none ended before the deadline."""

    code = "HH-LIMIT-CONCURRENCY"
    limit = "concurrency"


class QuotaError(LimitError):
    """The component's key-value store would exceed ``Limits.kv``."""

    code = "HH-LIMIT-KV"
    limit = "kv"
