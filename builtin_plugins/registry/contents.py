"""Operations on the bytes of artifacts: they come and go in pieces, none of which has to be large.

Storing bytes changes no artifact: until one refers to them they are an orphan, which collecting removes.
So an upload is no unit of work, and holds no lock while bytes arrive.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from hyperhost.contracts import Artifact, ContentInfo, Visibility
from hyperhost.offering import invalid, missing, operation

from .metering import count_bytes
from .references import coordinates, find
from .versions import counted
from .work import Work

__all__ = ["MAX_PIECE_BYTES", "Download", "Piece"]

MAX_PIECE_BYTES: Final = 4 << 20
"""Bytes of one piece, in either direction."""


@dataclass(frozen=True, slots=True)
class Download:
    """What there is to download.

    Attributes:
        artifact: The version that is meant, its download counted.
        content: Its bytes; read them with ``content_read``.
    """

    artifact: Artifact
    content: ContentInfo


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a content.

    Attributes:
        data: The bytes, verified; fewer than asked for at the end only.
        offset: Of the first of them.
        size: Bytes of the whole content.
        hash: Of the whole content.
    """

    data: bytes
    offset: int
    size: int
    hash: str


@operation("content_open", group="content", permission="content:write")
def content_open(work: Work, algorithm: str = "sha256") -> str:
    """Begin an upload, and answer its id; the algorithm is sha256 or sha3-512."""
    if algorithm not in ("sha256", "sha3-512"):
        raise invalid(
            "algorithm", "unknown", f"{algorithm[:40]!r} is no hash algorithm", "sha256 or sha3-512"
        )
    upload: str = work.hook.content_open(algorithm=algorithm)
    return upload


@operation("content_append", group="content", permission="content:write")
def content_append(work: Work, upload: str, data: bytes) -> int:
    """Add at most 4 MiB to an upload; answer how many bytes it has now."""
    if len(data) > MAX_PIECE_BYTES:
        raise invalid("data", "size", f"a piece of {len(data)} bytes is too large", "4 MiB at most")
    size: int = work.hook.content_append(upload=upload, data=data)
    return size


@operation("content_commit", group="content", permission="content:write")
def content_commit(work: Work, upload: str, expected_hash: str = "") -> ContentInfo:
    """End an upload and keep its bytes, if they have the expected hash."""
    found: ContentInfo = work.hook.content_commit(upload=upload, expected_hash=expected_hash)
    return found


@operation("content_abort", group="content", permission="content:write")
def content_abort(work: Work, upload: str) -> bool:
    """Forget an upload; whether there was one."""
    there: bool = work.hook.content_abort(upload=upload)
    return there


@operation("download", group="artifact", permission="artifact:read", changes=True)
def download(work: Work, artifact: str) -> Download:
    """Count a download of an artifact, and say which bytes to read."""
    found, content = _with_content(work, artifact)
    activity = dataclasses.replace(found.activity, download_count=found.activity.download_count + 1)
    return Download(counted(work, found, activity), content)


@operation("content_read", group="content", permission="artifact:read", reads_private=True)
def content_read(work: Work, artifact: str, offset: int = 0, length: int = MAX_PIECE_BYTES) -> Piece:
    """Read a piece of an artifact's content; its bytes count as bandwidth of its namespace."""
    if not 1 <= length <= MAX_PIECE_BYTES:
        raise invalid("length", "range", f"{length} bytes cannot be read at once", "1 to 4 MiB")
    if offset < 0:
        raise invalid("offset", "range", f"{offset} is no place in a content", "0 or more")
    found, content = _with_content(work, artifact)
    work.private = found.visibility is not Visibility.PUBLIC
    size = max(0, min(length, content.size - offset))
    data: bytes | None = b""
    if size:
        with work.unit():
            work.namespaces.clear()  # what was read before the unit began may have changed
            count_bytes(work, found.namespace, size)
        data = work.hook.content_read(content_hash=content.hash, offset=offset, length=size)
    if data is None:
        raise missing("content", f"the content of {coordinates(found)} is gone", "restore it from a backup")
    return Piece(data, offset, content.size, content.hash)


def _with_content(work: Work, reference: str) -> tuple[Artifact, ContentInfo]:
    found = find(work, reference)
    work.about(coordinates(found), found.namespace)
    if found.content is None:
        raise missing("content", f"{coordinates(found)} has no content")
    return found, found.content
