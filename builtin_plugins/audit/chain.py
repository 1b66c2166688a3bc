"""The end of the chain: what the next entry follows on, whoever wrote it, and how it is appended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import LogEntry
from hyperhost.errors import RefusalError

from .entries import subject_of
from .head import Head, HeadFile
from .sealing import GENESIS, hash_of, seal, unseal

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["LOG", "Chain", "end_of_log", "entry_at"]

LOG: Final = "audit"
_PAGE: Final = 1_000
_START: Final = Head(0, GENESIS)


class _Unit(threading.local):
    """What this thread appended to a unit of work that somebody around it has begun."""

    pending: Head | None = None


class Chain:
    """Appends to the log. Any number of threads and processes may.

    Inside of a unit that writes nobody else can append, so what is last then stays last. Where it
    was last is remembered and checked each time; the chain always goes on from what is there.

    Args:
        hook: The host's hooks.
        head: Where the head is kept; ``None`` when there is no home.
        report: Told in words when the log is not what it was, or the head cannot be written.
    """

    def __init__(self, hook: HookRelay, head: HeadFile | None, report: Callable[[str], None]) -> None:
        self._hook = hook
        self._head = head
        self._report = report
        self._known: Head | None = None
        self._unit = _Unit()
        self._silent = False

    def append(self, fields: dict[str, Any]) -> Head:
        """Append an entry, in this thread's unit of work.

        Args:
            fields: All of the entry but its place.

        Raises:
            RefusalError: it cannot be written; the unit must not be kept.
        """
        last = self._last()
        entry = {"v": 1, "seq": last.seq + 1, **fields, "previous": last.hash}
        data, digest = seal(entry)
        seq = self._hook.storage_append_log(
            log=LOG, subject=subject_of(entry), data_json=data, at_us=entry["at_us"]
        )
        if seq != entry["seq"]:
            raise RefusalError(
                f"entry {entry['seq']} of the audit log was to be written and the store numbered it {seq}",
                "storage.corrupt",
                hint="run audit verify",
            )
        self._unit.pending = Head(seq, digest)
        return self._unit.pending

    def settle(self, head: Head, *, force: bool = False) -> None:
        """An entry is durable: remember it, here and in the head. Never raises.

        Args:
            head: The entry.
            force: Replace a head that the log does not hold.
        """
        self._unit.pending = None
        if self._known is None or head.seq > self._known.seq:
            self._known = head
        if self._head is None:
            return
        try:
            good = self._head.advance(head, self._holds, force=force)
        except (OSError, RefusalError) as error:
            self._say(f"the head of the audit log cannot be written: {error}")
        else:
            if good:
                self._silent = False
            else:
                self._say("the audit log is not the one that its head was taken from: run audit verify")

    def _say(self, words: str) -> None:
        """Report once, not for each entry that follows."""
        if not self._silent:
            self._silent = True
            self._report(words)

    def _holds(self, head: Head) -> bool:
        found = entry_at(self._hook, head.seq)
        return found is not None and _hash(found) == head.hash

    def _last(self) -> Head:
        for hint in (self._unit.pending, self._known):
            found = self._follow(hint) if hint is not None else None
            if found is not None:
                return found
            if hint is not None and hint is self._known and self._head is not None:
                self._head.doubt()
        self._unit.pending = None
        found = end_of_log(self._hook)
        self._known = None
        return found

    def _follow(self, hint: Head) -> Head | None:
        """The last entry, from a place on; ``None`` when the log does not have that place."""
        after, last = hint.seq - 1, None
        while True:
            page = self._hook.storage_list_log(log=LOG, subject="", after=after, until_us=None, limit=_PAGE)
            if last is None and (
                not page.items or page.items[0].seq != hint.seq or _hash(page.items[0]) != hint.hash
            ):
                return None
            if page.items:
                last = page.items[-1]
            if not page.more:
                assert last is not None
                return Head(last.seq, _hash(last))
            after = page.next_after


def end_of_log(hook: HookRelay) -> Head:
    """The last entry, found in a number of looks that grows with the logarithm of the log's length."""
    low, high = 0, 1
    while (found := _beyond(hook, high - 1)) is not None:
        low, high = found.seq, found.seq * 2
    while low < high:
        middle = (low + high) // 2
        found = _beyond(hook, middle)
        if found is None:
            high = middle
        else:
            low = found.seq
    if not low:
        return _START
    last = entry_at(hook, low)
    assert last is not None
    return Head(last.seq, _hash(last))


def entry_at(hook: HookRelay, seq: int) -> LogEntry | None:
    """The entry with a number."""
    found = _beyond(hook, seq - 1) if seq > 0 else None
    return found if found is not None and found.seq == seq else None


def _beyond(hook: HookRelay, seq: int) -> LogEntry | None:
    page = hook.storage_list_log(log=LOG, subject="", after=seq, until_us=None, limit=1)
    return page.items[0] if page.items else None


def _hash(entry: LogEntry) -> str:
    """The hash that an entry states; of one that is damaged, that of whatever is there."""
    sealed = unseal(entry.data_json)
    return sealed.hash if sealed is not None else hash_of(entry.data_json)
