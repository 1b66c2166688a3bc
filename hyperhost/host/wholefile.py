"""Write a small file so that it is there as a whole or not at all, and survives a power failure."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

__all__ = ["names_to_disk", "write_whole"]


def write_whole(
    path: Path, data: bytes | str, *, mode: int = 0o600, fresh: bool = False, sync_directory: bool = True
) -> bool:
    """Write a file beside its place, bring it to the disk, then move it there.

    The directory is made when it is not there, for its owner only.

    Args:
        path: Where it belongs. A link that is there is replaced, not followed.
        data: Its content; text is written as UTF-8.
        mode: Permissions, less those that the umask takes away.
        fresh: Leave one that is there as it is: of two processes that make it at once, the first wins.
        sync_directory: Bring the name to the disk, too. Without it a power failure may take the file.

    Returns:
        Whether it was written; ``False`` only with ``fresh``.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:100]}-{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        if not fresh:
            beside.replace(path)
        else:
            try:
                path.hardlink_to(beside)  # unlike a rename it never takes the place of another file
            except FileExistsError:
                return False
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    if sync_directory:
        names_to_disk(path.parent)
    return True


def names_to_disk(directory: Path) -> None:
    """Bring to the disk which files a directory holds.

    Raises:
        OSError: it cannot be read or written.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
