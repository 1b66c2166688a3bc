"""Where indexes are kept: each under its digest, as what is served must be what was signed.

A file is there under its name only when it is whole and durable. Those that a newer one replaced stay
as long as snapshots do, for clients that are in the middle of an update; the file ``retired`` says
since which snapshot each of them is out of use. What a crash leaves behind is nobody's, and goes when
everything is looked at.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from .store import KEPT_SNAPSHOTS, sync_directory, write_file

__all__ = ["IndexShelf"]

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NEW: Final = "new"
_RETIRED: Final = "retired"
_FEW: Final = 16
"""Files that are made durable one by one; more of them together with everything else on the machine."""


class IndexShelf:
    """The indexes of one repository. Whoever writes holds the repository's lock.

    Args:
        directory: Where they lie; made when the first is written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._new: dict[str, Path] = {}

    def read(self, digest: str) -> bytes | None:
        """The index with that SHA-256 in hex; ``None`` when it is not there, or damaged."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            data = (self._new.get(digest) or self._place(digest)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def put(self, data: bytes) -> str:
        """Take an index in; it counts from the next :meth:`flush` on.

        Returns:
            Its SHA-256 in hex.
        """
        digest = hashlib.sha256(data).hexdigest()
        if self.read(digest) is None:
            beside = self._directory / _NEW / digest
            beside.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            beside.write_bytes(data)
            self._new[digest] = beside
        return digest

    def flush(self, current: Collection[str]) -> None:
        """Make durable what was taken in.

        Args:
            current: Digests that are in use from now on, of whatever age.
        """
        retired = self._retired()
        if any(each in retired for each in current):  # it was out of use, and must not be removed for that
            for each in current:
                retired.pop(each, None)
            self._note(retired, durable=True)
        if not self._new:
            return
        if len(self._new) > _FEW:
            os.sync()
        touched = set()
        for digest, beside in self._new.items():
            if len(self._new) <= _FEW:
                _sync_file(beside)
            place = self._place(digest)
            if not place.parent.exists():
                place.parent.mkdir(mode=0o755)
                touched.add(self._directory)
            beside.replace(place)
            touched.add(place.parent)
        for folder in touched:
            sync_directory(folder)
        self._new.clear()

    def discard(self) -> None:
        """Forget what was taken in since the last :meth:`flush`."""
        for beside in self._new.values():
            with suppress(OSError):
                beside.unlink()
        self._new.clear()

    def retire(self, digests: Iterable[str], snapshot: int) -> None:
        """Note that indexes are out of use since a snapshot, and remove those that were so long before.

        Args:
            digests: Which.
            snapshot: Its version.
        """
        before = self._retired()
        after = before | dict.fromkeys(digests, snapshot)
        for digest, since in list(after.items()):
            if since <= snapshot - KEPT_SNAPSHOTS:
                self._place(digest).unlink(missing_ok=True)
                del after[digest]
        if after != before:
            self._note(after)

    def sweep(self, current: Collection[str], snapshot: int) -> None:
        """Note that all but some indexes are out of use, those included that nobody has noted."""
        known = self._retired().keys() | set(current)
        lost = [each for each in self.digests() if each not in known]
        self.retire(lost, snapshot)
        for each in (self._directory / _NEW).glob("*"):
            if each.name not in self._new:
                each.unlink(missing_ok=True)

    def digests(self) -> list[str]:
        """Digests of all that are there, in no order."""
        return [
            each.name for each in self._directory.glob("[0-9a-f][0-9a-f]/*") if _DIGEST.fullmatch(each.name)
        ]

    def _place(self, digest: str) -> Path:
        return self._directory / digest[:2] / digest

    def _retired(self) -> dict[str, int]:
        """Since which snapshot each index is out of use. A line that was cut off counts for nothing."""
        try:
            lines = (self._directory / _RETIRED).read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return {}
        found = (line.split(" ") for line in lines)
        return {
            each[1]: int(each[0])
            for each in found
            if len(each) == 2 and each[0].isdecimal() and _DIGEST.fullmatch(each[1])
        }

    def _note(self, retired: dict[str, int], *, durable: bool = False) -> None:
        data = "".join(f"{since} {digest}\n" for digest, since in retired.items()).encode()
        place = self._directory / _RETIRED
        if durable:
            write_file(place, data, mode=0o644)
            return
        beside = place.with_suffix(".new")
        beside.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(place)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
