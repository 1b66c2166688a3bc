"""Import: a file that was exported is read as a whole, then written chunk by chunk; each chunk is a step.

How many chunks are done is a record, written in the step of each. An import that was interrupted goes on
behind them. What is there already and is the same stays as it is, so a second import changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from hyperhost.contracts import Artifact, ArtifactWrite, Principal
from hyperhost.errors import RefusalError

from .applying import Issue, Plan, counterpart, named, perform, placed, refused, write_record
from .checks import Ids, artifacts_of, check, check_artifact, records_of
from .reading import Chunk, Content, Head, Verified, members, verify
from .refusals import bad_file, conflict
from .states import likeness, state
from .steps import Step, run_step
from .store import MARKS, NAMESPACES, OWN, keep_content

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["ISSUES_MAX", "ITEMS_MAX", "Imported", "OnConflict", "import_file", "import_items"]

OnConflict = Literal["report", "skip", "replace", "fail"]
ISSUES_MAX: Final = 1_000
"""Issues that are told one by one; more are only counted."""

ITEMS_MAX: Final = 1_000
"""Artifacts of one :func:`import_items`, as many as a chunk of a file has."""

_PROGRESS: Final = f"{OWN}imports"
_ALLOWED: Final = frozenset((NAMESPACES, *MARKS))


@dataclass(slots=True)
class Imported:
    """What an import did.

    Attributes:
        created: Artifacts that are new.
        replaced: Artifacts that were replaced, because ``on_conflict`` said so.
        unchanged: Artifacts that were there and are the same.
        records: Namespaces, tags, channels, yanks and ratings that were written.
        contents: Contents that are new.
        conflicts: What is there and differs, artifacts and records; left as it is unless replaced.
        issues: Conflicts and refusals one by one, 1,000 at most; without conflicts for ``skip``.
        resumed_after: Chunks that an earlier, interrupted import of the same file had done.
        identity: SHA-256 of the manifest of the file.
    """

    created: int = 0
    replaced: int = 0
    unchanged: int = 0
    records: int = 0
    contents: int = 0
    conflicts: int = 0
    issues: list[Issue] = field(default_factory=list)
    resumed_after: int = 0
    identity: str = ""


def import_file(
    hook: HookRelay, principal: Principal, file: IO[bytes], on_conflict: OnConflict = "report"
) -> Imported:
    """Read an exported file into a registry.

    Args:
        hook: The hooks of the registry.
        principal: Who asks.
        file: The file, which can be read twice.
        on_conflict: What is done about what is there and differs: ``report`` it and leave it,
            ``skip`` (leave it and only count), ``replace`` it, or ``fail``.

    Raises:
        RefusalError: something in the file is not what it has to be, and nothing was written; or a
            chunk could not be written, and those before it were.
    """
    verified, twice = _verified(file)
    file.seek(0)
    done = _done(hook, verified.identity)
    report = Imported(resumed_after=done, identity=verified.identity)
    number = 0
    for item in members(file, ("export",), verified):
        if isinstance(item, Content):
            if number < done:  # its chunk was written, so it is there; its bytes are compared all the same
                for _ in item.pieces:
                    pass
            else:
                report.contents += keep_content(hook, item.hash, item.pieces)
        elif isinstance(item, Chunk):
            number += 1
            if number > done:
                known = twice.get(item.name, frozenset())
                _import_chunk(hook, principal, item, number, verified, known, on_conflict, report)
    if verified.manifest.chunks:
        run_step(hook, principal, lambda step: _finished(step, verified.identity))
    return report


def _verified(file: IO[bytes]) -> tuple[Verified, dict[str, frozenset[int]]]:
    """Read the file as a whole: digests, every line, counts; by chunk, which artifacts have a known id."""
    ids = Ids()
    twice: dict[str, frozenset[int]] = {}
    counts = {"artifacts": 0, "namespaces": 0, "records": 0}

    def each(_: Head, chunk: Chunk) -> None:
        if found := ids.repeated(check(chunk, _ALLOWED)):
            twice[chunk.name] = frozenset(found)
        counts[chunk.kind] += len(chunk.lines)

    verified = verify(file, ("export",), each)
    if verified.manifest.summary != counts:
        raise bad_file("manifest.json", "digest", "its counts are not those of the file")
    return verified, twice


def _import_chunk(
    hook: HookRelay,
    principal: Principal,
    chunk: Chunk,
    number: int,
    verified: Verified,
    twice: frozenset[int],
    on_conflict: OnConflict,
    report: Imported,
) -> None:
    found = Imported()

    def work(step: Step) -> None:
        step.target = f"import:{verified.identity[:16]}/{chunk.name}"
        if chunk.kind == "artifacts":
            items = []
            for index, item in enumerate(artifacts_of(chunk)):
                if index in twice:
                    reason = f"an artifact with the id {item.artifact.id} stands before it in the file"
                    key = named(item.artifact)
                    found.issues.append(Issue("refused", "artifact", key, reason, "id", "duplicate"))
                else:
                    items.append(item)
            origin = f"import:{verified.identity}"
            lost = "its bytes are not in the file, and not here" if verified.head.contents else ""
            _artifacts(step, items, on_conflict, found, origin, lost)
        else:
            _records(step, chunk, on_conflict, found, f"import:{verified.identity}")
        data = json.dumps({"chunks": number, "at_us": step.at_us})
        step.hook.storage_put_record(collection=_PROGRESS, key=verified.identity, data_json=data, mode=None)
        step.details = {"created": found.created, "replaced": found.replaced, "records": found.records}

    run_step(hook, principal, work)
    for name in ("created", "replaced", "unchanged", "records", "conflicts"):
        setattr(report, name, getattr(report, name) + getattr(found, name))
    report.issues += found.issues[: ISSUES_MAX - len(report.issues)]


def import_items(
    hook: HookRelay,
    principal: Principal,
    items: list[ArtifactWrite],
    origin: str,
    on_conflict: OnConflict = "report",
) -> Imported:
    """Take over artifacts that somebody else has read, and whose bytes are here, as one step.

    Args:
        hook: The hooks of the registry.
        principal: Who asks.
        items: Artifacts with their manifests; nothing of them was judged yet. At most :data:`ITEMS_MAX`.
        origin: Where they come from, for the history: ``remote:acme``.
        on_conflict: As for :func:`import_file`.

    Raises:
        RefusalError: nothing could be written. What a single artifact is refused for is an issue.
    """
    found = Imported()
    good: list[ArtifactWrite] = []
    ids = Ids()
    for item in items:
        key = named(item.artifact)
        try:
            check_artifact(item.artifact, item.manifest_json, key)
        except RefusalError as refusal:
            found.issues.append(refused(item.artifact, refusal))
            continue
        if ids.repeated([item]):
            reason = "an artifact with its id comes before it"
            found.issues.append(Issue("refused", "artifact", key, reason, "id", "duplicate"))
        else:
            good.append(item)

    def work(step: Step) -> None:
        step.target = origin
        _artifacts(step, good, on_conflict, found, origin, "its bytes are not here")
        step.details = {"created": found.created, "replaced": found.replaced}

    if good:
        run_step(hook, principal, work)
    return found


def _artifacts(
    step: Step,
    items: list[ArtifactWrite],
    on_conflict: OnConflict,
    report: Imported,
    origin: str,
    lost: str,
) -> None:
    """Write artifacts; ``lost`` is what is told of those whose bytes are not here, if they must be."""
    plan = Plan()
    new: set[tuple[str, str, str]] = set()
    for item in items:
        place = (item.artifact.namespace, item.artifact.name, item.artifact.version)
        problem = _content_problem(step.hook, item.artifact, lost)
        if problem:
            report.issues.append(Issue("content", "artifact", named(item.artifact), problem))
            continue
        here = counterpart(step.hook, item.artifact)
        if here is None and place not in new:
            new.add(place)
            plan.create.append(ArtifactWrite(placed(step.hook, item.artifact), item.manifest_json))
            continue
        if here is not None and _is_same(step.hook, item, here):
            report.unchanged += 1
            continue
        same_place = here is not None and (here.namespace, here.name, here.version) == place
        reason = "another one is there" if same_place else "its id or its coordinates belong to another one"
        _differs(on_conflict, report, "artifact", named(item.artifact), reason)
        if on_conflict == "replace" and here is not None and same_place:
            plan.replace.append(
                (ArtifactWrite(placed(step.hook, item.artifact, here), item.manifest_json), here)
            )
    perform(step, plan, origin)
    left = len(plan.issues)
    report.issues += plan.issues
    report.created = sum(change.previous is None for change in step.changes)
    report.replaced = len(step.changes) - report.created
    assert report.created + report.replaced + left == len(plan.create) + len(plan.replace)


def _records(step: Step, chunk: Chunk, on_conflict: OnConflict, report: Imported, origin: str) -> None:
    for kept in records_of(chunk, _ALLOWED):
        here = step.hook.storage_get_record(collection=kept.collection, key=kept.key)
        if here is not None and _data(here) == _data(kept.data):
            continue
        if here is not None:
            _differs(on_conflict, report, kept.collection, kept.key, "another one is there")
            if on_conflict != "replace":
                continue
        elif not _has_owner(step.hook, kept.collection, kept.key, kept.data):
            report.issues.append(
                Issue("refused", kept.collection, kept.key, "the artifact that it belongs to is not there")
            )
            continue
        write_record(step, kept.collection, kept.key, kept.data, origin)
        report.records += 1


def _has_owner(hook: HookRelay, collection: str, key: str, data_json: str) -> bool:
    """Whether the artifact is there that a tag, a channel, a yank or a rating belongs to."""
    if collection == NAMESPACES:
        return True
    if collection in ("tags", "channels"):
        namespace, _, rest = key.partition("/")
        name, version = rest.rpartition("@")[0], json.loads(data_json)["version"]
        return hook.storage_find_artifact(namespace=namespace, name=name, version=version) is not None
    return hook.storage_get_artifact(artifact_id=key.partition("/")[0]) is not None


def _content_problem(hook: HookRelay, artifact: Artifact, lost: str) -> str:
    """Why the bytes of an artifact are not those that it says; empty when they are, or may come later."""
    if artifact.content is None:
        return ""
    here = hook.content_stat(content_hash=artifact.content.hash)
    if here is None:
        return lost
    if here.size != artifact.content.size:
        return f"it says that {here.hash} has {artifact.content.size} bytes, and it has {here.size}"
    return ""


def _is_same(hook: HookRelay, item: ArtifactWrite, here: Any) -> bool:
    manifest = hook.storage_get_manifest(artifact_id=here.id) or ""
    digest = state if here.id == item.artifact.id else likeness
    return digest(here, manifest) == digest(item.artifact, item.manifest_json)


def _differs(on_conflict: OnConflict, report: Imported, what: str, key: str, reason: str) -> None:
    if on_conflict == "fail":
        raise conflict(
            "source",
            f"{what} {key}: {reason}, and it differs",
            "import with on_conflict=report to see them all",
        )
    report.conflicts += 1
    if on_conflict != "skip":
        report.issues.append(Issue("conflict", what, key, reason))


def _data(text: str) -> Any:
    return json.loads(text)


def _done(hook: HookRelay, identity: str) -> int:
    text = hook.storage_get_record(collection=_PROGRESS, key=identity)
    return int(json.loads(text)["chunks"]) if text else 0


def _finished(step: Step, identity: str) -> None:
    step.target = f"import:{identity[:16]}"
    step.hook.storage_delete_record(collection=_PROGRESS, key=identity)
