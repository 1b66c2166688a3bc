"""An index in the database of the store, in the store's transactions.

Each index has tables of its own, whose names begin with the index's; the table ``search_index`` says which
one answers and which one is being built. What is written within a unit of work of the store is kept or undone
with it.
"""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from hyperhost.contracts import SearchIndexState
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.native import SqlSession
from hyperhost.query import FlatDocument

from .failures import damaged, moved
from .schema import (
    FORMAT,
    TABLES,
    changed,
    check,
    create,
    drop,
    finish,
    insert,
    known,
    read_state,
    write_state,
)
from .tables import LentTables, Tables

__all__ = ["LentIndex"]

_CURRENT: Final = "current"
_BUILT: Final = "built"
_NAME: Final = re.compile(r"search_\d{1,20}", re.ASCII)
_BEATS_S: Final = 60
"""A rebuild of another machine that has added nothing for so long is dead."""
_TRIES: Final = 5
_BUSY: Final = ("storage.busy", "storage.unit")
_DAMAGED: Final = ("storage.corrupt", "storage.failed", "storage.value")
_EXISTS: Final = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'search_index'",
    "postgresql": "SELECT 1 WHERE to_regclass('search_index') IS NOT NULL",
}
_LISTED: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'search%'",
    "postgresql": "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
    "AND table_name LIKE 'search%'",
}

Answer = TypeVar("Answer")


class LentIndex:
    """One index; it does what :class:`.index.Index` does.

    Args:
        session: The database of the store.
        warn: Told of what could not be removed.
        joins: Whether changes are to be indexed in their own transactions.
    """

    def __init__(self, session: SqlSession, warn: Callable[[str], None], *, joins: bool = True) -> None:
        self._joins = joins
        self._session = session
        self._warn = warn
        self._made = False
        self._checked = ""
        self._builds: set[str] = set()

    def read(self, ask: Callable[[Tables | None], Answer]) -> Answer:
        """What a function reads off one state of the index; see :meth:`.index.Index.read`."""
        for _ in range(_TRIES):
            name = ""
            try:
                with self._refusing(), self._session.state():
                    name = self._current(self._said())
                    return ask(self._tables(name))
            except RefusalError as refusal:
                # It goes away when a rebuild of another thread or process has taken its place.
                if refusal.rule != "search.damaged" or self._is_current(name):
                    raise
        raise damaged("another one takes its place again and again")

    def state(self) -> SearchIndexState:
        """How far it is; one that cannot be read is nowhere."""
        nowhere = SearchIndexState(joins=self._joins)

        def ask(tables: Tables | None) -> SearchIndexState:
            if tables is None:
                return nowhere
            documents, sequence, mark, updated = read_state(tables)
            return SearchIndexState(documents, sequence, updated, mark=mark, joins=self._joins)

        try:
            found = self.read(ask)
        except RefusalError as refusal:
            if refusal.rule != "search.damaged":
                raise
            found = nowhere
        return dataclasses.replace(found, rebuilding=True) if self._rebuilding else found

    def count(self, ids: list[str]) -> int:
        """How many of some artifacts are indexed."""
        return self.read(lambda tables: known(tables, ids) if tables else 0) if ids else 0

    def write(
        self, changes: dict[str, FlatDocument | None], after: int, sequence: int, mark: str
    ) -> SearchIndexState:
        """Add, replace and remove documents; see :meth:`.index.Index.write`."""
        with self._refusing(), self._session.part():
            told = self._said()
            tables = self._tables(self._current(told))
            documents, reached = read_state(tables)[:2] if tables is not None else (0, 0)
            if reached != after:
                raise moved(f"the index is at change {reached}, not at {after}")
            if tables is None:
                tables = self._new()
                finish(tables)
                self._say(_CURRENT, f"{FORMAT}/{tables.name}")
            found = changed(tables, changes, documents, sequence, mark)
            return dataclasses.replace(found, rebuilding=self._is_built(told), joins=self._joins)

    def begin(self) -> str:
        """Begin an index beside this one.

        Raises:
            RefusalError: rule ``search.busy``.
        """
        with self._refusing(), self._session.part():
            if self._rebuilding:
                raise RefusalError("the index is being built already", "search.busy", hint="try again later")
            tables = self._new()
            self._beat(tables.name)
        self._builds.add(tables.name)
        self._sweep()
        return tables.name

    def add(self, name: str, documents: Iterable[FlatDocument]) -> int:
        """Add documents to one that was begun."""
        self._begun(name)
        with self._refusing(), self._session.part():
            self._beat(name)
            return insert(LentTables(self._session, name), documents, terms=False)

    def end(self, name: str, *, keep: bool, sequence: int, mark: str) -> SearchIndexState:
        """Let it take the place of this one, or throw it away."""
        self._begun(name)
        try:
            with self._refusing(), self._session.part():
                if keep:
                    tables = LentTables(self._session, name)
                    write_state(tables, finish(tables), sequence, mark)
                    self._say(_CURRENT, f"{FORMAT}/{name}")
                self._say(_BUILT, "")
        finally:
            self._builds.discard(name)
            self._sweep()
        return self.state()

    def close(self) -> None:
        """Let go of what was begun and not ended; the store closes its database itself."""
        for name in list(self._builds):
            with suppress(Exception):
                self.end(name, keep=False, sequence=0, mark="")

    # --- which index ----------------------------------------------------------------------------

    def _current(self, told: Mapping[str, str]) -> str:
        """Name of the index that answers, by what the table says; empty for none.

        Raises:
            RefusalError: rule ``search.damaged``: it has another format.
        """
        said, _, name = told.get(_CURRENT, "").partition("/")
        if name and said != str(FORMAT):
            raise damaged(f"its format is {said[:20]}, not {FORMAT}")
        return name if _NAME.fullmatch(name) else ""

    def _is_current(self, name: str) -> bool:
        with self._refusing():
            return not name or self._said().get(_CURRENT, "") in ("", f"{FORMAT}/{name}")

    def _tables(self, name: str) -> LentTables | None:
        if not name:
            return None
        tables = LentTables(self._session, name)
        if name != self._checked:
            check(tables)
            self._checked = name
        return tables

    def _said(self) -> dict[str, str]:
        """What the table says that names indexes."""
        if not self._made:
            self._made = bool(self._session.read(_EXISTS[self._session.dialect]))
        return dict(self._session.read("SELECT what, said FROM search_index")) if self._made else {}

    def _say(self, what: str, said: str) -> None:
        self._session.write(
            "CREATE TABLE IF NOT EXISTS search_index (what TEXT PRIMARY KEY, said TEXT NOT NULL)"
        )
        self._session.write(
            "INSERT INTO search_index VALUES (?1, ?2) ON CONFLICT (what) DO UPDATE SET said = excluded.said",
            [(what, said)],
        )

    def _new(self) -> LentTables:
        tables = LentTables(self._session, f"search_{time.time_ns() // 1000}")
        create(tables)
        return tables

    # --- building -------------------------------------------------------------------------------

    def _begun(self, name: str) -> None:
        if name not in self._builds:
            raise RefusalError(f"there is no index {name[:80]!r} being built", "search.rebuild")

    def _beat(self, name: str) -> None:
        self._say(
            _BUILT, f"{name} {socket.gethostname()} {os.getpid()} {_born(os.getpid())} {int(time.time())}"
        )

    @property
    def _rebuilding(self) -> bool:
        """Whether anybody who lives builds an index."""
        with self._refusing():
            return self._is_built(self._said())

    def _is_built(self, told: Mapping[str, str]) -> bool:
        said = told.get(_BUILT, "").split(" ")
        if len(said) != 5:
            return False
        name, host, pid, born, beat = said
        if host == socket.gethostname() and int(pid) == os.getpid():
            return name in self._builds or (born == _born(os.getpid()) and time.time() - int(beat) < _BEATS_S)
        if host == socket.gethostname():
            return bool(born) and _born(int(pid)) == born
        return time.time() - int(beat) < _BEATS_S

    def _sweep(self) -> None:
        """Remove indexes that answer no more, or whose building was interrupted."""
        with suppress(RefusalError):
            with self._refusing():
                said = self._said()
                kept = {said.get(_CURRENT, "").partition("/")[2], said.get(_BUILT, "").partition(" ")[0]}
                listed = [row[0] for row in self._session.read(_LISTED[self._session.dialect])]
            names = {each.rpartition("_")[0] for each in listed if each.rpartition("_")[2] in TABLES}
            for name in sorted(names - kept):
                if _NAME.fullmatch(name):
                    self._remove(name)

    def _remove(self, name: str) -> None:
        try:
            with self._refusing(), self._session.part():
                drop(LentTables(self._session, name))
        except RefusalError as refusal:
            self._warn(f"the tables of the index {name}, which answers no more, stay: {refusal}")

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say of what goes wrong in the tables that the index is damaged."""
        try:
            yield
        except RefusalError as refusal:
            if refusal.rule in _BUSY:
                raise RefusalError(refusal.reason, "search.busy", hint=refusal.hint) from refusal
            if refusal.rule in _DAMAGED:
                self._made = False
                raise damaged(refusal.reason) from refusal
            raise


def _born(pid: int) -> str:
    """When a process of this machine began: another one may get its number. Empty for none."""
    try:
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    except (OSError, IndexError):
        return ""
