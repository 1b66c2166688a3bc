"""What this plugin asks of storage and content: units of work, all pages, contents in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Artifact, ArtifactQuery, LogEntry, PageRequest, Record
from hyperhost.errors import RefusalError

from .refusals import missing

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = [
    "HISTORY",
    "MARKS",
    "NAMESPACES",
    "OWN",
    "all_artifacts",
    "all_entries",
    "all_records",
    "keep_content",
    "log_end",
    "pieces_of",
    "unit",
]

NAMESPACES: Final = "namespaces"
MARKS: Final = ("channels", "ratings", "tags", "yanked")
"""Collections whose records belong to an artifact, sorted."""
HISTORY: Final = "history"
OWN: Final = "transfer-"
"""How the names of this plugin's own collections begin."""
PIECE: Final = 1 << 20


@contextmanager
def unit(hook: HookRelay, *, write: bool) -> Iterator[None]:
    """A unit of work; what it wrote is undone when the block raises."""
    hook.storage_begin(write=write)
    try:
        yield
    except BaseException:
        with suppress(RefusalError):  # why it failed matters more
            hook.storage_end(commit=False)
        raise
    hook.storage_end(commit=True)


def all_artifacts(hook: HookRelay, query: ArtifactQuery) -> Iterator[Artifact]:
    """Every artifact of a query, in its order."""
    token = ""
    while True:
        page = hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
        yield from page.items
        token = page.next_token
        if not token:
            return


def all_records(hook: HookRelay, collection: str, prefix: str = "") -> Iterator[Record]:
    """Every record of a collection, sorted by key."""
    token = ""
    while True:
        page = hook.storage_list_records(collection=collection, prefix=prefix, page=PageRequest(1000, token))
        yield from page.items
        token = page.next_token
        if not token:
            return


def all_entries(hook: HookRelay, log: str, after: int = 0, subject: str = "") -> Iterator[LogEntry]:
    """Every entry of a log behind a place."""
    while True:
        page = hook.storage_list_log(log=log, subject=subject, after=after, until_us=None, limit=1000)
        yield from page.items
        if not page.more:
            return
        after = page.next_after


def log_end(hook: HookRelay, log: str, after: int = 0) -> int:
    """Number of the last entry of a log, at the moment of asking.

    Args:
        hook: The host's hooks.
        log: Which log.
        after: A number that is known to be in it, or 0.
    """

    def goes_on(behind: int) -> bool:
        page = hook.storage_list_log(log=log, subject="", after=behind, until_us=None, limit=1)
        return bool(page.items)

    step = 1
    while goes_on(after + step):
        step *= 2
    low, high = after + step // 2, after + step  # there is nothing behind high
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if goes_on(middle) else (low, middle)
    return low


def pieces_of(hook: HookRelay, content_hash: str) -> Iterator[bytes]:
    """The bytes of a content.

    Raises:
        RefusalError: it is gone or damaged.
    """
    offset = 0
    while True:
        piece = hook.content_read(content_hash=content_hash, offset=offset, length=PIECE)
        if piece is None:
            raise missing(
                "content",
                f"the content {content_hash} is not there",
                "upload it again, or leave contents out",
            )
        if not piece:
            return
        yield piece
        offset += len(piece)


def keep_content(hook: HookRelay, content_hash: str, pieces: Iterator[bytes]) -> bool:
    """Put a content where contents are, unless it is there; whether it is new."""
    if hook.content_stat(content_hash=content_hash) is not None:
        for _ in pieces:  # they are compared with the hash all the same
            pass
        return False
    upload = hook.content_open(algorithm=content_hash.partition(":")[0])
    try:
        for piece in pieces:
            hook.content_append(upload=upload, data=piece)
    except BaseException:
        hook.content_abort(upload=upload)
        raise
    hook.content_commit(upload=upload, expected_hash=content_hash)
    return True
