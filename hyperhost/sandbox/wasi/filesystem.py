"""``wasi:filesystem``: files below the granted directories, and nowhere else.

Each function asks the gate for a grant behind its descriptor, then resolves the path (see
:mod:`.paths`) and asks again for the very file it leads to (see :mod:`.access`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from hyperhost.errors import LimitError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import Err, HostInterface, hostfunction
from hyperhost.sandbox.wasi.access import CONTENT, authorise, authorise_any, in_force, open_roots
from hyperhost.sandbox.wasi.codes import system_errors
from hyperhost.sandbox.wasi.files import (
    Descriptor,
    DirectoryEntries,
    FileInput,
    FileOutput,
    metadata_hash,
    new_times,
    open_place,
    stat_record,
    write_at,
)
from hyperhost.sandbox.wasi.handles import MAX_FILES, drop, state_of
from hyperhost.sandbox.wasi.io import MAX_CHUNK, IoError
from hyperhost.sandbox.wasi.paths import MAX_PATH, Place, beneath, walk

__all__ = ["FILE_KINDS", "PreopensInterface", "TypesInterface"]

FILE_KINDS: Final = ("fs.read", "fs.write", CONTENT)
"""Kinds of capability, any of which links ``wasi:filesystem``."""

_FOLLOW: Final = "symlink-follow"
_ADVICE: Final = {
    "normal": "POSIX_FADV_NORMAL",
    "sequential": "POSIX_FADV_SEQUENTIAL",
    "random": "POSIX_FADV_RANDOM",
    "will-need": "POSIX_FADV_WILLNEED",
    "dont-need": "POSIX_FADV_DONTNEED",
    "no-reuse": "POSIX_FADV_NOREUSE",
}


def _descriptor(call: Call, handle: int) -> Descriptor:
    return state_of(call).handles.get(handle, Descriptor)


def _find(base: Descriptor, path: str, *, follow: bool = False) -> Place:
    """Where ``path`` leads from the directory ``base``."""
    if not base.is_directory:
        raise Err("not-directory")
    return walk(base.fd, base.path, path, follow=follow, visible=base.root.visible)


def _present(place: Place) -> os.stat_result:
    """What is at ``place``; an error if nothing is."""
    found = place.stat()
    if found is None:
        raise Err("no-entry")
    return found


class PreopensInterface(HostInterface):
    """``wasi:filesystem/preopens``: one directory for each granted path, named like the path."""

    name: ClassVar[str] = "wasi:filesystem/preopens"
    capability: ClassVar[str | tuple[str, ...]] = FILE_KINDS
    typed: ClassVar[bool] = False

    @hostfunction(requires="", unprivileged=True)
    def get_directories(self, call: Call) -> list[tuple[int, str]]:
        """Handles and names of the directories; a grant of a file shows as the directory it is in.

        The answer is made from the grants themselves, so it asks for none: without any it is empty.

        Raises:
            LimitError: the instance holds as many open files as it may.
        """
        handles = state_of(call).handles
        found = []
        try:
            for root, file in open_roots(call):
                descriptor = Descriptor(root, root.host_path, file, frozenset({"read"}), is_directory=True)
                found.append((handles.allocate(descriptor), root.guest_path))
        except OSError as caught:
            raise LimitError(
                f"the granted directories cannot be opened: {caught}",
                plugin=call.plugin,
                hook=call.hook,
                hint=f"grant fewer paths; a component may hold {MAX_FILES} open files",
            ) from caught
        return found


class TypesInterface(HostInterface):
    """``wasi:filesystem/types``: descriptors and directory entries."""

    name: ClassVar[str] = "wasi:filesystem/types"
    capability: ClassVar[str | tuple[str, ...]] = FILE_KINDS
    typed: ClassVar[bool] = False
    resources: Mapping[str, Callable[[Call, int], None]] = {
        "descriptor": drop,
        "directory-entry-stream": drop,
    }

    def _backing(self, call: Call, handle: int, *_: Any) -> str:
        """A grant behind the descriptor; the file that a path leads to is checked by the body."""
        return in_force(call, _descriptor(call, handle).root)

    def _listing(self, call: Call, handle: int) -> str:
        return in_force(call, state_of(call).handles.get(handle, DirectoryEntries).root)

    # --- contents -----------------------------------------------------------------------------

    @hostfunction(requires=_backing, name="[method]descriptor.read")
    @system_errors()
    def read(self, call: Call, handle: int, length: int, offset: int) -> tuple[bytes, bool]:
        """At most :data:`MAX_CHUNK` bytes from ``offset``, and whether they are the last."""
        fd = _descriptor(call, handle).for_data(call, "read")
        wanted = min(length, MAX_CHUNK)
        data = os.pread(fd, wanted, offset)
        return data, len(data) < wanted

    @hostfunction(requires=_backing, name="[method]descriptor.write")
    @system_errors()
    def write(self, call: Call, handle: int, data: bytes, offset: int) -> int:
        """Write ``data`` at ``offset``; the number of bytes written."""
        write_at(call, _descriptor(call, handle).for_data(call, "write"), data, offset)
        return len(data)

    @hostfunction(requires=_backing, name="[method]descriptor.read-via-stream")
    def read_via_stream(self, call: Call, handle: int, offset: int) -> int:
        """A stream that reads from ``offset`` on."""
        descriptor = _descriptor(call, handle)
        descriptor.for_data(call, "read")
        return state_of(call).handles.allocate(FileInput(descriptor, offset))

    @hostfunction(requires=_backing, name="[method]descriptor.write-via-stream")
    def write_via_stream(self, call: Call, handle: int, offset: int) -> int:
        """A stream that writes from ``offset`` on."""
        descriptor = _descriptor(call, handle)
        descriptor.for_data(call, "write")
        return state_of(call).handles.allocate(FileOutput(descriptor, offset))

    @hostfunction(requires=_backing, name="[method]descriptor.append-via-stream")
    def append_via_stream(self, call: Call, handle: int) -> int:
        """A stream that writes at the end of the file."""
        descriptor = _descriptor(call, handle)
        descriptor.for_data(call, "write")
        return state_of(call).handles.allocate(FileOutput(descriptor, None))

    @hostfunction(requires=_backing, name="[method]descriptor.set-size")
    @system_errors()
    def set_size(self, call: Call, handle: int, size: int) -> None:
        """Cut the file, or lengthen it with zeroes, which count like bytes written."""
        fd = _descriptor(call, handle).for_data(call, "write")
        call.charge_bytes(max(0, size - os.fstat(fd).st_size))
        os.ftruncate(fd, size)

    @hostfunction(requires=_backing, name="[method]descriptor.sync")
    @system_errors()
    def sync(self, call: Call, handle: int) -> None:
        """Wait until what was written is on disk; does nothing unless the file was opened to write."""
        descriptor = _descriptor(call, handle)
        if "write" in descriptor.flags and not descriptor.is_directory:
            os.fsync(descriptor.for_data(call, "write"))

    @hostfunction(requires=_backing, name="[method]descriptor.sync-data")
    def sync_data(self, call: Call, handle: int) -> None:
        """Like :meth:`sync`."""
        self.sync(call, handle)

    @hostfunction(requires=_backing, name="[method]descriptor.advise")
    @system_errors()
    def advise(self, call: Call, handle: int, offset: int, length: int, advice: str) -> None:
        """Pass advice on to the system, where there is such a thing."""
        descriptor = _descriptor(call, handle)
        value = getattr(os, _ADVICE[advice], None)
        if not descriptor.is_directory and value is not None:
            os.posix_fadvise(descriptor.fd, offset, length, value)

    # --- facts --------------------------------------------------------------------------------

    @hostfunction(requires=_backing, name="[method]descriptor.get-flags")
    def get_flags(self, call: Call, handle: int) -> frozenset[str]:
        """How it was opened; ``mutate-directory`` for directories that may be written at present."""
        descriptor = _descriptor(call, handle)
        flags = descriptor.flags - {"mutate-directory"}
        source = descriptor.root.source(descriptor.path, write=True)
        if descriptor.is_directory and source is not None and call.grants.covers(source.capability):
            return flags | {"mutate-directory"}
        return flags

    @hostfunction(requires=_backing, name="[method]descriptor.get-type")
    def get_type(self, call: Call, handle: int) -> str:
        """File or directory; nothing else is ever opened."""
        return "directory" if _descriptor(call, handle).is_directory else "regular-file"

    @hostfunction(requires=_backing, name="[method]descriptor.stat")
    @system_errors()
    def stat(self, call: Call, handle: int) -> dict[str, Any]:
        """Size, type and times."""
        descriptor = _descriptor(call, handle)
        authorise_any(call, descriptor.root, descriptor.path)
        return stat_record(os.fstat(descriptor.fd))

    @hostfunction(requires=_backing, name="[method]descriptor.stat-at")
    @system_errors()
    def stat_at(self, call: Call, handle: int, path_flags: frozenset[str], path: str) -> dict[str, Any]:
        """Size, type and times of what ``path`` leads to."""
        base = _descriptor(call, handle)
        with _find(base, path, follow=_FOLLOW in path_flags) as place:
            authorise_any(call, base.root, place.path)
            return stat_record(_present(place))

    @hostfunction(requires=_backing, name="[method]descriptor.metadata-hash")
    @system_errors()
    def metadata_hash(self, call: Call, handle: int) -> dict[str, int]:
        """A number that changes with the file."""
        descriptor = _descriptor(call, handle)
        authorise_any(call, descriptor.root, descriptor.path)
        return metadata_hash(call.plugin, os.fstat(descriptor.fd))

    @hostfunction(requires=_backing, name="[method]descriptor.metadata-hash-at")
    @system_errors()
    def metadata_hash_at(
        self, call: Call, handle: int, path_flags: frozenset[str], path: str
    ) -> dict[str, int]:
        """A number that changes with what ``path`` leads to."""
        base = _descriptor(call, handle)
        with _find(base, path, follow=_FOLLOW in path_flags) as place:
            authorise_any(call, base.root, place.path)
            return metadata_hash(call.plugin, _present(place))

    @hostfunction(requires=_backing, name="[method]descriptor.is-same-object")
    def is_same_object(self, call: Call, handle: int, other: int) -> bool:
        """Whether both descriptors are of one file."""
        one, two = os.fstat(_descriptor(call, handle).fd), os.fstat(_descriptor(call, other).fd)
        return os.path.samestat(one, two)

    @hostfunction(requires=_backing, name="[method]descriptor.set-times")
    @system_errors()
    def set_times(
        self, call: Call, handle: int, access: tuple[str, Any], modification: tuple[str, Any]
    ) -> None:
        """Set access and modification time."""
        descriptor = _descriptor(call, handle)
        authorise(call, descriptor.root, descriptor.path, write=True)
        times = new_times(os.fstat(descriptor.fd), call.services.clock.now_ns(), access, modification)
        if descriptor.is_directory:
            os.utime(".", ns=times, dir_fd=descriptor.fd, follow_symlinks=False)
        else:
            os.utime(descriptor.fd, ns=times)

    @hostfunction(requires=_backing, name="[method]descriptor.set-times-at")
    @system_errors()
    def set_times_at(
        self,
        call: Call,
        handle: int,
        path_flags: frozenset[str],
        path: str,
        access: tuple[str, Any],
        modification: tuple[str, Any],
    ) -> None:
        """Set access and modification time of what ``path`` leads to."""
        base = _descriptor(call, handle)
        with _find(base, path, follow=_FOLLOW in path_flags) as place:
            authorise(call, base.root, place.path, write=True)
            times = new_times(_present(place), call.services.clock.now_ns(), access, modification)
            os.utime(place.name, ns=times, dir_fd=place.fd, follow_symlinks=False)

    # --- directories --------------------------------------------------------------------------

    @hostfunction(requires=_backing, name="[method]descriptor.open-at")
    @system_errors()
    def open_at(
        self,
        call: Call,
        handle: int,
        path_flags: frozenset[str],
        path: str,
        open_flags: frozenset[str],
        flags: frozenset[str],
    ) -> int:
        """Open a regular file or a directory, or create a file."""
        base = _descriptor(call, handle)
        follow = _FOLLOW in path_flags and not {"create", "exclusive"} <= open_flags
        with _find(base, path, follow=follow) as place:
            descriptor = open_place(call, base.root, place, open_flags, flags)
        return state_of(call).handles.allocate(descriptor)

    @hostfunction(requires=_backing, name="[method]descriptor.read-directory")
    @system_errors()
    def read_directory(self, call: Call, handle: int) -> int:
        """A stream of the directory's entries."""
        descriptor = _descriptor(call, handle)
        if not descriptor.is_directory:
            raise Err("not-directory")
        authorise(call, descriptor.root, descriptor.path, write=False)
        state = state_of(call)
        return state.handles.allocate(DirectoryEntries(descriptor, state.files))

    @hostfunction(requires=_listing, name="[method]directory-entry-stream.read-directory-entry")
    @system_errors()
    def read_directory_entry(self, call: Call, handle: int) -> dict[str, str] | None:
        """The next entry, none at the end."""
        entries = state_of(call).handles.get(handle, DirectoryEntries)
        authorise(call, entries.root, entries.path, write=False)
        return entries.next()

    @hostfunction(requires=_backing, name="[method]descriptor.readlink-at")
    @system_errors()
    def readlink_at(self, call: Call, handle: int, path: str) -> str:
        """Where a symbolic link points; absolute targets are not told."""
        base = _descriptor(call, handle)
        with _find(base, path) as place:
            authorise_any(call, base.root, place.path)
            target = os.readlink(place.name, dir_fd=place.fd)
        if target.startswith("/"):
            raise Err("not-permitted")
        try:
            target.encode()
        except UnicodeEncodeError as caught:
            raise Err("illegal-byte-sequence") from caught
        return target

    @hostfunction(requires=_backing, name="[method]descriptor.create-directory-at")
    @system_errors()
    def create_directory_at(self, call: Call, handle: int, path: str) -> None:
        """Create a directory."""
        base = _descriptor(call, handle)
        with _find(base, path) as place:
            authorise(call, base.root, place.path, write=True)
            os.mkdir(place.name, dir_fd=place.fd)

    @hostfunction(requires=_backing, name="[method]descriptor.remove-directory-at")
    @system_errors()
    def remove_directory_at(self, call: Call, handle: int, path: str) -> None:
        """Remove an empty directory."""
        base = _descriptor(call, handle)
        with _find(base, path) as place:
            authorise(call, base.root, place.path, write=True)
            os.rmdir(place.name, dir_fd=place.fd)

    @hostfunction(requires=_backing, name="[method]descriptor.unlink-file-at")
    @system_errors()
    def unlink_file_at(self, call: Call, handle: int, path: str) -> None:
        """Remove anything but a directory."""
        base = _descriptor(call, handle)
        with _find(base, path) as place:
            authorise(call, base.root, place.path, write=True)
            if stat.S_ISDIR(_present(place).st_mode):
                raise Err("is-directory")
            os.unlink(place.name, dir_fd=place.fd)

    @hostfunction(requires=_backing, name="[method]descriptor.rename-at")
    @system_errors()
    def rename_at(self, call: Call, handle: int, old_path: str, new_handle: int, new_path: str) -> None:
        """Move something; both places must be writable, and nothing may become readable by it."""
        old_base, new_base = _descriptor(call, handle), _descriptor(call, new_handle)
        with _find(old_base, old_path) as old, _find(new_base, new_path) as new:
            self._authorise_move(call, old_base, old, new_base, new)
            os.rename(old.name, new.name, src_dir_fd=old.fd, dst_dir_fd=new.fd)
            for resource in state_of(call).handles:
                if isinstance(resource, Descriptor) and beneath(resource.path, old.path):
                    resource.root = new_base.root
                    resource.path = new.path + resource.path[len(old.path) :]

    @hostfunction(requires=_backing, name="[method]descriptor.link-at")
    @system_errors()
    def link_at(
        self,
        call: Call,
        handle: int,
        old_path_flags: frozenset[str],
        old_path: str,
        new_handle: int,
        new_path: str,
    ) -> None:
        """Give a regular file one more name, under the conditions of :meth:`rename_at`."""
        if _FOLLOW in old_path_flags:
            raise Err("invalid")
        old_base, new_base = _descriptor(call, handle), _descriptor(call, new_handle)
        with _find(old_base, old_path) as old, _find(new_base, new_path) as new:
            self._authorise_move(call, old_base, old, new_base, new)
            if not stat.S_ISREG(_present(old).st_mode):
                raise Err("not-permitted")
            os.link(old.name, new.name, src_dir_fd=old.fd, dst_dir_fd=new.fd, follow_symlinks=False)

    def _authorise_move(
        self, call: Call, old_base: Descriptor, old: Place, new_base: Descriptor, new: Place
    ) -> None:
        authorise(call, old_base.root, old.path, write=True)
        authorise(call, new_base.root, new.path, write=True)
        if new_base.root.readable_within(new.path):
            authorise(call, old_base.root, old.path, write=False)

    @hostfunction(requires=_backing, name="[method]descriptor.symlink-at")
    @system_errors()
    def symlink_at(self, call: Call, handle: int, target: str, path: str) -> None:
        """Create a symbolic link; absolute targets and those outside of the base are refused.

        A link that is moved later may come to point outside; following it is refused then.
        """
        base = _descriptor(call, handle)
        if not target:
            raise Err("no-entry")
        if "\0" in target:
            raise Err("invalid")
        if len(target) > MAX_PATH:
            raise Err("name-too-long")
        with _find(base, path) as place:
            authorise(call, base.root, place.path, write=True)
            if target.startswith("/") or _escapes(target, place.depth):
                raise Err("not-permitted")
            os.symlink(target, place.name, dir_fd=place.fd)

    # --- errors -------------------------------------------------------------------------------

    @hostfunction(requires="", unprivileged=True)
    def filesystem_error_code(self, call: Call, error: int) -> str | None:
        """The ``error-code`` behind a stream's error, if a file was at fault."""
        return state_of(call).handles.get(error, IoError).code


def _escapes(target: str, depth: int) -> bool:
    """Whether ``target``, seen from ``depth`` directories below the base, leads out of it."""
    for name in target.split("/"):
        if name == "..":
            depth -= 1
            if depth < 0:
                return True
        elif name not in ("", "."):
            depth += 1
    return False
