"""What two registries remember of each other: who they are, how far they have read, what is open.

All of it lies in the one of the two whose id is smaller, whichever of them asks. Losing it is no
harm: the next sync compares more than it needs to.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import LogEntry, PutMode

from .steps import Step, run_step
from .store import HISTORY, OWN, all_records

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import Principal

__all__ = ["Pair", "Side", "side"]

_IDENTITY: Final = f"{OWN}identity"
_POSITIONS: Final = f"{OWN}positions"
_OPEN: Final = f"{OWN}open"
_BASES: Final = f"{OWN}bases"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two registries.

    Attributes:
        name: ``source`` or ``target``.
        hook: Its hooks.
        id: Of the registry; made when it first takes part in a sync.
    """

    name: str
    hook: HookRelay
    id: str


def side(name: str, hook: HookRelay, principal: Principal) -> Side:
    """A registry with its identity."""
    text = hook.storage_get_record(collection=_IDENTITY, key="registry")
    if text is None:

        def make(step: Step) -> None:
            step.target = "sync:identity"
            data = json.dumps({"id": secrets.token_hex(16), "since_us": step.at_us})
            if step.hook.storage_get_record(collection=_IDENTITY, key="registry") is None:
                step.hook.storage_put_record(
                    collection=_IDENTITY, key="registry", data_json=data, mode=PutMode.CREATE
                )

        run_step(hook, principal, make)
        text = hook.storage_get_record(collection=_IDENTITY, key="registry")
    return Side(name, hook, json.loads(text)["id"])


class Pair:
    """The memory of two registries.

    Args:
        one: One of them.
        other: The other one.
        principal: Who asks.
    """

    def __init__(self, one: Side, other: Side, principal: Principal) -> None:
        self.principal = principal
        self.keeper, far = sorted((one, other), key=lambda each: each.id)
        self.key = f"{self.keeper.id}-{far.id}"

    def check(self, *sides: Side) -> None:
        """Forget everything when the history of one side is not the one that was read before.

        Such a side was restored from an older backup. What it has lost must not look as if somebody
        had deleted it, so all is compared as if the two met for the first time.
        """
        if all(self._continues(each) for each in sides):
            return

        def work(step: Step) -> None:
            step.target = f"sync:{self.key}"
            for each in sides:
                step.hook.storage_delete_record(collection=_POSITIONS, key=f"{self.key}/{each.id}")
            self._put(step, _POSITIONS, "epoch", json.dumps(self._epoch() + 1))

        run_step(self.keeper.hook, self.principal, work)

    def position(self, side: Side) -> int:
        """How far the history of a side was read."""
        text = self._get(_POSITIONS, side.id)
        return 0 if text is None else int(json.loads(text)["seq"])

    def _continues(self, side: Side) -> bool:
        text = self._get(_POSITIONS, side.id)
        if text is None:
            return True
        known = json.loads(text)
        seq = int(known["seq"])
        page = side.hook.storage_list_log(log=HISTORY, subject="", after=seq - 1, until_us=None, limit=1)
        return bool(page.items) and page.items[0].seq == seq and _digest(page.items[0]) == known["sha256"]

    def _epoch(self) -> int:
        return int(json.loads(self._get(_POSITIONS, "epoch") or "0"))

    def remember(self, side: Side, last: LogEntry | None, opened: dict[str, Any], closed: set[str]) -> None:
        """Note how far a side was read, what is open now, and what is not any more.

        Args:
            side: The side that was read.
            last: The last entry that was read; ``None`` when none was.
            opened: Conflicts by the id of the artifact.
            closed: Ids of artifacts that are the same on both sides.
        """
        known = self.open()
        opened = {key: data for key, data in opened.items() if known.get(key) != data}
        closed = {key for key in closed if key in known}
        if last is None and not opened and not closed:
            return

        def work(step: Step) -> None:
            step.target = f"sync:{self.key}"
            if last is not None:
                data = json.dumps({"seq": last.seq, "sha256": _digest(last)})
                self._put(step, _POSITIONS, side.id, data)
            for key, value in opened.items():
                self._put(step, _OPEN, key, json.dumps(value, ensure_ascii=False))
            for key in closed:
                step.hook.storage_delete_record(collection=_OPEN, key=f"{self.key}/{key}")

        run_step(self.keeper.hook, self.principal, work)

    def open(self) -> dict[str, Any]:
        """Artifacts with a conflict, by id."""
        prefix = f"{self.key}/"
        found = all_records(self.keeper.hook, _OPEN, prefix)
        return {record.key.removeprefix(prefix): json.loads(record.data_json) for record in found}

    def base(self, collection: str, key: str) -> str | None:
        """Digest of a record when both sides last had the same; ``""`` when neither had it."""
        text = self._get(_BASES, _short(self._epoch(), collection, key))
        return None if text is None else str(json.loads(text))

    def rebase(self, bases: dict[tuple[str, str], str]) -> None:
        """Note what both sides have now, by collection and key."""
        if not bases:
            return
        epoch = self._epoch()

        def work(step: Step) -> None:
            step.target = f"sync:{self.key}"
            for (collection, key), digest in bases.items():
                self._put(step, _BASES, _short(epoch, collection, key), json.dumps(digest))

        run_step(self.keeper.hook, self.principal, work)

    def _get(self, collection: str, key: str) -> str | None:
        text: str | None = self.keeper.hook.storage_get_record(collection=collection, key=f"{self.key}/{key}")
        return text

    def _put(self, step: Step, collection: str, key: str, data_json: str) -> None:
        step.hook.storage_put_record(
            collection=collection, key=f"{self.key}/{key}", data_json=data_json, mode=None
        )


def _digest(entry: LogEntry) -> str:
    return hashlib.sha256(f"{entry.at_us} {entry.subject} {entry.data_json}".encode()).hexdigest()


def _short(epoch: int, collection: str, key: str) -> str:
    """A key of bounded length."""
    return hashlib.sha256(f"{epoch}\0{collection}\0{key}".encode()).hexdigest()
