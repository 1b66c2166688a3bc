"""Open files and directories of a guest, and streams over them."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, Any, Final

from hyperhost.sandbox.interface import Err
from hyperhost.sandbox.wasi.access import Root, authorise, authorise_any
from hyperhost.sandbox.wasi.clocks import datetime_of
from hyperhost.sandbox.wasi.handles import FileBudget, OpenFile, Resource, state_of
from hyperhost.sandbox.wasi.io import CLOSED, InputStream, OutputStream
from hyperhost.sandbox.wasi.paths import DIRECTORY, Place, join

if TYPE_CHECKING:
    from hyperhost.sandbox.call import Call

__all__ = [
    "Descriptor",
    "DirectoryEntries",
    "FileInput",
    "FileOutput",
    "metadata_hash",
    "new_times",
    "open_place",
    "stat_record",
    "type_name",
    "write_at",
]

_TYPES: Final = {
    stat.S_IFBLK: "block-device",
    stat.S_IFCHR: "character-device",
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "fifo",
    stat.S_IFLNK: "symbolic-link",
    stat.S_IFREG: "regular-file",
    stat.S_IFSOCK: "socket",
}
_SYNC: Final = {
    "file-integrity-sync": getattr(os, "O_SYNC", 0),
    "data-integrity-sync": getattr(os, "O_DSYNC", 0),
}


class Descriptor(Resource):
    """A regular file or directory that the guest opened.

    Args:
        root: What it was reached by.
        path: Its absolute path on the host.
        file: Its file descriptor, owned from here on.
        flags: ``descriptor-flags`` it was opened with.
        is_directory: Whether it is a directory.
    """

    noun = "descriptor"

    def __init__(
        self, root: Root, path: str, file: OpenFile, flags: frozenset[str], *, is_directory: bool
    ) -> None:
        self.root = root
        self.path = path
        self.file = file
        self.flags = flags
        self.is_directory = is_directory
        self._open = True

    @property
    def fd(self) -> int:
        """The file descriptor."""
        return self.file.fd

    def close(self) -> None:
        """Give up the file; streams over it keep it open."""
        if self._open:
            self._open = False
            self.file.release()

    def for_data(self, call: Call, flag: str) -> int:
        """The file descriptor, if this is a file opened to ``read`` or ``write`` and still may be.

        Raises:
            Err: ``is-directory``, or ``bad-descriptor`` when it was opened otherwise.
            CapabilityDeniedError: the grant was revoked.
        """
        if self.is_directory:
            raise Err("is-directory")
        if flag not in self.flags:
            raise Err("bad-descriptor")
        authorise(call, self.root, self.path, write=flag == "write")
        return self.file.fd


def write_at(call: Call, fd: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``. A hole left before it counts like bytes written.

    Raises:
        OSError: the system refuses.
        HostBytesLimitError: the hole is larger than the budget.
    """
    gap = offset - os.fstat(fd).st_size
    if gap > 0 and data:
        call.charge_bytes(gap)
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


class FileInput(InputStream):
    """Reads a file from ``offset`` on."""

    def __init__(self, descriptor: Descriptor, offset: int) -> None:
        self._descriptor = descriptor
        self._file: OpenFile | None = descriptor.file.share()
        self._offset = offset

    def read(self, call: Call, length: int) -> bytes:
        """The next bytes.

        Raises:
            Err: ``closed``, at the end of the file.
            OSError: the system refuses.
            CapabilityDeniedError: the grant was revoked.
        """
        assert self._file is not None
        authorise(call, self._descriptor.root, self._descriptor.path, write=False)
        data = os.pread(self._file.fd, length, self._offset)
        if not data and length:
            raise Err(CLOSED)
        self._offset += len(data)
        return data

    def close(self) -> None:
        """Give up the file."""
        file, self._file = self._file, None
        if file is not None:
            file.release()


class FileOutput(OutputStream):
    """Writes a file from ``offset`` on, or at its end as it is at each write when ``offset`` is ``None``."""

    def __init__(self, descriptor: Descriptor, offset: int | None) -> None:
        self._descriptor = descriptor
        self._file: OpenFile | None = descriptor.file.share()
        self._offset = offset

    def write(self, call: Call, data: bytes) -> None:
        """Write all of ``data``.

        Raises:
            OSError: the system refuses.
            CapabilityDeniedError: the grant was revoked.
        """
        assert self._file is not None
        authorise(call, self._descriptor.root, self._descriptor.path, write=True)
        fd = self._file.fd
        if self._offset is None:
            write_at(call, fd, data, os.fstat(fd).st_size)
        else:
            write_at(call, fd, data, self._offset)
            self._offset += len(data)

    def close(self) -> None:
        """Give up the file."""
        file, self._file = self._file, None
        if file is not None:
            file.release()


class DirectoryEntries(Resource):
    """A listing under way.

    Args:
        descriptor: The directory; may be closed before the listing is.
        files: Where its file descriptors are counted.

    Raises:
        OSError: the directory cannot be listed.
    """

    noun = "directory-entry-stream"

    def __init__(self, descriptor: Descriptor, files: FileBudget) -> None:
        self.root = descriptor.root
        self.path = descriptor.path
        self._files = files
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        self._file: OpenFile | None = OpenFile.open(files, ".", flags, dir_fd=descriptor.fd)
        try:
            files.take()  # scandir makes a copy of the descriptor
            try:
                self._entries = os.scandir(self._file.fd)
            except OSError:
                files.give()
                raise
        except OSError:
            self._file.release()
            raise

    def next(self) -> dict[str, str] | None:
        """The next entry, in no particular order; names that are not UTF-8 are left out.

        Raises:
            OSError: the system refuses.
        """
        for entry in self._entries:
            if not self.root.visible(join(self.path, entry.name)):
                continue
            try:
                entry.name.encode()
            except UnicodeEncodeError:
                continue
            return {"type": _entry_type(entry), "name": entry.name}
        return None

    def close(self) -> None:
        """End the listing."""
        file, self._file = self._file, None
        if file is not None:
            self._entries.close()
            self._files.give()
            file.release()


def _entry_type(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "symbolic-link"
    if entry.is_file(follow_symlinks=False):
        return "regular-file"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    try:
        return type_name(entry.stat(follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return "unknown"


# --- opening ----------------------------------------------------------------------------------


def open_place(
    call: Call, root: Root, place: Place, open_flags: frozenset[str], flags: frozenset[str]
) -> Descriptor:
    """Open what is at ``place``, or create it.

    Anything but regular files and directories is refused before it is opened, since opening a
    pipe or a device may wait or act, and again afterwards, since it may have been exchanged.

    Raises:
        Err: an ``error-code`` for what is not there, not allowed, or of the wrong type.
        OSError: the system refuses.
        CapabilityDeniedError: the grant was revoked.
    """
    if "create" in open_flags and ("directory" in open_flags or place.is_directory):
        raise Err("invalid")
    changes = "write" in flags or "truncate" in open_flags
    if changes or "create" in open_flags or "mutate-directory" in flags:
        authorise(call, root, place.path, write=True)
    else:
        authorise_any(call, root, place.path)
    found = place.stat()
    if found is None and "create" not in open_flags:
        raise Err("no-entry")
    if found is not None and {"create", "exclusive"} <= open_flags:
        raise Err("exist")
    if found is not None and stat.S_ISDIR(found.st_mode):
        if changes or "create" in open_flags:
            raise Err("is-directory")
        file = OpenFile.open(state_of(call).files, place.name, DIRECTORY | os.O_NOFOLLOW, dir_fd=place.fd)
        return Descriptor(root, place.path, file, flags, is_directory=True)
    if "directory" in open_flags:
        raise Err("not-directory")
    if found is not None:
        _check_regular(found)
    if "read" in flags:
        authorise(call, root, place.path, write=False)
    file = OpenFile.open(state_of(call).files, place.name, _system_flags(open_flags, flags), dir_fd=place.fd)
    try:
        _check_regular(os.fstat(file.fd))
    except BaseException:
        file.release()
        raise
    return Descriptor(root, place.path, file, flags, is_directory=False)


def _system_flags(open_flags: frozenset[str], flags: frozenset[str]) -> int:
    wants = os.O_NOFOLLOW
    if "write" in flags or "truncate" in open_flags:
        wants |= os.O_RDWR if "read" in flags else os.O_WRONLY
    for flag, value in (("create", os.O_CREAT), ("exclusive", os.O_EXCL), ("truncate", os.O_TRUNC)):
        if flag in open_flags:
            wants |= value
    for flag, value in _SYNC.items():
        if flag in flags:
            wants |= value
    return wants


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise Err("loop")
    if not stat.S_ISREG(found.st_mode):
        raise Err("not-permitted")


# --- what is known about a file ---------------------------------------------------------------


def type_name(mode: int) -> str:
    """Case of ``descriptor-type`` for a file mode."""
    return _TYPES.get(stat.S_IFMT(mode), "unknown")


def stat_record(found: os.stat_result) -> dict[str, Any]:
    """A ``descriptor-stat``; times before 1970 are none."""

    def moment(time_ns: int) -> dict[str, int] | None:
        return datetime_of(time_ns) if time_ns >= 0 else None

    return {
        "type": type_name(found.st_mode),
        "link-count": found.st_nlink,
        "size": found.st_size,
        "data-access-timestamp": moment(found.st_atime_ns),
        "data-modification-timestamp": moment(found.st_mtime_ns),
        "status-change-timestamp": moment(found.st_ctime_ns),
    }


def metadata_hash(plugin: str, found: os.stat_result) -> dict[str, int]:
    """A ``metadata-hash-value`` that changes with the file; different for each plugin."""
    facts = f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}"
    digest = hashlib.blake2b(facts.encode(), digest_size=16, key=plugin.encode()[:64]).digest()
    return {"lower": int.from_bytes(digest[:8], "little"), "upper": int.from_bytes(digest[8:], "little")}


def new_times(
    found: os.stat_result, now_ns: int, access: tuple[str, Any], modification: tuple[str, Any]
) -> tuple[int, int]:
    """Access and modification time, in nanoseconds since 1970, from two ``new-timestamp`` values."""

    def moment(wanted: tuple[str, Any], present_ns: int) -> int:
        case, value = wanted
        if case == "timestamp":
            return int(value["seconds"]) * 1_000_000_000 + int(value["nanoseconds"])
        return now_ns if case == "now" else present_ns

    return moment(access, found.st_atime_ns), moment(modification, found.st_mtime_ns)
