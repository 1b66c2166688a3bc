"""What an engine was told and has not committed yet; the same for every engine that keeps it in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from hyperhost.contracts.search import SearchDocument
from hyperhost.errors import RefusalError

from .document import FlatDocument, flat

__all__ = ["Pending"]

Changes = dict[str, FlatDocument | None]


class _Own(threading.local):
    def __init__(self) -> None:
        self.changes: Changes = {}


class _Shared:
    def __init__(self) -> None:
        self.changes: Changes = {}


class Pending:
    """Documents to be added or replaced by id, and ids to be removed, as ``None``. Any thread may use it.

    Args:
        by_thread: Each thread commits what it was told itself, and forgets it when that fails. That is for an
            index that joins the store's transactions: nobody else may commit what one of them has not yet.
    """

    def __init__(self, *, by_thread: bool = False) -> None:
        self._by_thread = by_thread
        self._guard = threading.Lock()
        self._held: _Own | _Shared = _Own() if by_thread else _Shared()

    def index(self, documents: Iterable[SearchDocument]) -> int:
        """Documents to be indexed; how many there are."""
        changed: Changes = {document.artifact.id: flat(document) for document in documents}
        with self._guard:
            self._held.changes |= changed
        return len(changed)

    def remove(self, artifact_ids: Iterable[str], count: Callable[[list[str]], int]) -> int:
        """Ids to be removed; how many of them will be gone that were there.

        Args:
            artifact_ids: They.
            count: Says how many of some ids are in the index.
        """
        removed = list(dict.fromkeys(artifact_ids))
        with self._guard:
            changes = self._held.changes
            told = sum(1 for each in removed if changes.get(each) is not None)
            unknown = [each for each in removed if each not in changes]
            changes |= dict.fromkeys(removed)
        try:
            return told + (count(unknown) if unknown else 0)
        except BaseException:
            if self._by_thread:
                self._held.changes = {}
            raise

    @contextmanager
    def taken(self) -> Iterator[Changes]:
        """All of it, for a block that commits it.

        When the block fails it is kept for the next time; except after ``search.moved``, as whoever was
        overtaken by another process tells everything again, from another place.
        """
        with self._guard:
            changes, self._held.changes = self._held.changes, {}
        try:
            yield changes
        except BaseException as error:
            if not self._by_thread and not (isinstance(error, RefusalError) and error.rule == "search.moved"):
                with self._guard:
                    self._held.changes = changes | self._held.changes
            raise
