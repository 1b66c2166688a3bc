"""Artifacts whose downloads or rating have changed: that is no change of the history.

They are kept until the index has them: in memory, and in the home so that other processes that use the same
index hear of them, too. Losing some costs a figure that is a little old.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["Touched"]


class Touched:
    """A set of ids.

    Args:
        place: Gives the directory that keeps them; ``None`` where there is none.
    """

    def __init__(self, place: Callable[[], Path] | None) -> None:
        self._place = place
        self._ids: set[str] = set()
        self._guard = threading.Lock()

    def add(self, artifact_id: str) -> None:
        """Remember one."""
        file = self._file()
        if file is None:
            with self._guard:
                self._ids.add(artifact_id)
            return
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{artifact_id}\n")

    def take(self) -> set[str]:
        """All of them; they are given once."""
        with self._guard:
            found, self._ids = self._ids, set()
        file = self._file()
        with suppress(OSError):
            if file is not None and file.stat().st_size:
                taken = file.with_name(f"touched.{os.getpid()}")
                file.rename(taken)
                found.update(taken.read_text(encoding="utf-8", errors="replace").split())
                taken.unlink()
        return found

    def put_back(self, ids: set[str]) -> None:
        """Take back what was given, as it could not be used."""
        with self._guard:
            self._ids |= ids

    @property
    def any(self) -> bool:
        """Whether there are some."""
        if self._ids:
            return True
        file = self._file()
        with suppress(OSError):
            return file is not None and file.stat().st_size > 0
        return False

    def _file(self) -> Path | None:
        return None if self._place is None else self._place() / "touched"
