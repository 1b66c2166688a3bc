"""Run a component: instances, and one call from Python values to Python values.

``per-call`` makes a store for every call and nothing survives it; ``pooled`` keeps idle
instances for reuse; ``persistent`` keeps exactly one, so calls take turns. Whatever the mode, an
instance in which a call failed is thrown away: after a trap nothing in it can be trusted.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hyperhost.contracts.limits import Limits
from hyperhost.errors import (
    BadResultError,
    ConcurrencyLimitError,
    HyperHostError,
    RefusalError,
    StackLimitError,
)
from hyperhost.sandbox import capi
from hyperhost.sandbox.call import Budget, Call, RetiredError
from hyperhost.sandbox.capi import func_call, post_return, val_delete
from hyperhost.sandbox.export import Export
from hyperhost.sandbox.faults import call_error
from hyperhost.sandbox.layout import VAL_SIZE, address
from hyperhost.sandbox.linker import Linked
from hyperhost.sandbox.shape import MAX_INSTANCES
from hyperhost.sandbox.tape import LISTENED_BYTES, Tape, attach

if TYPE_CHECKING:
    import wasmtime
    import wasmtime.component as wc

    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.sandbox.engine import Sandbox
    from hyperhost.sandbox.services import Services

__all__ = ["ComponentRuntime", "InstanceMode", "Observer"]

InstanceMode = Literal["per-call", "pooled", "persistent"]
_TABLES = 100
_ELEMENT_BYTES = 8
_LEAST_ELEMENTS = 20_000
_MOST_ELEMENTS = 1_000_000
_MOST_NESTED = 6
"""Calls within calls of one thread. Each may use the whole guest stack (0.5 MiB) of the thread's own
stack, which has 8 MiB as a rule; running over its end would kill the process."""


Observer = Callable[[Call, float, BaseException | None, int | None, int | None], None]
"""Told about every finished call: the call, seconds it took, what ended it, fuel used, bytes of memory.

Fuel is ``None`` when it is not counted, memory ``None`` when it is not measured.
"""


class _Instance:
    """A store with one instance in it. Used by one thread at a time."""

    __slots__ = ("context", "functions", "instance", "result", "result_address", "state", "store")

    def __init__(self, store: int, context: int) -> None:
        self.store = store
        self.context = context
        self.instance = capi.Instance()
        self.functions: dict[str, tuple[Any, int]] = {}
        self.state: dict[str, Any] = {}
        self.result = ctypes.create_string_buffer(VAL_SIZE)
        self.result_address = ctypes.addressof(self.result)


class ComponentRuntime:
    """Calls hooks of one loaded component.

    Args:
        sandbox: Engine, gate and ticker.
        plugin: Id of the plugin.
        component: The compiled component.
        engine: The engine that compiled it.
        linked: Its linked imports.
        exports: The hooks it implements, by Python name.
        grants: What it may do; shared with whoever grants and revokes.
        limits: What a call may use.
        instances: How instances are kept.
        config: The plugin's configuration.
        services: What host functions work with.
        observe: Told about every finished call.
        measure: Also report the guest's memory; costs about 0.2 ms a call.
        about: Goes on the tapes of its calls: which package this is, for whoever reads them.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        plugin: str,
        component: wc.Component,
        engine: wasmtime.Engine,
        linked: Linked,
        exports: Mapping[str, Export],
        grants: GrantSet,
        limits: Limits,
        instances: InstanceMode,
        config: Mapping[str, Any],
        services: Services,
        observe: Observer | None = None,
        measure: bool = False,
        about: Any = None,
    ) -> None:
        self._sandbox = sandbox
        self._gate = sandbox.gate
        self._ticker = sandbox.ticker
        self._plugin = plugin
        self._component = component
        self._component_pointer = capi.pointer(component)
        self._engine_pointer = capi.pointer(engine)
        self._linked = linked
        self.exports = dict(exports)
        self._grants = grants
        self._budget = Budget(limits)
        self._memory = limits.memory_bytes
        self._memories = limits.memories
        # All tables together may take about as much as one memory, but what real programs need in any case.
        fair = self._memory // (_TABLES * _ELEMENT_BYTES)
        self._table_elements = min(max(fair, _LEAST_ELEMENTS), _MOST_ELEMENTS)
        self._mode = instances
        self._config = config
        self._services = services
        self._observe = observe
        self.measure = measure
        self.about = about
        self._idle: list[_Instance] = []
        slots = 1 if instances == "persistent" else limits.concurrency
        self._slots = deque([None] * slots)
        self._waiting = 0
        self._slot_count = slots
        self._freed = threading.Condition()
        self._closed = False
        self._finished = False

    def call(self, export: Export, arguments: Sequence[Any]) -> Any:
        """Call one hook.

        Args:
            export: Which one.
            arguments: Values for ``export.arguments``, in that order.

        Returns:
            The hook's result as Python values.

        Raises:
            BadArgumentError: an argument does not fit its type.
            RefusalError: the plugin answered with its ``err`` case.
            SandboxError: anything else that can go wrong, by its own class.
        """
        call = Call(
            self._plugin, export.hook, self._budget, self._grants, self._config, self._services, _NO_STATE
        )
        started = time.perf_counter()
        error: BaseException | None = None
        memory = fuel = None
        keep: list[Any] = []
        packed = None
        here = self._gate.running
        running, listen = here.calls, here.listen
        if len(running) >= _MOST_NESTED:
            raise self._nested(call)
        _room_for_callbacks(6)
        self._take_slot(call)
        running.append(call)
        try:
            if listen is not None:
                call.tape_bytes = LISTENED_BYTES
            packed = self._packed(export, arguments, keep.append)
            instance = self._acquire(call)
            sound = False
            try:
                value = self._enter(instance, export, packed, call)
                sound = True
            finally:
                if self.measure:
                    from hyperhost.sandbox.footprint import guest_memory_bytes

                    memory = guest_memory_bytes()
                if self._budget.fuel is not None:
                    fuel = self._budget.fuel - self._fuel_left(instance)
                self._release(instance, sound=sound)
            answer = self._answer(export, value)
            if listen is not None:
                listen(Tape.of(call, export, arguments, self._mode, self.about, fuel, None, answer))
            return self._services.revealed.value(self._plugin, answer)
        except BaseException as caught:
            error = caught
            if packed is not None:
                self._keep_tape(call, export, arguments, fuel, caught)
            self._services.revealed.error(self._plugin, caught)
            raise
        finally:
            running.pop()
            self._free_slot()
            keep.clear()  # who keeps the error keeps this frame, but need not keep all arguments as C values
            try:
                if self._observe is not None:
                    self._observe(call, time.perf_counter() - started, error, fuel, memory)
            finally:
                error = None  # its traceback leads back here

    def _keep_tape(
        self, call: Call, export: Export, arguments: Sequence[Any], fuel: int | None, error: BaseException
    ) -> None:
        """Give the tape of a call that did not return to whoever listens, and to who records the fault."""
        if not isinstance(error, Exception):
            return
        if (listen := self._gate.running.listen) is not None:
            listen(Tape.of(call, export, arguments, self._mode, self.about, fuel, error))
        theirs = getattr(error, "plugin", None) not in (None, self._plugin)
        if not theirs and not isinstance(error, RefusalError):  # another plugin's fault is recorded there
            attach(error, Tape.of(call, export, arguments, self._mode, self.about, fuel))

    def close(self) -> None:
        """Free every idle instance; those still running are freed when their call ends."""
        self._closed = True
        mine = any(
            call.plugin == self._plugin for call in self._gate.running.calls
        )  # it cannot wait for itself
        with self._freed:
            deadline = time.monotonic() + (0 if mine else self._budget.deadline_s + 1)
            self._waiting += 1  # before looking: a slot freed since then is announced
            while len(self._slots) < self._slot_count and (left := deadline - time.monotonic()) > 0:
                self._freed.wait(left)
            self._waiting -= 1
        self._discard_idle()
        self._finish()

    def _finish(self) -> None:
        """Free what all instances share, once the last call has ended."""
        with self._freed:
            if self._finished or len(self._slots) < self._slot_count:
                return
            self._finished = True
        self._discard_idle()  # a call that ended while close() looked may have put its instance back
        self._linked.close()
        self._component.close()

    def _discard_idle(self) -> None:
        while True:
            try:
                instance = self._idle.pop()
            except IndexError:
                return
            self._discard(instance)

    @property
    def live_instances(self) -> int:
        """Instances kept for the next call."""
        return len(self._idle)

    def _packed(self, export: Export, arguments: Sequence[Any], keep: Callable[[Any], None]) -> bytes:
        """The arguments as C values; whoever passes wrong ones costs the plugin no instance."""
        try:
            return export.lower(*arguments, keep)
        except Exception as caught:  # noqa: BLE001 - struct, attribute and key errors alike mean a bad value
            raise export.explain(arguments, caught).located(self._plugin, export.hook) from None

    def _enter(self, instance: _Instance, export: Export, packed: bytes, call: Call) -> Any:
        """Run and lift. The instance is sound only when this returns."""
        function = self._function(instance, export)
        context, result = instance.context, instance.result_address
        if self._budget.fuel is not None:
            capi.set_fuel(context, self._budget.fuel)
        self._watch(instance, call)
        lifted = None
        try:
            error = func_call(function, context, address(packed), export.count, result, export.has_result)
            if error or call.failure is not None:
                raise call_error(call, error, instantiating=False)
            if export.has_result:
                try:
                    if export.lift is not None:
                        lifted = export.lift(result, call.charge_result)
                except HyperHostError:
                    raise
                except Exception as caught:
                    raise BadResultError(
                        f"returned a value that {export.hook} does not allow: "
                        f"{type(caught).__name__}: {caught}",
                        plugin=self._plugin,
                        hook=export.hook,
                        hint="the plugin was built for another contract",
                    ) from caught
                finally:
                    val_delete(result)
                    # The next call drops what it finds here; boxed payloads (option, variant, result)
                    # would be freed twice. Kind 0 is a bool, which owns nothing.
                    instance.result[0] = b"\0"
            error = post_return(function, context)
            if error or call.failure is not None:
                raise call_error(call, error, instantiating=False)
        finally:
            self._unwatch(instance)
        return lifted

    @staticmethod
    def _answer(export: Export, value: Any) -> Any:
        if not export.answers_result:
            return value
        is_ok, inner = value
        if is_ok:
            return inner
        if export.refusal is not None:
            raise export.refusal(inner.get("reason", ""), inner.get("rule", ""))
        raise BadResultError(f"answered with an error: {inner!r}", hook=export.hook)

    def _nested(self, call: Call) -> StackLimitError:
        return StackLimitError(
            f"was called by a host function of a call of a host function, {_MOST_NESTED} deep",
            plugin=self._plugin,
            hook=call.hook,
            hint="host functions should not call hooks that components answer",
        )

    def _take_slot(self, call: Call) -> None:
        try:
            self._slots.pop()
        except IndexError:
            self._wait_for_slot(call)
        if self._closed:  # looked at with the slot in hand: close() waits for slots before it frees anything
            self._free_slot()
            raise RetiredError("is unloaded", plugin=self._plugin, hook=call.hook, hint="load it again")

    def _wait_for_slot(self, call: Call) -> None:
        with self._freed:
            self._waiting += 1
            try:
                while True:
                    try:
                        self._slots.pop()
                        return
                    except IndexError:
                        left = call.deadline - time.monotonic()
                        if left <= 0 or not self._freed.wait(left):
                            break
            finally:
                self._waiting -= 1
        raise ConcurrencyLimitError(
            f"{self._slot_count} calls were already running and none ended in time",
            plugin=self._plugin,
            hook=call.hook,
            hint="raise Limits.concurrency, or use instances='pooled' instead of 'persistent'",
        )

    def _free_slot(self) -> None:
        self._slots.append(None)
        if self._waiting:
            with self._freed:
                self._freed.notify_all()
        if self._closed:
            self._finish()

    def _acquire(self, call: Call) -> _Instance:
        if self._mode != "per-call":
            try:
                instance = self._idle.pop()
            except IndexError:
                pass
            else:
                call.state = instance.state
                call.reused = True
                return instance
        return self._instantiate(call)

    def _instantiate(self, call: Call) -> _Instance:
        store = capi.store_new(self._engine_pointer, None, None)
        context = capi.store_context(store)
        capi.store_limiter(store, self._memory, self._table_elements, MAX_INSTANCES, _TABLES, self._memories)
        capi.store_epoch_callback(store, self._gate.epoch_callback, None, None)
        capi.set_epoch_deadline(context, 1)
        if self._budget.fuel is not None:
            capi.set_fuel(context, self._budget.fuel)
        instance = _Instance(store, context)
        call.state = instance.state
        self._watch(instance, call)
        try:
            error = capi.instantiate(
                self._linked.pointer, context, self._component_pointer, ctypes.addressof(instance.instance)
            )
        finally:
            self._unwatch(instance)
        if error or call.failure is not None:
            failure = call_error(call, error, instantiating=True)
            self._discard(instance)
            raise failure
        return instance

    def _watch(self, instance: _Instance, call: Call) -> None:
        self._gate.calls[instance.context] = call
        self._ticker.start(instance.context, call.deadline)

    def _unwatch(self, instance: _Instance) -> None:
        self._ticker.stop(instance.context)
        self._gate.calls.pop(instance.context, None)

    def _function(self, instance: _Instance, export: Export) -> int:
        known = instance.functions.get(export.name)
        if known is None:
            function = capi.Func()
            found = capi.get_func(
                ctypes.addressof(instance.instance),
                instance.context,
                export.pointer,
                ctypes.addressof(function),
            )
            if not found:
                raise BadResultError("the export is gone", plugin=self._plugin, hook=export.hook)
            known = instance.functions[export.name] = (function, ctypes.addressof(function))
        return known[1]

    def _fuel_left(self, instance: _Instance) -> int:
        left = ctypes.c_uint64(0)
        error = capi.get_fuel(instance.context, ctypes.addressof(left))
        if error:
            capi.error_delete(error)
        return left.value

    def _release(self, instance: _Instance, *, sound: bool) -> None:
        if sound and self._mode != "per-call" and not self._closed:
            self._idle.append(instance)
        else:
            self._discard(instance)

    @staticmethod
    def _discard(instance: _Instance) -> None:
        if instance.state:
            from hyperhost.sandbox.wasi import close_state

            try:
                close_state(instance.state)  # ends files, and the last line of what was printed
            finally:
                capi.store_delete(instance.store)
        else:
            capi.store_delete(instance.store)


def _room_for_callbacks(frames: int) -> None:
    """Raise ``RecursionError`` here, before anything began, rather than where wasmtime calls back.

    A callback that cannot even start cannot say so: a host function would seem to have returned.
    """
    if frames:
        _room_for_callbacks(frames - 1)


_NO_STATE: dict[str, Any] = {}
