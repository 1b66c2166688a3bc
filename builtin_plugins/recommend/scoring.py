"""The parts of a score. Each says which artifacts it knows of, and then how much it says for one.

Whatever the seeds lead to is counted only as far as whoever asks may see it: hidden artifacts are read apart
from public ones, and how rare a word is counts among public ones alone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import RecommendRequest

from .licences import fits
from .records import Doc, of_length_one

if TYPE_CHECKING:
    from .model import Model
    from .people import People
    from .settings import Settings
    from .sight import Sight
    from .starting import Start

__all__ = ["Collaborative", "Content", "Context", "Knowledge", "Said"]

_SEEDS: Final = 20
"""Seeds of which dependents are looked at."""
_ROWS: Final = 1_500
"""Rows that all seeds may cost together."""
_POSTINGS: Final = (800, 200)
"""Artifacts that are read of one word: public ones, hidden ones."""
_COMMON: Final = 3_000
"""Public artifacts that have a word which says little; it is read when no other one does."""
_WORDS: Final = 10
"""Words that are looked up, those that say most."""
_DEPENDENTS: Final = 200
"""Artifacts that need seeds, of all seeds together; half as many hidden ones."""
_ASKED: Final = 60
"""Things needed together that are looked at closer, of all seeds together."""
_DAY_US: Final = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """What one part says for an artifact.

    Attributes:
        value: 0 to 1.
        reason: Why, for a person; empty for nothing to say.
    """

    value: float = 0.0
    reason: str = ""


_NOTHING: Final = Said()


class Collaborative:
    """What was used together with the seeds."""

    def __init__(self, people: People, settings: Settings, start: Start, whose: str) -> None:
        self._doubt: dict[str, float] = defaultdict(lambda: 1.0)
        self._best: dict[str, tuple[float, str]] = {}
        self._whose = whose if start.own else ""
        most = max(20, _ROWS // max(1, len(start.seeds)))
        for seed in start.seeds:
            for name, value in people.together(seed.name, settings.least_people, min(300, most)).items():
                self._doubt[name] *= 1 - value
                self._best[name] = max(self._best.get(name, (0.0, "")), (value, seed.name))

    def names(self, most: int) -> list[str]:
        """Names that it says most for."""
        return sorted(self._doubt, key=lambda name: (self._doubt[name], name))[:most]

    def of(self, doc: Doc) -> Said:
        """What it says for one."""
        if doc.name not in self._doubt:
            return _NOTHING
        seed = self._best[doc.name][1]
        has = f", as {self._whose} do" if self._whose else ""
        return Said(1 - self._doubt[doc.name], f"used by people who use {seed}{has}")


class Content:
    """What has the words of the seeds and of the text."""

    def __init__(self, model: Model, start: Start) -> None:
        self._model = model
        self._often = model.frequency(["", *start.words])
        public = self._often.get("", 0)
        weighed = {
            word: weight * math.log(1 + public / (1 + self._often.get(word, 0)))
            for word, weight in start.words.items()
        }
        self._query = of_length_one({word: weight for word, weight in weighed.items() if weight > 0})
        self._ranked = sorted(self._query, key=lambda word: (-self._query[word], word))

    def numbers(self, most: int) -> list[int]:
        """Numbers of docs that it seems to say most for."""
        rare = [word for word in self._ranked if self._often.get(word, 0) <= _COMMON]
        chosen = (rare or self._ranked)[:_WORDS]
        found = []
        for hidden, rows in enumerate(_POSTINGS):
            scores: dict[int, float] = defaultdict(float)
            for word in chosen:
                weight = self._query[word]
                for doc, own in self._model.sql.execute(
                    "SELECT doc, weight FROM words WHERE term = ? AND hidden = ?"
                    " ORDER BY weight DESC, doc LIMIT ?",
                    (word, hidden, rows),
                ):
                    scores[doc] += own * weight
            found += sorted(scores, key=lambda doc: (-scores[doc], doc))[:most]
        return found

    def of(self, doc: Doc) -> Said:
        """What it says for one: the cosine."""
        terms = doc.terms
        common = [(self._query[word] * terms[word], word) for word in terms.keys() & self._query.keys()]
        if not common:
            return _NOTHING
        common.sort(key=lambda each: (-each[0], each[1]))
        shown = [word for _, word in common if len(word) > 2][:4] or [common[0][1]]
        return Said(min(1.0, sum(each for each, _ in common)), f"it is about {', '.join(shown)}, too")


class Knowledge:
    """What artifacts declare: who needs what, what replaces what, by whom, under which licence."""

    def __init__(self, model: Model, sight: Sight, start: Start) -> None:
        self._model = model
        self._start = start
        self._facts: dict[str, list[Said]] = defaultdict(list)
        self._needed: dict[str, int] = {}
        self._authors = {each.author: each.name for each in reversed(start.seeds) if each.author}
        self._namespaces = {each.namespace: each.name for each in reversed(start.seeds)}
        self._licences = [each for seed in start.seeds for each in seed.licences]
        most = max(5, _DEPENDENTS // max(1, min(_SEEDS, len(start.seeds))))
        for seed in start.seeds[:_SEEDS]:
            if seed.replacement:
                self._facts[seed.replacement].append(
                    Said(1.0, f"it replaces {seed.name}, which is deprecated")
                )
            self._dependents(seed, sight, most)

    @property
    def authors(self) -> list[str]:
        """Authors of seeds."""
        return list(reversed(self._authors))

    @property
    def namespaces(self) -> list[str]:
        """Namespaces of seeds."""
        return list(reversed(self._namespaces))

    def names(self, most: int) -> list[str]:
        """Names that something is declared about."""
        return sorted(self._facts, key=lambda name: (-max(each.value for each in self._facts[name]), name))[
            :most
        ]

    def of(self, doc: Doc) -> Said:
        """What it says for one."""
        said = list(self._facts.get(doc.name, ()))
        if doc.author in self._authors:
            said.append(Said(0.15, f"it is by the author of {self._authors[doc.author]}"))
        if doc.namespace in self._namespaces:
            said.append(Said(0.1, f"it lies beside {self._namespaces[doc.namespace]}"))
        fitting = fits(doc.licences, self._licences)
        if fitting:
            said.append(Said(0.1, f"its licence {doc.licences[0]} fits"))
        doubt = math.prod(1 - each.value for each in said)
        said.sort(key=lambda each: -each.value)
        reason = said[0].reason if said else ""
        if fitting is False:
            warning = f"its licence {doc.licences[0]} may not fit"
            return Said((1 - doubt) / 2, f"{reason}, but {warning}" if reason else warning)
        return Said(1 - doubt, reason)

    def _dependents(self, seed: Doc, sight: Sight, most: int) -> None:
        """What needs a seed, and what that needs besides."""
        rows = [self._rows(seed.name, 0, most), self._rows(seed.name, 1, most // 2)]
        docs = self._model.docs([number for part in rows for number in part], brief=True)
        public = sight.of([docs[number] for number in rows[0] if number in docs])
        hidden = sight.of([docs[number] for number in rows[1] if number in docs])
        total = self._needed_by(seed.name) + len({each.name for each in hidden})
        read = {each.name: each for each in (*public, *hidden)}
        together: Counter[str] = Counter()
        for each in read.values():
            if each.offered:
                self._facts[each.name].append(Said(0.4, f"it builds on {seed.name}"))
            together.update(name for name in each.needs if name != seed.name)
        scale = total / len(read) if read else 0.0
        for name, times in together.most_common(max(4, _ASKED // len(self._start.seeds))):
            if times < 2 or name in self._start.known:
                continue
            both = times * scale
            value = both / (math.sqrt(total * max(both, self._needed_by(name))) + 1)
            self._facts[name].append(Said(min(0.8, value), f"what needs {seed.name} often needs it, too"))

    def _rows(self, target: str, hidden: int, most: int) -> list[int]:
        return [
            row[0]
            for row in self._model.sql.execute(
                "SELECT doc FROM needs WHERE target = ? AND hidden = ? LIMIT ?", (target, hidden, most)
            )
        ]

    def _needed_by(self, name: str) -> int:
        """How many public artifacts need something, as far as it matters."""
        if name in self._needed:
            return self._needed[name]
        row = self._model.sql.execute(
            "SELECT count(*) FROM (SELECT 1 FROM needs WHERE target = ? AND hidden = 0 LIMIT 5000)", (name,)
        ).fetchone()
        self._needed[name] = int(row[0])
        return self._needed[name]


class Context:
    """What somebody is doing just now, and what others are."""

    def __init__(
        self, people: People, settings: Settings, start: Start, request: RecommendRequest, now_us: int
    ) -> None:
        self._people = people
        self._settings = settings
        self._since = now_us - settings.recent_days * _DAY_US
        self._type = request.type or start.type
        self._paths = {each.namespace for each in start.seeds} | ({request.namespace} - {""})
        self._lately: dict[str, int] = {}
        self._near: dict[str, float] = {}

    def names(self, most: int) -> list[str]:
        """Names of what was used last."""
        return self._people.latest(self._since, most)

    def look(self, names: Iterable[str]) -> None:
        """Find out what was used lately, of some names."""
        least = self._settings.least_people
        found = self._people.lately(names, self._since)
        self._lately = {name: count for name, count in found.items() if count >= least}

    def of(self, doc: Doc) -> Said:
        """What it says for one: half of it for use, the rest for being of the same kind and near."""
        lately = min(1.0, math.log2(1 + self._lately.get(doc.name, 0)) / 6)
        same = 1.0 if self._type is not None and doc.type is self._type else 0.0
        near = self._near.get(doc.namespace)
        if near is None:
            near = max((_nearness(doc.namespace, path) for path in self._paths), default=0.0)
            self._near[doc.namespace] = near
        days = self._settings.recent_days
        reason = f"much used in the last {days} days" if lately and days > 1 else ""
        if lately and days == 1:
            reason = "much used today"
        if not reason and near > 0.5:
            reason = f"it lies in {doc.namespace}"
        if not reason and same:
            reason = f"it is a {doc.type.value}, too" if self._paths else f"it is a {doc.type.value}"
        return Said(0.5 * lately + 0.2 * same + 0.3 * near, reason)


def _nearness(one: str, other: str) -> float:
    """Labels that two paths begin with, of those of the longer one."""
    first, second = one.split("."), other.split(".")
    same = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        same += 1
    return same / max(len(first), len(second))
