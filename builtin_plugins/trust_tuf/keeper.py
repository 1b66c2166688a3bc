"""A repository on disk: its state, metadata files and keys brought together, one change at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import utc_now
from .indexes import FORMAT, index_target
from .keys import KeyStore
from .layout import is_index
from .refusals import missing, wrong_state
from .shelf import IndexShelf
from .state import LIFETIMES, Repository
from .store import MetadataStore, write_file

if TYPE_CHECKING:
    from securesystemslib.signer import Key
    from tuf.api.metadata import TargetFile

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
        self.indexes = IndexShelf(directory / "indexes")
        self.keys = KeyStore(directory / "keys", unlock)
        self._cursor = directory / "cursor"
        self._lifetimes = lifetimes
        self._now = now
        self._lock = threading.RLock()
        self._known: tuple[bytes, Repository] | None = None
        self._replaced: dict[str, tuple[str | None, str | None]] = {}

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
                self.indexes.discard()
                raise
            finally:
                self._replaced.clear()

    def shelve(self, repository: Repository, path: str, data: bytes | None) -> TargetFile | None:
        """Keep the content of an index that is about to be signed. Within :meth:`edit`.

        Args:
            repository: What :meth:`edit` gave, before the target is changed.
            path: Path of the index.
            data: Its content from now on; ``None`` when there is none any more.

        Returns:
            What is to be signed of it.
        """
        before = repository.target(path)
        old = None if before is None else before.hashes["sha256"]
        new = None if data is None else self.indexes.put(data)
        self._replaced[path] = (None if old == new else old), new
        return None if data is None else index_target(path, data)

    def tidy(self) -> None:
        """Let go of indexes that nothing names, as a crash leaves them; after a while, as of others."""
        with self.edit() as repository:
            named = {
                target.hashes["sha256"]
                for role in repository.delegations
                for path, target in repository.targets(role)
                if is_index(path)
            }
            self.indexes.sweep(named, repository.snapshot.signed.version)

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
        return self._read_cursor() or (0, "")

    @cursor.setter
    def cursor(self, place: tuple[int, str]) -> None:
        write_file(self._cursor, f"{place[0]} {place[1] or '-'} {FORMAT}\n".encode(), mode=0o600)

    @property
    def indexed(self) -> bool:
        """Whether all targets have indexes of today's format. A repository of an earlier release has none."""
        return self._read_cursor() is not None

    def _read_cursor(self) -> tuple[int, str] | None:
        try:
            seq, digest, form = self._cursor.read_text("ascii").split()
            return (int(seq), digest.strip("-")) if int(form) == FORMAT else None
        except (FileNotFoundError, ValueError):
            return None

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
        replaced = self._replaced.values()
        files = repository.sign()
        self.indexes.flush({new for _, new in replaced if new is not None})
        if files:
            self.store.commit(files)
            gone = [old for old, _ in replaced if old is not None]
            self.indexes.retire(gone, repository.snapshot.signed.version)
        self._known = (self.store.read("timestamp.json") or b"", repository)
