"""Failures of disks and of S3 as refusals, each with what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hyperhost.errors import RefusalError

__all__ = ["corrupt", "of_disk", "on_disk"]

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_WRITING: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def corrupt(content_hash: str, tier: str, what: str) -> RefusalError:
    """What is kept of a content is not what was put there."""
    return RefusalError(
        f"content {content_hash} in tier {tier} is damaged: {what}",
        "content.corrupt",
        hint="upload the same bytes again, which replaces it, or restore it from a backup",
    )


def of_disk(error: OSError) -> RefusalError:
    """The refusal for a failure of the file system."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return RefusalError(
            f"there is no room for content: {reason}", "content.full", hint="make room on disk"
        )
    if error.errno in _NO_WRITING:
        return RefusalError(
            f"the directory of contents may not be used: {reason}",
            "content.full",
            hint="permit this user to read and write it",
        )
    return RefusalError(
        f"the directory of contents failed: {reason}", "content.unavailable", hint="check the disk"
    )


@contextmanager
def on_disk() -> Iterator[None]:
    """Turn failures of the file system in a block into refusals.

    Raises:
        RefusalError: ``content.full`` or ``content.unavailable``.
    """
    try:
        yield
    except OSError as error:
        raise of_disk(error) from error
