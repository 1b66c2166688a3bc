"""The bytes of an artifact, as far as they can be looked through; what archives hold is looked at, too."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import ContentInfo

__all__ = ["TooLargeError", "read_content", "texts_in"]

MAX_BYTES: Final = 8 << 20
"""Bytes of a content that are looked through, unpacked ones included; of more nothing is known."""

_PIECE: Final = 4 << 20
_MEMBERS: Final = 10_000


class TooLargeError(Exception):
    """A content cannot be looked through as a whole."""


def read_content(hook: HookRelay, content: ContentInfo) -> bytes:
    """The bytes of a content.

    Raises:
        TooLargeError: it is larger than 8 MiB, or not there as a whole.
    """
    if content.size > MAX_BYTES:
        raise TooLargeError
    pieces = bytearray()
    while len(pieces) < content.size:
        length = min(_PIECE, content.size - len(pieces))
        piece = hook.content_read(content_hash=content.hash, offset=len(pieces), length=length)
        if not piece:
            raise TooLargeError
        pieces += piece
    return bytes(pieces)


def texts_in(data: bytes) -> Iterator[tuple[str, str]]:
    """Name and text of what lies in a content: itself, and what a ZIP archive or gzip file holds.

    Raises:
        TooLargeError: unpacked it is larger than 8 MiB, or it is an archive that cannot be read.
    """
    yield "content", data.decode("utf-8", "replace")
    if data[:2] == b"\x1f\x8b":
        yield "content", _unzipped(data).decode("utf-8", "replace")  # a TAR archive is its members in a row
    elif data[:4] == b"PK\x03\x04":
        yield from _members(data)


def _unzipped(data: bytes) -> bytes:
    found, rest = bytearray(), data
    try:
        while rest[:2] == b"\x1f\x8b":  # such files can stand behind each other
            stream = zlib.decompressobj(wbits=31)
            found += stream.decompress(rest, MAX_BYTES + 1 - len(found))
            if len(found) > MAX_BYTES or not stream.eof:
                raise TooLargeError
            rest = stream.unused_data
    except zlib.error:
        raise TooLargeError from None
    return bytes(found)


def _members(data: bytes) -> Iterator[tuple[str, str]]:
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.infolist()
            if len(names) > _MEMBERS:
                raise TooLargeError
            for info in names:
                with archive.open(info) as file:
                    text = file.read(left + 1)
                left -= len(text)
                if left < 0:
                    raise TooLargeError
                yield f"content:{info.filename[:80]}", text.decode("utf-8", "replace")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
        raise TooLargeError from None
