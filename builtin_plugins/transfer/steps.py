"""Steps: the parts of a long transfer, each an operation by itself.

An import of a million artifacts is no transaction. It is made of steps; each is an operation with a
transaction, an audit entry and figures of its own, so that what was done stays done when the
process ends. A step carries Python values, which no arguments in JSON could hold: it waits here, under
a random token, for the operation ``transfer_step`` that takes it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyperhost.contracts import ArtifactChange, OperationCall, OperationInfo, OperationOutcome, Principal

from .refusals import missing, wrong_state
from .store import unit

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["STEP", "Step", "alone", "run_step", "take_step"]

T = TypeVar("T")
_OPERATION: Final = "transfer_step"
_WAITING: dict[str, Callable[[Step], Any]] = {}

STEP: Final = OperationInfo(
    _OPERATION,
    "Do one part of an import or a sync; only these can ask for it.",
    "transfer",
    "registry:import",
    changes=True,
    arguments_schema_json='{"type":"object","properties":{"step":{"type":"string"}},"required":["step"],'
    '"additionalProperties":false}',
)


@dataclass(slots=True)
class Step:
    """One step while it runs.

    Attributes:
        hook: The hooks of the registry that is changed.
        principal: Who asked for the transfer.
        at_us: When it runs.
        changes: What happened to artifacts.
        target: What it is about, for the audit log.
        details: More, for the audit log.
    """

    hook: HookRelay
    principal: Principal
    at_us: int
    changes: list[ArtifactChange] = field(default_factory=list)
    target: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def run_step(hook: HookRelay, principal: Principal, work: Callable[[Step], T]) -> T:
    """Run a step through the one door of a registry.

    Args:
        hook: Its hooks.
        principal: Who asked.
        work: What is to be done, as one transaction.

    Returns:
        What ``work`` returned.

    Raises:
        RefusalError: it must not happen, and nothing of it did.
    """
    token = secrets.token_hex(16)
    found: list[T] = []
    _WAITING[token] = lambda step: found.append(work(step))
    try:
        call = OperationCall(_OPERATION, principal, json.dumps({"step": token}), at_us=time.time_ns() // 1000)
        if hook.operation_run(call=call) is None or not found:
            raise wrong_state(
                "registry", "the other registry does not take part in transfers", "load the plugin transfer"
            )
    finally:
        _WAITING.pop(token, None)
    return found[0]


def take_step(call: OperationCall, hook: HookRelay, token: str) -> OperationOutcome:
    """Run the step that waits under a token."""
    work = _WAITING.pop(token, None)
    if work is None:
        raise missing("step", "there is no such step", "use import or sync")
    step = Step(hook, call.principal, call.at_us)
    with unit(hook, write=True):
        work(step)
    details = json.dumps(step.details, ensure_ascii=False, separators=(",", ":"))
    return OperationOutcome("null", step.changes, step.target, details_json=details)


def alone(work: Callable[[], T]) -> T:
    """Run something in a thread of its own, in which no operation and no unit of work is under way.

    Steps of a transfer that was asked for as an operation would otherwise be parts of it: their
    events would wait for its end, and be lost when it fails.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="transfer") as pool:
        return pool.submit(work).result()
