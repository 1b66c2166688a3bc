"""Turns a proof that nothing works into sentences.

The order of the sentences is that of
https://github.com/dart-lang/pub/blob/master/doc/solver.md#error-reporting: each conclusion follows
the sentences it rests on, and one that is used again further down gets a number. Nothing here is
recursive, because a proof can be deeper than Python's stack.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator

from builtin_plugins.resolution.explain_shorter import shorter
from builtin_plugins.resolution.explain_words import Words
from builtin_plugins.resolution.solve_source import IndexSource
from builtin_plugins.resolution.solver_types import Clause, Derived, Unsolvable

__all__ = ["FAILED", "explain", "summary"]

Steps = Generator["tuple[Clause, bool]", None, None]

FAILED = "version solving failed"
LONGEST = 200
"""Sentences of the longest explanation; of a longer one the beginning is left out."""


def explain(failure: Unsolvable, source: IndexSource, installed: Collection[str] = ()) -> list[str]:
    """The sentences, each with a full stop, the conclusion last.

    Args:
        failure: What the solver raised.
        source: What it read from.
        installed: Roots that nobody asks for now: they are required as they are installed.
    """
    lines = list(_Writer(shorter(failure), source, failure.proof, installed).write())
    if len(lines) > LONGEST:
        left_out = len(lines) - LONGEST
        return [f"The first {left_out} sentences are left out.", *lines[left_out:]]
    return lines


def summary(conclusion: str) -> str:
    """The last sentence of an explanation as the message of an error."""
    _, because, reason = conclusion.rstrip(".").partition("ecause ")
    end = f", {FAILED}"
    return f"{FAILED}: {reason.removesuffix(end)}" if because else FAILED


class _Writer:
    def __init__(
        self, failure: Unsolvable, source: IndexSource, told: Clause, installed: Collection[str]
    ) -> None:
        self._proof = failure.proof
        self._words = Words(failure, source, told, installed)
        self._uses = _uses(failure.proof)
        self._numbers: dict[int, int] = {}
        self._lines: list[tuple[Clause, str]] = []
        self._written: set[int] = set()

    def write(self) -> Iterator[str]:
        """Every sentence, those that are referred to with their number in front."""
        proof = self._proof
        if not isinstance(proof.cause, Derived):
            yield f"Because {self._words.fact(proof)}, {FAILED}."
            return
        stack = [self._explain(proof, False)]
        while stack:
            wanted = next(stack[-1], None)
            if wanted is None:
                stack.pop()
            elif id(wanted[0]) not in self._written:
                stack.append(self._explain(*wanted))
        for clause, text in self._lines:
            number = self._numbers.get(id(clause))
            yield f"({number}) {text}" if number else text

    def _say(self, clause: Clause, text: str, numbered: bool) -> None:
        end = clause is self._proof
        if end and text.startswith("And"):
            text = "So," + text[3:]
        self._lines.append((clause, text + "."))
        self._written.add(id(clause))
        if not end and (numbered or self._uses[id(clause)] > 1):
            self._numbers.setdefault(id(clause), len(self._numbers) + 1)

    def _number(self, clause: Clause) -> str:
        number = self._numbers.get(id(clause))
        return f" ({number})" if number else ""

    def _explain(self, clause: Clause, numbered: bool) -> Steps:
        """Say why a clause holds; yields the clauses that have to be explained before it."""
        cause = clause.cause
        assert isinstance(cause, Derived)
        derived = [part for part in (cause.left, cause.right) if isinstance(part.cause, Derived)]
        facts = [part for part in (cause.left, cause.right) if not isinstance(part.cause, Derived)]
        if len(derived) == 2:
            yield from self._two(clause, derived[0], derived[1], numbered)
        elif derived:
            yield from self._one(clause, derived[0], facts[0], numbered)
        else:
            both = self._words.both(facts[0], facts[1], cause.pivot)
            self._say(clause, f"Because {both}, {self._words.conclusion(clause)}", numbered)

    def _two(self, clause: Clause, one: Clause, other: Clause, numbered: bool) -> Steps:
        then = self._words.conclusion(clause)
        known = [part for part in (one, other) if id(part) in self._numbers]
        if len(known) == 2:
            both = self._words.both(one, other, _pivot(clause), self._number(one), self._number(other))
            self._say(clause, f"Because {both}, {then}", numbered)
            return
        if known:
            yield (other if known[0] is one else one), False
            said = self._words.conclusion(known[0]) + self._number(known[0])
            self._say(clause, f"And because {said}, {then}", numbered)
            return
        simple = [part for part in (one, other) if _is_simple(part)]
        if simple:
            yield (other if simple[0] is one else one), False
            yield simple[0], False
            self._say(clause, f"Thus, {then}", numbered)
            return
        yield one, True
        yield other, False
        said = self._words.conclusion(one) + self._number(one)
        self._say(clause, f"And because {said}, {then}", numbered)

    def _one(self, clause: Clause, derived: Clause, fact: Clause, numbered: bool) -> Steps:
        then = self._words.conclusion(clause)
        if id(derived) in self._numbers:
            both = self._words.both(fact, derived, _pivot(clause), "", self._number(derived))
            self._say(clause, f"Because {both}, {then}", numbered)
            return
        inner = derived.cause
        assert isinstance(inner, Derived)
        priors = [part for part in (inner.left, inner.right) if isinstance(part.cause, Derived)]
        collapsible = len(priors) == 1 and self._uses[id(derived)] == 1
        if collapsible and id(priors[0]) not in self._numbers and id(derived) not in self._written:
            yield priors[0], False
            before = inner.left if inner.right is priors[0] else inner.right
            both = self._words.both(before, fact, _pivot(clause))
            self._say(clause, f"And because {both}, {then}", numbered)
            return
        yield derived, False
        gap = self._words.gap(fact, derived, _pivot(clause))
        self._say(clause, f"And because {self._words.fact(fact)}{gap}, {then}", numbered)


def _pivot(clause: Clause) -> object:
    return clause.cause.pivot if isinstance(clause.cause, Derived) else None


def _is_simple(clause: Clause) -> bool:
    """Whether one sentence explains it."""
    cause = clause.cause
    return isinstance(cause, Derived) and not any(
        isinstance(part.cause, Derived) for part in (cause.left, cause.right)
    )


def _uses(proof: Clause) -> dict[int, int]:
    """How many conclusions rest on each clause."""
    uses: dict[int, int] = {id(proof): 0}
    stack = [proof]
    while stack:
        cause = stack.pop().cause
        if not isinstance(cause, Derived):
            continue
        for part in (cause.left, cause.right):
            if id(part) not in uses:
                uses[id(part)] = 0
                stack.append(part)
            uses[id(part)] += 1
    return uses
