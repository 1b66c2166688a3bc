"""The tier of files: ``files/ab/cd/ALGORITHM-HEX`` and, beside it, the digests of its pieces.

A file comes to its name, and goes from it, only within a writing unit of work of the storage
provider, which excludes all others. So whether a file has an entry in the index is never in doubt.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hyperhost.errors import RefusalError

from .digests import PIECE, check_list, cut, is_hash
from .failures import corrupt, of_disk, on_disk
from .index import Entry
from .uploads import APPEND_MAX, Upload, sync, write_durably

__all__ = ["FILES", "Files"]

_DIGESTS: Final = ".digests"
FILES: Final = "files:"
"""What the places of this tier begin with."""


class Files:
    """The tier.

    Args:
        root: The directory; made when it is missing.
    """

    name: Final = "files"

    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self, content_hash: str, upload: Upload) -> str:
        """Bring an upload onto the disk, not yet to its name; the place that it will have.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``.
        """
        assert upload.path is not None
        with on_disk():
            sync(upload.path)
        write_durably(upload.path.with_suffix(_DIGESTS), upload.hasher.digests)
        return f"{FILES}{_name(content_hash)}"

    def settle(self, place: str, upload: Upload) -> None:
        """Give a prepared upload its name, whatever has it now. Within a unit of work.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``.
        """
        assert upload.path is not None
        target = self._path(place)
        with on_disk():
            self._make(target.parent)
            upload.path.with_suffix(_DIGESTS).replace(_beside(target))
            upload.path.replace(target)
            sync(target.parent)

    def intact(self, content_hash: str, entry: Entry) -> bool:
        """Whether all bytes of a content are what they were."""
        try:
            for offset in range(0, entry.size, APPEND_MAX):
                self.read(content_hash, entry, offset, APPEND_MAX)
            if not entry.size:
                self.read(content_hash, entry, 0, 0)
        except RefusalError as error:
            if error.rule != "content.corrupt":
                raise
            return False
        return True

    def read(self, content_hash: str, entry: Entry, offset: int, length: int) -> bytes:
        """A part of a content, verified.

        Raises:
            RefusalError: ``content.corrupt``, ``content.unavailable``, ``content.full``.
        """
        path = self._path(entry.place)
        first, length = offset // PIECE, max(0, min(length, entry.size - offset))
        count = -(-(offset + length) // PIECE) - first
        try:
            digests = _beside(path).read_bytes()
            check_list(content_hash, self.name, digests, entry.root, entry.size)
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != entry.size:
                    raise corrupt(content_hash, self.name, "the file has another size")
                file.seek(first * PIECE)
                data = file.read(count * PIECE)
        except FileNotFoundError as error:
            raise corrupt(content_hash, self.name, "a file of it is missing") from error
        except OSError as error:
            raise of_disk(error) from error
        return cut(content_hash, self.name, digests, data, first, offset, length)

    def remove(self, place: str) -> None:
        """Remove a file and its digests, if they are there. Within a unit of work.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``.
        """
        path = self._path(place)
        with on_disk():
            path.unlink(missing_ok=True)
            _beside(path).unlink(missing_ok=True)

    def found(self) -> Iterator[set[tuple[str, str]]]:
        """Hash and place of every content in the directory, in parts. Other files are left alone.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``.
        """
        for top in (self._root / f"{number:02x}" for number in range(256)):
            places = set()
            for directory, _, names in os.walk(top, onerror=_raise_failure):
                for name in names:
                    path = Path(directory, name.removesuffix(_DIGESTS))
                    algorithm, _, digest = path.name.rpartition("-")
                    content_hash = f"{algorithm}:{digest}"
                    if is_hash(content_hash) and path == self._root / _name(content_hash):
                        places.add((content_hash, FILES + _name(content_hash)))
            if places:
                yield places

    def _path(self, place: str) -> Path:
        return self._root / place.removeprefix(FILES)

    def _make(self, directory: Path) -> None:
        """Make a directory and those above it, and see that their names are on the disk."""
        missing = []
        while not directory.is_dir():
            missing.append(directory)
            directory = directory.parent
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
            sync(each.parent)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _DIGESTS)


def _name(content_hash: str) -> str:
    algorithm, _, digest = content_hash.partition(":")
    return f"{digest[:2]}/{digest[2:4]}/{algorithm}-{digest}"


def _raise_failure(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # most of the 256 are never made
        raise of_disk(error)
