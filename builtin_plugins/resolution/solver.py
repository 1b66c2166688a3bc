"""PubGrub: finds one version for each package that is needed, or proves that there is none.

The method is that of https://github.com/dart-lang/pub/blob/master/doc/solver.md with two changes that
make every step a few operations on integers: sets of versions are bit masks over the versions that
exist, and "not chosen" is one more state of a package. So a term is a set of states whether it is
positive or negative there, "and" is ``&``, "or" is ``|``, and "follows from" is ``not a & ~b``.

It ends: each clause that it learns excludes a combination that no clause excluded before, and there
are finitely many. Nothing here is recursive, however deep a graph is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from heapq import heappop, heappush
from typing import Any

from builtin_plugins.resolution.solver_state import State
from builtin_plugins.resolution.solver_types import (
    Clause,
    Derived,
    Fact,
    Need,
    NeedClause,
    Source,
    Strategy,
    Unsolvable,
)

__all__ = ["PubGrub"]

NUMBER = 32
"""Bits for the number of a package where it shares an integer with a priority."""
JUMP = 50
"""Decisions that are taken back at once at most where only the last one has to be."""
BEHIND = 1 << 30
"""Rank from which on what is required itself is ordered, from twice that on what is not, and so on."""
MANY = 5
"""Versions that a package loses to decisions about others before it is decided on ahead of them."""


class PubGrub:
    """Solves once. Make another one to solve again.

    Args:
        source: Where packages come from.
        strategy: Chooses among the versions that are possible.

    Attributes:
        decisions: How often a version was decided on.
        conflicts: How often decisions turned out to contradict each other.
    """

    def __init__(self, source: Source, strategy: Strategy) -> None:
        self.decisions = 0
        self.conflicts = 0
        self._source = source
        self._strategy = strategy
        self._state = State()
        self._numbers: dict[Hashable, int] = {}
        self._packages: list[Hashable] = []
        self._pairs: list[list[Any]] = []
        # package number → its clauses of two terms, four items each: states outside of its own term, the
        # other package, states outside of the other's term, the clause. There are so many that a tuple
        # for each would keep the garbage collector busy.
        self._others: dict[int, list[Clause]] = {}  # package number → its other clauses, if there are any
        self._read: list[int] = []  # package number → the versions whose needs are clauses already
        self._known: set[tuple[int, int, int, int]] = set()  # needs of several versions that are clauses
        self._changed: list[int] = []  # packages whose clauses are to be looked at
        self._open: list[int] = []  # heap of packages to decide: rank and number
        self._roots = 0  # packages with a lower number are required themselves
        self._preferred: list[int] = []  # package number → versions to be kept if possible
        self._deciding: list[int] = []  # level - 1 → the package that was decided on
        self._lost: list[int] = []  # package number → versions it lost to decisions about others
        self._early: dict[int, int] = {}  # package number → its turn, of those that lost many
        self._late: set[int] = set()  # packages that others lost many to

    def solve(self, requirements: Iterable[Need]) -> dict[Hashable, int]:
        """Choose versions.

        Args:
            requirements: What is required to begin with.

        Returns:
            Package → position of its version, for everything that is required, directly or not.

        Raises:
            Unsolvable: There is no such choice.
        """
        required = list(requirements)
        self._meet([need.package for need in required])
        self._roots = len(self._packages)
        conflict: Clause | None = None
        for need in required:
            number = self._numbers[need.package]
            states = self._state.full[number] & ~self._wanted(number, need)
            conflict = self._add(Clause({number: states}, Fact(None, need)))
            while conflict is not None:
                conflict = self._learn(conflict)
        while True:
            conflict = self._propagate()
            if conflict is None:
                package = self._next()
                if package is None:
                    return self._answer()
                conflict = self._decide(package)
            while conflict is not None:
                self.conflicts += 1
                conflict = self._learn(conflict)

    def _answer(self) -> dict[Hashable, int]:
        allowed = self._state.allowed
        chosen = (number for number, decided in enumerate(self._state.decided) if decided)
        return {self._packages[number]: allowed[number].bit_length() - 1 for number in chosen}

    # Packages

    def _meet(self, packages: Iterable[Hashable]) -> None:
        """Number packages that were not heard of before."""
        numbers = self._numbers
        new = [package for package in packages if package not in numbers]
        if not new:
            return
        new = list(dict.fromkeys(new))
        self._source.expect(new)
        for package in new:
            number = numbers[package] = len(self._packages)
            self._packages.append(package)
            exclusions = []
            count = self._source.count(package)
            for exclusion in self._source.exclusions(package):
                clause = Clause({number: exclusion.versions}, Fact(package, exclusion))
                exclusions.append((exclusion.versions, clause))
            self._state.add(count, exclusions)
            self._pairs.append([])
            self._read.append(0)
            self._preferred.append(self._strategy.preferred(package))
            self._lost.append(0)

    def _wanted(self, number: int, need: Need) -> int:
        """The states of a package that meet a need."""
        return need.allowed if need.required else need.allowed | self._state.absent[number]

    # Deciding

    def _next(self) -> int | None:
        """The package to decide next: the one with the least rank, of equals the one that was met first."""
        state, heap = self._state, self._open
        while heap:
            entry = heappop(heap)
            number = entry & ((1 << NUMBER) - 1)
            allowed = state.allowed[number]
            stale = state.decided[number] or allowed & state.absent[number]
            if not stale and entry >> NUMBER == self._rank(number, allowed):
                return number
        return None

    def _decide(self, number: int) -> Clause | None:
        """Decide on a version of a package, unless what it needs rules it out. May find a conflict."""
        allowed = self._state.allowed[number]
        if allowed & (allowed - 1):
            position = self._strategy.choose(self._packages[number], allowed)
        else:
            position = allowed.bit_length() - 1
        version = 1 << position
        if not version & allowed:
            raise ValueError(f"the strategy chose position {position}, which is not possible")
        state = self._state
        if not version & self._read[number]:
            since = len(state)
            conflict = self._read_needs(number, position)
            if conflict is not None or not version & state.allowed[number]:
                self._push(number)
                if conflict is None:
                    self._ruled_out(number, since)
                return conflict
        self.decisions += 1
        del self._deciding[state.level :]
        self._deciding.append(number)
        state.assign(number, version, None)
        self._changed.append(number)
        return None

    def _read_needs(self, number: int, position: int) -> Clause | None:
        """Make clauses of what a version needs. May find a conflict."""
        state, package = self._state, self._packages[number]
        needs = list(self._source.needs(package, position))
        self._meet([need.package for need in needs])
        self._read[number] |= 1 << position
        known, violated = self._known, None
        full, allowed, pairs, numbers = state.full, state.allowed, self._pairs, self._numbers
        everything, mine = full[number], pairs[number]
        for need in needs:
            target, wanted, versions, required, _ = need
            other = numbers[target]
            if not required:
                wanted |= state.absent[other]
            if versions & (versions - 1):  # another of these versions may have told already
                key = (number, other, versions, wanted)
                if key in known:
                    continue
                known.add(key)
            if other == number:  # of itself: what is wrong with the versions that do not meet it
                clause = Clause({number: versions & ~wanted}, Fact(package, need))
                violated = self._add(clause) or violated
                continue
            clause = NeedClause(number, other, full[other] & ~wanted, package, need)
            if not wanted:
                violated = self._add(clause) or violated
                continue
            outside = everything & ~versions  # from here on as _add does, only faster
            mine += outside, other, wanted, clause
            pairs[other] += wanted, number, outside, clause
            if not allowed[number] & outside or not allowed[other] & wanted:
                violated = self._check(clause) or violated
        return violated

    def _push(self, number: int) -> None:
        """Note that a package waits for a decision, if it does."""
        allowed = self._state.allowed[number]
        if not allowed & self._state.absent[number] and not self._state.decided[number]:
            heappush(self._open, self._rank(number, allowed) << NUMBER | number)

    def _rank(self, number: int, allowed: int) -> int:
        """The lower, the earlier a package is decided on.

        First come packages that leave no choice, then those of which a preferred version is possible,
        then those that lost many versions; last comes what they lost them to. Of the rest, what is
        required itself comes first, because its version matters most to whoever asks; and what has few
        versions left comes before what has many, because what is bound to fail should fail early.
        """
        if not allowed & (allowed - 1):
            return 0
        if allowed & self._preferred[number]:
            return 1
        if number in self._early:
            return 2 + self._early[number]
        behind = 3 if number in self._late else 1 if number < self._roots else 2
        return behind * BEHIND + allowed.bit_count()

    def _ruled_out(self, number: int, since: int) -> None:
        """Note what a package lost to decisions about others; if that is much, it comes before them.

        Otherwise one version of something that everything needs, decided on too early, could cost what
        needs it any number of versions. Each package gets ahead once, so this ends.

        Args:
            number: The package.
            since: Position on the trail of the first step that may have taken something.
        """
        if number in self._early:
            return
        state, to = self._state, set()
        for versions, clause in state.losses(number, since):
            level = max((state.satisfier(n, s)[1] for n, s in clause.terms.items() if n != number), default=0)
            if level and not self._preferred[self._deciding[level - 1]]:
                to.add(self._deciding[level - 1])
                self._lost[number] += versions.bit_count()
        if to and self._lost[number] >= MANY:
            self._early[number] = len(self._early)
            self._late |= to
            if state.level <= JUMP:
                self._backtrack(0)
            self._push(number)

    # Clauses

    def _add(self, clause: Clause) -> Clause | None:
        """Take a clause in, and derive what follows at once. Returns it if it is violated already."""
        full = self._state.full
        terms = {
            n: states for n, states in clause.terms.items() if states != full[n]
        }  # always true: left out
        if not all(terms.values()):
            return None  # a term that is never true: the clause says nothing
        clause.terms = terms
        if len(terms) == 2:
            (one, its), (other, others) = terms.items()
            outside, outside_other = full[one] & ~its, full[other] & ~others
            self._pairs[one] += outside, other, outside_other, clause
            self._pairs[other] += outside_other, one, outside, clause
        else:
            for number in terms:
                self._others.setdefault(number, []).append(clause)
        return self._check(clause)

    def _check(self, clause: Clause) -> Clause | None:
        """Derive what follows if all terms but one are true. Returns the clause if all are."""
        allowed = self._state.allowed
        free = -1
        for number, states in clause.terms.items():
            now = allowed[number]
            if not now & states:
                return None
            if now & ~states:
                if free >= 0:
                    return None
                free = number
        if free < 0:
            return clause
        self._derive(free, allowed[free] & ~clause.terms[free], clause)
        return None

    def _derive(self, number: int, states: int, clause: Clause) -> None:
        self._state.assign(number, states, clause)
        self._changed.append(number)
        self._push(number)

    def _propagate(self) -> Clause | None:
        """Derive all that follows from what changed. Returns a clause that is violated, if one is."""
        allowed, changed = self._state.allowed, self._changed
        while changed:
            number = changed.pop()
            now = allowed[number]
            items = iter(self._pairs[number])
            for outside, other, outside_other, clause in zip(items, items, items, items, strict=True):
                if not now & outside:
                    before = allowed[other]
                    after = before & outside_other
                    if after != before:
                        if not after:
                            violated: Clause = clause
                            return violated
                        self._derive(other, after, clause)
            for clause in self._others.get(number, ()):
                if self._check(clause) is not None:
                    return clause
        return None

    # Conflicts

    def _learn(self, conflict: Clause) -> Clause | None:
        """Find out what of the decisions is to blame, and take them back.

        Args:
            conflict: A clause that is violated.

        Returns:
            The clause that was learned if it is violated still.

        Raises:
            Unsolvable: No decision is to blame.
        """
        clause = conflict
        while clause.terms:
            number, level, earlier, cause = self._latest(clause)
            if cause is None or earlier < level:
                self._backtrack(earlier if level - earlier <= JUMP else level - 1)
                since = len(self._state)
                violated = self._add(clause) if clause is not conflict else self._check(clause)
                if violated is None:
                    self._ruled_out(number, since)
                return violated
            clause = self._join(clause, cause, number)
        raise Unsolvable(clause, self._packages, [bits.bit_length() - 1 for bits in self._state.absent])

    def _latest(self, clause: Clause) -> tuple[int, int, int, Clause | None]:
        """The step that violated a clause.

        Returns:
            Its package, its level, the level at which all else was there already, and the clause that
            it followed from.
        """
        found: tuple[int, int, Clause | None] = (-2, 0, None)
        package, level, earlier = -1, 0, 0
        for number, states in clause.terms.items():
            step = self._state.satisfier(number, states)
            if step[0] > found[0]:
                earlier = max(earlier, level)
                found, level, package = step, step[1], number
            else:
                earlier = max(earlier, step[1])
        cause = found[2]
        if cause is not None:
            own = self._state.full[package] & ~cause.terms[package]
            if own & ~clause.terms[package]:  # the step did it together with one before
                earlier = max(earlier, self._state.satisfier(package, clause.terms[package], own)[1])
        return package, level, earlier, cause

    def _join(self, left: Clause, right: Clause, pivot: int) -> Clause:
        """What follows from two clauses whichever state a package is in."""
        full = self._state.full
        terms = dict(left.terms)
        for number, states in right.terms.items():
            mine = terms.get(number, full[number])
            terms[number] = mine | states if number == pivot else mine & states
            if terms[number] == full[number]:
                del terms[number]
        return Clause(terms, Derived(left, right, self._packages[pivot]))

    def _backtrack(self, level: int) -> None:
        undone = self._state.backtrack(level)
        self._changed[:] = [number for number in self._changed if number not in undone]
        for number in undone:
            self._push(number)
