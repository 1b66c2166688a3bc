"""Sync of records: namespaces, tags, channels and yanks, compared with what both sides last had in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final

from .applying import Issue, write_record
from .pairs import Pair, Side
from .steps import Step, run_step
from .store import NAMESPACES, all_records

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import Record

__all__ = ["sync_records"]

_BATCH: Final = 500
_Difference = tuple[str, str | None, str | None]


def sync_records(
    one: Side,
    other: Side,
    pair: Pair,
    collections: tuple[str, ...],
    resolve: Mapping[str, str],
    *,
    deletions: bool,
) -> tuple[dict[str, int], list[Issue]]:
    """Bring records of two registries to the same state.

    Args:
        one: One registry.
        other: The other one.
        pair: What they remember.
        collections: Which records.
        resolve: Which side wins, by key.
        deletions: Carry deletions over, too.

    Returns:
        How many were written in each, by its id; and conflicts.
    """
    written, issues = {one.id: 0, other.id: 0}, []
    for collection in collections:
        pairs = _merged(all_records(one.hook, collection), all_records(other.hook, collection))
        while batch := list(islice(pairs, _BATCH)):
            todo: dict[str, list[_Difference]] = {one.id: [], other.id: []}
            bases: dict[tuple[str, str], str] = {}
            for key, mine, its in batch:
                base = pair.base(collection, key)
                loser = _behind(one, other, mine, its, base, resolve.get(key))
                if loser == "same":
                    if base != _digest(mine):
                        bases[collection, key] = _digest(mine)
                elif loser == "":
                    issues.append(Issue("conflict", collection, key, "changed on both sides"))
                elif deletions or (mine is not None and its is not None) or _is_new(loser, one, mine):
                    todo[loser].append((key, mine, its))
            for side, giver in ((one, other), (other, one)):
                if todo[side.id]:
                    done, refused = _write(
                        side, giver, collection, pair, todo[side.id], mine_is_old=side is one
                    )
                    issues += refused
                    written[side.id] += len(done)
                    bases |= {(collection, key): _digest(text) for key, text in done.items()}
            pair.rebase(bases)
    return written, issues


def _is_new(loser: str, one: Side, mine: str | None) -> bool:
    """Whether the side that is behind lacks a record, rather than has one too many."""
    return (mine is None) == (loser == one.id)


def _behind(
    one: Side, other: Side, mine: str | None, its: str | None, base: str | None, winner: str | None
) -> str:
    """Id of the side that is behind; ``same``; or nothing when both have changed."""
    first, second = _digest(mine), _digest(its)
    if first == second:
        return "same"
    if winner is not None:
        return other.id if winner == one.name else one.id
    known = base or ""  # what was never there on both sides is as if both had lacked it
    if second == known:
        return other.id
    return one.id if first == known else ""


def _write(
    side: Side,
    giver: Side,
    collection: str,
    pair: Pair,
    differences: list[_Difference],
    *,
    mine_is_old: bool,
) -> tuple[dict[str, str | None], list[Issue]]:
    """Write records of one side, unless somebody has changed them meanwhile; then the next sync does."""
    done: dict[str, str | None] = {}
    issues: list[Issue] = []

    def work(step: Step) -> None:
        for key, mine, its in differences:
            old, new = (mine, its) if mine_is_old else (its, mine)
            if step.hook.storage_get_record(collection=collection, key=key) != old:
                continue
            problem = _problem(step.hook, collection, key, new)
            if problem:
                issues.append(Issue("conflict", collection, key, problem))
                continue
            write_record(step, collection, key, new, f"sync:{giver.id}")
            done[key] = new
        step.target = f"sync:{pair.key}"
        step.details = {collection: len(done)}

    run_step(side.hook, pair.principal, work)
    return done, issues


def _problem(hook: HookRelay, collection: str, key: str, new: str | None) -> str:
    """Why a record must not be written; empty when it may."""
    if collection == NAMESPACES:
        if new is None and hook.storage_namespace_usage(namespace=key).artifacts:
            return "deleted in the one, and artifacts lie in it in the other"
        return ""
    if new is None:
        return ""
    if collection in ("tags", "channels"):
        namespace, _, rest = key.partition("/")
        name, version = rest.rpartition("@")[0], json.loads(new)["version"]
        found = hook.storage_find_artifact(namespace=namespace, name=name, version=version)
    else:
        found = hook.storage_get_artifact(artifact_id=key)
    return "" if found is not None else "the artifact that it belongs to is not there"


def _merged(ours: Iterator[Record], theirs: Iterator[Record]) -> Iterator[_Difference]:
    """Both sides' records by key, in the order of the keys."""
    mine, its = next(ours, None), next(theirs, None)
    while mine is not None or its is not None:
        if its is None or (mine is not None and mine.key < its.key):
            assert mine is not None
            yield mine.key, mine.data_json, None
            mine = next(ours, None)
        elif mine is None or its.key < mine.key:
            yield its.key, None, its.data_json
            its = next(theirs, None)
        else:
            yield mine.key, mine.data_json, its.data_json
            mine, its = next(ours, None), next(theirs, None)


def _digest(text: str | None) -> str:
    """Digest of a record; empty when there is none."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()
