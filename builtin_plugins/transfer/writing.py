"""Write a file of this plugin: members one after the other, at the end a manifest of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final, Protocol

from .container import END, content_name, header, padding
from .refusals import wrong_state

__all__ = ["CHUNK_BYTES", "CHUNK_LINES", "Sink", "Writer", "line_of"]

CHUNK_LINES: Final = 1_000
CHUNK_BYTES: Final = 4 << 20
"""A chunk ends when it has so many lines, or at least so many bytes."""


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> object:
        """Write all of them."""


class Writer:
    """Writes one file.

    Args:
        sink: Where to.
        head: What the file says of itself: the member ``header.json``.
    """

    def __init__(self, sink: Sink, head: dict[str, Any]) -> None:
        self._sink = sink
        self._chunks: list[dict[str, Any]] = []
        self._contents = hashlib.sha256()
        self._counts = {"contents": 0, "content_bytes": 0}
        self._numbers: dict[str, int] = {}
        self._open: dict[str, tuple[list[bytes], int]] = {}
        text = _json(head)
        self._head = hashlib.sha256(text).hexdigest()
        self._member("header.json", text)

    def line(self, kind: str, data: bytes) -> bool:
        """Add a line to the chunks of a kind; whether the chunk was full and is written now."""
        lines, size = self._open.get(kind, ([], 0))
        lines.append(data)
        self._open[kind] = lines, size + len(data) + 1
        if len(lines) >= CHUNK_LINES or size + len(data) >= CHUNK_BYTES:
            self.flush(kind)
            return True
        return False

    def flush(self, kind: str) -> None:
        """Write what has been collected of a kind as a chunk."""
        lines, _ = self._open.pop(kind, ([], 0))
        if not lines:
            return
        data = b"\n".join(lines) + b"\n"
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        name = f"{kind}/{number:08}.jsonl"
        self._member(name, data)
        self._chunks.append({"name": name, "sha256": hashlib.sha256(data).hexdigest(), "lines": len(lines)})

    def content(self, content_hash: str, size: int, pieces: Iterator[bytes]) -> None:
        """Write a content.

        Raises:
            RefusalError: it is shorter or longer than its size.
        """
        name = content_name(content_hash)
        self._sink.write(header(name, size))
        written = 0
        for piece in pieces:
            written += len(piece)
            if written > size:
                break
            self._sink.write(piece)
        if written != size:
            raise wrong_state(
                "content",
                f"{content_hash} should have {size} bytes and has others",
                "restore it from a backup",
            )
        self._sink.write(bytes(padding(size)))
        self._contents.update(f"{content_hash} {size}\n".encode())
        self._counts["contents"] += 1
        self._counts["content_bytes"] += size

    def finish(self, summary: dict[str, Any]) -> str:
        """Write the manifest; its SHA-256, which stands for the whole file."""
        manifest = _json(
            {
                "header": self._head,
                "chunks": self._chunks,
                "contents": {**self._counts, "sha256": self._contents.hexdigest()},
                "summary": summary,
            }
        )
        self._member("manifest.json", manifest)
        self._sink.write(END)
        return hashlib.sha256(manifest).hexdigest()

    def _member(self, name: str, data: bytes) -> None:
        self._sink.write(header(name, len(data)))
        self._sink.write(data)
        self._sink.write(bytes(padding(len(data))))


def line_of(data: Any) -> bytes:
    """A value as one line of canonical JSON: sorted keys, no spaces, text as it is."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _json(data: Any) -> bytes:
    return line_of(data) + b"\n"
