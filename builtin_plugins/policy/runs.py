"""Operations while they run; all that is loaded for those that no policy has to do with."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
        known: What was found out about people, kept until it ends.
    """

    call: OperationCall
    info: OperationInfo | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    known: dict[tuple[str, ...], Any] = field(default_factory=dict)


class Running(threading.local):
    """The operations that run in this thread, the outermost first.

    Attributes:
        runs: Those.
        asks: Policies themselves ask for something, which is not judged.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.asks = False

    def known(self) -> dict[tuple[str, ...], Any]:
        """What was found out during the operation that runs; nothing is kept without one."""
        return self.runs[-1].known if self.runs else {}

    @contextmanager
    def unjudged(self) -> Iterator[None]:
        """What policies themselves ask for inside is not judged."""
        before, self.asks = self.asks, True
        try:
            yield
        finally:
            self.asks = before


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
