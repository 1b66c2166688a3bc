"""Read a file of this plugin. Whatever it holds, memory stays bounded and nothing of it is believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hyperhost.contracts.codec import DataError, from_data

from .container import BLOCK, END, hash_of, padding, parse
from .refusals import bad_file

__all__ = ["Chunk", "Content", "Head", "Manifest", "Source", "members", "parse_json", "verify"]

FORMAT: Final = "hyperhost-registry"
VERSION: Final = 1
PIECE: Final = 1 << 20
"""Bytes of content that are in memory at a time."""

_HEAD_MAX: Final = 64 << 10
_CHUNK_MAX: Final = 24 << 20
_MANIFEST_MAX: Final = 64 << 20
_LINES_MAX: Final = 1_000
_MAX_DEPTH: Final = 64
_ORDER: Final = {"namespaces": 0, "artifacts": 1, "contents": 1, "records": 2, "logs": 3}


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Head:
    """The member ``header.json``.

    Attributes:
        format: Always the same word.
        version: Of the format.
        kind: ``export`` or ``backup``.
        contents: Whether the bytes of artifacts are in the file.
        query: What was exported; ``None`` for everything.
        at_us: When a backup was made; 0 in an export.
    """

    format: str
    version: int
    kind: str
    contents: bool = True
    query: Any = None
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class ChunkDigest:
    """One chunk, as the manifest lists it."""

    name: str
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True)
class ContentsDigest:
    """All contents, as the manifest lists them."""

    contents: int
    content_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The member ``manifest.json``."""

    header: str
    chunks: list[ChunkDigest]
    contents: ContentsDigest
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One member with lines."""

    name: str
    lines: list[bytes]

    @property
    def kind(self) -> str:
        """``namespaces``, ``artifacts``, ``records`` or ``logs``."""
        return self.name.partition("/")[0]

    def values(self) -> Iterator[tuple[str, Any]]:
        """Each line as JSON data, with its position."""
        for number, line in enumerate(self.lines, 1):
            where = f"{self.name}:{number}"
            yield where, parse_json(line, where)


@dataclass(frozen=True, slots=True)
class Content:
    """One member with the bytes of an artifact. They are to be read before the next member is."""

    hash: str
    size: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that was read as a whole.

    Attributes:
        head: What it says of itself.
        manifest: What is in it.
        identity: SHA-256 of its manifest, which stands for all of its bytes.
    """

    head: Head
    manifest: Manifest
    identity: str


class _Input:
    """Reads exactly, and knows where it is."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.position = 0

    def exactly(self, size: int, what: str) -> bytes:
        parts, missing = [], size
        while missing:
            part = self._source.read(missing)
            if not part:
                raise bad_file(
                    f"byte {self.position + size - missing}",
                    "truncated",
                    f"the file ends within {what}",
                    "copy the file again; it is not complete",
                )
            parts.append(part)
            missing -= len(part)
        self.position += size
        return b"".join(parts)

    def zeros(self, size: int, what: str) -> None:
        if self.exactly(size, what) != bytes(size):
            raise bad_file(f"byte {self.position - size}", "format", f"there are bytes behind {what}")

    def at_end(self) -> None:
        if self._source.read(1):
            raise bad_file(f"byte {self.position}", "format", "there are bytes behind the end")


def verify(
    source: Source, kinds: tuple[str, ...], each: Callable[[Head, Chunk], None] | None = None
) -> Verified:
    """Read a whole file and compare every digest.

    Args:
        source: The file, from its beginning on.
        kinds: Kinds of files that are wanted.
        each: Called with each chunk, to judge what it holds; may raise.

    Raises:
        RefusalError: something in it is not what it has to be; says where.
    """
    head: Head | None = None
    for item in members(source, kinds):
        if isinstance(item, Head):
            head = item
        elif isinstance(item, Content):
            for _ in item.pieces:
                pass
        elif isinstance(item, Chunk):
            if each is not None and head is not None:
                each(head, item)
        else:
            return item
    raise bad_file("", "truncated", "the file has no manifest")


def members(
    source: Source, kinds: tuple[str, ...], known: Verified | None = None
) -> Iterator[Head | Chunk | Content | Verified]:
    """Everything in a file, in its order: the header, chunks and contents, and at the end the verdict.

    Args:
        source: The file.
        kinds: Kinds of files that are wanted.
        known: What :func:`verify` found; each chunk is compared with it before it is handed out.

    Raises:
        RefusalError: something in it is not what it has to be; says where.
    """
    file = _Input(source)
    head, head_digest = _head(file, kinds)
    yield head
    seen: list[ChunkDigest] = []
    contents, amounts, last = hashlib.sha256(), [0, 0], ("", 0)
    while True:
        start = file.position
        found = parse(file.exactly(BLOCK, "the header of a member"), start)
        if found is None:
            raise bad_file(f"byte {start}", "truncated", "the archive ends before its manifest")
        name, size = found
        kind, _, rest = name.partition("/")
        if name == "manifest.json":
            yield _manifest(
                head_digest,
                file,
                head,
                size,
                seen,
                ContentsDigest(amounts[0], amounts[1], contents.hexdigest()),
            )
            return
        number = int(rest[:8]) if kind not in ("contents", "header.json") else 0
        last = _in_order(kind, number, last, name, head)
        if kind == "contents":
            content_hash = hash_of(name)
            yield Content(content_hash, size, _pieces(file, name, size))
            contents.update(f"{content_hash} {size}\n".encode())
            amounts = [amounts[0] + 1, amounts[1] + size]
        else:
            chunk, digest = _chunk(file, name, size)
            if known is not None and digest not in known.manifest.chunks[len(seen) : len(seen) + 1]:
                raise bad_file(name, "digest", "the file was changed while it was read")
            seen.append(digest)
            yield chunk


def parse_json(text: bytes, where: str) -> Any:
    """JSON text of a file, not trusted.

    Raises:
        RefusalError: it is no JSON, is nested too deep, or names a key twice.
    """
    try:
        data = json.loads(text.decode(), parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise bad_file(where, "json", f"this is no JSON: {str(error)[:200]}") from None
    _check_depth(data, where)
    return data


def typed(cls: type[Any], data: Any, where: str) -> Any:
    """Data of a file as a type.

    Raises:
        RefusalError: it is not of the type.
    """
    try:
        return from_data(cls, data)
    except DataError as error:
        raise bad_file(where, "value", str(error)[:300]) from None


def _head(file: _Input, kinds: tuple[str, ...]) -> tuple[Head, str]:
    found = parse(file.exactly(BLOCK, "its header"), 0)
    if found is None or found[0] != "header.json" or found[1] > _HEAD_MAX:
        raise bad_file("byte 0", "format", "this is no export and no backup of a registry")
    text = file.exactly(found[1], "its header")
    file.zeros(padding(found[1]), "its header")
    data = parse_json(text, "header.json")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise bad_file("header.json", "format", "this is no export and no backup of a registry")
    if data.get("version") != VERSION:
        raise bad_file(
            "header.json",
            "version",
            f"it is of version {str(data.get('version'))[:20]} of the format, and {VERSION} is known",
            "use the version of the program that wrote it, or a newer one",
        )
    head: Head = typed(Head, data, "header.json")
    if head.kind not in kinds:
        raise bad_file(
            "header.json",
            "format",
            f"this is a file of the kind {head.kind[:20]!r}, and {' or '.join(kinds)} is expected",
            "a backup is restored, an export is imported",
        )
    return head, hashlib.sha256(text).hexdigest()


def _manifest(
    head_digest: str, file: _Input, head: Head, size: int, seen: list[ChunkDigest], contents: ContentsDigest
) -> Verified:
    if size > _MANIFEST_MAX:
        raise bad_file("manifest.json", "limit", f"it has {size} bytes, more than {_MANIFEST_MAX}")
    text = file.exactly(size, "manifest.json")
    file.zeros(padding(size), "manifest.json")
    file.zeros(len(END), "the last member")
    file.at_end()
    found: Manifest = typed(Manifest, parse_json(text, "manifest.json"), "manifest.json")
    for index in range(max(len(seen), len(found.chunks))):
        if found.chunks[index : index + 1] != seen[index : index + 1]:
            name = (found.chunks[index : index + 1] or seen[index : index + 1])[0].name
            raise bad_file(name[:80], "digest", "it is not what the manifest says")
    if found.header != head_digest:
        raise bad_file("header.json", "digest", "it is not what the manifest says")
    if found.contents != contents:
        raise bad_file("contents", "digest", "they are not what the manifest says")
    return Verified(head, found, hashlib.sha256(text).hexdigest())


def _in_order(kind: str, number: int, last: tuple[str, int], name: str, head: Head) -> tuple[str, int]:
    """Refuse members that stand where the writer does not put them; what stands last now."""
    if kind not in _ORDER or (kind == "logs" and head.kind != "backup"):
        raise bad_file(name, "order", "this member does not belong here")
    before, count = last
    if before and _ORDER[kind] < _ORDER[before]:
        raise bad_file(name, "order", f"it stands behind {before}")
    if kind == "contents":
        if not head.contents:
            raise bad_file(name, "order", "the header says that there are no contents")
        return ("artifacts", count if before == "artifacts" else 0)
    if number != (count if before == kind else 0) + 1:
        raise bad_file(name, "duplicate", "its number is not the next one")
    return kind, number


def _chunk(file: _Input, name: str, size: int) -> tuple[Chunk, ChunkDigest]:
    if size > _CHUNK_MAX:
        raise bad_file(name, "limit", f"it has {size} bytes, more than {_CHUNK_MAX}")
    data = file.exactly(size, name)
    file.zeros(padding(size), name)
    lines = data.split(b"\n")
    if lines.pop() or not 1 <= len(lines) <= _LINES_MAX:
        raise bad_file(name, "format", f"it is not made of 1 to {_LINES_MAX} lines")
    return Chunk(name, lines), ChunkDigest(name, hashlib.sha256(data).hexdigest(), len(lines))


def _pieces(file: _Input, name: str, size: int) -> Iterator[bytes]:
    """The bytes of a content; they are compared with its name behind the last one."""
    algorithm, _, digest = hash_of(name).partition(":")
    actual = hashlib.new(algorithm.replace("sha3-512", "sha3_512"))
    left = size
    while left:
        piece = file.exactly(min(left, PIECE), name)
        actual.update(piece)
        left -= len(piece)
        yield piece
    file.zeros(padding(size), name)
    if actual.hexdigest() != digest:
        raise bad_file(name, "digest", "its bytes are not those of its name")


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _check_depth(data: Any, where: str, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise bad_file(where, "limit", f"it is nested deeper than {_MAX_DEPTH}")
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        if isinstance(item, (dict, list)):
            _check_depth(item, where, depth + 1)
