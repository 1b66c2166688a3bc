"""What a line of a file may hold, read strictly.

What an artifact has to be like is not judged here but by ``artifact_validate``, as the registry answers
that hook; here is what nobody else sees: the shape of a line, numbers that a store keeps, and records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactWrite, LogWrite, Visibility
from hyperhost.contracts.codec import DataError, from_data

from .reading import Chunk, parse_json, typed
from .refusals import bad_file

__all__ = ["Entry", "Ids", "Kept", "artifacts_of", "entries_of", "in_sequence", "records_of"]

_MANIFEST_MAX: Final = 1 << 20
_KEY_MAX: Final = 1_000
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_WORD = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_PATH = re.compile(
    rf"(?:pkg|lib)\.{_WORD}|(?:hyper|org|local)(?:\.{_WORD}){{1,15}}"
    r"|user\.[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?")
_HASH = re.compile(r"sha256:[0-9a-f]{64}|sha3-512:[0-9a-f]{128}")
_COLLECTION = re.compile(rf"{_WORD}")


@dataclass(frozen=True, slots=True)
class Kept:
    """One record: which collection, which key, which document."""

    collection: str
    key: str
    data: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log."""

    log: str
    seq: int
    write: LogWrite


class Ids:
    """The ids of all artifacts of a file, to find those that stand there twice: some 80 bytes for each."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def repeated(self, items: list[ArtifactWrite]) -> list[int]:
        """Add the ids of artifacts; the indexes of those that were there before."""
        found = []
        for index, item in enumerate(items):
            short = bytes.fromhex(item.artifact.id.replace("-", ""))
            if short in self._seen:
                found.append(index)
            self._seen.add(short)
        return found


def artifacts_of(chunk: Chunk) -> list[ArtifactWrite]:
    """The artifacts in a chunk.

    Raises:
        RefusalError: one of them cannot be one; says in which line.
    """
    found: list[ArtifactWrite] = []
    last: tuple[int, str] = (-(2**63), "")
    for where, data in chunk.values():
        if not isinstance(data, dict) or data.keys() != {"artifact", "manifest"}:
            raise bad_file(where, "value", "a line holds an artifact and its manifest, and nothing else")
        artifact: Artifact = typed(Artifact, data["artifact"], where)
        manifest = data["manifest"]
        if not isinstance(manifest, str):
            raise bad_file(where, "value", "the manifest is no text")
        check_artifact(artifact, manifest, where)
        key = (artifact.activity.created_at_us, artifact.id)
        if key <= last:
            raise bad_file(where, "duplicate", f"artifact {artifact.id} stands there twice, or out of order")
        last = key
        found.append(ArtifactWrite(artifact, manifest))
    return found


def check_artifact(artifact: Artifact, manifest: str, where: str) -> None:
    """Return if an artifact can be compared with what is there, and judged.

    Raises:
        RefusalError: it cannot.
    """
    content = artifact.content
    rules = (
        ("id", _ID.fullmatch(artifact.id)),
        ("content.hash", content is None or _HASH.fullmatch(content.hash)),
        ("content.size", content is None or content.size < 2**63),
        ("activity.rating", 0 <= artifact.activity.rating <= 5),
        ("activity.download_count", artifact.activity.download_count < 2**63),
    )
    for name, good in rules:
        if not good:
            raise bad_file(where, "value", f"{name} of artifact {artifact.id[:40]!r} is not allowed")
    if manifest:
        if len(manifest.encode("utf-8", "surrogatepass")) > _MANIFEST_MAX:
            raise bad_file(where, "limit", "the manifest is larger than 1 MiB")
        if not isinstance(parse_json(_bytes(manifest, where), where), dict):
            raise bad_file(where, "value", "the manifest is no JSON object")


def records_of(chunk: Chunk, allowed: frozenset[str] | None) -> list[Kept]:
    """The records in a chunk.

    Args:
        chunk: The chunk.
        allowed: Collections that may occur; ``None`` for any, as in a backup.

    Raises:
        RefusalError: one of them cannot be one, or they are not sorted.
    """
    found: list[Kept] = []
    for where, data in chunk.values():
        kept: Kept = typed(Kept, data, where)
        if not (_COLLECTION.fullmatch(kept.collection) and (allowed is None or kept.collection in allowed)):
            raise bad_file(where, "value", f"records of {kept.collection[:60]!r} do not belong here")
        if len(_bytes(kept.key, where)) > _KEY_MAX or not kept.key:
            raise bad_file(where, "value", "the key is empty or longer than 1,000 bytes")
        value = parse_json(_bytes(kept.data, where), where)
        if not _fits(kept, value):
            raise bad_file(where, "value", f"{kept.key[:80]!r} is no record of {kept.collection}")
        if found and (kept.collection, kept.key) <= (found[-1].collection, found[-1].key):
            raise bad_file(where, "duplicate", f"{kept.key[:80]!r} stands there twice, or out of order")
        found.append(kept)
    return found


def entries_of(chunk: Chunk) -> list[Entry]:
    """The entries of logs in a chunk."""
    found = []
    for where, data in chunk.values():
        line: _Line = typed(_Line, data, where)
        if not _COLLECTION.fullmatch(line.log) or not -(2**63) <= line.at_us < 2**63:
            raise bad_file(where, "value", f"{line.log[:60]!r} is no log")
        if len(_bytes(line.subject, where)) > _KEY_MAX:
            raise bad_file(where, "value", "the subject is longer than 1,000 bytes")
        parse_json(_bytes(line.data, where), where)
        found.append(Entry(line.log, line.seq, LogWrite(line.data, line.at_us, line.subject)))
    return found


def in_sequence(entries: list[Entry], last: dict[str, int], chunk: Chunk) -> None:
    """Check that the entries of each log are numbered from 1 on; ``last`` is carried along.

    Raises:
        RefusalError: an entry is missing, or stands there twice.
    """
    for number, entry in enumerate(entries, 1):
        if entry.seq != last.get(entry.log, 0) + 1:
            raise bad_file(
                f"{chunk.name}:{number}", "duplicate", f"entry {entry.seq} of {entry.log} is not the next one"
            )
        last[entry.log] = entry.seq


@dataclass(frozen=True, slots=True)
class _Line:
    log: str
    seq: int
    at_us: int
    subject: str
    data: str


def check(chunk: Chunk, allowed: frozenset[str]) -> list[ArtifactWrite]:
    """Judge a chunk of an export; the artifacts in it."""
    if chunk.kind == "artifacts":
        return artifacts_of(chunk)
    records_of(chunk, allowed)
    return []


def _fits(kept: Kept, value: Any) -> bool:
    """Whether a document has the shape that its collection needs, where it is one of the registry's."""
    match kept.collection:
        case "namespaces":
            path = isinstance(value, dict) and value.get("path") == kept.key and _is_namespace(value)
            return bool(path and len(kept.key) <= 255 and _PATH.fullmatch(kept.key))
        case "tags" | "channels":
            path, _, name = kept.key.partition("/")
            name, _, word = name.rpartition("@")
            version = value.get("version") if isinstance(value, dict) else None
            return bool(path and name and _COLLECTION.fullmatch(word) and isinstance(version, str))
        case "yanked":
            return bool(
                _ID.fullmatch(kept.key) and isinstance(value, dict) and isinstance(value.get("reason"), str)
            )
        case "ratings":
            sums = isinstance(value, dict) and all(isinstance(value.get(key), int) for key in ("n", "sum"))
            stars = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5
            return bool(_ID.fullmatch(kept.key[:36])) and (stars if "/" in kept.key else sums)
    return True


@dataclass(frozen=True, slots=True)
class Grant:
    """An entry of a namespace's access list, as the registry writes it."""

    principal: str
    allow: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace, as the registry writes it; a test compares both."""

    id: str
    path: str
    owner: str
    visibility: Visibility | None = None
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    policies: list[str] | None = None
    acl: list[Grant] = field(default_factory=list)
    quotas: dict[str, int | None] = field(default_factory=dict)
    created_at_us: int = 0
    updated_at_us: int = 0


QUOTAS: Final = frozenset({"storage_bytes", "artifacts", "bandwidth_bytes_per_month", "api_calls_per_month"})


def _is_namespace(value: Any) -> bool:
    try:
        space = from_data(Space, value)
    except DataError:
        return False
    return bool(
        _ID.fullmatch(space.id)
        and all(map(_is_label, space.labels.items()))
        and space.quotas.keys() <= QUOTAS
    )


def _is_label(pair: tuple[str, str]) -> bool:
    key, value = pair
    return bool(_LABEL.fullmatch(key)) and len(value) <= 255 and value.isprintable()


def _bytes(text: str, where: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise bad_file(where, "json", "there is text that is no Unicode") from None
