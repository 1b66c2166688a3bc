"""Hook implementations of templates; the work is in :mod:`.generating`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .rendering import Engines

__all__ = ["Templates"]


class Templates:
    """Generates what templates describe."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._engines: Engines | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        from .rendering import Engines

        self._context = context
        self._engines = Engines(context)

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        # As sdk/operations.py wrote it down: the types of its answer take a while to import.
        written = json.loads(Path(__file__).with_name("operations.json").read_text(encoding="utf-8"))
        return [OperationInfo(**info) for info in written.values()]

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation != "generate":
            return None
        from .generating import generate

        if self._context is None or self._engines is None:
            raise RefusalError("templates were not started by a host", "state:templates")
        return generate(call, self._context.hook, self._engines)
