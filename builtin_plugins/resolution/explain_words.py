"""Names clauses in words: facts as they were declared, sets of versions as somebody wrote them."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import NamedTuple

from builtin_plugins.resolution.explain_shorter import clauses
from builtin_plugins.resolution.solve_source import IndexSource, Withdrawal
from builtin_plugins.resolution.solve_versions import positions
from builtin_plugins.resolution.solver_types import Clause, Derived, Exclusion, Fact, Need, Unsolvable
from hyperhost.versions import Constraint

__all__ = ["Words"]

EVERY = "every"
VERBS = ("needs", "requires", "is", "was", "has", "does", "cannot", "must")
"""A reason that begins with one of them is said of the version itself."""
NAMED = 3
"""Versions that are yanked or excluded together and named one by one."""
RUNS = 3
"""Unbroken runs of versions that are named one by one."""
MOST_SIMILAR = 3
"""Names that are suggested at most."""
SIMILAR = 10_000
"""Names among which similar ones are looked for."""


class Term(NamedTuple):
    """A term in words.

    Attributes:
        number: The package.
        versions: Positions: what it is one of, or must be one of.
        positive: Whether it is said that the package is one of them; otherwise that it must be.
    """

    number: int
    versions: int
    positive: bool


class Words:
    """Speaks about the clauses of one proof.

    Args:
        failure: The proof.
        source: Where the packages came from.
        told: Another proof from the same facts, in which every declaration is still to be found.
        installed: Roots that are installed, and that nobody asks for now.
    """

    def __init__(
        self, failure: Unsolvable, source: IndexSource, told: Clause, installed: Collection[str] = ()
    ) -> None:
        self._installed = installed
        self._source = source
        self._names = [str(package) for package in failure.packages]
        self._counts = failure.counts
        self._declared: dict[tuple[str, int], str] = {}
        self._collect(told)

    def _collect(self, proof: Clause) -> None:
        """Remember how each set of versions was written by whoever declared it."""
        for clause in clauses(proof):
            cause = clause.cause
            if isinstance(cause, Fact) and isinstance(cause.reason, Need):
                text = cause.reason.note
                key = (str(cause.reason.package), cause.reason.allowed)
                known = self._declared.get(key)
                if isinstance(text, str) and (known is None or len(text) < len(known)):
                    self._declared[key] = text

    # Facts

    def fact(self, clause: Clause) -> str:
        """A clause that was not derived; a derived one as its conclusion."""
        cause = clause.cause
        if not isinstance(cause, Fact):
            return self.conclusion(clause)
        reason = cause.reason
        if isinstance(reason, Exclusion):
            return self._exclusion(str(cause.package), reason)
        if cause.package is None:
            if self._is_installed(reason):
                return f"{self._object(clause)} is installed"
            return f"you asked for {self._object(clause)}"
        subject = self._subject(str(cause.package), reason.versions)
        verb = "depends on" if reason.required else "only works with"
        return f"{subject} {verb} {self._object(clause)}"

    def _is_installed(self, need: Need) -> bool:
        return str(need.package) in self._installed

    def _object(self, clause: Clause) -> str:
        """What a need is for, with what is wrong with that by itself."""
        assert isinstance(clause.cause, Fact)
        need = clause.cause.reason
        assert isinstance(need, Need)
        name = str(need.package)
        if need.package == clause.cause.package:
            return "itself"
        if not isinstance(need.note, str):  # made of several
            return self._within(name, need.allowed)
        wanted = _wanted(name, need.note)
        if need.allowed:
            return wanted
        texts = self._source.table(name).texts
        if texts:
            return f"{wanted}, which no version matches ({_nearest(texts, need.note)})"
        if self._source.exists(name):
            return f"{wanted}, of which there is no version"
        return f"{wanted}, which does not exist{self._similar(name)}"

    def _within(self, name: str, allowed: int) -> str:
        """What several needs for a package have in common."""
        if allowed == (1 << len(self._source.table(name).texts)) - 1:
            return name
        if not allowed:
            return f"{name} in versions that do not exist"
        words = self._range(name, allowed)
        if words.startswith("in "):  # so many versions from here to there
            return f"{name} {words}"
        return f"{name} within {words}"

    def _similar(self, name: str) -> str:
        """Names of which the part after the last ``/`` is similar; if there are some beside it, these."""
        place, _, last = name.rpartition("/")
        found: dict[str, list[str]] = {}
        for _, other in zip(range(SIMILAR), self._source.names(), strict=False):
            found.setdefault(other.rpartition("/")[2], []).append(other)
        close = [
            other for part in get_close_matches(last, found, cutoff=0.6) for other in sorted(found[part])
        ]
        beside = [other for other in close if other.rpartition("/")[0] == place]
        close = (beside or close)[:MOST_SIMILAR]
        return f" (did you mean {' or '.join(close)}?)" if close else ""

    def _exclusion(self, name: str, exclusion: Exclusion) -> str:
        subject, why = self._each(name, exclusion.versions), exclusion.note
        assert isinstance(why, Withdrawal)
        reason = why.reason.strip().rstrip(".")
        if why.yanked:
            return f"{subject} is yanked" + (f" ({reason})" if reason else "")
        if reason.split(" ", 1)[0] in VERBS:
            return f"{subject} {reason}"
        return f"{subject} is excluded" + (f" ({reason})" if reason else "")

    def _each(self, name: str, versions: int) -> str:
        """Versions that something is wrong with, by name if they are few."""
        texts = self._source.table(name).texts
        if 1 < versions.bit_count() <= NAMED and versions != (1 << len(texts)) - 1:
            named = [texts[position] for position in positions(versions)]
            return f"each of {name} {', '.join(named[:-1])} and {named[-1]}"
        return self._subject(name, versions)

    # Two clauses at once

    def both(self, one: Clause, other: Clause, pivot: object, mark: str = "", other_mark: str = "") -> str:
        """Two clauses in one breath, with the numbers of their sentences."""
        return (
            self._same_subject(one, other, mark, other_mark)
            or self._through(one, other, pivot, mark, other_mark)
            or self._through(other, one, pivot, other_mark, mark)
            or self._in_turn(self.fact(one) + mark, self.fact(other) + other_mark)
        ) + self.gap(one, other, pivot)

    def _in_turn(self, first: str, second: str) -> str:
        """Two sentences as one; a comma shows where the first ends if it has one inside."""
        return f"{first}{',' if ', ' in first else ''} and {second}"

    def _same_subject(self, one: Clause, other: Clause, mark: str, other_mark: str) -> str:
        """The same versions need two things."""
        first, second = self._said(one), self._said(other)
        if not first or not second or first[:2] != second[:2]:
            return ""
        if first[0] == "you" and second[2] < first[2]:
            first, second, mark, other_mark = second, first, other_mark, mark
        if "," in first[2]:
            return f"{first[0]} {first[1]} {first[2]}{mark}, and {second[2]}{other_mark}"
        return f"{first[0]} {first[1]} both {first[2]}{mark} and {second[2]}{other_mark}"

    def _through(self, one: Clause, other: Clause, pivot: object, mark: str, other_mark: str) -> str:
        """What one needs is the subject of the other."""
        first, second = self._said(one), self._said(other)
        needs, subject = self._terms(one, False), self._terms(other, True)
        if not first or len(needs) != 1 or len(subject) != 1 or needs[0].number != subject[0].number:
            return ""
        if self._names[needs[0].number] != pivot or needs[0].versions & ~subject[0].versions:
            return ""
        begin = f"{' '.join(filter(None, first))}{mark}{', which' if first[2] else ' and'}"
        if second:
            return f"{begin} {second[1]} {second[2]}{other_mark}"
        if other.cause.__class__ is Derived and len(other.terms) == 1:
            return f"{begin} cannot be used{other_mark}"
        return ""

    def _said(self, clause: Clause) -> tuple[str, str, str] | None:
        """Subject, verb and object of what reads as "one needs another"; "it is installed" has no object."""
        cause = clause.cause
        if isinstance(cause, Fact):
            if not isinstance(cause.reason, Need):
                return None
            if cause.package is None and self._is_installed(cause.reason):
                return self._object(clause), "is installed", ""
            if cause.package is None:
                return "you", "asked for", self._object(clause)
            subject = self._subject(str(cause.package), cause.reason.versions)
            verb = "depends on" if cause.reason.required else "only works with"
            return subject, verb, self._object(clause)
        positives, negatives = self._terms(clause, True), self._terms(clause, False)
        if len(positives) != 1 or len(negatives) != 1:
            return None
        subject = self._subject(self._names[positives[0].number], positives[0].versions)
        return subject, "requires", self._set(negatives[0])

    def gap(self, one: Clause, other: Clause, pivot: object) -> str:
        """That no version lies where two constraints overlap, if this is why they contradict."""
        wanted = []
        for clause in (one, other):
            for term in self._terms(clause, False):
                declared = self._declared.get((self._names[term.number], term.versions))
                if self._names[term.number] == pivot and declared is not None and term.versions:
                    wanted.append((term.versions, declared))
        if len(wanted) != 2 or wanted[0][0] & wanted[1][0]:
            return ""
        first, second = wanted[0][1], wanted[1][1]
        if (Constraint.parse(first).set & Constraint.parse(second).set).is_empty:
            return ""
        return f", and no version of {pivot} satisfies both {_short(first)} and {_short(second)}"

    # Conclusions

    def conclusion(self, clause: Clause) -> str:
        """A clause by itself."""
        if not clause.terms:
            return "version solving failed"
        if isinstance(clause.cause, Fact):
            return self.fact(clause)
        positives, negatives = self._terms(clause, True), self._terms(clause, False)
        if not negatives:
            return self._forbidden(positives)
        wanted = " or ".join(self._set(term) for term in negatives)
        if not positives:
            return f"{wanted} is required"
        if len(positives) == 1:
            return f"{self._subject_of(positives[0])} requires {wanted}"
        given = " and ".join(self._subject_of(term) for term in positives)
        return f"{given} together require {wanted}"

    def _forbidden(self, positives: list[Term]) -> str:
        if len(positives) == 1:
            [only] = positives
            subject = self._subject_of(only)
            if only.versions == (1 << self._counts[only.number]) - 1:
                return f"no version of {self._names[only.number]} can be used"
            if subject.startswith(EVERY):
                return f"no{subject.removeprefix(EVERY)} can be used"
            return f"{subject} cannot be used"
        parts = [self._subject_of(term) for term in positives]
        if len(positives) == 2:
            return f"{parts[0]} is incompatible with {parts[1]}"
        return f"{', '.join(parts[:-1])} and {parts[-1]} cannot be used together"

    def _terms(self, clause: Clause, positive: bool) -> list[Term]:
        """The terms of one sign; those that say nothing do not count."""
        found = []
        for number, states in clause.terms.items():
            absent = 1 << self._counts[number]
            if states & absent and not positive:
                found.append(Term(number, (absent * 2 - 1) & ~states, False))
            elif not states & absent and positive:
                found.append(Term(number, states, True))
        return found

    # Sets of versions

    def _subject_of(self, term: Term) -> str:
        return self._subject(self._names[term.number], term.versions)

    def _subject(self, name: str, versions: int) -> str:
        count = len(self._source.table(name).texts)
        if versions == (1 << count) - 1 and count > 1:
            return f"{EVERY} version of {name}"
        if self._declared.get((name, versions)) == "*" and versions & (versions - 1):
            return f"{EVERY} release of {name}"  # all but pre-releases
        return f"{name} {self._range(name, versions)}"

    def _set(self, term: Term) -> str:
        name = self._names[term.number]
        everything = (1 << self._counts[term.number]) - 1
        declared = self._declared.get((name, term.versions))
        if declared is not None and not term.positive:
            return _wanted(name, declared)
        if term.versions == everything:
            return name
        return f"{name} {self._range(name, term.versions)}"

    def _range(self, name: str, versions: int) -> str:
        """The shortest true words for some versions: never a long list."""
        texts = self._source.table(name).texts
        if versions & (versions - 1) == 0 and versions:
            return texts[versions.bit_length() - 1]
        declared = self._declared.get((name, versions))
        if declared is not None and len(declared) <= 40:
            return _short(declared)
        runs = _runs(versions)
        if len(runs) <= RUNS:
            return " or ".join(_run(texts, low, high) for low, high in runs)
        return f"in {versions.bit_count()} versions from {texts[runs[0][0]]} to {texts[runs[-1][1]]}"


def _runs(versions: int) -> list[tuple[int, int]]:
    """First and last position of each unbroken run."""
    runs = []
    while versions:
        low = (versions & -versions).bit_length() - 1
        length = ((versions >> low) + 1 & ~(versions >> low)).bit_length() - 1
        runs.append((low, low + length - 1))
        versions &= ~((1 << length) - 1 << low)
    return runs


def _run(texts: list[str], low: int, high: int) -> str:
    if low == high:
        return texts[low]
    begin = f">={texts[low]}" if low else ""
    end = f"<{texts[high + 1]}" if high + 1 < len(texts) else ""
    return f"{begin} {end}".strip() or "*"


def _nearest(texts: list[str], wanted: str) -> str:
    """What there is instead of what a constraint wants."""
    loose = Constraint.parse(wanted, include_prerelease=True)
    unnamed = [text for text in texts if loose.allows(text)]
    if unnamed:
        return f"{unnamed[-1]} is a pre-release, which a constraint has to name"
    return f"the only one is {texts[0]}" if len(texts) == 1 else f"the highest is {texts[-1]}"


def _wanted(name: str, constraint: str) -> str:
    """A package and the versions of it that somebody wants; any version goes without saying."""
    text = _short(constraint)
    return name if text == "*" else f"{name} {text}"


def _short(text: str) -> str:
    """A constraint as it is said; a very long one is cut."""
    text = " ".join(text[:1000].split())
    return (text[:80] + "…" if len(text) > 80 else text) or "*"
