"""Write a file for the user so that it is there as a whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hyperhost.errors import PackError

__all__ = ["staging"]


@contextmanager
def staging(target: Path, mode: int = 0o666) -> Iterator[Path]:
    """An empty file beside ``target`` and with its ending, to be written and then moved there.

    What of it is left when the block ends, for whatever reason, is removed.

    Args:
        target: Where the finished file belongs.
        mode: Permissions, less those that the umask takes away.

    Raises:
        PackError: it cannot be made, or an :class:`OSError` ended the block.
    """
    temporary = target.with_name(f".{target.stem[:64]}-{secrets.token_hex(6)}{target.suffix[:32]}")
    made = False
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
        made = True
        yield temporary
    except OSError as error:
        raise PackError(
            f"{target} cannot be written: {error.strerror or error}",
            hint="name a file in a directory that is there and that you may write to",
        ) from error
    finally:
        if made:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
