"""Stands around every operation: its entry is written in the transaction of the change, or none is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError

from .entries import Story, failed, is_denial, is_harmless, succeeded

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .catalog import Catalog
    from .chain import Chain

__all__ = ["Recorder"]

Around = Generator[None, OperationOutcome | None, OperationOutcome | None]
Own = Callable[[OperationCall], OperationOutcome | None]
_LOST: Final = "storage.lost"
"""Rule of a store that is gone: no entry can be written, and that is no fault of this plugin."""


class _Running(threading.local):
    """What this thread is in the middle of."""

    story: Story | None = None


class Recorder:
    """Runs around ``operation_run``.

    Args:
        hook: The host's hooks.
        catalog: What operations there are.
        chain: Where entries go.
        own: Answers operations of this plugin.
        fault: Told of an entry of a failure that could not be written.
    """

    def __init__(
        self, hook: HookRelay, catalog: Catalog, chain: Chain, own: Own, fault: Callable[[Exception], None]
    ) -> None:
        self._hook = hook
        self._catalog = catalog
        self._chain = chain
        self._own = own
        self._fault = fault
        self._running = _Running()

    def around(self, call: OperationCall) -> Around:
        """One operation.

        What runs inside of an operation that changes something is told in that one's entry and has none
        of its own. An operation that changes nothing by itself, such as one made of many steps, may run
        others that do; each of these is one by itself.
        """
        running = self._running
        if running.story is not None:
            return (yield from self._inside(call, running.story))
        info = self._catalog.info(call.operation)
        if info is not None and not info.changes:
            return (yield from self._reading(call, info))
        running.story = Story()  # what is not offered may change anything
        try:
            return (yield from self._changing(call, running.story))
        finally:
            running.story = None

    def _inside(self, call: OperationCall, story: Story) -> Around:
        story.inner[call.operation] += 1
        try:
            outcome = (yield) or self._own(call)
        except BaseException:
            story.inner_failed += 1
            raise
        if outcome is not None:
            story.add(outcome.changes)
        return outcome

    def _changing(self, call: OperationCall, story: Story) -> Around:
        hook = self._hook
        outermost = hook.storage_begin(write=True)
        try:
            outcome = (yield) or self._own(call)
            entry = None
            if outcome is not None:
                entry = self._chain.append(succeeded(call, outcome, story))
        except BaseException as error:
            self._undo()
            self._remember_failure(call, error, story)
            raise
        try:
            durable = hook.storage_end(commit=True)  # without an outcome nobody has written anything
            if outermost and entry is not None and not durable:
                raise RefusalError(
                    f"{call.operation} went on after a part of it had failed, so nothing of it was kept",
                    "storage.failed",
                    hint="let the failure of the part end the operation",
                )
        except Exception as error:
            self._remember_failure(call, error, story)
            raise
        if durable and entry is not None:
            self._chain.settle(entry, force=call.operation == "audit_seal")
        return outcome

    def _reading(self, call: OperationCall, info: OperationInfo) -> Around:
        try:
            outcome = (yield) or self._own(call)
        except Exception as error:
            if is_denial(error) or (info.reads_private and not is_harmless(error, call.principal)):
                self._remember_failure(call, error, Story())
            raise
        if outcome is not None and outcome.private:
            self._write(succeeded(call, outcome, Story()))
        return outcome

    def _write(self, fields: dict[str, Any]) -> None:
        """An entry in a unit of its own."""
        self._hook.storage_begin(write=True)
        try:
            entry = self._chain.append(fields)
        except BaseException:
            self._undo()
            raise
        if self._hook.storage_end(commit=True):
            self._chain.settle(entry)

    def _undo(self) -> None:
        """Undo the unit. When even that fails, the store has given it up already."""
        try:
            self._hook.storage_end(commit=False)
        except Exception as error:  # noqa: BLE001 - the error that led here is the one to raise
            self._fault(error)

    def _remember_failure(self, call: OperationCall, error: BaseException, story: Story) -> None:
        """Its entry, if it can be written; the error that is raised stays the one of the operation."""
        if isinstance(error, GeneratorExit):
            return
        try:
            self._write(failed(call, error, story))
        except Exception as problem:  # noqa: BLE001 - the operation has failed already; this is told beside
            error.add_note(f"the audit log could not tell of this failure: {problem}")
            if getattr(problem, "rule", "") != _LOST:
                self._fault(problem)
