"""The index on the server: written by tasks that are waited for, replaced as a whole by a swap.

Two indexes of the server belong together: one of artifacts, and one with a single document that says how far
it is. That one is written after the server has carried out everything else, and a rebuild swaps both pairs in
one task. So what is said of an index is never more than what is in it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import SearchIndexState, SearchRequest, SearchResults
from hyperhost.errors import HyperHostError, RefusalError
from hyperhost.query import FlatDocument
from hyperhost.query.keeping import Lock, Position, build_missing, damaged, moved, now_us

from .answering import answer, count_of, empty_answer
from .client import AnswerError, Client, garbled
from .schema import FORMAT, ID, SETTINGS, row

__all__ = ["Index"]

_ARTIFACTS: Final = "artifacts"
_POSITION: Final = "position"
_BATCH: Final = 4 << 20
"""Bytes of documents, about, that are sent at once."""
_LISTED: Final = 1_000
_IDS: Final = 1_000
_MISSING: Final = ("index_not_found", "document_not_found")
_OTHER: Final = (
    "invalid_search_sort",
    "invalid_search_facets",
    "invalid_search_attributes_to_search_on",
    "invalid_facet_search_facet_name",
    "facet_search_disabled",
)
"""Errors that an index without its settings gives."""


class Index:
    """One index.

    Args:
        client: The server.
        prefix: What the names of its indexes begin with.
        place: A directory for locks among processes; ``None`` for a host without a home.
    """

    def __init__(self, client: Client, prefix: str, place: Path | None) -> None:
        self._client = client
        self._prefix = prefix
        self._artifacts = f"{prefix}__{_ARTIFACTS}"
        self._positions = f"{prefix}__{_POSITION}"
        self._writing = Lock(place / "write.lock" if place else None, "the index is being written to")
        self._rebuilding = Lock(place / "rebuild.lock" if place else None, "the index is being built already")
        self._guard = threading.Lock()
        self._builds: dict[str, list[int]] = {}

    def state(self) -> SearchIndexState:
        """How far it is.

        Raises:
            RefusalError: as :meth:`Client.ask`.
        """
        return self._position().state(rebuilding=bool(self._builds) or self._rebuilding.taken)

    def answer(self, request: SearchRequest) -> SearchResults:
        """The answer to a request; its query and filter are good.

        Raises:
            RefusalError: as ``search_query``, or as :meth:`Client.ask`.
        """
        try:
            return answer(request, self._client, self._artifacts)
        except AnswerError as error:
            if error.code == "index_not_found" and not self._position().mark:
                return empty_answer(request)
            raise _refused(error) from None

    def count(self, ids: list[str]) -> int:
        """How many of some artifacts are indexed.

        Raises:
            RefusalError: rule ``search.damaged``, or as :meth:`Client.ask`.
        """
        try:
            return sum(
                count_of(ids[begin : begin + _IDS], self._client, self._artifacts)
                for begin in range(0, len(ids), _IDS)
            )
        except AnswerError as error:
            if error.code == "index_not_found":
                return 0
            raise _refused(error) from None

    def write(
        self, changes: dict[str, FlatDocument | None], after: int, sequence: int, mark: str
    ) -> SearchIndexState:
        """Add, replace and remove documents.

        Args:
            changes: The document by id of its artifact; ``None`` removes it.
            after: How far the index has to be.
            sequence: The last change of the store that the index reflects then.
            mark: Recognises it.

        Raises:
            RefusalError: rule ``search.moved`` or ``search.damaged``, ``search.task``, or as
                :meth:`Client.ask`.
        """
        with self._writing.held():
            position = self._position()
            if position.sequence != after:
                raise moved(position.sequence, after)
            if not position.mark:
                self._make(self._artifacts, self._positions)
            elif not self._is_there(self._artifacts):
                # What is written to an index that is not there makes one, without settings.
                raise damaged("the search server has lost it")
            there = [document for document in changes.values() if document is not None]
            tasks = list(self._sent(self._artifacts, there))
            gone = [each for each, document in changes.items() if document is None]
            if gone:
                tasks.append(self._tell("POST", f"/indexes/{self._artifacts}/documents/delete-batch", gone))
            self._client.wait(tasks)
            reached = Position("", self._documents(self._artifacts), sequence, mark, now_us(), FORMAT)
            self._client.wait([self._placed(self._positions, reached)])
        return self.state()

    def begin(self) -> str:
        """Begin an index beside this one.

        Raises:
            RefusalError: rule ``search.busy``, or as :meth:`Client.ask`.
        """
        self._rebuilding.take(1.0)  # somebody may be looking whether it is taken
        try:
            self._sweep()
            name = f"{self._prefix}__build{now_us()}"
            self._make(*_both(name))
        except BaseException:
            self._rebuilding.give_back()
            raise
        self._builds[name] = []
        return name

    def add(self, build: str, documents: Iterable[FlatDocument]) -> int:
        """Add documents to one that was begun. The server is a batch behind at most."""
        if build not in self._builds:
            raise build_missing(build)
        held = list(documents)
        for task in self._sent(_both(build)[0], held):
            self._client.wait(self._builds[build])
            self._builds[build] = [task]
        return len(held)

    def end(self, build: str, *, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """Let it take the place of this one, or throw it away."""
        with self._guard:
            if build not in self._builds:
                raise build_missing(build)
            tasks = self._builds.pop(build)
        try:
            try:
                if keep:
                    self._client.wait(tasks)
                    reached = Position("", self._documents(_both(build)[0]), sequence, mark, now_us(), FORMAT)
                    self._client.wait([self._placed(_both(build)[1], reached)])
                    with self._writing.held():
                        self._swap(build)
            finally:
                with suppress(HyperHostError):  # what is left over, the next one sweeps away
                    self._drop(_both(build))
        finally:
            self._rebuilding.give_back()
        return self.state()

    def close(self) -> None:
        """Let go of connections, and of what was begun and not ended."""
        for build in list(self._builds):
            with suppress(HyperHostError):
                self.end(build, keep=False, sequence=0, mark="")
        self._client.close()

    def _swap(self, build: str) -> None:
        live = self._artifacts, self._positions
        missing = [name for name in live if not self._is_there(name)]
        if missing:
            tasks = [self._tell("POST", "/indexes", {"uid": name, "primaryKey": ID}) for name in missing]
            self._client.wait(tasks, fine="index_already_exists")
        pairs = [{"indexes": [old, new]} for old, new in zip(live, _both(build), strict=True)]
        self._client.wait([self._tell("POST", "/swap-indexes", pairs)])

    def _position(self) -> Position:
        """How far the index is; what cannot be read, or is of another format, says nothing."""
        nothing = Position(format=FORMAT)
        try:
            data = self._client.ask("GET", f"/indexes/{self._positions}/documents/{_POSITION}")
        except AnswerError as error:
            if error.code in _MISSING:
                return nothing
            raise _refused(error) from None
        if not isinstance(data, dict):
            raise garbled("is no position")
        try:
            found = Position(**{name: data[name] for name in asdict(nothing)})
        except KeyError:
            return nothing
        numbers = found.documents, found.sequence, found.updated_at_us
        good = all(type(each) is int and 0 <= each < 1 << 63 for each in numbers)
        if not good or not isinstance(found.mark, str) or found.format != FORMAT:
            return nothing
        return replace(found, directory="")

    def _placed(self, index: str, position: Position) -> int:
        return self._tell("POST", f"/indexes/{index}/documents", [{ID: _POSITION, **asdict(position)}])

    def _documents(self, index: str) -> int:
        try:
            data = self._client.ask("GET", f"/indexes/{index}/stats")
        except AnswerError as error:
            raise _refused(error) from None
        count = data.get("numberOfDocuments") if isinstance(data, dict) else None
        if type(count) is not int or count < 0:
            raise garbled("counts no documents")
        return count

    def _is_there(self, index: str) -> bool:
        try:
            self._client.ask("GET", f"/indexes/{index}")
        except AnswerError as error:
            if error.code == "index_not_found":
                return False
            raise _refused(error) from None
        return True

    def _make(self, artifacts: str, positions: str) -> None:
        """An empty index, and one for its position; what has their names is thrown away."""
        self._drop((artifacts, positions))
        tasks = [
            self._tell("POST", "/indexes", {"uid": name, "primaryKey": ID}) for name in (artifacts, positions)
        ]
        tasks.append(self._tell("PATCH", f"/indexes/{artifacts}/settings", SETTINGS))
        self._client.wait(tasks)

    def _drop(self, names: Iterable[str]) -> None:
        tasks = []
        for name in names:
            try:
                tasks.append(self._client.tell("DELETE", f"/indexes/{name}"))
            except AnswerError as error:
                if error.code != "index_not_found":
                    raise _refused(error) from None
        self._client.wait(tasks, fine="index_not_found")

    def _sweep(self) -> None:
        """Remove indexes whose building was interrupted."""
        try:
            data = self._client.ask("GET", f"/indexes?limit={_LISTED}")
        except AnswerError as error:
            raise _refused(error) from None
        found = data.get("results") if isinstance(data, dict) else None
        if not isinstance(found, list):
            raise garbled("lists no indexes")
        names = [each.get("uid") for each in found if isinstance(each, dict)]
        begun = f"{self._prefix}__build"
        self._drop([name for name in names if isinstance(name, str) and _is_build(name, begun)])

    def _sent(self, index: str, documents: Iterable[FlatDocument]) -> Iterator[int]:
        """Send documents, a few megabytes at a time; the tasks."""
        rows: list[dict[str, Any]] = []
        size = 0
        for document in documents:
            made = row(document)
            rows.append(made)
            size += len(json.dumps(made))
            if size >= _BATCH:
                yield self._tell("POST", f"/indexes/{index}/documents", rows)
                rows, size = [], 0
        if rows:
            yield self._tell("POST", f"/indexes/{index}/documents", rows)

    def _tell(self, method: str, path: str, body: Any = None) -> int:
        try:
            return self._client.tell(method, path, body)
        except AnswerError as error:
            raise _refused(error) from None


def _both(build: str) -> tuple[str, str]:
    return f"{build}_{_ARTIFACTS}", f"{build}_{_POSITION}"


def _is_build(name: str, begun: str) -> bool:
    number, _, kind = name.removeprefix(begun).partition("_")
    return name.startswith(begun) and number.isdigit() and kind in (_ARTIFACTS, _POSITION)


def _refused(error: AnswerError) -> RefusalError:
    """What the server refuses: an index that is not as it was made, or something that it does not know."""
    unset = error.code == "invalid_search_filter" and "not filterable" in error.reason
    if error.code == "index_not_found" or error.code in _OTHER or unset:
        return damaged(f"the search server says {error.code}")
    return RefusalError(
        f"the search server refuses: {error.reason or 'without a reason'} ({error.code})",
        "search.answer",
        hint="docs/search.md says which versions of Meilisearch are known to understand what it is asked",
    )
