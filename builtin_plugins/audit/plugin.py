"""Hook implementations of the audit log; the work is in the other modules.

The wrapper stands inside of the one with figures and events (priority 5) and outside of whatever
judges an operation (20 and more), so that what these refuse is recorded, too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .recorder import Recorder

__all__ = ["Audit"]


class Audit:
    """Records every operation that changes something or hands out what is private."""

    def __init__(self) -> None:
        self._recorder: Recorder | None = None
        self._starting = threading.Lock()
        self._context: hyperhost.PluginContext | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl(specname="operation_list")
    def offered(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(_offered().values())

    @hookimpl(wrapper=True, priority=10)
    def operation_run(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """See the hookspec."""
        return (yield from (self._recorder or self._start()).around(call))

    def _start(self) -> Recorder:
        """The recorder, made when it is first needed: its modules take a while to import."""
        context = self._context
        if context is None:
            raise RefusalError(
                "the audit log was not started by a host", "state:audit", hint="register Audit with a host"
            )
        with self._starting:
            if self._recorder is None:
                self._recorder = _recorder(context)
            return self._recorder


@cache
def _offered() -> dict[str, OperationInfo]:
    """The operations as ``sdk/operations.py`` wrote them down: their modules take a while to import."""
    written = json.loads(Path(__file__).with_name("operations.json").read_text(encoding="utf-8"))
    return {name: OperationInfo(**info) for name, info in written.items()}


def _recorder(context: hyperhost.PluginContext) -> Recorder:
    from .catalog import Catalog
    from .chain import Chain
    from .head import HeadFile
    from .recorder import Recorder

    head = HeadFile(context.data / "head") if context.home is not None else None

    def own(call: OperationCall) -> OperationOutcome | None:
        if call.operation not in _offered():
            return None
        from .operations import Desk

        return Desk(context.hook, head).run(call)

    chain = Chain(context.hook, head, lambda words: context.log("error", words))
    return Recorder(
        context.hook,
        Catalog(context.hook),
        chain,
        own,
        lambda error: context.fault("operation_run", error),
    )
