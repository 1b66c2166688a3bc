"""Restore: put a backup in the place of what a registry holds, as one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    ArtifactChange,
    ArtifactQuery,
    ArtifactType,
    ArtifactWrite,
    ChangeKind,
    KeptNames,
    LogWrite,
    PageRequest,
    PutMode,
)
from hyperhost.errors import RefusalError

from .applying import placed, refused
from .backups import CONTENT, examine, log_head, opened
from .checks import artifacts_of, entries_of, records_of
from .cipher import Key
from .reading import Chunk, Content, members
from .refusals import bad_file, wrong_state
from .store import HISTORY, NAMESPACES, OWN, keep_content, unit

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Restored", "restore"]

_IDENTITY: Final = f"{OWN}identity"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore wrote.

    Attributes:
        artifacts: Artifacts.
        records: Records of all collections.
        entries: Entries of all logs.
        contents: Contents that were not there yet.
        at_us: When the backup was made.
        audit_head: SHA-256 of the last entry of the log ``audit`` as it was then.
    """

    artifacts: int = 0
    records: int = 0
    entries: int = 0
    contents: int = 0
    at_us: int = 0
    audit_head: str = ""


def restore(
    hook: HookRelay, path: Path, key: Key | None = None, *, force: bool = False, as_copy: bool = False
) -> Restored:
    """Replace what a registry holds by a backup.

    The backup is read as a whole and verified before anything is written. Whatever goes wrong afterwards
    leaves the registry as it was.

    Args:
        hook: The hooks of the registry.
        path: The backup.
        key: What it was encrypted with.
        force: Also when the registry is not empty.
        as_copy: The registry that was backed up goes on elsewhere: this one gets an identity of its own,
            so that both can be synchronized.

    Raises:
        RefusalError: the backup is not intact, the key is wrong, or the registry is not empty.
    """
    with opened(path, key) as source:
        verified, _ = examine(source)
    logs = verified.manifest.summary["logs"]
    amounts = {"artifacts": 0, "records": 0, "entries": 0, "contents": 0}
    with unit(hook, write=True):
        if not force:
            _check_empty(hook)
        names = hook.storage_names()
        kept = [name for name in names.collections if not name.startswith(CONTENT)]
        hook.storage_clear(names=KeptNames(kept, names.logs))
        with opened(path, key) as source:
            for item in members(source, ("backup",), verified):
                if isinstance(item, Content):
                    amounts["contents"] += keep_content(hook, item.hash, item.pieces)
                elif isinstance(item, Chunk):
                    _restore_chunk(hook, item, amounts)
        if as_copy:
            hook.storage_delete_record(collection=_IDENTITY, key="registry")
        _compare(hook, amounts, verified.manifest.summary)
    head = logs.get("audit", {}).get("head", "")
    return Restored(**amounts, at_us=verified.head.at_us, audit_head=head)


def _restore_chunk(hook: HookRelay, chunk: Chunk, amounts: dict[str, int]) -> None:
    if chunk.kind == "artifacts":
        amounts["artifacts"] += _restore_artifacts(hook, chunk)
        return
    if chunk.kind == "logs":
        by_log: dict[str, list[LogWrite]] = {}
        for entry in entries_of(chunk):
            by_log.setdefault(entry.log, []).append(entry.write)
        for log, writes in by_log.items():
            hook.storage_append_logs(log=log, items=writes)
            amounts["entries"] += len(writes)
        return
    for kept in records_of(chunk, None):
        if kept.collection.startswith(CONTENT):
            continue
        hook.storage_put_record(
            collection=kept.collection, key=kept.key, data_json=kept.data, mode=PutMode.CREATE
        )
        amounts["records"] += 1


def _restore_artifacts(hook: HookRelay, chunk: Chunk) -> int:
    """Write the artifacts of a chunk; how many.

    Policies have judged them when they came in, and the backup may be older than a policy: only what cannot
    be an artifact, which the rules of the registry tell with the kind ``invalid``, is refused.
    """
    items: list[ArtifactWrite] = []
    count = 0
    for number, item in enumerate(artifacts_of(chunk), 1):
        artifact = placed(hook, item.artifact)
        change = ArtifactChange(ChangeKind.CREATED, artifact, None, item.manifest_json)
        try:
            hook.artifact_validate(change=change)
        except RefusalError as refusal:
            if refusal.rule.startswith("invalid:"):
                found = refused(artifact, refusal)
                raise bad_file(
                    f"{chunk.name}:{number}",
                    "artifact",
                    f"{found.key}: {found.field} breaks the rule {found.rule}: {found.reason}",
                ) from None
        items.append(ArtifactWrite(artifact, item.manifest_json))
        if artifact.type is ArtifactType.CONFIG:  # the next one could build on it
            count += hook.storage_put_artifacts(items=items, mode=PutMode.CREATE)
            items = []
    return count + (hook.storage_put_artifacts(items=items, mode=PutMode.CREATE) if items else 0)


def _check_empty(hook: HookRelay) -> None:
    artifacts = hook.storage_count_artifacts(query=ArtifactQuery())
    namespaces = hook.storage_list_records(collection=NAMESPACES, prefix="", page=PageRequest(1)).items
    history = hook.storage_list_log(log=HISTORY, subject="", after=0, until_us=None, limit=1).items
    if artifacts or namespaces or history:
        raise wrong_state(
            "registry",
            f"the registry is not empty: it holds {artifacts} artifacts",
            "restore into an empty one; or make a backup of what is there, and then use force (--force)",
        )


def _compare(hook: HookRelay, amounts: dict[str, int], summary: dict[str, object]) -> None:
    """What was written is what the backup says, down to the end of each log."""
    logs: dict[str, object] = {}
    for log in hook.storage_names().logs:
        known = summary["logs"]
        last = known[log]["entries"] if isinstance(known, dict) and log in known else 1
        page = hook.storage_list_log(log=log, subject="", after=last - 1, until_us=None, limit=2)
        logs[log] = log_head(page.items[-1].seq, page.items[-1].data_json) if page.items else None
    counted = hook.storage_count_artifacts(query=ArtifactQuery())
    good = counted == amounts["artifacts"] == summary["artifacts"] and logs == summary["logs"]
    if not good or amounts["records"] != summary["records"]:
        raise wrong_state("storage", "what was written is not what was restored", "the store is damaged")
