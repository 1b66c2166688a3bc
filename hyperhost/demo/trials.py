"""Components that misbehave, one after the other, and what the host does about each.

Every call goes through the hook, so the well-behaved plugins are called together with the one that
misbehaves, and again afterwards; their answers are compared with those that they gave at first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from hyperhost.contracts.limits import Limits
from hyperhost.demo.claims import ClaimError, claim
from hyperhost.demo.install import guests, refuse
from hyperhost.demo.scan import Caller
from hyperhost.errors import (
    CapabilityDeniedError,
    DeadlineError,
    HyperHostError,
    MemoryLimitError,
    QuarantinedError,
    TrapError,
)

if TYPE_CHECKING:
    from hyperhost.host.host import Host
    from hyperhost.host.installer import Installer
    from hyperhost.host.plugin import Plugin

__all__ = ["Row", "Trial", "row_of", "trials"]

HOOK: Final = "check_text"
_SHORT: Final = Limits(deadline="100ms")
_SMALL: Final = Limits(memory="8MiB")

Error = TypeVar("Error", bound=HyperHostError)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one plugin.

    Attributes:
        id: The plugin.
        kind: ``native`` or ``component``.
        calls: Calls of its code.
        faults: How many of them failed, or were refused something.
        seconds: Time of all calls.
        memory: Bytes of linear memory at its largest; ``None`` where that is not measured.
    """

    id: str
    kind: str
    calls: int
    faults: int
    seconds: float
    memory: int | None

    @property
    def mean_us(self) -> float | None:
        """Microseconds per call."""
        return self.seconds / self.calls * 1e6 if self.calls else None


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried, and how it ended.

    Attributes:
        name: Stable name, for programs.
        plugin: Id of the plugin.
        does: What the plugin does, in words.
        outcome: What the host did about it, in words.
        error: What it ended in.
        milliseconds: How long that took.
        then: What was seen next, in words.
        answered: How many well-behaved plugins answered the next call, just as they did at first.
    """

    name: str
    plugin: str
    does: str
    outcome: str
    error: HyperHostError
    milliseconds: float
    then: tuple[str, ...]
    answered: int


def trials(
    host: Host, call: Caller, installer: Installer, network: Path, faults: int, rows: list[Row]
) -> Iterator[Trial]:
    """Try them all.

    Args:
        host: A host with the well-behaved plugins.
        call: Calls its hook.
        installer: Works on the home of that host.
        network: Package of the component that wants the network.
        faults: How many faults begin a quarantine.
        rows: Figures of each component that misbehaves are added to it.

    Raises:
        ClaimError: something went otherwise than it should.
    """
    yield _wants_network(call, installer, network, rows)
    with _guest(host, "spins", _SHORT, rows) as plugin:
        yield _spins(host, call, plugin)
    with _guest(host, "eats_memory", _SMALL, rows) as plugin:
        yield _eats_memory(host, call, plugin)
    with _guest(host, "faults", Limits(), rows) as plugin:
        yield _faults(host, call, plugin, faults)
    yield _revoke(host, call)


def row_of(host: Host, plugin: Plugin) -> Row:
    """The figures of a component."""
    faults = sum(fault.plugin == plugin.id for fault in host.faults)
    return Row(plugin.id, plugin.kind, _calls(plugin), faults, _total_ms(plugin) / 1000, plugin.usage.memory)


@contextmanager
def _guest(host: Host, name: str, limits: Limits, rows: list[Row]) -> Iterator[Plugin]:
    """A component without a manifest, loaded for one trial."""
    plugin = host.load(guests() / f"{name}.wasm", limits=limits)
    try:
        assert plugin.runtime is not None
        plugin.runtime.measure = True
        yield plugin
        rows.append(row_of(host, plugin))
    finally:
        plugin.unload()


def _wants_network(call: Caller, installer: Installer, package: Path, rows: list[Row]) -> Trial:
    started = time.perf_counter()
    error, wish = refuse(installer, package)
    milliseconds = (time.perf_counter() - started) * 1000
    rows.append(Row(error.plugin or "", "component", 0, 0, 0.0, None))
    return Trial(
        "network-refused",
        error.plugin or "",
        f"wants to {wish}; that was not granted",
        "refused when it was to be installed; none of its code ever ran",
        error,
        milliseconds,
        (),
        call.check_alive(),
    )


def _spins(host: Host, call: Caller, plugin: Plugin) -> Trial:
    error, milliseconds, together = _fault(host, call, plugin, DeadlineError)
    claim(milliseconds >= _SHORT.deadline_ms, "a call is not stopped before its deadline")
    return Trial(
        "loop-stopped",
        plugin.id,
        "never returns",
        f"stopped after {milliseconds:.0f} ms; its deadline is {_SHORT.deadline_ms:.0f} ms",
        error,
        milliseconds,
        (_together(together),),
        _alone(call, plugin),
    )


def _eats_memory(host: Host, call: Caller, plugin: Plugin) -> Trial:
    error, milliseconds, together = _fault(host, call, plugin, MemoryLimitError)
    limit, used = _SMALL.memory_bytes, plugin.usage.memory
    claim(used is None or used <= limit, f"{plugin.id} got no more memory than its limit")
    return Trial(
        "memory-stopped",
        plugin.id,
        "takes memory until it gets no more",
        f"stopped at {limit >> 20} MiB, its limit, after {milliseconds:.1f} ms",
        error,
        milliseconds,
        (_together(together),),
        _alone(call, plugin),
    )


def _faults(host: Host, call: Caller, plugin: Plugin, faults: int) -> Trial:
    milliseconds = 0.0
    for number in range(1, faults + 1):
        claim(plugin.state == "active", f"{plugin.id} is not quarantined before fault {number}")
        milliseconds += _fault(host, call, plugin, TrapError)[1]
    claim(plugin.state == "quarantined", f"{plugin.id} is quarantined after {faults} faults")
    calls = _calls(plugin)
    error = _caught(lambda: plugin.call(HOOK, path="", text=""), QuarantinedError)
    answered = call.check_alive()
    claim(_calls(plugin) == calls, f"{plugin.id} is not run while it is quarantined")
    plugin.release()
    claim(plugin.state == "active", f"{plugin.id} is active once it is released")
    _fault(host, call, plugin, TrapError)
    claim(_calls(plugin) == calls + 1, f"{plugin.id} is run again once it is released")
    return Trial(
        "faults-quarantined",
        plugin.id,
        "crashes in every call",
        f"quarantined after {faults} crashes; calls of the hook do not reach it any more",
        error,
        milliseconds,
        ("released, it is called again (and crashes again)",),
        answered,
    )


def _revoke(host: Host, call: Caller) -> Trial:
    plugin = host.plugin("secret-scan")
    lines = _log_lines(host, plugin)
    call.check_alive()
    claim(_log_lines(host, plugin) == lines + 1, f"{plugin.id} writes to its log what it found")
    plugin.revoke("log")
    before = _total_ms(plugin)
    others = call.check_alive(without=plugin.id)
    milliseconds = _total_ms(plugin) - before
    error = _last_fault(host, plugin, CapabilityDeniedError)
    claim(_log_lines(host, plugin) == lines + 1, f"{plugin.id} writes nothing once that is revoked")
    plugin.grant("log")
    return Trial(
        "revoke-binds",
        plugin.id,
        "has its permission to write to its log revoked while it is loaded",
        "its very next call is refused",
        error,
        milliseconds,
        (f"the {others} others answered that call; granted again, it works again",),
        call.check_alive(),
    )


def _fault(host: Host, call: Caller, plugin: Plugin, kind: type[Error]) -> tuple[Error, float, int]:
    """Call the hook with a plugin that will fault.

    Returns:
        Its error, the milliseconds that it ran, and how many others answered the same call.
    """
    before = _total_ms(plugin)
    together = call.check_alive()
    return _last_fault(host, plugin, kind), _total_ms(plugin) - before, together


def _last_fault(host: Host, plugin: Plugin, kind: type[Error]) -> Error:
    fault = host.faults[-1] if host.faults else None
    if fault is None or fault.plugin != plugin.id or not isinstance(fault.error, kind):
        raise ClaimError(
            f"{plugin.id} ends in {kind.__name__}, not in {fault.error if fault else 'nothing'!r}"
        )
    return fault.error


def _caught(action: Callable[[], object], kind: type[Error]) -> Error:
    try:
        action()
    except kind as error:
        return error
    raise ClaimError(f"the call is refused with {kind.__name__}")


def _alone(call: Caller, plugin: Plugin) -> int:
    """How many answer without ``plugin``."""
    plugin.deactivate()
    return call.check_alive()


def _together(count: int) -> str:
    return f"the {count} well-behaved plugins answered the same call"


def _calls(plugin: Plugin) -> int:
    stats = plugin.stats.get(HOOK)
    return stats.calls if stats is not None else 0


def _total_ms(plugin: Plugin) -> float:
    stats = plugin.stats.get(HOOK)
    return stats.total_ms if stats is not None else 0.0


def _log_lines(host: Host, plugin: Plugin) -> int:
    return len(host.state.logs(plugin.id, limit=100_000))
