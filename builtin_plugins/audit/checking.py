"""Finds any entry of the chain that was altered, removed, inserted or put elsewhere, and says which."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from .entries import subject_of
from .head import Head
from .sealing import GENESIS, Sealed, unseal

__all__ = ["Checker", "Problem", "Verification"]

_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written.

    Attributes:
        seq: Number of the entry concerned.
        kind: ``altered``, ``removed``, ``replaced``, ``moved``, ``damaged``, ``truncated`` or ``head``.
        what: What is wrong, for a person.
    """

    seq: int
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found.

    Attributes:
        ok: Nothing is wrong.
        entries: How many there are.
        last: Place of the last one, as ``SEQ:HASH``; to be noted down elsewhere and given to a later check.
        head: The place that the head kept beside the store names; empty when none is kept.
        problem_count: How many problems there are.
        problems: The first 100 of them.
    """

    ok: bool
    entries: int
    last: str
    head: str = ""
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)


class Checker:
    """Is given the entries one after the other; takes the same memory for any number of them.

    Args:
        marks: Places that the log has to have: who says so → the place.
        previous: What the first entry follows on.
        first: Its number.

    Attributes:
        last: Place of the last entry so far.
        entries: How many there were so far.
        problem_count: How many problems.
        problems: The first 100 of them.
    """

    def __init__(self, marks: dict[str, Head], previous: str = GENESIS, first: int = 1) -> None:
        self._marks = marks
        self._wanted = {mark.seq for mark in marks.values()}
        self._seen: dict[int, str] = {}
        self._next = first
        self._previous: str | None = previous
        self._offset = 0
        self.last = Head(first - 1, previous)
        self.entries = 0
        self.problem_count = 0
        self.problems: list[Problem] = []

    def problem(self, seq: int, kind: str, what: str) -> None:
        """Note a problem."""
        self.problem_count += 1
        if len(self.problems) < _TOLD:
            self.problems.append(Problem(seq, kind, what))

    def add(self, seq: int, data: str, at_us: int | None = None, subject: str | None = None) -> None:
        """Check the next entry.

        Args:
            seq: Its number in the store.
            data: What is stored.
            at_us: The time it is found by; ``None`` outside of a store.
            subject: What it is found by; ``None`` outside of a store.
        """
        self.entries += 1
        if seq != self._next:
            self._gap(seq)
        self._next = seq + 1
        sealed = unseal(data)
        if sealed is None:
            self.problem(seq, "damaged", f"entry {seq} is not of the form in which entries are written")
            self._follow(seq, None)
            return
        if not sealed.is_true:
            self.problem(seq, "altered", f"entry {seq} was altered: it does not have the hash that it states")
        entry = _read(sealed)
        if entry is None:
            self.problem(seq, "damaged", f"entry {seq} is no JSON object")
        else:
            self._place(seq, entry)
            self._columns(seq, entry, at_us, subject)
        self._follow(seq, sealed.hash)

    def _gap(self, seq: int) -> None:
        if seq < self._next:
            self.problem(seq, "moved", f"entry {seq} stands behind entry {self._next - 1}")
            return
        missing = self._next
        which = f"entry {missing} is" if seq - 1 == missing else f"entries {missing} to {seq - 1} are"
        self.problem(missing, "removed", f"{which} missing")
        self._previous = None

    def _place(self, seq: int, entry: dict[str, Any]) -> None:
        """Is it at its own place, and behind the entry that it was written after?"""
        own = entry.get("seq")
        offset = own - seq if isinstance(own, int) else 0
        if own != seq and offset != self._offset:
            self.problem(
                seq,
                "moved",
                f"at place {seq} stands what was written as entry {own}: entries were removed, inserted or "
                "put elsewhere from here on",
            )
        self._offset = offset
        if self._previous is not None and entry.get("previous") != self._previous:
            before = seq - 1
            self.problem(
                max(before, 1),
                "replaced",
                f"entry {seq} was not written after the entry {before} that is there: one of the two was "
                "replaced, its hash made to fit"
                if before
                else f"entry {seq} is not the one that the log began with",
            )

    def _columns(self, seq: int, entry: dict[str, Any], at_us: int | None, subject: str | None) -> None:
        if at_us is not None and at_us != entry.get("at_us"):
            self.problem(seq, "altered", f"the time by which entry {seq} is found is not its own")
        if subject is not None and subject != subject_of(entry):
            self.problem(seq, "altered", f"the target by which entry {seq} is found is not its own")

    def _follow(self, seq: int, digest: str | None) -> None:
        self._previous = digest
        self.last = Head(seq, digest or "")
        if seq in self._wanted:
            self._seen[seq] = digest or ""

    def finish(self, head: Head | None = None) -> Verification:
        """The verdict, the places that the log has to have considered."""
        for who, mark in self._marks.items():
            if mark.seq > self.last.seq:
                self.problem(
                    self.last.seq + 1,
                    "truncated",
                    f"the log ends with entry {self.last.seq}, and {who} names entry {mark.seq}: "
                    "the end was cut off",
                )
            elif mark.seq > 0 and self._seen.get(mark.seq, mark.hash) != mark.hash:
                self.problem(
                    mark.seq, "replaced", f"entry {mark.seq} is not the one that {who} names: it was replaced"
                )
        return Verification(
            not self.problem_count,
            self.entries,
            str(self.last),
            str(head) if head is not None else "",
            self.problem_count,
            self.problems,
        )


def _read(sealed: Sealed) -> dict[str, Any] | None:
    try:
        found = json.loads(sealed.text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
