"""Provider of the service ``content`` that keeps everything in memory and nothing on disk."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from hyperhost.contracts import ContentInfo, ContentPage, ContentTotals, StoredContent
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

__all__ = ["ContentMemory"]

_ALGORITHMS: Final[dict[str, Callable[..., Any]]] = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}
_PIECE_MAX: Final = 4 << 20
_LIST_MAX: Final = 10_000


class ContentMemory:
    """The provider. Each instance is a store of its own; any number of threads may use one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploads: dict[str, tuple[str, bytearray]] = {}
        self._contents: dict[str, tuple[bytes, int]] = {}

    @hookimpl
    def content_open(self, algorithm: str) -> str:
        """See the hookspec."""
        if algorithm not in _ALGORITHMS:
            raise RefusalError(
                f"hash algorithm {algorithm[:40]!r} is not known",
                "content.hash",
                hint=f"known are {', '.join(_ALGORITHMS)}",
            )
        upload = uuid.uuid4().hex
        with self._lock:
            self._uploads[upload] = algorithm, bytearray()
        return upload

    @hookimpl
    def content_append(self, upload: str, data: bytes) -> int:
        """See the hookspec."""
        if len(data) > _PIECE_MAX:
            raise RefusalError(
                f"a piece of {len(data)} bytes is too large", "content.size", hint="4 MiB at most"
            )
        with self._lock:
            if upload not in self._uploads:
                raise _missing(upload)
            buffer = self._uploads[upload][1]
            buffer += data
            return len(buffer)

    @hookimpl
    def content_commit(self, upload: str, expected_hash: str) -> ContentInfo:
        """See the hookspec."""
        with self._lock:
            found = self._uploads.pop(upload, None)
        if found is None:
            raise _missing(upload)
        algorithm, buffer = found
        content_hash = f"{algorithm}:{_ALGORITHMS[algorithm](buffer).hexdigest()}"
        if expected_hash and expected_hash != content_hash:
            raise RefusalError(
                f"the bytes have the hash {content_hash}, not {expected_hash[:140]}", "content.hash"
            )
        with self._lock:
            self._contents.setdefault(content_hash, (bytes(buffer), time.time_ns() // 1000))
        return ContentInfo(content_hash, len(buffer))

    @hookimpl
    def content_abort(self, upload: str) -> bool:
        """See the hookspec."""
        with self._lock:
            return self._uploads.pop(upload, None) is not None

    @hookimpl
    def content_stat(self, content_hash: str) -> ContentInfo | None:
        """See the hookspec."""
        found = self._contents.get(content_hash)
        return None if found is None else ContentInfo(content_hash, len(found[0]))

    @hookimpl
    def content_read(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """See the hookspec."""
        if length > _PIECE_MAX:
            raise RefusalError(f"{length} bytes are too many at once", "content.size", hint="4 MiB at most")
        found = self._contents.get(content_hash)
        return None if found is None else found[0][offset : offset + length]

    @hookimpl
    def content_delete(self, content_hash: str) -> bool:
        """See the hookspec."""
        with self._lock:
            return self._contents.pop(content_hash, None) is not None

    @hookimpl
    def content_list(self, after: str, limit: int) -> ContentPage:
        """See the hookspec."""
        limit = max(1, min(limit, _LIST_MAX))
        with self._lock:
            behind = sorted(item for item in self._contents.items() if item[0] > after)
        items = [StoredContent(name, len(data), "memory", at) for name, (data, at) in behind[:limit]]
        return ContentPage(items, len(behind) > limit)

    @hookimpl
    def content_usage(self) -> list[ContentTotals]:
        """See the hookspec."""
        with self._lock:
            sizes = [len(data) for data, _ in self._contents.values()]
        return [ContentTotals("memory", len(sizes), sum(sizes))]


def _missing(upload: str) -> RefusalError:
    return RefusalError(
        f"there is no upload {upload[:40]!r}", "content.missing", hint="begin another one with content_open"
    )
