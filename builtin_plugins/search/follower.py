"""The index follows the store: by its history, from the place that the index itself remembers.

Nothing is indexed while something is created. A search catches up first, so it finds whatever was
acknowledged before it; between searches a thread of a host that stays alive does, once changes pause.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import LogEntry, SearchIndexState
from hyperhost.errors import RefusalError
from hyperhost.query.following import (
    History,
    changed_artifact,
    document_of,
    documents,
    mark_of,
    siblings_of_gone,
)
from hyperhost.query.owners import Owners

from .touched import Touched

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Follower"]

_LOOK_EVERY_S: Final = 0.02
"""How old the news of other processes may be."""
_CHECK_EVERY_S: Final = 5.0
"""How often it is asked whether the store is still the one that was indexed."""
_PAUSE_S: Final = 0.3
_JOINED: Final = 100
"""Changes that a transaction indexes itself; with more it would keep other writers waiting."""
_STOP_S: Final = 10.0
_BUILD_S: Final = 60.0
"""How long a search waits for an index that another process builds."""


class Follower:
    """Keeps the index where the store is.

    Args:
        context: What the host says of itself.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._history = History(context.hook)
        self.touched = Touched((lambda: context.data) if context.home is not None else None)
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._starting = threading.Lock()
        self._news = threading.Event()
        self._counting = threading.Lock()
        self._version, self._seen = 1, 0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked = self._checked = float("-inf")
        self._told = 0.0
        self._reached = 0
        self._joins: bool | None = None

    def changed(self) -> None:
        """Something has changed in the store, and is durable."""
        self._told = time.monotonic()
        self._announce()
        if self._thread is None and not self._stopped.is_set():
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="search-follower", daemon=True)
                    self._thread.start()

    def doubt(self) -> None:
        """The store may be another one than before."""
        self._checked = float("-inf")
        self._joins = None
        self._announce()

    def stop(self) -> None:
        """End the thread. What it has not indexed, the next search does."""
        self._stopped.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def join(self) -> None:
        """Index what this thread's unit of work has changed, within the same transaction of the store.

        Only where the index lies in the store's own database, and reflects all that was changed before.
        Otherwise, and whatever goes wrong here, it is left to those who catch up: nothing is lost, as the
        index says how far it is.
        """
        try:
            if self._joins is None:
                self._joins = self._hook.search_status().joins
            if self._joins:
                self._join()
        except Exception as error:  # noqa: BLE001 - a change is not refused because it cannot be found yet
            self._context.log("warning", f"the search index is behind: {error}")

    def _join(self) -> None:
        state: SearchIndexState = self._hook.search_status()
        if not state.mark or (not state.sequence and self._history.mark(1) == ""):
            return
        entries, more = self._history.after(max(0, state.sequence - 1))
        if state.sequence:
            if not entries or (entries[0].seq, mark_of(entries[0])) != (state.sequence, state.mark):
                return  # it reflects another store
            entries = entries[1:]
        if entries and not more and len(entries) <= _JOINED:
            self._told_to(state, entries, set())

    def catch_up(self) -> int:
        """Bring the index to where the store is now.

        Returns:
            The last change of the store that the index reflects.

        Raises:
            RefusalError: the store or the index cannot be read or written.
        """
        wanted = self._version
        if self._is_seen(wanted):
            return self._reached
        with self._lock:
            if self._is_seen(wanted):  # another thread has done it meanwhile
                return self._reached
            version = self._version
            self._news.clear()
            try:
                self._reached = self._catch_up().sequence
            except BaseException:
                self._news.set()
                raise
            self._looked, self._seen = time.monotonic(), version
            return self._reached

    def fell_back(self, reached: int) -> bool:
        """Whether the index is not that far any more: a rebuild, which began earlier, has taken its place."""
        if self._hook.search_status().sequence >= reached:
            return False
        self._announce()
        return True

    def rebuild(self) -> SearchIndexState:
        """Index the whole store anew, beside the index that answers meanwhile.

        Raises:
            RefusalError: the same is going on already, or the store cannot be read.
        """
        with self._building:
            return self._rebuild()

    def _rebuild(self) -> SearchIndexState:
        end = self._history.end()
        mark = self._history.mark(end)
        name = self._hook.search_rebuild_begin()
        try:
            for batch in documents(self._hook, end, Owners(self._context.trusted)):
                self._hook.search_rebuild_add(rebuild=name, documents=batch)
        except BaseException:
            self._hook.search_rebuild_end(rebuild=name, keep=False, sequence=0, mark="")
            raise
        # An empty store has no change to recognise it by, and yet it was indexed.
        state: SearchIndexState = self._hook.search_rebuild_end(
            rebuild=name, keep=True, sequence=end, mark=mark or "empty"
        )
        self._announce()
        return state

    def behind(self, state: SearchIndexState) -> int:
        """How many changes the index has not seen."""
        return max(0, self._history.end() - state.sequence)

    def _announce(self) -> None:
        """Count something new; an index that was brought up to date before knows nothing of it."""
        with self._counting:
            self._version += 1
        self._news.set()

    def _is_seen(self, version: int) -> bool:
        return self._seen >= version and time.monotonic() - self._looked < _LOOK_EVERY_S

    def _catch_up(self) -> SearchIndexState:
        state: SearchIndexState = self._hook.search_status()
        if not self._known(state):
            if not state.mark and not self._history.after(0)[0]:
                return state  # nothing was ever there
            state = self._built_anew()
        touched = self.touched.take() if self.touched.any else set()
        try:
            more = True
            while more:
                entries, more = self._history.after(state.sequence)
                if not entries and not touched:
                    return state
                state, done = self._told_to(state, entries, touched)
                more, touched = more or not done, set() if done else touched
            return state
        except BaseException:
            self.touched.put_back(touched)
            raise

    def _built_anew(self) -> SearchIndexState:
        """The state of an index of this store; whoever else is building one is waited for."""
        until = time.monotonic() + _BUILD_S
        while True:
            with self._building:
                self._checked = float("-inf")
                state: SearchIndexState = self._hook.search_status()
                if self._known(state):
                    return state  # another thread or process has built it meanwhile
                try:
                    state = self._rebuild()
                except RefusalError as refusal:
                    if refusal.rule != "search.busy" or time.monotonic() > until or self._stopped.is_set():
                        raise
                else:
                    self._context.log(
                        "info", "the search index was of another store or none, and is built anew"
                    )
                    return state
            self._stopped.wait(_LOOK_EVERY_S)

    def _told_to(
        self, state: SearchIndexState, entries: list[LogEntry], touched: set[str]
    ) -> tuple[SearchIndexState, bool]:
        """Tell the engine of changes; how far it is then, and whether they were told."""
        ids = dict.fromkeys(filter(None, map(changed_artifact, entries)))
        ids |= dict.fromkeys(siblings_of_gone(self._hook, entries))
        sequence, mark = (entries[-1].seq, mark_of(entries[-1])) if entries else (state.sequence, state.mark)
        self._tell([*ids, *(touched - set(ids))], sequence)
        try:
            return self._hook.search_commit(after=state.sequence, sequence=sequence, mark=mark), True
        except RefusalError as refusal:
            if refusal.rule != "search.moved":
                raise
            return self._hook.search_status(), False  # another process was faster

    def _known(self, state: SearchIndexState) -> bool:
        """Whether the index reflects this store."""
        if not state.mark:
            return False
        if time.monotonic() - self._checked < _CHECK_EVERY_S:
            return True
        self._checked = time.monotonic()
        return state.mark == (self._history.mark(state.sequence) or "empty")

    def _tell(self, ids: list[str], sequence: int) -> None:
        owners = Owners(self._context.trusted)
        found = {each: document_of(self._hook, each, sequence, owners) for each in ids}
        there = [document for document in found.values() if document is not None]
        gone = [each for each, document in found.items() if document is None]
        if there:
            self._hook.search_index(documents=there)
        if gone:
            self._hook.search_remove(artifact_ids=gone)

    def _run(self) -> None:
        """Catch up whenever changes pause."""
        while not self._stopped.is_set():
            self._news.wait()
            while not self._stopped.is_set() and (rest := self._told + _PAUSE_S - time.monotonic()) > 0:
                self._stopped.wait(rest)
            if self._stopped.is_set():
                return
            try:
                self.catch_up()
            except Exception as error:  # noqa: BLE001 - the next search meets it, too, and says so
                self._context.log("warning", f"the search index is behind: {error}")
                if isinstance(error, RefusalError) and error.rule == "search.damaged":
                    self.doubt()
                self._stopped.wait(_CHECK_EVERY_S)
