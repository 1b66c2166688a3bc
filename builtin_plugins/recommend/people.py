"""Who has used what, and what was used together: counted by person, each artifact once, and not without end.

Nobody is known by name here: a person is a keyed hash of the id of a principal. The key lies beside it, so
that is no protection from whoever can read the home, who can read the audit log there as well; it only keeps
names out of a file that needs none.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .model import Model

__all__ = ["COUNTED", "KEPT", "People", "Use"]

KEPT: Final = 1_000
"""Artifacts that are remembered of one person, the latest."""
COUNTED: Final = 100
"""Of these, those that count for what is used together: so much one person can say, whatever they do."""
_NEIGHBOURS: Final = 300
_COUNTS: Final = 2
"""Of a use that counts for what is used together; 1 of one that is too long ago, 0 of none."""
_TOGETHER: Final = """
SELECT items.name, pairs.people, items.people FROM pairs JOIN items ON items.number = pairs.other >> 1
WHERE pairs.one = ? AND (pairs.other & 1) = ? AND pairs.people >= ?
ORDER BY pairs.people DESC, pairs.other LIMIT ?
"""
_LATELY: Final = """
SELECT count(*) FROM (
    SELECT 1 FROM uses JOIN items ON item = number * 2 + items.hidden
    WHERE name = ? AND at_us >= ? AND counts LIMIT ?
)
"""
_ENOUGH: Final = 63
_LATEST: Final = """
SELECT name FROM uses JOIN items ON number = item >> 1 WHERE (item & 1) = ? AND at_us >= ? AND counts
ORDER BY at_us DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody has used something.

    Attributes:
        person: Id of the principal.
        name: ``namespace/name``.
        at_us: When.
        hidden: It is not for everybody.
        counts: It says what is used together; else only that they have it.
    """

    person: str
    name: str
    at_us: int
    hidden: bool = False
    counts: bool = True


class People:
    """What was learned of people.

    Args:
        model: Where it is kept.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._sql = model.sql

    def learn(self, uses: Iterable[Use]) -> None:
        """Learn; a transaction has begun."""
        by_person: dict[str, dict[str, tuple[bool, int]]] = defaultdict(dict)
        hidden: dict[str, bool] = {}
        for use in uses:
            hidden[use.name] = use.hidden
            known = by_person[use.person]
            counts, at_us = known.get(use.name, (False, 0))
            known[use.name] = (counts or use.counts, max(use.at_us, at_us))
        items = self._items(hidden)
        changes: Counter[tuple[int, int]] = Counter()
        for person, names in by_person.items():
            self._merge(self._person(person), {items[name]: said for name, said in names.items()}, changes)
        self._count(changes)

    def of(self, person: str) -> list[str]:
        """Names of what a person has used, the latest first."""
        rows = self._sql.execute(
            "SELECT name FROM people JOIN uses USING (person) JOIN items ON number = item >> 1"
            " WHERE token = ? ORDER BY at_us DESC, item",
            (self._token(person),),
        )
        return [row[0] for row in rows]

    def together(self, name: str, least: int, most: int = _NEIGHBOURS) -> dict[str, float]:
        """What was used together with something, and how much so, over 0 and under 1.

        Args:
            name: ``namespace/name``.
            least: People who must have used both.
            most: Answers at most: those that most people have used.
        """
        own = self._sql.execute(
            "SELECT number * 2 + hidden, people FROM items WHERE name = ?", (name,)
        ).fetchone()
        if own is None:
            return {}
        found: dict[str, float] = {}
        for hidden, rows in ((0, most), (1, most // 4)):  # apart, so that hidden ones take no place
            found.update(
                (other, both / ((own[1] * people) ** 0.5 + 3))
                for other, both, people in self._sql.execute(_TOGETHER, (own[0], hidden, least, rows))
            )
        return found

    def lately(self, names: Iterable[str], since_us: int) -> dict[str, int]:
        """How many people have used something since a moment, as far as it matters."""
        found: dict[str, int] = {}
        for name in names:
            row = self._sql.execute(_LATELY, (name, since_us, _ENOUGH)).fetchone()
            if row[0]:
                found[name] = row[0]
        return found

    def latest(self, since_us: int, most: int) -> list[str]:
        """Names of what was used last."""
        found: list[str] = []
        for hidden, rows in ((0, most), (1, most // 4)):
            found += (row[0] for row in self._sql.execute(_LATEST, (hidden, since_us, rows)))
        return list(dict.fromkeys(found))

    def _merge(
        self, person: int, new: Mapping[int, tuple[bool, int]], changes: Counter[tuple[int, int]]
    ) -> None:
        """Bring what one person has used up to date, and note which pairs change by how much."""
        rows = self._sql.execute(
            "SELECT item, at_us, counts FROM uses WHERE person = ?", (person,)
        ).fetchall()
        at = {item: when for item, when, _ in rows}
        used = {item for item, _, counts in rows if counts}
        before = {item for item, _, counts in rows if counts == _COUNTS}
        for item, (counts, when) in new.items():
            at[item] = max(when, at.get(item, when))
            if counts:
                used.add(item)
        kept = sorted(at, key=lambda item: (-at[item], item))[:KEPT]
        after = set([item for item in kept if item in used][:COUNTED])
        if gone := set(at).difference(kept):
            self._sql.executemany(
                "DELETE FROM uses WHERE person = ? AND item = ?", [(person, item) for item in gone]
            )
        touched = (new.keys() | (before ^ after)).intersection(kept)
        self._sql.executemany(
            "INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?)",
            [(person, item, at[item], (item in used) + (item in after)) for item in touched],
        )
        stay = before & after
        for sign, some in ((1, after - before), (-1, before - after)):
            ordered = list(some)
            for place, item in enumerate(ordered):
                changes[item, item] += sign
                for other in chain(stay, ordered[:place]):
                    changes[min(item, other), max(item, other)] += sign

    def _count(self, changes: Mapping[tuple[int, int], int]) -> None:
        alone = [(by, one >> 1) for (one, other), by in changes.items() if one == other and by]
        self._sql.executemany("UPDATE items SET people = people + ? WHERE number = ?", alone)
        both = [
            (*pair, by)
            for (one, other), by in changes.items()
            if one != other and by
            for pair in ((one, other), (other, one))
        ]
        both.sort()
        self._sql.executemany(
            "INSERT INTO pairs VALUES (?, ?, ?)"
            " ON CONFLICT (one, other) DO UPDATE SET people = people + excluded.people",
            both,
        )
        self._sql.executemany(
            "DELETE FROM pairs WHERE one = ? AND other = ? AND people <= 0",
            [(one, other) for one, other, by in both if by < 0],
        )

    def _items(self, names: Mapping[str, bool]) -> dict[str, int]:
        """What names are called in the tables: numbers that are odd for what was hidden when it was met."""
        rows = [(name, int(hidden)) for name, hidden in sorted(names.items())]
        self._sql.executemany("INSERT OR IGNORE INTO items (name, hidden) VALUES (?, ?)", rows)
        found = {}
        for name, _ in rows:
            row = self._sql.execute(
                "SELECT number * 2 + hidden FROM items WHERE name = ?", (name,)
            ).fetchone()
            found[name] = int(row[0])
        return found

    def _person(self, person: str) -> int:
        token = self._token(person)
        self._sql.execute("INSERT OR IGNORE INTO people (token) VALUES (?)", (token,))
        return int(self._sql.execute("SELECT person FROM people WHERE token = ?", (token,)).fetchone()[0])

    def _token(self, person: str) -> bytes:
        key = self._model.meta("key")
        return hashlib.blake2b(
            person.encode(errors="replace"), digest_size=16, key=bytes.fromhex(key)
        ).digest()
