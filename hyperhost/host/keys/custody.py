"""Where private halves are: sealed files in the plugin's own directory, or in memory without a home."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.host.keys.sealing import Unlock, open_sealed, read_json, seal, unusable
from hyperhost.host.keys.unlocking import Unlocker
from hyperhost.host.wholefile import write_whole

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["Custody"]

_MAX_BYTES = 64 * 1024


class Custody:
    """Keeps the private halves of one plugin. They never go into the registry's store.

    A half that was unlocked stays in memory until the plugin stops.

    Args:
        context: The plugin's.
    """

    def __init__(self, context: PluginContext) -> None:
        self._context = context
        self._open: dict[str, bytes] = {}
        self._unlocker = Unlocker(context) if context.home is not None else None

    def keep(self, key_id: str, private: bytes) -> None:
        """Keep a private half.

        Raises:
            RefusalError: ``signing.key-unusable``: there is nothing to encrypt it with, or no room.
        """
        if self._unlocker is not None:
            document = seal(key_id, private, self._unlocker.find(make=True))
            _write(self._path(key_id), json.dumps(document, indent=1) + "\n")
        self._open[key_id] = private

    def has(self, key_id: str) -> bool:
        """Whether the private half of a key is here, locked or not."""
        return key_id in self._open or (self._unlocker is not None and self._path(key_id).is_file())

    def find(self, key_id: str) -> bytes:
        """The private half of a key, unlocked.

        Raises:
            RefusalError: ``signing.key-unusable``: it is not here, is locked, damaged, or open to others.
        """
        found = self._open.get(key_id)
        if found is None:
            if self._unlocker is None or not self.has(key_id):
                raise unusable(f"the private half of {key_id} is not here", "sign where the key was made")
            found = open_sealed(read_json(_read(self._path(key_id))), key_id, self._unlocker.find())
            self._open[key_id] = found
        return found

    def forget(self) -> None:
        """Let go of what was unlocked."""
        self._open.clear()

    def sealed(self, key_id: str, unlock: Unlock) -> dict[str, object]:
        """A private half, encrypted anew for somebody who has another secret.

        Raises:
            RefusalError: as :meth:`find`.
        """
        return seal(key_id, self.find(key_id), unlock)

    def _path(self, key_id: str) -> Path:
        # A key id is made of letters, digits, "+", ".", "-" and one ":", which was checked.
        return self._context.data / "keys" / f"{key_id.replace(':', '_')}.json"


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
                raise unusable(
                    f"{path} can be read or written by others",
                    f"run: chmod 600 {path}; if others may have read it, rotate the key",
                )
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise unusable(f"{path} cannot be read: {error.strerror or error}") from error


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and replace what was there when it is complete."""
    try:
        write_whole(path, text)  # durable: the record of a key must not outlive its private half
    except OSError as error:
        raise unusable(f"{path} cannot be written: {error.strerror or error}") from error
