"""Finding entries: the newest first, by who, what, where and when."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import LogEntry

from .chain import LOG
from .sealing import unseal

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Filter", "entries", "newest_first", "shown"]

_BLOCK: Final = 1_000
SCANNED: Final = 100_000
"""Entries that one page looks through at most."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries.

    Attributes:
        actor: Id of the principal.
        operation: Name of the operation.
        namespace: That namespace, or one below it.
        target: Exactly that target.
        request_id: Of that request.
        since_us: Asked for at this moment or later.
        until_us: Asked for at this moment or before.
        success: Only what ended well, or only what did not.
    """

    actor: str | None = None
    operation: str | None = None
    namespace: str | None = None
    target: str | None = None
    request_id: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    success: bool | None = None

    def lies_in_time(self, at_us: int) -> bool:
        """Whether an entry of that moment can be one of them."""
        return (self.since_us is None or at_us >= self.since_us) and (
            self.until_us is None or at_us <= self.until_us
        )

    def fits(self, entry: dict[str, Any]) -> bool:
        """Whether an entry is one of them. What is damaged always is: nobody knows what it was."""
        if "damaged" in entry:
            return True
        for name in ("operation", "target", "request_id", "success"):
            wanted = getattr(self, name)
            if wanted is not None and entry.get(name) != wanted:
                return False
        if self.actor is not None and entry.get("actor", {}).get("id") != self.actor:
            return False
        path = str(entry.get("namespace", ""))
        return self.namespace is None or f"{path}.".startswith(f"{self.namespace}.")


def entries(hook: HookRelay, after: int = 0, subject: str = "") -> Iterator[LogEntry]:
    """The log from a place on, in pieces."""
    while True:
        page = hook.storage_list_log(log=LOG, subject=subject, after=after, until_us=None, limit=_BLOCK)
        yield from page.items
        if not page.more:
            return
        after = page.next_after


def newest_first(
    hook: HookRelay, wanted: Filter, subject: str, before: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Entries with a smaller number than ``before``, the newest first.

    Args:
        hook: The host's hooks.
        wanted: Which.
        subject: What they are found by; empty to look through all.
        before: Where to begin.
        limit: How many at most.

    Returns:
        The entries, and where to go on before; 0 when there are no more.
    """
    if subject:
        return _by_subject(hook, wanted, subject, before, limit)
    found: list[dict[str, Any]] = []
    scanned = 0
    while before > 1 and scanned < SCANNED:
        first = max(0, before - 1 - _BLOCK)
        page = hook.storage_list_log(log=LOG, subject="", after=first, until_us=None, limit=_BLOCK)
        for entry in reversed([item for item in page.items if item.seq < before]):
            scanned += 1
            before = entry.seq
            if wanted.lies_in_time(entry.at_us) and wanted.fits(view := shown(entry)):
                found.append(view)
                if len(found) == limit:
                    return found, before if before > 1 else 0
        before = first + 1
    return found, before if before > 1 else 0


def _by_subject(
    hook: HookRelay, wanted: Filter, subject: str, before: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """All entries about one target are few, so they are read in their order and the last are kept."""
    kept: deque[dict[str, Any]] = deque(maxlen=limit + 1)
    for entry in entries(hook, 0, subject):
        if entry.seq >= before:
            break
        if wanted.lies_in_time(entry.at_us) and wanted.fits(view := shown(entry)):
            kept.append(view)
    more = len(kept) > limit
    found = list(reversed(kept))[:limit]
    return found, found[-1]["seq"] if more and found else 0


def shown(entry: LogEntry) -> dict[str, Any]:
    """An entry as it is handed out: what it says, and its hash."""
    sealed = unseal(entry.data_json)
    try:
        said = json.loads(sealed.text) if sealed is not None else None
    except (ValueError, RecursionError):
        said = None
    if sealed is None or not isinstance(said, dict):
        return {"seq": entry.seq, "at_us": entry.at_us, "damaged": True}
    return {**said, "seq": entry.seq, "hash": sealed.hash}
