"""The graph follows the store: by its history, from the place that the graph itself remembers.

Nothing is done while something is created. A question catches up first, so it knows whatever was
acknowledged before it. What has changed since the last pass over everything lies in a small part of its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactSort, LogEntry, PageRequest
from hyperhost.query.following import History, changed_artifact, mark_of

from .arrays import Names, segment_of, together
from .records import Row, rows_of
from .snapshot import DamagedError, Snapshot, read, write
from .touched import Touched
from .view import Part, View

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Follower"]

_LOOK_EVERY_S: Final = 0.02
"""How old the news of other processes may be."""
_CHECK_EVERY_S: Final = 5.0
"""How often it is asked whether the store is still the one that the graph was made of."""
_KEEP_AFTER: Final = 200
"""Changed names after which the graph is kept on the disk again."""
_TOGETHER_AFTER: Final = 2_000
"""Changed names after which all rows are brought together again."""
_ANEW_AFTER: Final = 20_000
"""Changed names after which reading the whole store is faster."""


class Follower:
    """Keeps the graph where the store is.

    Args:
        context: What the host says of itself.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._history = History(context.hook)
        self.touched = Touched(self._place)
        self._lock = threading.Lock()
        self._view: View | None = None
        self._mark = ""
        self._changed: dict[str, list[Row]] = {}
        self._unkept = 0
        self._looked = self._checked = float("-inf")
        self._news = True

    def changed(self) -> None:
        """Something has changed in the store, and is durable."""
        self._news = True

    def doubt(self) -> None:
        """The store may be another one than before."""
        self._checked = float("-inf")
        self._news = True

    def view(self) -> View:
        """The graph, brought to where the store is now.

        Raises:
            RefusalError: the store cannot be read.
        """
        known = self._view
        if known is not None and not self._news and time.monotonic() - self._looked < _LOOK_EVERY_S:
            return known
        with self._lock:
            self._news = False
            try:
                found = self._caught_up()
            except BaseException:
                self._news = True
                raise
            self._looked = time.monotonic()
            return found

    def keep(self) -> None:
        """Write the graph to the disk, if it has changed since; what fails is told in the log."""
        with self._lock:
            if self._unkept and self._view is not None:
                self._keep(self._view)

    def _caught_up(self) -> View:
        view = self._view or self._read()
        if view is None or not self._is_known(view.sequence):
            view = self._anew("it reflects no store yet, or another one")
        names: set[str] = set()
        sequence, more = view.sequence, True
        while more:
            entries, more = self._history.after(sequence)
            for entry in entries:
                names.update(_names_of(entry))
                sequence, self._mark = entry.seq, mark_of(entry)
            if len(names) > _ANEW_AFTER:
                return self._anew("very much has changed")
        names |= self.touched.take()
        if names or sequence != view.sequence:
            view = self._view = self._with(view, names, sequence)
        self._view = view
        if self._unkept >= _KEEP_AFTER:
            self._keep(view)
            view = self._view
        return view

    def _with(self, view: View, names: Iterable[str], sequence: int) -> View:
        """The graph with some names as they are now."""
        base = view.parts[0]
        alive = np.ones(len(base.segment), np.bool_) if base.alive is None else base.alive.copy()
        touched = False
        for name in names:
            number = view.names.get(name)
            rows = base.segment.rows_of(number) if number is not None else range(0)
            alive[rows.start : rows.stop] = False
            self._changed[name] = rows_of(self._versions(name))
            self._unkept += 1
            touched = True
        if not touched:
            return View(view.parts, view.names, view.marks, view.labels, sequence, view.built_at_us)
        flat = [row for rows in self._changed.values() for row in rows]
        delta = segment_of(flat, view.names, view.marks, view.labels)
        parts = [Part(base.segment, alive), Part(delta)]
        if len(self._changed) > _TOGETHER_AFTER:
            parts = [Part(together(base.segment, alive, delta, len(view.names), len(view.marks)))]
            self._changed = {}
        return View(parts, view.names, view.marks, view.labels, sequence, view.built_at_us)

    def _anew(self, why: str) -> View:
        """The graph of the whole store."""
        sequence = self._history.end()  # what changes meanwhile is read again
        self._mark = self._history.mark(sequence)
        self._checked = time.monotonic()
        names, marks, labels = Names(), Names(), Names()
        rows = [row for group in self._everything() for row in rows_of(group)]
        segment = segment_of(rows, names, marks, labels)
        self._changed = {}
        view = View([Part(segment)], names, marks, labels, sequence, self._context.clock())
        if rows:
            self._context.log("info", f"the graph was built anew: {why}")
            self._unkept = _KEEP_AFTER
        self.touched.take()
        self._view = view
        return view

    def _read(self) -> View | None:
        """The graph as it was kept."""
        place = self._place()
        if place is None:
            return None
        try:
            kept = read(place)
        except DamagedError as error:
            self._context.log("warning", f"the graph on the disk is damaged and is built anew: {error}")
            return None
        if kept is None:
            return None
        self._mark = kept.mark
        return View(
            [Part(kept.segment)], kept.names, kept.marks, kept.labels, kept.sequence, kept.built_at_us
        )

    def _keep(self, view: View) -> None:
        self._unkept = 0
        place = self._place()
        if place is None:
            return
        base, *rest = view.parts
        segment = base.segment
        if rest or base.alive is not None:
            delta = rest[0].segment if rest else None
            segment = together(segment, base.alive, delta, view.name_count, view.mark_count)
        self._view = View(
            [Part(segment)], view.names, view.marks, view.labels, view.sequence, view.built_at_us
        )
        self._changed = {}
        try:
            with self.touched.settled():
                write(
                    place,
                    Snapshot(
                        segment, view.names, view.marks, view.labels, view.sequence, self._mark,
                        view.built_at_us,
                    ),
                )  # fmt: skip
        except OSError as error:
            self._context.log("warning", f"the graph cannot be kept on the disk: {error}")

    def _is_known(self, sequence: int) -> bool:
        """Whether the graph is one of this store."""
        if time.monotonic() - self._checked < _CHECK_EVERY_S:
            return True
        self._checked = time.monotonic()
        return bool(sequence or self._view is not None) and self._mark == self._history.mark(sequence)

    def _everything(self) -> Iterator[list[Artifact]]:
        """All versions of each name."""
        everything = self._listed(ArtifactQuery(sort=ArtifactSort.NAME))
        for _, group in groupby(everything, key=lambda each: (each.namespace, each.name)):
            yield list(group)

    def _versions(self, name: str) -> list[Artifact]:
        namespace, _, short = name.partition("/")
        return list(self._listed(ArtifactQuery(namespace=namespace, name=short)))

    def _listed(self, query: ArtifactQuery) -> Iterator[Artifact]:
        token = ""
        while True:
            page = self._hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
            yield from page.items
            token = page.next_token
            if not token:
                return

    def _place(self) -> Path | None:
        return self._context.data if self._context.home is not None else None


def _names_of(entry: LogEntry) -> Iterator[str]:
    """The name that a change of an artifact is about; other changes are none of the graph."""
    if changed_artifact(entry) is None:
        return
    with suppress(ValueError, KeyError, TypeError):  # not an entry of the registry
        artifact = json.loads(entry.data_json)["artifact"]
        yield f"{artifact['namespace']}/{artifact['name']}"
