"""The files of a package, read in place from an archive or a directory that is not trusted.

Everything is checked before the first byte is read: names that could lead elsewhere, links, two
entries of one name, entries that share bytes, what stands before or behind the archive, and sizes.
Sizes that an archive states are not believed either: reading stops where more comes out than was
announced.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from hyperhost.errors import CorruptComponentError, PluginLoadError

__all__ = [
    "MAX_COMPONENT_BYTES",
    "MAX_FILES",
    "MAX_TOTAL_BYTES",
    "FileReader",
    "name_problem",
    "open_archive",
    "open_directory",
    "open_regular",
]

MAX_COMPONENT_BYTES: Final = 256 << 20
MAX_TOTAL_BYTES: Final = 512 << 20
MAX_FILES: Final = 4096
MAX_RATIO: Final = 200
"""Times that an entry over 1 MiB may be larger than its compressed form."""

MAX_DIRECTORY_BYTES: Final = 4 << 20
"""Most bytes in an archive's table of contents."""

_END_RECORD: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\5\6"
_LOCAL_HEADER_BYTES: Final = 30
_ZIP64_LOCATOR: Final = 20
_ZIP64_SIGNATURE: Final = b"PK\6\7"
_CHUNK: Final = 1 << 20
_ENCRYPTED: Final = 0x1
_REPACK: Final = "pack the plugin again with 'hyperhost' or any zip program, plain files only"


@dataclass(frozen=True, slots=True)
class FileReader:
    """The files of an opened package.

    Attributes:
        sizes: Bytes of each file by its name, in the order of names; names use ``/``.
        open_file: Opens a file by its name.
        label: What to call the package in errors.
    """

    sizes: dict[str, int]
    open_file: Callable[[str], IO[bytes]]
    label: str

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, at most 1 MiB at a time.

        Raises:
            CorruptComponentError: it is damaged, or not as long as announced.
        """
        left = self.sizes[name]
        try:
            with self.open_file(name) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        break
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise _damaged(f"{name} in {self.label} is damaged: {error}") from error
        if left:
            raise _damaged(f"{name} in {self.label} is not as long as announced")


@contextmanager
def open_archive(path: Path) -> Iterator[FileReader]:
    """The files of the zip archive ``path``.

    Raises:
        CorruptComponentError: it is no zip archive, or a damaged one.
        PluginLoadError: an entry has a name that leads elsewhere, is a link, is encrypted, comes
            twice, shares its bytes with another, or is too large; or there is something before or
            behind the archive, which other programs would read as another one.
    """
    if path.stat().st_size > MAX_TOTAL_BYTES:
        raise _unsafe(path, f"is larger than {MAX_TOTAL_BYTES >> 20} MiB")
    _check_directory_size(path)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise _damaged(f"{path.name} is no readable archive: {error}") from error
    with archive:
        entries = {info.filename: info for info in archive.infolist() if not _is_plain_directory(info)}
        _check_names(path, [info.filename for info in archive.infolist()])
        for info in archive.infolist():
            _check_entry(path, info)
        _check_places(path, archive)
        sizes = {name: entries[name].file_size for name in sorted(entries)}
        _check_sizes(path, sizes)
        yield FileReader(sizes, lambda name: archive.open(entries[name]), path.name)


@contextmanager
def open_directory(path: Path) -> Iterator[FileReader]:
    """The regular files below the directory ``path``.

    Raises:
        PluginLoadError: it holds a link or something that is neither file nor directory, or too
            much.
    """
    sizes: dict[str, int] = {}
    for entry in _walk(path, path):
        relative = Path(entry.path).relative_to(path).as_posix()
        mode = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(mode.st_mode):
            raise _unsafe(path, f"holds {relative!r}, which is a link or no regular file")
        sizes[relative] = mode.st_size
        if len(sizes) > MAX_FILES:
            break
    _check_names(path, list(sizes))
    sizes = dict(sorted(sizes.items()))
    _check_sizes(path, sizes)
    yield FileReader(sizes, lambda name: open_regular(path / name), path.name)


def _walk(root: Path, directory: Path) -> Iterator[os.DirEntry[str]]:
    pending = [directory]
    seen = 0
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > 4 * MAX_FILES:
                    raise _unsafe(root, f"holds more than {MAX_FILES} files")
                if entry.is_dir(follow_symlinks=False):
                    # Python writes its compiled files here, another set for each version.
                    if entry.name != "__pycache__":
                        pending.append(Path(entry.path))
                else:
                    yield entry


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, open for reading; its last part is not followed if it is a link.

    Raises:
        CorruptComponentError: it is something else.
        OSError: it is not there, or a link.
    """
    # Between the listing and now a file may have been replaced by a link or a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _damaged(f"{path.name} is no regular file any more")
    return os.fdopen(descriptor, "rb")


def _check_directory_size(path: Path) -> None:
    """Refuse a huge table of contents before ``zipfile`` reads it into memory as a whole.

    Finds the end record as ``zipfile`` does: at the very end, or as the last one before a comment.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_RECORD.size - _ZIP64_LOCATOR - 0xFFFF))
        tail = file.read()
    start = len(tail) - _END_RECORD.size
    if start < 0 or not (tail.startswith(_END_SIGNATURE, start) and tail.endswith(b"\0\0")):
        start = tail.rfind(_END_SIGNATURE)
    if start < 0 or start + _END_RECORD.size > len(tail):
        raise _damaged(f"{path.name} is no readable archive: it has no end record")
    _, _, _, _, entries, directory_bytes, offset, comment = _END_RECORD.unpack_from(tail, start)
    if tail[max(0, start - _ZIP64_LOCATOR) : start].startswith(_ZIP64_SIGNATURE):
        raise _unsafe(path, "is a ZIP64 archive, which no package needs to be")
    if entries > 2 * MAX_FILES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise _unsafe(path, f"holds more than {MAX_FILES} files")
    end = start + _END_RECORD.size + comment
    # ``zipfile`` would look past both, as for a program that unpacks itself.
    if end != len(tail) or offset + directory_bytes != size - len(tail) + start:
        raise _unsafe(path, "holds bytes before or behind the archive")


def _check_places(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse entries that lie in one another, as in an archive that unpacks to far more than it holds."""
    end = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if not end and info.header_offset:
            raise _unsafe(path, "holds bytes before or behind the archive")
        if info.header_offset < end:
            raise _unsafe(path, f"holds {info.filename!r} within another entry")
        end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.filename) + info.compress_size
    if end > archive.start_dir:
        raise _damaged(f"{path.name} is no readable archive: an entry ends behind its table of contents")


def _is_plain_directory(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith("/") and info.file_size == 0


def name_problem(names: Iterable[str]) -> str:
    """What is wrong with the first of these names that is, to be read after "holds"; empty if none is.

    Args:
        names: Names of files with ``/`` between their parts; those of directories end in ``/``.
    """
    seen: dict[str, bool] = {}
    for name in names:
        parts = name.removesuffix("/").split("/")
        if (
            not name.isprintable()
            or "\\" in name
            or ":" in name
            or any(part in ("", ".", "..") for part in parts)
        ):
            return f"the unsafe name {name!r}"
        folded = _folded(name)
        if folded in seen:
            return f"{name!r} twice (upper and lower case count as one)"
        seen[folded] = name.endswith("/")
    for folded in seen:
        above = folded
        while above := above.rpartition("/")[0]:
            if not seen.get(above, True):
                return f"{above!r} both as a file and as a directory"
    return ""


def _folded(name: str) -> str:
    """The same for names that some file system takes for one: by case, or by how accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold()).removesuffix("/")


def _check_names(path: Path, names: Iterable[str]) -> None:
    if problem := name_problem(names):
        raise _unsafe(path, f"holds {problem}")


def _check_entry(path: Path, info: zipfile.ZipInfo) -> None:
    if info.orig_filename != info.filename or (info.filename.endswith("/") and not _is_plain_directory(info)):
        raise _unsafe(path, f"holds the unsafe name {info.orig_filename!r}")
    kind = stat.S_IFMT(info.external_attr >> 16)
    expected = stat.S_IFDIR if _is_plain_directory(info) else stat.S_IFREG
    if kind not in (0, expected):
        raise _unsafe(path, f"holds {info.filename!r}, which is a link or no regular file")
    if info.flag_bits & _ENCRYPTED:
        raise _unsafe(path, f"holds {info.filename!r}, which is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _unsafe(path, f"holds {info.filename!r}, which is compressed in an unknown way")
    if info.file_size > _CHUNK and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise _unsafe(path, f"holds {info.filename!r}, which unpacks to over {MAX_RATIO} times its size")


def _check_sizes(path: Path, sizes: dict[str, int]) -> None:
    if len(sizes) > MAX_FILES:
        raise _unsafe(path, f"holds more than {MAX_FILES} files")
    if sum(sizes.values()) > MAX_TOTAL_BYTES:
        raise _unsafe(path, f"holds more than {MAX_TOTAL_BYTES >> 20} MiB")


def _unsafe(path: Path, what: str) -> PluginLoadError:
    return PluginLoadError(f"{path.name} {what}", hint=_REPACK)


def _damaged(message: str) -> CorruptComponentError:
    return CorruptComponentError(message, hint="get the package again; this copy is incomplete or altered")
