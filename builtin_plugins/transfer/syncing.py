"""Sync: bring two registries to the same state, each way only what has changed since the last time.

What has changed is read from the history of each side, from where the last sync stopped. Each batch of it
is a step, and where it stopped is noted behind the step: an interrupted sync goes on, and doing a
batch twice does nothing the second time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from hyperhost.contracts import Artifact, ArtifactWrite, LogEntry, Principal
from hyperhost.contracts.codec import from_data
from hyperhost.errors import RefusalError

from .applying import Issue, Plan, named, perform, placed
from .decisions import Candidate, Decision, decide
from .marks import sync_records
from .pairs import Pair, Side, side
from .refusals import wrong_state
from .states import coordinates
from .steps import Step, run_step
from .store import HISTORY, NAMESPACES, all_entries, keep_content, log_end, pieces_of

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Moved", "SyncReport", "Winner", "sync"]

_BATCH: Final = 500
_SYNCED: Final = ("channels", "tags", "yanked")
Winner = Literal["source", "target"]


@dataclass(slots=True)
class Moved:
    """What a sync changed in one registry."""

    created: int = 0
    replaced: int = 0
    deleted: int = 0
    records: int = 0
    contents: int = 0


@dataclass(slots=True)
class SyncReport:
    """What a sync did.

    Attributes:
        source: What it changed in the source.
        target: What it changed in the target.
        conflicts: What contradicts each other, and what could not be copied; left as it is on both
            sides, and told again by each sync until somebody decides.
        unused: Decisions about what is on neither side, or has not changed: maybe misspelt. Sorted.
    """

    source: Moved = field(default_factory=Moved)
    target: Moved = field(default_factory=Moved)
    conflicts: list[Issue] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def sync(
    source: HookRelay,
    target: HookRelay,
    principal: Principal,
    *,
    resolve: Mapping[str, Winner] | None = None,
) -> SyncReport:
    """Bring two registries to the same state, both ways.

    Args:
        source: Hooks of the one registry, as ``host.hook``.
        target: Hooks of the other one.
        principal: Who asks, in both.
        resolve: Which side wins of conflicts, by ``namespace/name@version`` or by the key of a record.

    Raises:
        RefusalError: both are the same registry, or one of them cannot be read or written. What was done
            stays, and the next sync goes on.
    """
    one, other = side("source", source, principal), side("target", target, principal)
    if one.id == other.id:
        raise wrong_state(
            "other",
            "both are the same registry, or one was restored from a backup of the other",
            "restore the copy with as_copy (hyperhost registry restore --as-copy)",
        )
    run = _Run(one, other, Pair(one, other, principal), _Choices(resolve or {}))
    run.pair.check(one, other)
    run.records((NAMESPACES,), deletions=False)
    for near, far in ((one, other), (other, one)):
        run.artifacts(near, far)
    run.records((*_SYNCED, NAMESPACES), deletions=True)
    run.report.conflicts = [run.issues[key] for key in sorted(run.issues)]
    run.report.unused = sorted(run.resolve.keys() - run.resolve.met)
    return run.report


class _Choices(dict[str, "Winner"]):
    """Which side wins, by key; remembers which keys anything was found for."""

    def __init__(self, choices: Mapping[str, Winner]) -> None:
        super().__init__(choices)
        self.met: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """The side that wins."""
        if key in self:
            self.met.add(key)
        return super().get(key, default)


class _Run:
    """One sync."""

    def __init__(self, one: Side, other: Side, pair: Pair, resolve: _Choices) -> None:
        self.sides = {one.id: one, other.id: other}
        self.pair = pair
        self.resolve = resolve
        self.report = SyncReport()
        self.issues: dict[tuple[str, str], Issue] = {}

    def records(self, collections: tuple[str, ...], *, deletions: bool) -> None:
        """Bring records to the same state."""
        one, other = self.sides.values()
        written, issues = sync_records(one, other, self.pair, collections, self.resolve, deletions=deletions)
        self.report.source.records += written[one.id]
        self.report.target.records += written[other.id]
        for issue in issues:
            self.issues[issue.what, issue.key] = issue

    def artifacts(self, near: Side, far: Side) -> None:
        """Bring what has changed in the near side to the far side, or find what it is behind with."""
        waiting = [
            Candidate(key, from_data(Artifact, data["artifact"]), data["manifest"])
            for key, data in self.pair.open().items()
            if data["near"] == near.id
        ]
        self._batch(near, far, waiting, None)
        position = self.pair.position(near)
        end = log_end(near.hook, HISTORY, position)  # what is written from now on is for the next sync
        entries = islice(all_entries(near.hook, HISTORY, after=position), end - position)
        while batch := list(islice(entries, _BATCH)):
            self._batch(near, far, list(_candidates(batch)), batch[-1])

    def _batch(self, near: Side, far: Side, candidates: list[Candidate], last: LogEntry | None) -> None:
        opened: dict[str, Any] = {}
        decided: dict[str, Decision] = {}
        # Deletions first: what is deleted may make room for another of the same name.
        gone = [each for each in candidates if near.hook.storage_get_artifact(artifact_id=each.id) is None]
        ids = {each.id for each in gone}
        for group in (gone, [each for each in candidates if each.id not in ids]):
            ready = [each for each in group if self._has_bytes(near, far, each, decided, opened)]
            for write_far in (True, False):
                work = [each for each in ready if self._is_due(each, decided, write_far)]
                if work:
                    self._step(near, far, work, write_far, decided, opened)
        known = {each.id: each for each in candidates}
        for key, reason in opened.items():
            artifact = known[key].artifact
            place = ("artifact", coordinates(artifact))
            self.issues[place] = Issue(reason[0], *place, *reason[1:])
        self.pair.remember(
            near, last, {key: _kept(near, known[key]) for key in opened}, known.keys() - opened
        )

    def _is_due(self, each: Candidate, decided: dict[str, Decision], write_far: bool) -> bool:
        """Whether something about a candidate is to be written on a side, or reported."""
        found = decided[each.id]
        return found.action != "same" and found.far is write_far

    def _decide(self, near: Side, far: Side, each: Candidate) -> Decision:
        winner = self.resolve.get(coordinates(each.artifact))
        name = "" if winner is None else "near" if winner == near.name else "far"
        return decide(near.hook, far.hook, each, name)

    def _step(
        self,
        near: Side,
        far: Side,
        work: list[Candidate],
        write_far: bool,
        decided: dict[str, Decision],
        opened: dict[str, Any],
    ) -> None:
        """Write one side. What is to be done is decided anew, now that nobody else writes there."""
        there, here = (far, near) if write_far else (near, far)
        issues: dict[str, tuple[str, ...]] = {}

        def run(step: Step) -> None:
            plan = Plan()
            for each in work:
                found = decided[each.id] = self._decide(near, far, each)
                if found.action == "conflict":
                    issues[each.id] = ("conflict", found.reason)
                elif found.action != "same" and found.far is write_far:
                    _add(step, plan, found)
            by_place = {named(each.artifact): each.id for each in work}
            perform(step, plan, f"sync:{here.id}")
            for issue in plan.issues:
                issues[by_place[issue.key]] = (issue.kind, issue.reason, issue.field, issue.rule)
            step.target = f"sync:{self.pair.key}"
            moved = _moved(step)
            step.details = {"created": moved.created, "replaced": moved.replaced, "deleted": moved.deleted}
            results.append(moved)

        results: list[Moved] = []
        if all(decided[each.id].action == "conflict" for each in work):
            issues = {each.id: ("conflict", decided[each.id].reason) for each in work}
        else:
            run_step(there.hook, self.pair.principal, run)
        for moved in results:
            total = getattr(self.report, there.name)
            for name in ("created", "replaced", "deleted"):
                setattr(total, name, getattr(total, name) + getattr(moved, name))
        opened |= issues

    def _has_bytes(
        self, near: Side, far: Side, each: Candidate, decided: dict[str, Decision], opened: dict[str, Any]
    ) -> bool:
        """Copy the content that a candidate is about to need, outside of any unit of work."""
        found = decided[each.id] = self._decide(near, far, each)
        if found.action not in ("create", "replace") or found.write is None:
            return True
        content = found.write.artifact.content
        giver, taker = (near, far) if found.far else (far, near)
        if content is None or taker.hook.content_stat(content_hash=content.hash) is not None:
            return True
        try:
            keep_content(taker.hook, content.hash, pieces_of(giver.hook, content.hash))
        except RefusalError as refusal:
            opened[each.id] = ("content", refusal.reason)
            return False
        getattr(self.report, taker.name).contents += 1
        return True


def _candidates(batch: list[LogEntry]) -> Iterator[Candidate]:
    """The last entry of each artifact in a batch."""
    latest: dict[str, LogEntry] = {}
    for entry in batch:
        latest.pop(entry.subject, None)
        latest[entry.subject] = entry
    for entry in latest.values():
        data = json.loads(entry.data_json)
        if "artifact" in data:  # others are about records
            yield Candidate(entry.subject, from_data(Artifact, data["artifact"]), data["manifest"])


def _add(step: Step, plan: Plan, found: Decision) -> None:
    item = found.write
    assert item is not None
    if found.action == "delete":
        plan.delete.append(item)
        return
    plan.known[item.artifact.id if found.before is None else found.before.id] = list(found.known)
    if found.before is None:
        plan.create.append(ArtifactWrite(placed(step.hook, item.artifact), item.manifest_json))
    else:
        copy = placed(step.hook, item.artifact, found.before)
        plan.replace.append((ArtifactWrite(copy, item.manifest_json), found.before))


def _moved(step: Step) -> Moved:
    kinds = [change.kind.value for change in step.changes]
    return Moved(kinds.count("created"), kinds.count("updated"), kinds.count("deleted"))


def _kept(near: Side, each: Candidate) -> dict[str, Any]:
    """A conflict as it is remembered."""
    from hyperhost.contracts.codec import to_data

    return {"near": near.id, "artifact": to_data(each.artifact), "manifest": each.manifest_json}
