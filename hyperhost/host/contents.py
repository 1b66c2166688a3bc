"""Bytes of artifacts through the operations: sent and fetched piece by piece, and verified on the way."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from hyperhost.errors import InvalidInputError, StorageError

if TYPE_CHECKING:
    from hyperhost.host.operations import Operations

__all__ = ["PIECE_BYTES", "Fetched", "fetch", "replacing", "upload"]

PIECE_BYTES: Final = 1 << 20
"""Bytes that travel at once; operations take up to 4 MiB."""

_HASHES: Final = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A content that was written to a file.

    Attributes:
        artifact: The artifact as JSON data, its download counted.
        path: The file.
        hash: ``algorithm:hex`` of the bytes, which were compared with it.
        size: Bytes.
    """

    artifact: dict[str, Any]
    path: Path
    hash: str
    size: int


def upload(
    operations: Operations, source: BinaryIO, algorithm: str = "sha256", progress: Progress | None = None
) -> str:
    """Send everything that a file still holds.

    Args:
        operations: Of the registry that takes it.
        source: Read from where it stands to its end.
        algorithm: ``sha256`` or ``sha3-512``.
        progress: Called with the bytes sent so far, after each piece.

    Returns:
        Its hash, to be named in a draft.

    Raises:
        InvalidInputError: the algorithm is unknown.
        StorageError: the store cannot take it; nothing of it is kept.
    """
    if algorithm not in _HASHES:
        raise InvalidInputError(
            f"{algorithm!r} is no algorithm of a hash", hint=f"known are {', '.join(_HASHES)}"
        )
    digest = _HASHES[algorithm]()
    ticket = operations.run("content_open", algorithm=algorithm)
    try:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            sent = operations.run("content_append", upload=ticket, data=piece)
            if progress is not None:
                progress(sent)
        wanted = f"{algorithm}:{digest.hexdigest()}"
        done = operations.run("content_commit", upload=ticket, expected_hash=wanted)
    except BaseException:
        with suppress(Exception):
            operations.run("content_abort", upload=ticket)
        raise
    found: str = done["hash"]
    return found


def fetch(
    operations: Operations,
    artifact: str,
    target: Callable[[dict[str, Any]], Path],
    progress: Callable[[int, int], object] | None = None,
) -> Fetched:
    """Write the content of an artifact to a file, which is there as a whole and verified, or not at all.

    Args:
        operations: Of the registry that has it.
        artifact: What it is called.
        target: Called with the artifact for the file, before anything is counted. What stood there is
            replaced at the end.
        progress: Called with the bytes written so far and those in all, after each piece.

    Raises:
        NotFoundError: there is no such artifact, or it has no content.
        QuotaExceededError: its namespace may not hand out so much.
        StorageError: the bytes cannot be read, are not what their hash says, or the file cannot be written.
    """
    known = operations.run("read", artifact=artifact)
    path = target(known)
    found = operations.run("download", artifact=known["id"])
    known, size = found["artifact"], found["content"]["size"]
    algorithm, _, wanted = found["content"]["hash"].partition(":")
    digest, done = _HASHES[algorithm](), 0
    with replacing(path) as file:
        while done < size:
            piece = operations.run("content_read", artifact=known["id"], offset=done, length=PIECE_BYTES)
            data = base64.b64decode(piece["data"])
            if not data:
                break
            digest.update(data)
            file.write(data)
            done += len(data)
            if progress is not None:
                progress(done, size)
        if digest.hexdigest() != wanted:
            raise StorageError(
                f"the bytes of {algorithm}:{wanted} are not what was put there", hint="restore a backup"
            )
    return Fetched(known, path, f"{algorithm}:{wanted}", size)


@contextmanager
def replacing(target: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file that takes the place of ``target`` when the block ends well, and is gone when it does not.

    Args:
        target: Where the finished file belongs.
        mode: Permissions, less those that the umask takes away.

    Raises:
        StorageError: it cannot be written.
    """
    beside = target.with_name(f".{target.name[:64]}-{secrets.token_hex(6)}")
    try:
        with os.fdopen(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb"
        ) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror or error}",
            hint="name a file in a directory that is there and that you may write to",
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
