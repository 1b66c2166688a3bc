"""Which of two registries is behind with an artifact, read off both histories as in a version control system.

A side is behind when what it has is a state that the other side has had, too, and has left behind. When
both are, or neither is, they contradict each other: that is a conflict, and a person decides.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, Literal

from hyperhost.contracts import Artifact, ArtifactWrite
from hyperhost.contracts.codec import from_data

from .states import coordinates, likeness, state
from .store import HISTORY, all_entries

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Candidate", "Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An artifact that may differ: its last entry in the history of the near side."""

    id: str
    artifact: Artifact
    manifest_json: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done.

    Attributes:
        action: ``same``; ``create``, ``replace`` or ``delete``; or ``conflict``.
        far: The action is done to the far side, else to the near one.
        write: What is created, replaced by, or deleted.
        before: What is replaced.
        reason: Of a conflict.
        known: Digests of the states that what is written had before, here or elsewhere.
    """

    action: Literal["same", "create", "replace", "delete", "conflict"]
    far: bool = True
    write: ArtifactWrite | None = None
    before: Artifact | None = None
    reason: str = ""
    known: tuple[str, ...] = ()


_KNOWN_MAX: Final = 1_000
SAME = Decision("same")


def decide(near: HookRelay, far: HookRelay, candidate: Candidate, winner: str = "") -> Decision:
    """Compare an artifact in two registries as they are now.

    Args:
        near: The registry in whose history it was found.
        far: The other one.
        candidate: The artifact.
        winner: ``near`` or ``far`` when a person has decided a conflict.
    """
    here = _read(near, near.storage_get_artifact(artifact_id=candidate.id))
    there = _read(far, far.storage_get_artifact(artifact_id=candidate.id) or _at(far, candidate.artifact))
    if here is not None and there is not None:
        found = _both(near, far, here, there, winner)
    elif here is not None:
        found = _only_near(far, here, winner)
    elif there is not None:
        found = _only_far(near, there, candidate, winner)
    else:
        return SAME
    if found.action not in ("create", "replace") or found.write is None:
        return found
    # Who gets a state hears of those before it, so that it can tell a third registry what is behind.
    write, own = found.write, _digest(found.write)
    states = _states(near if found.far else far, write.artifact.id, twins=False)
    # States that came behind it while this looked on are none of these.
    earlier = list(takewhile(lambda digest: digest != own, states))
    return dataclasses.replace(found, known=tuple(earlier[-_KNOWN_MAX:]))


def _both(
    near: HookRelay, far: HookRelay, here: ArtifactWrite, there: ArtifactWrite, winner: str
) -> Decision:
    twins = here.artifact.id != there.artifact.id
    if _digest(here, twins) == _digest(there, twins):
        return SAME
    if coordinates(here.artifact) != coordinates(there.artifact):
        return Decision("conflict", reason="one id stands for two artifacts")
    if not winner:
        far_is_behind = _digest(there, twins) in _states(near, here.artifact.id, twins)
        near_is_behind = _digest(here, twins) in _states(far, there.artifact.id, twins)
        if far_is_behind == near_is_behind:
            kind = "created" if twins else "changed"
            return Decision("conflict", reason=f"{kind} on both sides")
        winner = "near" if far_is_behind else "far"
    if winner == "near":
        return Decision("replace", True, here, there.artifact)
    return Decision("replace", False, there, here.artifact)


def _only_near(far: HookRelay, here: ArtifactWrite, winner: str) -> Decision:
    """The far side has it not: not yet, or not any more."""
    states = _states(far, here.artifact.id, twins=False)
    if not states or winner == "near":
        return Decision("create", True, here)
    if _digest(here) in states or winner == "far":
        return Decision("delete", False, here)
    return Decision("conflict", reason="deleted in the one, changed in the other")


def _only_far(near: HookRelay, there: ArtifactWrite, gone: Candidate, winner: str) -> Decision:
    """The near side has deleted it."""
    twins = there.artifact.id != gone.id
    if twins and _at(near, gone.artifact) is not None:
        return SAME  # what is at its place now has an entry of its own
    if winner == "far":
        return Decision("create", False, there)
    if twins:
        known = likeness(gone.artifact, gone.manifest_json) == _digest(there, twins)
    else:
        known = _digest(there) in _states(near, gone.id, twins=False)
    if known or winner == "near":
        return Decision("delete", True, there)
    return Decision("conflict", reason="deleted in the one, changed in the other")


def _read(hook: HookRelay, artifact: Artifact | None) -> ArtifactWrite | None:
    if artifact is None:
        return None
    return ArtifactWrite(artifact, hook.storage_get_manifest(artifact_id=artifact.id) or "")


def _at(hook: HookRelay, artifact: Artifact) -> Artifact | None:
    found: Artifact | None = hook.storage_find_artifact(
        namespace=artifact.namespace, name=artifact.name, version=artifact.version
    )
    return found


def _digest(item: ArtifactWrite, twins: bool = False) -> str:
    return (likeness if twins else state)(item.artifact, item.manifest_json)


def _states(hook: HookRelay, artifact_id: str, twins: bool) -> dict[str, None]:
    """Digests of all states that an artifact has had in a registry, or before it came there, in order."""
    found: dict[str, None] = {}
    for entry in all_entries(hook, HISTORY, subject=artifact_id):
        data: Any = json.loads(entry.data_json)
        item = ArtifactWrite(from_data(Artifact, data["artifact"]), data["manifest"])
        if not twins:
            found |= dict.fromkeys(data.get("known", ()))
        found[_digest(item, twins)] = None
    return found
