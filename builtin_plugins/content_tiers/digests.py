"""Hashes of contents, and digests of their pieces.

The hash of a content can be checked only by reading all of it. So that any part can be checked by
itself, a SHA-256 of each piece of 1 MiB is kept beside a content; their list is kept honest by a
SHA-256 of its own, the root, in the database.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from hyperhost.errors import RefusalError

from .failures import corrupt

__all__ = ["ALGORITHMS", "DIGEST", "PIECE", "Hasher", "check_list", "cut", "is_hash", "whole"]

ALGORITHMS: Final[dict[str, Callable[..., Any]]] = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}
PIECE: Final = 1 << 20
"""Bytes of a piece that has a digest of its own."""
DIGEST: Final = 32
"""Bytes of a digest."""
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}|sha3-512:[0-9a-f]{128}")


class Hasher:
    """Takes a content as it comes, in pieces of any size.

    Args:
        algorithm: What the content will be known by.

    Raises:
        RefusalError: ``content.hash`` for an unknown algorithm.
    """

    def __init__(self, algorithm: str) -> None:
        if algorithm not in ALGORITHMS:
            known = ", ".join(ALGORITHMS)
            raise RefusalError(
                f"hash algorithm {algorithm[:40]!r} is not known", "content.hash", hint=f"known are {known}"
            )
        self._algorithm = algorithm
        self._whole = ALGORITHMS[algorithm]()
        self._piece = hashlib.sha256()
        self._room = PIECE
        self._done = bytearray()
        self.size = 0

    def add(self, data: bytes) -> None:
        """Take what follows."""
        self._whole.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            part, view = view[: self._room], view[self._room :]
            self._piece.update(part)
            self._room -= len(part)
            if not self._room:
                self._done += self._piece.digest()
                self._piece, self._room = hashlib.sha256(), PIECE

    @property
    def hash(self) -> str:
        """``algorithm:hex`` of everything so far."""
        return f"{self._algorithm}:{self._whole.hexdigest()}"

    @property
    def digests(self) -> bytes:
        """The digests of all pieces, one after another; the last piece may be short."""
        return bytes(self._done) + (self._piece.digest() if self._room < PIECE else b"")


def is_hash(text: str) -> bool:
    """Whether a text is the hash of a content, of an algorithm that is known."""
    return _HASH.fullmatch(text) is not None


def whole(content_hash: str, data: bytes) -> bool:
    """Whether bytes are those of a hash."""
    algorithm, _, digest = content_hash.partition(":")
    return bool(ALGORITHMS[algorithm](data).hexdigest() == digest)


def check_list(content_hash: str, tier: str, digests: bytes, root: str, size: int) -> None:
    """Return if a list of digests is the one that was written.

    Raises:
        RefusalError: ``content.corrupt``.
    """
    if len(digests) != -(-size // PIECE) * DIGEST or hashlib.sha256(digests).hexdigest() != root:
        raise corrupt(content_hash, tier, "its list of digests was altered")


def cut(
    content_hash: str, tier: str, digests: bytes, data: bytes, first: int, offset: int, length: int
) -> bytes:
    """Check whole pieces, and cut what was asked for out of them.

    Args:
        content_hash: Which content.
        tier: Where it is.
        digests: Digests of all of its pieces.
        data: Whole pieces.
        first: Number of the first of them.
        offset: First byte asked for, in the content.
        length: Bytes asked for.

    Raises:
        RefusalError: ``content.corrupt``.
    """
    view = memoryview(data)
    for index, start in enumerate(range(0, len(data), PIECE), first):
        found = hashlib.sha256(view[start : start + PIECE]).digest()
        if found != digests[index * DIGEST : (index + 1) * DIGEST]:
            raise corrupt(content_hash, tier, f"bytes from {index * PIECE} on were altered")
    begin = offset - first * PIECE
    return bytes(view[begin : begin + length])
