"""What one call of a component took, told as soon as it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts.limits import Limits

if TYPE_CHECKING:
    from hyperhost.host.plugin import Plugin
    from hyperhost.sandbox.call import Call

__all__ = ["CallFacts", "observe_calls", "with_fuel"]

_COUNTED_BYTES: Final = 4 * 1024**2
"""Components up to this size are compiled with fuel counting; compiling larger ones again takes seconds."""

_PLENTY: Final = 2**62


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One call that ended.

    Attributes:
        plugin: Id of the plugin.
        hook: Name of the hook.
        outcome: ``ok``, or the code of the error.
        time_ms: How long it took, host functions included, in milliseconds.
        fuel: Fuel used; ``None`` when it was not counted.
        memory_bytes: Linear memory when it ended; ``None`` when it could not be measured.
        host_calls: Host functions called.
        host_bytes: Bytes moved through them.
        output_bytes: Bytes logged and printed.
        result_bytes: Bytes of the result.
    """

    plugin: str
    hook: str
    outcome: str
    time_ms: float
    fuel: int | None = None
    memory_bytes: int | None = None
    host_calls: int = 0
    host_bytes: int = 0
    output_bytes: int = 0
    result_bytes: int = 0

    def words(self) -> str:
        """The same on one line, for people."""
        parts = [f"{self.time_ms:.2f} ms"]
        if self.fuel is not None:
            parts.append(f"{self.fuel:,} fuel")
        if self.memory_bytes is not None:
            parts.append(f"{self.memory_bytes / 1024:,.0f} KiB memory")
        parts.append(f"{self.host_calls} host call{'' if self.host_calls == 1 else 's'}")
        if self.output_bytes:
            parts.append(f"{self.output_bytes:,} bytes of output")
        return ", ".join(parts)


def observe_calls(plugin: Plugin, tell: Callable[[CallFacts], None]) -> None:
    """Have ``tell`` called after each call of a component, as it is loaded now.

    A reload brings another runtime, which has to be observed anew. Memory is measured from now on,
    which costs about 0.2 ms a call.
    """
    runtime = plugin.runtime
    assert runtime is not None
    before = runtime._observe

    def observe(
        call: Call, seconds: float, error: BaseException | None, fuel: int | None, memory: int | None
    ) -> None:
        outcome = "ok" if error is None else getattr(error, "code", type(error).__name__)
        tell(
            CallFacts(
                plugin.id,
                call.hook,
                str(outcome),
                seconds * 1000,
                fuel,
                memory,
                call.host_calls,
                call.host_bytes,
                call.output,
                call.result,
            )
        )
        if before is not None:
            before(call, seconds, error, fuel, memory)

    runtime.measure = True
    runtime._observe = observe


def with_fuel(limits: Limits, size: int, changes: dict[str, Any] | None = None) -> Limits:
    """Limits for trying a plugin out: fuel is counted, though not limited, where that costs little.

    Args:
        limits: Those of its manifest.
        size: Bytes of the component.
        changes: Limits that replace them; ``fuel=None`` among them switches counting off.

    Raises:
        ValueError: an unknown limit, or a value that is not one.
    """
    changes = dict(changes or {})
    known = {field.name for field in dataclasses.fields(Limits)}
    for name in changes:
        if name not in known:
            raise ValueError(f"unknown limit {name!r}; limits are {', '.join(sorted(known))}")
    changed = dataclasses.replace(limits, **changes)
    if changed.fuel is None and "fuel" not in changes and size <= _COUNTED_BYTES:
        changed = dataclasses.replace(changed, fuel=_PLENTY)
    return changed
