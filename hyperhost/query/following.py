"""What an index is told of the store: documents, and places in the history that it follows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactType,
    LogEntry,
    PageRequest,
    SearchDocument,
    Visibility,
)

from .owners import Owners

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = [
    "BATCH",
    "History",
    "changed_artifact",
    "document_of",
    "documents",
    "mark_of",
    "siblings_of_gone",
]

BATCH: Final = 500
"""Changes that are read, and told to an index, at once."""
_HISTORY: Final = "history"
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DELETED: Final = '"deleted"'
_WITH_BODY: Final = (ArtifactType.PLUGIN, ArtifactType.CONFIG)


class History:
    """The registry's log of changes, each in the transaction of its change: what an index follows.

    Args:
        hook: The host's hooks.
    """

    def __init__(self, hook: HookRelay) -> None:
        self._hook = hook

    def after(self, sequence: int) -> tuple[list[LogEntry], bool]:
        """The next changes, and whether there are more behind them."""
        page = self._hook.storage_list_log(
            log=_HISTORY, subject="", after=sequence, until_us=None, limit=BATCH
        )
        return page.items, page.more

    def mark(self, sequence: int) -> str:
        """Recognises a change; empty when the history does not have it."""
        if sequence < 1:
            return ""
        page = self._hook.storage_list_log(
            log=_HISTORY, subject="", after=sequence - 1, until_us=None, limit=1
        )
        return mark_of(page.items[0]) if page.items and page.items[0].seq == sequence else ""

    def end(self) -> int:
        """Number of the last change; 0 when there is none."""
        step = 1
        while self._is_behind(step):
            step *= 2
        low, high = step // 2, step
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._is_behind(middle) else (low, middle)
        return low

    def _is_behind(self, sequence: int) -> bool:
        page = self._hook.storage_list_log(log=_HISTORY, subject="", after=sequence, until_us=None, limit=1)
        return bool(page.items)


def mark_of(entry: LogEntry) -> str:
    """What a change is recognised by, should the store be replaced by another one."""
    return f"{entry.at_us}:{entry.subject}"


def changed_artifact(entry: LogEntry) -> str | None:
    """Id of the artifact that a change is about; other changes are about a name or a namespace."""
    return entry.subject if _ID.fullmatch(entry.subject) else None


def document_of(
    hook: HookRelay, artifact_id: str, sequence: int, owners: Owners | None = None
) -> SearchDocument | None:
    """The document of an artifact as it is now; ``None`` when it is gone.

    Args:
        hook: The host's hooks.
        artifact_id: Its id.
        sequence: Number of the change that it reflects.
        owners: Whom artifacts belong to; left out by who judges nobody by it.
    """
    artifact: Artifact | None = hook.storage_get_artifact(artifact_id=artifact_id)
    return None if artifact is None else _document(hook, artifact, sequence, owners)


def documents(hook: HookRelay, sequence: int, owners: Owners | None = None) -> Iterator[list[SearchDocument]]:
    """The documents of all artifacts, in batches of at most 1,000.

    Args:
        hook: The host's hooks.
        sequence: Number of the change that they reflect at least.
        owners: Whom artifacts belong to; left out by who judges nobody by it.
    """
    token = ""
    while True:
        page = hook.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest(1000, token))
        if page.items:
            yield [_document(hook, item, sequence, owners) for item in page.items]
        token = page.next_token
        if not token:
            return


def siblings_of_gone(hook: HookRelay, entries: list[LogEntry]) -> Iterator[str]:
    """Ids of other versions of what was deleted: who made the first that is left owns them all.

    What is public has no owner in an index.
    """
    for entry in entries:
        if _DELETED not in entry.data_json or (said := json.loads(entry.data_json)).get("kind") != "deleted":
            continue
        gone = said["artifact"]
        query = ArtifactQuery(namespace=gone["namespace"], name=gone["name"])
        token = ""
        while True:
            page = hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
            yield from (each.id for each in page.items if each.visibility is not Visibility.PUBLIC)
            token = page.next_token
            if not token:
                break


def _document(hook: HookRelay, artifact: Artifact, sequence: int, owners: Owners | None) -> SearchDocument:
    manifest = ""
    if artifact.type in _WITH_BODY:
        manifest = hook.storage_get_manifest(artifact_id=artifact.id) or ""
    body = "\n".join(hook.search_body(artifact=artifact, manifest_json=manifest))
    owner = owners.of(artifact) if owners is not None else ""
    return SearchDocument(artifact, body, sequence, owner)
