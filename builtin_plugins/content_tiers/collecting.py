"""The operation ``content_collect``: removes contents that no artifact refers to, while writers go on.

An artifact comes to refer to a content in a writing unit of work, in which the content was found by
``content_stat``. Such units exclude each other. A collection

1. looks, outside of any, which old contents no artifact refers to;
2. marks these in a short writing unit;
3. looks again, as of a moment behind that: what ended before the marks were there is seen now;
4. removes, in another short one, what is still marked: ``content_stat`` in a writing unit takes the mark
   off, so whoever came behind the marks keeps the content, or finds that it is gone.

A mark means nothing to anybody but the collection that made it, so one that is killed leaves nothing to
clean up. The bytes of what was removed go when the unit is durable, and a rolled back unit leaves
everything as it was.

A content that was uploaded, and that an artifact is about to refer to, is younger than the grace.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyperhost.contracts import ArtifactPage, ArtifactQuery, OperationCall, OperationInfo, PageRequest
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of
from hyperhost.contracts.types import U64
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from .index import Entry
    from .store import Store

__all__ = ["COLLECT", "STEP", "Batch", "Collected", "answer", "collect", "infos", "step"]

T = TypeVar("T")

COLLECT: Final = "content_collect"
STEP: Final = "content_collect_step"
_KNOWN: Final = "known are grace_s, a number of seconds, and dry_run, true or false"
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
class StepRequest:
    """Argument of a step: the token of the collection that it belongs to."""

    collection: str


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


@dataclass(slots=True)
class Batch:
    """Contents that a collection is about to remove.

    Attributes:
        token: Their mark.
        latest: They were last uploaded no later than this, in microseconds since 1970.
        hashes: Which.
        done: What came of it.
    """

    token: str
    latest: int
    hashes: dict[str, None] = field(default_factory=dict)
    done: Collected = Collected()


def infos() -> list[OperationInfo]:
    """What front ends are told. A collection changes nothing by itself; its steps do."""
    return [
        OperationInfo(
            COLLECT,
            "Remove contents that no artifact refers to.",
            "administration",
            "content:collect",
            changes=False,
            arguments_schema_json=json.dumps(schema_of(Request), separators=(",", ":")),
            result_schema_json=json.dumps(schema_of(Collected), separators=(",", ":")),
        ),
        OperationInfo(
            STEP,
            "Remove what a collection has found; only it can ask for that.",
            "administration",
            "content:collect",
            changes=True,
            arguments_schema_json=json.dumps(schema_of(StepRequest), separators=(",", ":")),
            result_schema_json=json.dumps(schema_of(Collected), separators=(",", ":")),
        ),
    ]


def collect(store: Store, call: OperationCall, now_us: int) -> Collected:
    """Run the operation.

    Args:
        store: All contents.
        call: What is asked.
        now_us: The time, in microseconds since 1970.

    Raises:
        RefusalError: the arguments are wrong.
    """
    request: Request = _request(Request, call.arguments_json, _KNOWN)
    latest = now_us - request.grace_s * 1_000_000
    removed = size = seen = 0
    entries = store.index.all()
    while some := list(islice(entries, _AT_ONCE)):
        seen += len(some)
        old = {content_hash: entry for content_hash, entry in some if entry.used <= latest}
        _spare_referenced(store, old)
        if request.dry_run or not old:
            found = Collected(len(old), sum(entry.size for entry in old.values()))
        else:
            found = _remove(store, call, old, latest)
        removed, size = removed + found.removed, size + found.removed_bytes
    return Collected(removed, size, seen - removed)


def _remove(store: Store, call: OperationCall, old: dict[str, Entry], latest: int) -> Collected:
    """Remove contents that nobody referred to a moment ago, unless somebody does now."""
    batch = Batch(secrets.token_hex(16), latest)
    with store.index.unit():
        for content_hash in old:
            entry = store.index.get(content_hash)
            if entry is not None and entry.used <= latest:
                store.index.put(content_hash, dataclasses.replace(entry, leaving=batch.token), entry)
                batch.hashes[content_hash] = None
    _spare_referenced(store, batch.hashes)
    store.leaving[batch.token] = batch
    try:
        asked = dataclasses.replace(
            call, operation=STEP, arguments_json=json.dumps({"collection": batch.token})
        )
        store.index.hook.operation_run(call=asked)
    finally:
        store.leaving.pop(batch.token, None)
    return batch.done


def step(store: Store, call: OperationCall) -> Collected:
    """Remove what a collection has found, but for what was used since; as one unit of work.

    Raises:
        RefusalError: no collection asked for it.
    """
    request: StepRequest = _request(StepRequest, call.arguments_json, "it takes the token of a collection")
    batch = store.leaving.pop(request.collection, None)
    if batch is None:
        raise RefusalError(
            "no collection asked for this", "missing:collection", hint=f"use {COLLECT}, which does"
        )
    removed = size = 0
    with store.index.unit():
        for content_hash in batch.hashes:
            entry = store.index.get(content_hash)
            if entry is not None and entry.leaving == batch.token and entry.used <= batch.latest:
                store.forget(content_hash, entry)
                removed, size = removed + 1, size + entry.size
    batch.done = Collected(removed, size)
    return batch.done


def _spare_referenced(store: Store, old: dict[str, Any]) -> None:
    """Take out everything that any artifact refers to, as of one moment; writers go on."""
    token = ""
    with store.index.unit(write=False):
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


def _request(kind: type[T], text: str, hint: str) -> T:
    try:
        given: Any = json.loads(text)
        return from_data(kind, given)
    except DataError as error:
        raise RefusalError(
            f"{error.path or 'the argument'} {error.problem}",
            f"invalid:{error.path}:type",
            hint=hint,
        ) from None
    except (ValueError, RecursionError) as error:
        raise RefusalError(f"the arguments are no JSON: {error}", "invalid::json") from None


def answer(collected: Collected) -> str:
    """The answer as JSON text."""
    return json.dumps(to_data(collected), separators=(",", ":"))
