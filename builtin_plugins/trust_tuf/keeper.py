"""A repository on disk: its state, metadata files and keys brought together, one change at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import utc_now
from .keys import KeyStore
from .refusals import missing, wrong_state
from .state import LIFETIMES, Repository
from .store import MetadataStore, write_file

if TYPE_CHECKING:
    from securesystemslib.signer import Key

__all__ = ["Keeper"]


class Keeper:
    """Opens a repository for changes. Any number of threads and processes may have one.

    Args:
        directory: Where metadata, keys and the cursor lie.
        unlock: Key file of the keys.
        lifetimes: How long each role may be used, by role.
        now: The time.
    """

    def __init__(
        self,
        directory: Path,
        unlock: Path,
        lifetimes: Mapping[str, timedelta] = LIFETIMES,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.store = MetadataStore(directory / "metadata")
        self.keys = KeyStore(directory / "keys", unlock)
        self._cursor = directory / "cursor"
        self._lifetimes = lifetimes
        self._now = now
        self._lock = threading.RLock()
        self._known: tuple[bytes, Repository] | None = None

    def create(self, root_keys: int = 3, root_threshold: int = 2) -> None:
        """Make the repository.

        Raises:
            RefusalError: there is one, or the threshold is none.
        """
        with self._lock, self.store.locked():
            if self.store.exists:
                raise wrong_state(
                    "repository", "this registry is a TUF repository already", "see: hyperhost tuf status"
                )
            repository = self._repository()
            repository.create(root_keys, root_threshold)
            self._commit(repository)

    @contextmanager
    def edit(self) -> Iterator[Repository]:
        """The repository, to be changed; what has changed is signed and written at the end.

        Raises:
            RefusalError: there is no repository, it is damaged, or keys to sign with are missing. Nothing
                was written then.
        """
        with self._lock, self.store.locked():
            repository = self._current()
            try:
                yield repository
                self._commit(repository)
            except BaseException:
                self._known = None  # what was changed in memory was not written
                raise

    @contextmanager
    def view(self) -> Iterator[Repository]:
        """The repository, to be looked at."""
        with self._lock:
            yield self._current()

    def make_keys(self, role: str, count: int) -> list[Key]:
        """New keys for a role, held here; their public halves."""
        return [self.keys.generate(role).public_key for _ in range(count)]

    @property
    def cursor(self) -> tuple[int, str]:
        """Number and digest of the last entry of the history that the repository knows of."""
        try:
            seq, digest = self._cursor.read_text("ascii").split()
            return int(seq), digest
        except (FileNotFoundError, ValueError):
            return 0, ""

    @cursor.setter
    def cursor(self, place: tuple[int, str]) -> None:
        write_file(self._cursor, f"{place[0]} {place[1]}\n".encode(), mode=0o600)

    def _current(self) -> Repository:
        timestamp = self.store.read("timestamp.json")
        if timestamp is None:
            raise missing(
                "repository", "this registry is no TUF repository", "make it one with: hyperhost tuf create"
            )
        if self._known is None or self._known[0] != timestamp:
            repository = self._repository()
            repository.load()
            self._known = (timestamp, repository)
        return self._known[1]

    def _repository(self) -> Repository:
        return Repository(self.store.read, self.keys.signers, self.keys.generate, self._now, self._lifetimes)

    def _commit(self, repository: Repository) -> None:
        files = repository.sign()
        if files:
            self.store.commit(files)
        self._known = (self.store.read("timestamp.json") or b"", repository)
