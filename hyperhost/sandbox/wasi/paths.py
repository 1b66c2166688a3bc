"""Path resolution that cannot leave its base directory, whatever changes on disk meanwhile.

A path is walked one component at a time with ``openat`` and ``O_NOFOLLOW``, so each step is taken
from a directory that is already open and no step follows a link by itself. Symbolic links are
read and their targets walked the same way; absolute targets, and ``..`` beyond the base, are
refused. The last component is not opened: the caller gets the directory it lies in and its
name, and uses both with ``dir_fd`` and without following links.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final

from hyperhost.sandbox.interface import Err

__all__ = ["DIRECTORY", "Place", "beneath", "join", "walk"]

MAX_PATH: Final = 4096
"""Longest path in characters, as on Linux."""

MAX_STEPS: Final = 512
"""Components walked for one path, those of link targets and repeated walks included."""

MAX_LINKS: Final = 40
"""Symbolic links followed for one path, as on Linux."""

# Without O_PATH (macOS) a directory has to be readable to be walked through.
DIRECTORY: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY
"""Flags that open a directory for walking."""

_WALK: Final = DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def join(directory: str, *names: str) -> str:
    """Absolute path of something in ``directory``."""
    return "/".join([directory.rstrip("/"), *names]) or "/"


def beneath(path: str, top: str) -> bool:
    """Whether ``path`` is ``top`` or lies below it; both absolute, with no ``..`` and no trailing slash."""
    return path == top or path.startswith(top.rstrip("/") + "/")


class Place:
    """A name in an open directory. A context manager that closes the directory.

    Attributes:
        fd: The directory.
        name: What to look for in it; ``.`` when the place is the directory itself.
        path: Absolute path of the place on the host.
        depth: Directories between the base and the name.
        is_directory: The path said so by a trailing slash or dot.
    """

    __slots__ = ("_owned", "depth", "fd", "is_directory", "name", "path")

    def __init__(self, fd: int, name: str, path: str, *, depth: int, owned: bool, is_directory: bool) -> None:
        self.fd = fd
        self.name = name
        self.path = path
        self.depth = depth
        self.is_directory = is_directory
        self._owned = owned

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owned:
            self._owned = False
            os.close(self.fd)

    def stat(self) -> os.stat_result | None:
        """What is there now, a symbolic link itself, or ``None`` if nothing is.

        Raises:
            OSError: it cannot be looked at.
        """
        try:
            return os.stat(self.name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None


class _Walker:
    """The state of one walk; ``fd`` is the directory of ``done`` components below the base."""

    def __init__(self, base_fd: int, base_path: str, visible: Callable[[str], bool]) -> None:
        self.base_fd = base_fd
        self.base_path = base_path
        self.visible = visible
        self.fd = base_fd
        self.done: list[str] = []
        self.steps = 0
        self.links = 0

    def close(self) -> None:
        fd, self.fd = self.fd, self.base_fd
        if fd != self.base_fd:
            os.close(fd)

    def path_of(self, name: str) -> str:
        """Host path of ``name`` in the present directory, if the guest may know about it."""
        path = join(self.base_path, *self.done, name)
        if not self.visible(path):
            raise Err("not-permitted")
        return path

    def count(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Err("name-too-long")

    def enter(self, name: str) -> None:
        """Go into the directory ``name``; an ``OSError`` when it is none, a link included."""
        self.count()
        fd = os.open(name, _WALK, dir_fd=self.fd)
        self.close()
        self.fd = fd
        self.done.append(name)

    def leave(self) -> None:
        """Go up, by walking down again: ``..`` itself may lead elsewhere if a directory was moved."""
        if not self.done:
            raise Err("not-permitted")
        names, self.done = self.done[:-1], []
        self.close()
        for name in names:
            self.enter(name)

    def target(self, name: str) -> str | None:
        """Where the symbolic link ``name`` points, or ``None`` if it is no link."""
        self.count()
        try:
            target = os.readlink(name, dir_fd=self.fd)
        except OSError as caught:
            if caught.errno == errno.EINVAL:
                return None
            raise
        self.links += 1
        if self.links > MAX_LINKS:
            raise Err("loop")
        if target.startswith("/"):
            raise Err("not-permitted")
        return target


def _components(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _names_directory(path: str) -> bool:
    return path.rpartition("/")[2] in ("", ".", "..")


def _check_text(path: str) -> None:
    if not path:
        raise Err("no-entry")
    if path.startswith("/"):
        raise Err("not-permitted")
    if len(path) > MAX_PATH:
        raise Err("name-too-long")
    if "\0" in path:
        raise Err("invalid")


def walk(base_fd: int, base_path: str, path: str, *, follow: bool, visible: Callable[[str], bool]) -> Place:
    """Find where ``path`` leads, below the directory ``base_fd``.

    Args:
        base_fd: An open directory; stays open.
        base_path: Its absolute path on the host.
        path: Relative path from the guest.
        follow: Follow the last component if it is a symbolic link.
        visible: Told host paths before anything there is touched; whether the guest may know of them.

    Returns:
        A place to be used as a context manager. There may be nothing at it.

    Raises:
        Err: ``not-permitted`` for an absolute path or target, a way out of the base, or a place that
            is not visible; ``loop``, ``name-too-long``, ``no-entry``, ``not-directory`` or ``invalid``.
        OSError: a directory on the way cannot be walked.
    """
    _check_text(path)
    is_directory = _names_directory(path)
    pending = deque(_components(path))
    walker = _Walker(base_fd, base_path, visible)
    try:
        name, where = ".", join(base_path)
        while pending:
            name = pending.popleft()
            if name == "..":
                walker.leave()
                name, where = ".", join(base_path, *walker.done)
                continue
            where = walker.path_of(name)
            last = not pending
            if last and not follow and not is_directory:
                break
            target = _step(walker, name, last=last)
            if target is not None:
                pending.extendleft(reversed(_components(target)))
                is_directory = is_directory or (last and _names_directory(target))
                name, where = ".", join(base_path, *walker.done)
            elif not last:
                name, where = ".", join(base_path, *walker.done)
        place = Place(
            walker.fd,
            name,
            where,
            depth=len(walker.done),
            owned=walker.fd != base_fd,
            is_directory=is_directory,
        )
    except BaseException:
        walker.close()
        raise
    return _directory_checked(place) if is_directory else place


def _step(walker: _Walker, name: str, *, last: bool) -> str | None:
    """Go into ``name`` unless it is the last; the target if it is a symbolic link instead."""
    if last:
        try:
            return walker.target(name)
        except FileNotFoundError:
            return None
    try:
        walker.enter(name)
    except OSError as caught:
        # A link gives ELOOP, or ENOTDIR where O_PATH and O_DIRECTORY are combined.
        if caught.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        target = walker.target(name)
        if target is None:
            raise Err("not-directory") from caught
        return target
    return None


def _directory_checked(place: Place) -> Place:
    """Refuse a path that ends in a slash but leads to something else than a directory."""
    try:
        found = place.stat()
        if found is not None and not stat.S_ISDIR(found.st_mode):
            raise Err("not-directory")
    except BaseException:
        place.__exit__(None, None, None)
        raise
    return place
