"""One call into a component: who, which hook, how much of each budget is left.

A :class:`Call` is what every host function receives first. It is created per hook call, used by
one thread, and forgotten when the call ends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hyperhost.contracts.limits import Limits
from hyperhost.errors import (
    DeadlineError,
    HostBytesLimitError,
    HostCallLimitError,
    OutputLimitError,
    PluginStateError,
)
from hyperhost.sandbox.tape import TAPE_BYTES

if TYPE_CHECKING:
    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.sandbox.services import Services
    from hyperhost.sandbox.tape import Step

__all__ = ["Budget", "Call", "RetiredError"]


class RetiredError(PluginStateError):
    """The runtime that was to be called is closed; the plugin may have a newer one."""


class Budget:
    """Limits of a plugin with their units worked out once, not once per call."""

    __slots__ = ("deadline_s", "fuel", "host_bytes", "host_calls", "limits", "output")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.deadline_s = limits.deadline_ms / 1000.0
        self.fuel = limits.fuel
        self.host_bytes = limits.host_byte_count
        self.host_calls = limits.host_calls
        self.output = limits.output_bytes


class Call:
    """A running call.

    Attributes:
        plugin: Id of the plugin.
        hook: Name of the hook being called.
        limits: The plugin's limits.
        grants: What the plugin may do; a revocation binds the next check.
        config: The plugin's configuration.
        services: What host functions work with: store, log, clock.
        state: Lives as long as the instance; WASI keeps its handles there.
        deadline: When the call must have ended, in seconds of :func:`time.monotonic`.
        failure: The exception that ended the call from within a host function, if one did.
        expired: The guest was interrupted at its deadline.
        host_calls: Host calls made so far.
        host_bytes: Bytes moved through host functions so far.
        output: Bytes logged and printed so far.
        result: Bytes of the hook's result so far.
        reused: The instance had answered earlier calls.
        steps: Its host calls so far, for a :class:`~hyperhost.sandbox.tape.Tape`; ``None`` when they are
            too much to keep.
        tape_bytes: How many bytes through host functions are not too much.
    """

    __slots__ = (
        "_budget",
        "config",
        "deadline",
        "expired",
        "failure",
        "grants",
        "hook",
        "host_bytes",
        "host_calls",
        "output",
        "plugin",
        "result",
        "reused",
        "services",
        "state",
        "steps",
        "tape_bytes",
    )

    def __init__(
        self,
        plugin: str,
        hook: str,
        budget: Budget,
        grants: GrantSet,
        config: Mapping[str, Any],
        services: Services,
        state: dict[str, Any],
    ) -> None:
        self.plugin = plugin
        self.hook = hook
        self._budget = budget
        self.grants = grants
        self.config = config
        self.services = services
        self.state = state
        self.deadline = time.monotonic() + budget.deadline_s
        self.failure: BaseException | None = None
        self.expired = False
        self.host_calls = 0
        self.host_bytes = 0
        self.output = 0
        self.result = 0
        self.reused = False
        self.steps: list[Step] | None = []
        self.tape_bytes = TAPE_BYTES

    @property
    def limits(self) -> Limits:
        """The plugin's limits."""
        return self._budget.limits

    def remaining_s(self) -> float:
        """Wall seconds left until the deadline, more than zero.

        Raises:
            DeadlineError: none are left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.expired = True
            raise self.deadline_error()
        return left

    def deadline_error(self) -> DeadlineError:
        """The error for a call that took too long."""
        return DeadlineError(
            f"stopped at its deadline of {self._budget.limits.deadline_ms:g} ms",
            plugin=self.plugin,
            hook=self.hook,
            hint="raise Limits.deadline if the work is expected to take longer",
        )

    def begin_host_call(self) -> None:
        """Count one host call and check the remaining time.

        Raises:
            HostCallLimitError: too many host calls.
            DeadlineError: no time is left.
        """
        self.host_calls += 1
        if self.host_calls > self._budget.host_calls:
            raise HostCallLimitError(
                f"called host functions more than {self._budget.host_calls} times in one call",
                plugin=self.plugin,
                hook=self.hook,
                hint="raise Limits.host_calls if that many are expected",
            )
        self.remaining_s()

    def charge_bytes(self, count: int) -> None:
        """Count bytes moved through host functions.

        Raises:
            HostBytesLimitError: more than ``Limits.host_bytes`` in this call.
        """
        self.host_bytes += count
        if self.host_bytes > self._budget.host_bytes:
            raise HostBytesLimitError(
                f"moved more than {self._budget.host_bytes} bytes through host functions in one call",
                plugin=self.plugin,
                hook=self.hook,
                hint="raise Limits.host_bytes if that much is expected",
            )

    def charge_output(self, count: int) -> None:
        """Count bytes logged or printed.

        Raises:
            OutputLimitError: more than ``Limits.output`` in this call.
        """
        self.output += count
        if self.output > self._budget.output:
            raise OutputLimitError(
                f"logged or printed more than {self._budget.output} bytes in one call",
                plugin=self.plugin,
                hook=self.hook,
                hint="raise Limits.output if that much is expected",
            )

    def charge_result(self, count: int) -> None:
        """Count bytes of the hook's own result.

        Raises:
            OutputLimitError: the result is larger than ``Limits.output``.
        """
        self.result += count
        if self.result > self._budget.output:
            raise OutputLimitError(
                f"returned more than {self._budget.output} bytes",
                plugin=self.plugin,
                hook=self.hook,
                hint="raise Limits.output if that much is expected",
            )

    def require(self, capability: str) -> None:
        """Check one more capability, for what is only known half way (a redirect, an address).

        Raises:
            CapabilityDeniedError: it is not granted; the hint is the command that would grant it.
        """
        self.grants.require(capability, hook=self.hook)
