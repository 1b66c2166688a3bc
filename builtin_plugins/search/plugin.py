"""Hook implementations of search: the operations, and hearing of changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import ArtifactChange, OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

    from .follower import Follower

__all__ = ["SearchOperations"]

_COUNTING: Final = ("download", "rate")
"""Operations that change what hits are sorted by, and are no change of an artifact."""
_REPLACING: Final = ("backup_restore", "migrate", "downgrade", "upgrade")
"""Operations after which the store may be another one."""


class SearchOperations:
    """Operations over the service ``search``, whose index follows the store."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._follower: Follower | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    def plugin_stop(self) -> None:
        """End the thread that indexes. What it has not indexed, the next search does."""
        if self._follower is not None:
            self._follower.stop()

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in written_operations(__file__):
            return None
        from .operations import run

        if self._context is None:
            raise RefusalError("search needs a host", "state:search", hint="register it with a host")
        return run(call, self._context, self._following())

    @hookimpl(wrapper=True, specname="operation_run", priority=15)
    def around(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """Notice what changes figures or artifacts, and what replaces the store."""
        outcome = yield
        if outcome is not None and self._context is not None:
            if call.operation in _COUNTING:
                data = json.loads(outcome.result_json)
                self._following().touched.add(data.get("artifact", data)["id"])
            elif call.operation in _REPLACING and self._follower is not None:
                self._follower.doubt()
            if outcome.changes:  # within the unit of work of the operation, when the audit log has begun it
                self._following().join()
        return outcome

    @hookimpl
    def artifact_created(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_updated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_published(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_deprecated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    @hookimpl
    def artifact_deleted(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._changed()

    def _changed(self) -> None:
        if self._context is not None:
            self._following().changed()

    def _following(self) -> Follower:
        """The follower, made when it is first needed: its modules take a while to import."""
        with self._starting:
            if self._follower is None:
                from .follower import Follower

                assert self._context is not None
                self._follower = Follower(self._context)
            return self._follower
