"""Makes a proof shorter before it is told.

A search proves things in the order in which it stumbles upon them, and version by version. So what a
proof rests on is solved again by itself, after needs of neighbouring versions for the same package
were made one: twenty versions that need twenty ranges of ``log``, all within ``^2``, become one
sentence. Should that lose the contradiction, the needs stay apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from builtin_plugins.resolution.solver import PubGrub
from builtin_plugins.resolution.solver_types import (
    Clause,
    Derived,
    Exclusion,
    Fact,
    Need,
    Unsolvable,
)

__all__ = ["clauses", "shorter"]

MOST_FACTS = 5_000
"""Facts of the largest proof that is solved again."""


def clauses(proof: Clause) -> list[Clause]:
    """Every clause of a proof, each once, conclusions before what they rest on."""
    found, stack, seen = [], [proof], {id(proof)}
    while stack:
        clause = stack.pop()
        found.append(clause)
        if isinstance(clause.cause, Derived):
            for part in (clause.cause.right, clause.cause.left):
                if id(part) not in seen:
                    seen.add(id(part))
                    stack.append(part)
    return found


def shorter(failure: Unsolvable) -> Unsolvable:
    """A proof of the same from the same facts, the shortest of those that were tried."""
    every = clauses(failure.proof)
    facts = list(dict.fromkeys(clause.cause for clause in every if isinstance(clause.cause, Fact)))
    if len(facts) > MOST_FACTS:
        return failure
    counts = dict(zip(failure.packages, failure.counts, strict=True))
    best, least = failure, len(every)
    for merged in (False, True):
        source = _Facts(facts, counts, merged)
        try:
            PubGrub(source, source).solve(source.roots)
        except Unsolvable as found:
            size = len(clauses(found.proof))
            if size < least:
                best, least = found, size
    return best


class _Facts:
    """Some facts and nothing else, as a source. As a strategy, the highest position first."""

    def __init__(self, facts: Iterable[Fact], counts: dict[Hashable, int], merged: bool) -> None:
        self.roots: list[Need] = []
        self._counts = counts
        self._needs: dict[Hashable, list[Need]] = {}
        self._exclusions: dict[Hashable, list[Exclusion]] = {}
        for fact in facts:
            if isinstance(fact.reason, Exclusion):
                self._exclusions.setdefault(fact.package, []).append(fact.reason)
            elif fact.package is None:
                self.roots.append(fact.reason)
            else:
                self._needs.setdefault(fact.package, []).append(fact.reason)
        if merged:
            self._needs = {package: _merged(needs) for package, needs in self._needs.items()}

    def expect(self, packages: Sequence[Hashable]) -> None:
        """Nothing to prepare."""

    def count(self, package: Hashable) -> int:
        """As it was."""
        return self._counts[package]

    def exclusions(self, package: Hashable) -> Iterable[Exclusion]:
        """Those among the facts."""
        return self._exclusions.get(package, ())

    def needs(self, package: Hashable, position: int) -> Iterable[Need]:
        """Those among the facts."""
        return [need for need in self._needs.get(package, ()) if need.versions >> position & 1]

    def preferred(self, package: Hashable) -> int:
        """None."""
        return 0

    def choose(self, package: Hashable, allowed: int) -> int:
        """The highest."""
        return allowed.bit_length() - 1


def _merged(needs: Iterable[Need]) -> list[Need]:
    """One need for each package needed: what is true of all versions that need it.

    The note of a need that was made of several is the only note they have, or ``None``.
    """
    found: dict[tuple[Hashable, bool], Need] = {}
    for need in needs:
        key = need.package, need.required
        other = found.get(key)
        if other is not None:
            note = need.note if need.note == other.note else None
            allowed, versions = need.allowed | other.allowed, need.versions | other.versions
            need = Need(need.package, allowed, versions, need.required, note)
        found[key] = need
    return list(found.values())
