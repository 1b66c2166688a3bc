"""The container of exports and backups: a tar archive of which every byte is determined.

Each member is a plain file with a header in the form of POSIX.1-1988 (``ustar``): mode 0644, no owner,
no time. A reader makes the header anew from the name and the size and compares all 512 bytes, so
there is one way to write a file and nothing else is read: no links, no extensions, no other paths.
Any tar program lists and unpacks it.
"""

from __future__ import annotations

import re
from typing import Final

from .refusals import bad_file

__all__ = ["BLOCK", "END", "content_name", "hash_of", "header", "padding", "parse"]

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)
"""What stands behind the last member, and behind it nothing."""

_NAME: Final = re.compile(
    r"header\.json|manifest\.json|(?:namespaces|artifacts|records|logs)/[0-9]{8}\.jsonl"
    r"|contents/sha256/[0-9a-f]{64}|contents/sha3-512/[0-9a-f]{64}/[0-9a-f]{64}"
)
_OCTAL_LIMIT: Final = 8**11


def header(name: str, size: int) -> bytes:
    """The header of a member.

    Args:
        name: A name of this format.
        size: Bytes of the member; from 8 GiB on written in base 256, as GNU tar does.
    """
    prefix, short = ("", name) if len(name) <= 100 else tuple(name.rsplit("/", 1))
    number = b"%011o\0" % size if size < _OCTAL_LIMIT else b"\x80" + size.to_bytes(11, "big")
    fields = (
        short.encode().ljust(100, b"\0"),
        b"0000644\0" + b"0000000\0" * 2,
        number,
        b"00000000000\0",
        b" " * 8,
        b"0",
        bytes(100),
        b"ustar\x0000",
        bytes(64),
        b"0000000\0" * 2,
        prefix.encode().ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def parse(block: bytes, position: int) -> tuple[str, int] | None:
    """Name and size of the member that a header announces; ``None`` at the end of the archive.

    Args:
        block: 512 bytes.
        position: Where they stand, for errors.

    Raises:
        RefusalError: they are no header that :func:`header` writes.
    """
    if not any(block):
        return None
    prefix, short = (part.rstrip(b"\0") for part in (block[345:500], block[:100]))
    name = (prefix + b"/" + short if prefix else short).decode("ascii", "replace")
    number = block[124:136]
    size = -1
    if number[0] == 0x80:
        size = int.from_bytes(number[1:], "big")
    elif re.fullmatch(rb"[0-7]{11}\0", number):
        size = int(number[:11], 8)
    if size < 0 or not _NAME.fullmatch(name) or header(name, size) != block:
        raise bad_file(f"byte {position}", "format", "this is no member of an export or a backup")
    return name, size


def padding(size: int) -> int:
    """Zero bytes behind a member of a size."""
    return -size % BLOCK


def content_name(content_hash: str) -> str:
    """The name of the member that holds a content."""
    algorithm, _, digest = content_hash.partition(":")
    if algorithm == "sha3-512":
        digest = f"{digest[:64]}/{digest[64:]}"
    return f"contents/{algorithm}/{digest}"


def hash_of(name: str) -> str:
    """The hash that the name of a member with a content stands for."""
    _, algorithm, digest = name.split("/", 2)
    return f"{algorithm}:{digest.replace('/', '')}"
