"""Write a file beside its place and put it there when it is complete; remove what killed processes left.

A file that is being written is locked (``flock``). The kernel lets go of the lock when a process ends,
however it ends, so a file of this naming that nobody holds is one that nobody will finish.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from hyperhost.errors import RefusalError

from .refusals import unwritable

__all__ = ["replacing"]

_SHOWN: Final = 100
"""Characters of a file's name that the one beside it begins with."""


@contextmanager
def replacing(target: Path, family: str = "") -> Iterator[IO[bytes]]:
    """A file beside ``target`` that takes its place, durably, when the block ends well.

    Args:
        target: Where the file belongs.
        family: Regular expression of the names whose unfinished files are removed, too: those of
            backups, as no two have the same name. Without it, only the target's own are.

    Raises:
        RefusalError: it cannot be written.
    """
    try:
        temporary, file = _begun(target)
    except OSError as error:
        raise unwritable(target, error) from error
    try:
        with file:
            _sweep(target.parent, family or re.escape(target.name[:_SHOWN]), temporary.name)
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(target)
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except RefusalError:
        raise
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _begun(target: Path) -> tuple[Path, IO[bytes]]:
    """A new file beside the target, locked."""
    while True:
        path = target.with_name(f".{target.name[:_SHOWN]}-{secrets.token_hex(6)}.part")
        file = open(path, "xb", opener=_private)  # noqa: SIM115 - Path.open has no opener
        with suppress(OSError):  # a file system without locks; then nobody sweeps there either
            fcntl.flock(file, fcntl.LOCK_EX)
        # Somebody who sweeps may have met it before it was locked.
        if _is_there(path, file.fileno()):
            return path, file
        file.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _sweep(directory: Path, names: str, own: str) -> None:
    """Remove files of our naming that no living process writes. What cannot be removed stays."""
    pattern = re.compile(rf"\.(?:{names})-[0-9a-f]{{12}}\.part")
    try:
        found = [each for each in directory.iterdir() if each.name != own and pattern.fullmatch(each.name)]
    except OSError:
        return
    for path in found:
        with suppress(OSError):
            _remove_stale(path)


def _remove_stale(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while somebody writes it
        if _is_there(path, descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _is_there(path: Path, descriptor: int) -> bool:
    """Whether the name still stands for the open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
