"""Contract types of what storage keeps besides artifacts: records by key, and logs that only grow."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts.types import S64, U32, U64

__all__ = [
    "LogEntry",
    "LogPage",
    "LogWrite",
    "NamespaceUsage",
    "Record",
    "RecordPage",
    "StorageLayout",
    "KeptNames",
]


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON document in a collection.

    Attributes:
        key: Unique in its collection.
        data_json: The document as JSON text, exactly as it was written.
    """

    key: str
    data_json: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One part of a collection.

    Attributes:
        items: In the order of their keys, compared as UTF-8.
        next_token: Asks for what follows; empty at the end, and only there.
    """

    items: list[Record] = field(default_factory=list)
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a log.

    Attributes:
        seq: Its place, from 1 on, without gaps among what was committed.
        at_us: When it was written, as whoever wrote it says.
        data_json: JSON text, exactly as it was written.
        subject: What it is about, to be found by; empty when it was not given.
    """

    seq: U64
    at_us: S64
    data_json: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LogWrite:
    """An entry that is to be appended to a log.

    Attributes:
        data_json: JSON text.
        at_us: When it happened.
        subject: What it is about, to be found by; at most 1,000 bytes.
    """

    data_json: str
    at_us: S64 = 0
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LogPage:
    """One part of a log.

    Attributes:
        items: In the order of ``seq``.
        next_after: ``seq`` to go on after; equal to the last item's, or to what was asked for when
            there is none.
        more: Whether there was more at the moment of asking.
    """

    items: list[LogEntry] = field(default_factory=list)
    next_after: U64 = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class NamespaceUsage:
    """What lies in a namespace and everything below it.

    Attributes:
        artifacts: Artifacts, each version counted.
        content_bytes: Bytes of their contents, counted once for each artifact that has them.
    """

    artifacts: U64 = 0
    content_bytes: U64 = 0


@dataclass(frozen=True, slots=True)
class KeptNames:
    """What a store holds besides artifacts and contents.

    Attributes:
        collections: Names of collections with at least one record, sorted.
        logs: Names of logs with at least one entry, sorted.
    """

    collections: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StorageLayout:
    """Which layout a store has, of those that its provider knows.

    Attributes:
        current: That of the store.
        latest: The newest one known; every use of the store brings it there.
    """

    current: U32
    latest: U32
