"""Tables in memory with units of work: a writer collects its changes beside the tables until it ends.

Until then nobody else sees any of them, and throwing them away is all there is to undoing them. A unit
that reads looks at a copy of the tables (their entries are shared), which costs time in proportion to
their length when it begins; a unit that writes costs what it changes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from hyperhost.errors import RefusalError

__all__ = ["Table", "Tables"]

_GONE: Final = object()
_LOOK_EVERY_S: Final = 0.05
"""How often a waiting writer looks whether the one before is still alive."""


class Table:
    """A table as one unit sees it: what was there, and its own changes over it.

    Args:
        base: What was there.
    """

    def __init__(self, base: dict[Any, Any]) -> None:
        self._base = base
        self._changes: dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        """An entry, or ``None``."""
        found = self._changes.get(key, self)
        if found is self:
            return self._base.get(key)
        return None if found is _GONE else found

    def set(self, key: Any, value: Any) -> None:
        """Write an entry."""
        self._changes[key] = value

    def remove(self, key: Any) -> None:
        """Remove an entry."""
        self._changes[key] = _GONE

    def items(self) -> list[tuple[Any, Any]]:
        """All entries, in no order."""
        if not self._changes:
            return list(self._base.items())
        merged = {**self._base, **self._changes}
        return [(key, value) for key, value in merged.items() if value is not _GONE]

    def keep(self) -> None:
        """Make the changes part of what is there."""
        for key, value in self._changes.items():
            if value is _GONE:
                self._base.pop(key, None)
            else:
                self._base[key] = value

    def mark(self) -> dict[Any, Any]:
        """The changes so far, to come back to."""
        return dict(self._changes)

    def return_to(self, mark: dict[Any, Any]) -> None:
        """Forget the changes since :meth:`mark`."""
        self._changes = mark


class _Writer:
    """The one thread that may write, from the beginning to the end of its unit.

    A thread that ends within its unit gives it up: what it collected goes with it, as nothing of it was
    part of the tables yet.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._owner: threading.Thread | None = None

    def acquire(self, timeout: float) -> bool:
        """Take the place; whether that was possible in so many seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while self._owner is not None and self._owner.is_alive():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _LOOK_EVERY_S))  # nobody tells when a thread ends
            self._owner = threading.current_thread()
            return True

    def release(self) -> None:
        """Give the place to the next one."""
        with self._changed:
            self._owner = None
            self._changed.notify()


class _Unit(threading.local):
    """The unit of work of one thread."""

    depth = 0
    write = False
    undo = False
    tables: dict[str, Table] | None = None


class Tables:
    """Named tables, and the units of work on them.

    Args:
        names: Of the tables.
        wait_s: How long a writer waits for another one.
    """

    def __init__(self, names: tuple[str, ...], wait_s: float) -> None:
        self._base: dict[str, dict[Any, Any]] = {name: {} for name in names}
        self._wait_s = wait_s
        self._lock = threading.Lock()  # held while entries are merged or looked at
        self._writer = _Writer()
        self._unit = _Unit()

    def begin(self, write: bool) -> bool:
        """Begin a unit; whether it is the outermost one.

        Raises:
            RefusalError: ``storage.busy``, or ``storage.unit`` for a writing unit in a reading one.
        """
        unit = self._unit
        if unit.depth:
            if write and not unit.write:
                raise RefusalError(
                    "this unit of work only reads",
                    "storage.unit",
                    hint="begin the outermost unit with write=True",
                )
            unit.depth += 1
            return False
        if write:
            if not self._writer.acquire(timeout=self._wait_s):
                raise RefusalError(
                    "another thread is writing", "storage.busy", hint="end its unit of work, or try again"
                )
            unit.tables = {name: Table(base) for name, base in self._base.items()}
        else:
            with self._lock:
                unit.tables = {name: Table(dict(base)) for name, base in self._base.items()}
        unit.depth, unit.write, unit.undo = 1, write, False
        return True

    def end(self, commit: bool) -> bool:
        """End the innermost unit; whether it was the outermost one and was kept.

        Raises:
            RefusalError: ``storage.unit`` when none was begun.
        """
        unit = self._unit
        if not unit.depth:
            raise RefusalError("no unit of work was begun", "storage.unit", hint="call storage_begin before")
        unit.undo = unit.undo or not commit
        unit.depth -= 1
        if unit.depth:
            return False
        tables, write, undo = unit.tables or {}, unit.write, unit.undo
        unit.tables, unit.write, unit.undo = None, False, False
        if write:
            try:
                if not undo:
                    with self._lock:
                        for table in tables.values():
                            table.keep()
            finally:
                self._writer.release()
        return not undo

    @contextmanager
    def writing(self, *, in_steps: bool = False) -> Iterator[dict[str, Table]]:
        """The tables to write to, in a unit of their own or in the one that is there.

        Args:
            in_steps: The block may raise after it has written. What it wrote is forgotten then, and
                what the unit around it wrote stays; this costs time in proportion to the latter.
        """
        self.begin(write=True)
        tables = self._unit.tables
        assert tables is not None
        outermost = self._unit.depth == 1
        marks = {name: table.mark() for name, table in tables.items()} if in_steps and not outermost else {}
        try:
            yield tables
        except BaseException:
            if outermost:
                self.end(commit=False)
            else:
                for name, mark in marks.items():
                    tables[name].return_to(mark)
                self._unit.depth -= 1
            raise
        self.end(commit=True)

    @contextmanager
    def reading(self) -> Iterator[dict[str, Table]]:
        """The tables to read: those of this thread's unit, or as they are now."""
        tables = self._unit.tables
        if tables is not None:
            yield tables
            return
        with self._lock:
            yield {name: Table(base) for name, base in self._base.items()}
