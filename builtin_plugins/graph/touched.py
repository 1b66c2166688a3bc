"""Names whose downloads have changed: that is no change of the history.

They stand in a file of the home until the graph that is kept there has them, so that every process hears of
them. Losing some costs a figure that is a little old.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["Touched"]

_LINES: Final = 1 << 20
"""Bytes of the file that are kept; what is behind them is read when the artifact changes."""


class Touched:
    """A set of names.

    Args:
        place: Gives the directory that keeps them; ``None`` where there is none.
    """

    def __init__(self, place: Callable[[], Path | None]) -> None:
        self._place = place
        self._names: set[str] = set()
        self._guard = threading.Lock()
        self._read = 0
        self._inode = 0

    def add(self, name: str) -> None:
        """Remember one."""
        file = self._file()
        if file is None:
            with self._guard:
                self._names.add(name)
            return
        with suppress(OSError), file.open("a", encoding="utf-8") as opened:
            if opened.tell() < _LINES:
                opened.write(f"{name}\n")

    def take(self) -> set[str]:
        """Those that were not given before."""
        with self._guard:
            found, self._names = self._names, set()
            file = self._file()
            if file is None:
                return found
            with suppress(OSError):
                known = file.stat()
                if known.st_ino != self._inode or known.st_size < self._read:
                    self._inode, self._read = known.st_ino, 0
                if known.st_size > self._read:
                    with file.open("rb") as opened:
                        opened.seek(self._read)
                        data = opened.read(_LINES)
                    whole = data[: data.rfind(b"\n") + 1]
                    self._read += len(whole)
                    found.update(whole.decode(errors="replace").split())
            return found

    @contextmanager
    def settled(self) -> Iterator[None]:
        """While the graph is kept, with all that was given: after it, nobody has to hear of them again."""
        file = self._file()
        yield
        with self._guard, suppress(OSError):
            if file is not None and file.stat().st_size == self._read:
                file.unlink()

    def _file(self) -> Path | None:
        place = self._place()
        return None if place is None else place / "touched"
