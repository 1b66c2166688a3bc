"""The chokepoint: every host function of every component is run by :class:`BoundFunction`.

In this order, for each call of one: count it, check the remaining time, read the arguments,
count their bytes, ask which capabilities it needs and check each against the live grants, run the
body, count and write the answer. Nothing that a body raises escapes into wasmtime: it is kept in
the :class:`~hyperhost.sandbox.call.Call` and the guest is ended with a plain error, because
wasmtime-py keeps exceptions in one process-wide variable that two threads could swap.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from hyperhost.errors import BadResultError, CapabilityDeniedError, HyperHostError, SandboxError
from hyperhost.sandbox import capi
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.explain import explain
from hyperhost.sandbox.interface import Err, HostFunction
from hyperhost.sandbox.layout import address
from hyperhost.sandbox.lift import Lifting
from hyperhost.sandbox.lower import Lowering
from hyperhost.sandbox.resources import ResourceBridge
from hyperhost.sandbox.tape import MAX_STEPS, UNANSWERED, Listener, undropped, unread
from hyperhost.sandbox.types import Function, Result

__all__ = ["BoundFunction", "weight"]


def weight(value: Any) -> int:
    """Roughly the bytes a value takes on its way across: text and bytes by length, the rest 8 each."""
    cls = value.__class__
    if cls is str or cls is bytes:
        return len(value) + 8
    if cls is list or cls is tuple or cls is set or cls is frozenset:
        return 8 + sum(map(weight, value))
    if cls is dict:
        return 8 + sum(weight(key) + weight(item) for key, item in value.items())
    if dataclasses.is_dataclass(value):
        return 8 + sum(weight(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 8


class BoundFunction:
    """One host function as one component imports it.

    Args:
        interface: Full name of the interface, for errors.
        function: What to run and what it needs.
        host: Its Python type.
        guest: Its type in the component; known to fit.
        bridge: Creates and reads handles.
    """

    __slots__ = (
        "_answers_result",
        "_bridge",
        "_function",
        "_guest",
        "_host",
        "_lift",
        "_lower",
        "_requires",
        "_run",
        "interface",
    )

    def __init__(
        self, interface: str, function: HostFunction, host: Function, guest: Function, bridge: ResourceBridge
    ) -> None:
        self.interface = interface
        self._function = function
        self._host = host
        self._guest = guest
        self._bridge = bridge
        self._requires = function.requires
        self._run: Callable[..., Any] = function.body
        by_name = {name: kind for _, name, kind in host.parameters}
        lifting = Lifting(bridge.read)
        self._lift = lifting.values(
            "arguments", [(by_name[name], kind) for _, name, kind in guest.parameters]
        )
        self._answers_result = isinstance(host.result, Result)
        self._lower: Any = None
        if host.result is not None and guest.result is not None:
            lowering = Lowering(bridge.create)
            self._lower = lowering.function("answer", ["a0"], [(host.result, guest.result, "a0")])

    @property
    def function(self) -> str:
        """WIT name of the function within its interface."""
        return self._function.name

    @property
    def type(self) -> Function:
        """The Python view of its parameters and result."""
        return self._host

    @property
    def name(self) -> str:
        """Interface and function, for errors: ``hyperhost:host/log@1.0.0 write``."""
        return f"{self.interface} {self.function}"

    def enter(self, call: Call, context: int, arguments: int, results: int) -> None:
        """Run the function for the guest: check, do, answer. Raises whatever goes wrong."""
        call.begin_host_call()
        self._bridge.context = context
        values = self._lift(arguments, call.charge_bytes)
        step = [self, values, UNANSWERED]
        if call.steps is not None:
            call.steps.append(step)
        needed = self._requires(call, *values)
        if not needed and not self._function.unprivileged:
            # Fails closed: a function that forgot to say what it needs reaches nothing.
            raise CapabilityDeniedError(f"host function {self.name} names no capability")
        for capability in needed:
            call.grants.require(capability, hook=call.hook)
        if self._answers_result:
            try:
                answer: Any = (True, self._run(call, *values))
            except Err as refused:
                answer = (False, refused.value)
        else:
            answer = self._run(call, *values)
        call.remaining_s()
        if self._lower is not None:
            self._answer(call, answer, results, context)
        step[2] = answer
        if call.host_bytes > call.tape_bytes or call.host_calls > MAX_STEPS:
            call.steps = None

    def _answer(self, call: Call, answer: Any, results: int, context: int) -> None:
        call.charge_bytes(weight(answer))
        keep: list[Any] = []
        self._bridge.context = context  # a nested call may have changed it
        try:
            packed = self._lower(answer, keep.append)
        except Exception as caught:
            assert self._host.result is not None
            problem = explain(self._host.result, answer, "its answer", self._guest.result)
            problem = problem or f"its answer does not fit: {caught}"
            self._bridge.release(keep)
            raise BadResultError(f"host function {self.name}: {problem}") from caught
        capi.val_clone(address(packed), results)
        self._bridge.release(keep)


class Running(threading.local):
    """The calls that run in this thread, each made by a host function of the one before it.

    Attributes:
        calls: As above, the outermost first.
        listen: Told about each of them when it ends, if somebody listens.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.listen: Listener | None = None


class Gate:
    """Receives wasmtime's callbacks and hands them to the right function and call.

    Attributes:
        calls: The call that runs in a store, by the address of the store's context.
        running: The calls of the thread that asks.
    """

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self.running = Running()
        self._functions: dict[int, BoundFunction] = {}
        self._destructors: dict[int, Callable[[Call, int], None]] = {}
        self._lock = threading.Lock()
        self._last = 0
        # The callback objects must live as long as any linker that refers to them.
        self._callbacks = (
            capi.Callback(capi.HOST_CALLBACK, self._enter, self._failed),
            capi.Callback(capi.RESOURCE_CALLBACK, self._drop, self._failed),
            capi.Callback(capi.EPOCH_CALLBACK, self._overdue, self._failed),
        )
        self.host_callback, self.resource_callback, self.epoch_callback = (
            callback.address for callback in self._callbacks
        )

    def add(self, item: BoundFunction | Callable[[Call, int], None]) -> int:
        """Number a function or a destructor, for use as callback data."""
        with self._lock:
            self._last += 1
            if isinstance(item, BoundFunction):
                self._functions[self._last] = item
            else:
                self._destructors[self._last] = item
            return self._last

    def remove(self, numbers: list[int]) -> None:
        """Forget functions and destructors of a linker that is gone."""
        for number in numbers:
            self._functions.pop(number, None)
            self._destructors.pop(number, None)

    def _enter(
        self, data: int, context: int, _type: int, arguments: int, _count: int, results: int, _results: int
    ) -> int:
        call = self.calls.get(context)
        try:
            if call is None:
                raise SandboxError("a host function was called outside of a hook call")
            self._functions[data].enter(call, context, arguments, results)
        except BaseException as caught:  # noqa: BLE001 - nothing may escape into wasmtime
            if call is not None and call.failure is None:
                call.failure = caught
                unread(call, self._functions.get(data))
            return int(capi.error_new(b"stopped by the host"))
        return 0

    def _drop(self, data: int, context: int, handle: int) -> int:
        call = self.calls.get(context)
        try:
            if call is not None:
                self._destructors[data](call, handle)
        except BaseException as caught:  # noqa: BLE001 - nothing may escape into wasmtime
            if call is not None and call.failure is None:
                call.failure = caught
                undropped(call, handle)
            return int(capi.error_new(b"stopped by the host"))
        return 0

    def _overdue(self, context: int, _data: int, delta: Any, kind: Any) -> int:
        call = self.calls.get(context)
        try:
            if call is None:
                return int(capi.error_new(b"no call is running"))
            call.remaining_s()
        except BaseException as caught:  # noqa: BLE001 - nothing may escape into wasmtime
            if call is not None and call.failure is None and not isinstance(caught, HyperHostError):
                call.failure = caught  # a deadline has marked the call; Ctrl-C comes here, too
            return int(capi.error_new(b"stopped at its deadline"))
        delta[0] = 1
        kind[0] = 0  # WASMTIME_UPDATE_DEADLINE_CONTINUE
        return 0

    def _failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> int:
        """A callback could not even begin, or not finish: end the innermost call of this thread."""
        calls = self.running.calls
        if calls and calls[-1].failure is None:
            calls[-1].failure = error
        return int(capi.error_new(b"stopped by the host"))
