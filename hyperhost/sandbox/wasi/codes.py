"""System errors as cases of ``wasi:filesystem``'s ``error-code``."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hyperhost.sandbox.interface import Err

__all__ = ["error_code", "system_errors"]

_CODES: Final[dict[str, str]] = {
    "EACCES": "access",
    "EAGAIN": "would-block",
    "EWOULDBLOCK": "would-block",
    "EALREADY": "already",
    "EBADF": "bad-descriptor",
    "EBUSY": "busy",
    "EDEADLK": "deadlock",
    "EDQUOT": "quota",
    "EEXIST": "exist",
    "EFBIG": "file-too-large",
    "EILSEQ": "illegal-byte-sequence",
    "EINPROGRESS": "in-progress",
    "EINTR": "interrupted",
    "EINVAL": "invalid",
    "EIO": "io",
    "EISDIR": "is-directory",
    "ELOOP": "loop",
    # WASI has no case for "too many open files"; the nearest is the one for lack of memory.
    "EMFILE": "insufficient-memory",
    "ENFILE": "insufficient-memory",
    "EMLINK": "too-many-links",
    "EMSGSIZE": "message-size",
    "ENAMETOOLONG": "name-too-long",
    "ENODEV": "no-device",
    "ENOENT": "no-entry",
    "ENOLCK": "no-lock",
    "ENOMEM": "insufficient-memory",
    "ENOSPC": "insufficient-space",
    "ENOTDIR": "not-directory",
    "ENOTEMPTY": "not-empty",
    "ENOTRECOVERABLE": "not-recoverable",
    "ENOTSUP": "unsupported",
    "EOPNOTSUPP": "unsupported",
    "ENOSYS": "unsupported",
    "ENOTTY": "no-tty",
    "ENXIO": "no-such-device",
    "EOVERFLOW": "overflow",
    "EPERM": "not-permitted",
    "EPIPE": "pipe",
    "EROFS": "read-only",
    "ESPIPE": "invalid-seek",
    "ETXTBSY": "text-file-busy",
    "EXDEV": "cross-device",
}


def error_code(caught: Exception) -> str:
    """The case for ``caught``: ``invalid`` for a number too large for the system, ``io`` if unknown."""
    if not isinstance(caught, OSError):
        return "invalid"
    return _CODES.get(errno.errorcode.get(caught.errno or 0, ""), "io")


@contextmanager
def system_errors() -> Iterator[None]:
    """Answer the guest with the ``error-code`` of whatever the system refuses. Also a decorator.

    Raises:
        Err: the case for an ``OSError``; ``invalid`` for a number beyond what the system counts with.
    """
    try:
        yield
    except (OSError, OverflowError) as caught:
        raise Err(error_code(caught)) from caught
