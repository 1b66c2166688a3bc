"""The operation ``content_collect``: removes contents that no artifact refers to.

It runs in one writing unit of work of the storage provider, which excludes every other one. An
artifact comes to refer to a content in a writing unit, too, in which its content was found by
``content_stat``. So either that unit ended before, and the list of artifacts shows it; or it begins
afterwards, and finds the content or finds that it is gone. The bytes of what was removed go
when the unit is durable, and a rolled back unit leaves everything as it was.

A content that was uploaded, and that an artifact is about to refer to, is younger than the grace.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import ArtifactPage, ArtifactQuery, OperationCall, OperationInfo, PageRequest
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of
from hyperhost.contracts.types import U64
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from .index import Entry
    from .store import Store

__all__ = ["COLLECT", "Collected", "answer", "collect", "info"]

COLLECT: Final = "content_collect"
_AT_ONCE: Final = 100_000
"""Contents looked at together, so that memory does not grow with their number; about 50 MB."""


@dataclass(frozen=True, slots=True)
class Request:
    """Arguments of the operation.

    Attributes:
        grace_s: Contents that were last uploaded less than this many seconds ago stay; when that was is
            known to the minute.
        dry_run: Remove nothing, only say what would be.
    """

    grace_s: U64 = 86_400
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """Answer of the operation.

    Attributes:
        removed: Contents that were removed.
        removed_bytes: Bytes of them.
        kept: Contents that are still there.
    """

    removed: U64 = 0
    removed_bytes: U64 = 0
    kept: U64 = 0


def info() -> OperationInfo:
    """What front ends are told."""
    return OperationInfo(
        COLLECT,
        "Remove contents that no artifact refers to.",
        "administration",
        "content:collect",
        changes=True,
        arguments_schema_json=json.dumps(schema_of(Request), separators=(",", ":")),
        result_schema_json=json.dumps(schema_of(Collected), separators=(",", ":")),
    )


def collect(store: Store, call: OperationCall, now_us: int) -> Collected:
    """Run the operation.

    Args:
        store: All contents.
        call: What is asked.
        now_us: The time, in microseconds since 1970.

    Raises:
        RefusalError: the arguments are wrong.
    """
    request = _request(call.arguments_json)
    latest = now_us - request.grace_s * 1_000_000
    removed = size = seen = 0
    with store.index.unit(write=not request.dry_run):
        old: dict[str, Entry] = {}
        for content_hash, entry in store.index.all():
            seen += 1
            if entry.used <= latest:
                old[content_hash] = entry
            if len(old) == _AT_ONCE:
                removed, size = _remove(store, old, request, removed, size)
                old = {}
        removed, size = _remove(store, old, request, removed, size)
    return Collected(removed, size, seen - removed)


def _remove(
    store: Store, old: dict[str, Entry], request: Request, removed: int, size: int
) -> tuple[int, int]:
    _spare_referenced(store, old)
    for content_hash, entry in old.items():
        removed, size = removed + 1, size + entry.size
        if not request.dry_run:
            store.forget(content_hash, entry)
    return removed, size


def _spare_referenced(store: Store, old: dict[str, Entry]) -> None:
    """Take out everything that any artifact refers to."""
    token = ""
    while old:
        page: ArtifactPage = store.index.hook.storage_list_artifacts(
            query=ArtifactQuery(), page=PageRequest(1000, token)
        )
        for artifact in page.items:
            if artifact.content is not None:
                old.pop(artifact.content.hash, None)
        token = page.next_token
        if not token:
            return


def _request(text: str) -> Request:
    try:
        given: Any = json.loads(text)
        return from_data(Request, given)
    except DataError as error:
        raise RefusalError(
            f"{error.path or 'the argument'} {error.problem}",
            f"invalid:{error.path}:type",
            hint="known are grace_s, a number of seconds, and dry_run, true or false",
        ) from None
    except (ValueError, RecursionError) as error:
        raise RefusalError(f"the arguments are no JSON: {error}", "invalid::json") from None


def answer(collected: Collected) -> str:
    """The answer as JSON text."""
    return json.dumps(to_data(collected), separators=(",", ":"))
