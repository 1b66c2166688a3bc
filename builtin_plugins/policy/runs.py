"""Operations while they run; all that is loaded for those that no policy has to do with."""

from __future__ import annotations

import dataclasses
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome

__all__ = ["Run", "Running", "noted"]


@dataclass(slots=True)
class Run:
    """An operation while it runs.

    Attributes:
        call: What was asked.
        info: What is known of the operation, once somebody wanted to know.
        notes: What policies have found, for the audit log.
    """

    call: OperationCall
    info: OperationInfo | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)


class Running(threading.local):
    """The operations that run in this thread, the outermost first."""

    def __init__(self) -> None:
        self.runs: list[Run] = []


def noted(run: Run, outcome: OperationOutcome) -> OperationOutcome:
    """An outcome with what policies have found.

    The audit log records a reading only when something private was handed out. What a policy has found
    it has to hear of in any case.
    """
    details = json.loads(outcome.details_json)
    details["policies"] = [*details.get("policies", []), *run.notes]
    changes = run.info is not None and run.info.changes
    text = json.dumps(details, ensure_ascii=False)
    return dataclasses.replace(outcome, details_json=text, private=outcome.private or not changes)
