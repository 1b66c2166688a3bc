"""Hear of files that change in a project."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Final

from hyperhost.errors import ToolchainError

__all__ = ["Watcher"]

_DEBOUNCE_MS: Final = 250
"""Editors save in several steps; what comes within this time belongs together."""


class Watcher:
    """Watches a directory in a thread of its own, from the moment it is entered.

    Args:
        directory: What to watch, with everything below it.
        wanted: Whether a change of a file matters.

    Raises:
        ToolchainError: watchfiles is not installed.
    """

    def __init__(self, directory: Path, wanted: Callable[[Path], bool]) -> None:
        self._watchfiles = _imported()
        self._directory = directory
        self._wanted = wanted
        self._changes: queue.SimpleQueue[set[Path] | Exception] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hyperhost-watch", daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def wait(self) -> set[Path]:
        """The files of the next change; waits for one.

        Raises:
            OSError: the directory cannot be watched (any longer).
        """
        found = self._changes.get()
        if isinstance(found, Exception):
            raise OSError(f"{self._directory} cannot be watched: {found}") from found
        return found

    def _watch(self) -> None:
        try:
            for changes in self._watchfiles.watch(
                self._directory,
                watch_filter=lambda _, path: self._wanted(Path(path)),
                debounce=_DEBOUNCE_MS,
                rust_timeout=1000,
                stop_event=self._stop,
                raise_interrupt=False,
            ):
                self._changes.put({Path(path) for _, path in changes})
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits
            self._changes.put(error)


def _imported() -> ModuleType:
    try:
        import watchfiles
    except ImportError as error:
        raise ToolchainError(
            "watching files needs watchfiles", hint="python -m pip install 'hyperhost[sdk]'"
        ) from error
    return watchfiles
