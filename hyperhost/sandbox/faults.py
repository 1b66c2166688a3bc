"""Turn what ended a component call into one typed error.

The order matters: an exception kept from a host function is the cause whatever wasmtime says
afterwards; then the deadline; then the trap code, read through the C API. The text of the error is
quoted, and matched only for the refusals that wasmtime gives no code; a test holds each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmtime import TrapCode

from hyperhost.errors import (
    BadResultError,
    FuelLimitError,
    HostBytesLimitError,
    HostFunctionError,
    HyperHostError,
    LinkError,
    MemoryLimitError,
    OutputLimitError,
    StackLimitError,
    TrapError,
)
from hyperhost.sandbox import capi
from hyperhost.sandbox.footprint import guest_memory_bytes

if TYPE_CHECKING:
    from hyperhost.sandbox.call import Call

__all__ = ["call_error"]

_BAD_VALUE = frozenset(
    code.value
    for code in (
        TrapCode.INVALID_CHAR,
        TrapCode.STRING_OUT_OF_BOUNDS,
        TrapCode.LIST_OUT_OF_BOUNDS,
        TrapCode.INVALID_DISCRIMINANT,
    )
)
_WORDS = {code.value: code.name.lower() for code in TrapCode}
_TOO_MUCH_DATA = "fuel allocated for hostcalls has been exhausted"
_NO_MEMORY = (
    "exceeds memory limits",
    "memory count too high",
    "exceeds table limits",
    "table count too high",
)


def call_error(call: Call, error: int, *, instantiating: bool) -> BaseException:
    """The error behind a failed call; frees ``error``.

    Args:
        call: The call that failed.
        error: The C API's error; 0 when only a host function failed.
        instantiating: It happened before the hook itself began.
    """
    try:
        if call.failure is not None:
            return _from_host_function(call)
        if call.expired:
            return call.deadline_error()
        code = capi.trap_code(error)
        message = _reason(capi.error_message(error))
        if code is not None:
            fault = _from_trap(call, code, message)
        else:
            fault = _from_text(call, message, instantiating, inside=capi.inside_guest(error))
        return fault.located(call.plugin, call.hook)
    finally:
        if error:
            capi.error_delete(error)


def _from_host_function(call: Call) -> BaseException:
    failure = call.failure
    assert failure is not None
    if isinstance(failure, HyperHostError):
        return failure.located(call.plugin, call.hook)
    if not isinstance(failure, Exception):
        return failure  # KeyboardInterrupt and the like are the program's, not the plugin's
    error = HostFunctionError(
        f"a host function raised {type(failure).__name__}: {failure}",
        plugin=call.plugin,
        hook=call.hook,
        hint="this is a fault of the host interface, not of the plugin",
    )
    error.__cause__ = failure
    return error


def _from_trap(call: Call, code: int, message: str) -> HyperHostError:
    if code == TrapCode.STACK_OVERFLOW.value:
        return StackLimitError("recursed too deeply", hint="the guest's stack is fixed; use less recursion")
    if code == TrapCode.OUT_OF_FUEL.value:
        return FuelLimitError(
            f"used up its fuel of {call.limits.fuel}",
            hint="raise Limits.fuel if the work is expected to take more",
        )
    if code == TrapCode.INTERRUPT.value:
        return call.deadline_error()
    if code in _BAD_VALUE:
        return _malformed(message)
    if code == TrapCode.ALLOCATION_TOO_LARGE.value:
        return MemoryLimitError(
            "asked for more memory than can exist", hint="raise Limits.memory if it needs more"
        )
    used = guest_memory_bytes()
    limit = call.limits.memory_bytes
    # A guest whose allocation is refused traps by its own choice; wasmtime does not say why.
    # Memory that has come to more than half of the limit is taken as the reason.
    if code == TrapCode.UNREACHABLE.value and used is not None and used * 2 > limit:
        return MemoryLimitError(
            f"gave up after its memory had grown to {used / 2**20:.1f} MiB "
            f"of the {limit / 2**20:.1f} MiB allowed",
            hint="raise Limits.memory if it needs more",
        )
    trap = TrapError(
        f"trapped: {message}", hint=f"a fault of the plugin; see hyperhost plugin logs {call.plugin}"
    )
    trap.trap = _WORDS.get(code, str(code))
    return trap


def _from_text(call: Call, message: str, instantiating: bool, *, inside: bool) -> HyperHostError:
    limits = call.limits
    if _TOO_MUCH_DATA in message:
        what = "passed more to a host function" if inside else "returned more"
        limited = HostBytesLimitError if inside else OutputLimitError
        return limited(
            f"{what} than can cross at once, about 128 MiB as the engine counts it (32 bytes per item)",
            hint="no limit raises this; split it, or pass bytes as text or files",
        )
    if any(words in message for words in _NO_MEMORY):
        return MemoryLimitError(
            f"could not start: {message}",
            hint=f"raise Limits.memory ({limits.memory}) or Limits.memories ({limits.memories}) for it",
        )
    if instantiating:
        return LinkError(
            f"could not be instantiated: {message}", hint="the component is broken; build or fetch it again"
        )
    return _malformed(message)


def _malformed(message: str) -> BadResultError:
    return BadResultError(
        f"returned or passed a malformed value: {message}",
        hint="the plugin is at fault; build it again with current tools, or tell its author",
    )


def _reason(message: str) -> str:
    """The innermost cause of wasmtime's error text, on one line, without the backtrace."""
    _, _, causes = message.partition("Caused by:")
    lines = [line.strip() for line in (causes or message).splitlines() if line.strip()]
    bugs = [line for line in lines if line.startswith("BUG:")]
    chosen = (bugs or lines[-1:] or ["no reason given"])[0]
    number, separator, rest = chosen.partition(": ")
    if separator and number.isdigit():
        chosen = rest
    return chosen.removeprefix("wasm trap: ")
