"""What the solver is told, and what it answers.

A package is any hashable thing. Its versions are positions ``0 … count - 1`` of a list that is fixed
when the package is first asked for, and a set of versions is an integer whose bit ``i`` stands for
position ``i``. The solver knows nothing else: no names, no order of versions, no network, no clock.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = [
    "Clause",
    "Derived",
    "Exclusion",
    "Fact",
    "Need",
    "NeedClause",
    "Solver",
    "Source",
    "Strategy",
    "Unsolvable",
]


class Need(NamedTuple):
    """A package that some versions of another need, or that whoever asks requires.

    Attributes:
        package: What is needed.
        allowed: Set of the positions of ``package`` that will do; 0 when none does.
        versions: Set of the positions of the dependent that have this very need. It contains the
            position that was asked about; the more it contains, the more the solver learns at once.
            Unused in a root requirement.
        required: False when the need only restricts ``package`` should something else choose it.
        note: Handed back in the proof, for explanations.
    """

    package: Hashable
    allowed: int
    versions: int = 0
    required: bool = True
    note: object = None


class Exclusion(NamedTuple):
    """Positions of a package that must not be chosen, and why.

    Attributes:
        versions: Set of positions.
        note: Handed back in the proof, for explanations.
    """

    versions: int
    note: object = None


class Source(Protocol):
    """Where packages come from. Every answer must be the same whenever it is asked for again."""

    def expect(self, packages: Sequence[Hashable]) -> None:
        """Hear which packages ``count`` is about to be called for: the moment to read many at once."""

    def count(self, package: Hashable) -> int:
        """How many versions a package has, 0 for one that is unknown. Called once for each package."""

    def exclusions(self, package: Hashable) -> Iterable[Exclusion]:
        """What of a package must not be chosen. Called once for each package, after ``count``."""

    def needs(self, package: Hashable, position: int) -> Iterable[Need]:
        """What a version needs. Called at most once for each version, and only for candidates."""


class Strategy(Protocol):
    """Chooses among the versions that are possible."""

    def preferred(self, package: Hashable) -> int:
        """Set of the positions that are to be kept if possible: decided on before what has none.

        Called once for each package.
        """

    def choose(self, package: Hashable, allowed: int) -> int:
        """The position to try first.

        Args:
            package: The package to be chosen.
            allowed: Set of positions, two or more of them; the answer is one of these.
        """


class Solver(Protocol):
    """Finds versions; :class:`~builtin_plugins.resolution.solver.PubGrub` is one."""

    def solve(self, requirements: Sequence[Need]) -> dict[Hashable, int]:
        """Package → position of its version, for everything required.

        Raises:
            Unsolvable: There is no such choice.
        """


class Fact(NamedTuple):
    """Why a clause holds that was not derived: a need of a package, or of the roots, or an exclusion.

    Attributes:
        package: Whose need or exclusion it is; ``None`` for a requirement of the roots.
        reason: The need or the exclusion.
    """

    package: Hashable | None
    reason: Need | Exclusion


class Derived(NamedTuple):
    """Why a clause holds: it follows from two others.

    Attributes:
        left: One of them.
        right: The other.
        pivot: The package that both speak about and that they were joined at.
    """

    left: Clause
    right: Clause
    pivot: Hashable


class Clause:
    """Statements about packages of which at least one must be false: an *incompatibility* of PubGrub.

    Attributes:
        terms: Package number → set of states. The term is true when the package is in one of them. The
            states of a package are its positions and, as the highest bit, "absent": not chosen at all.
        cause: Why the clause holds.
    """

    __slots__ = ("cause", "terms")

    terms: dict[int, int]
    cause: Fact | Derived

    def __init__(self, terms: dict[int, int], cause: Fact | Derived) -> None:
        self.terms = terms
        self.cause = cause


class NeedClause(Clause):
    """A clause of two terms that says what versions of a package need.

    There are very many of these and few are ever looked at, so terms and cause are made when asked for.

    Args:
        number: Number of the package.
        other: Number of what it needs.
        states: Forbidden states of that.
        package: The package.
        need: What it needs.
    """

    __slots__ = ("_need", "_number", "_other", "_package", "_states")

    def __init__(self, number: int, other: int, states: int, package: Hashable, need: Need) -> None:
        self._number, self._other, self._states = number, other, states
        self._package, self._need = package, need

    def __getattr__(self, name: str) -> Any:
        if name == "terms":
            self.terms = {self._number: self._need.versions, self._other: self._states}
            return self.terms
        if name == "cause":
            self.cause = Fact(self._package, self._need)
            return self.cause
        raise AttributeError(name)


class Unsolvable(Exception):
    """No choice of versions meets everything.

    Attributes:
        proof: The clause without terms; its causes lead back to the facts that contradict each other.
        packages: Package number → package, for reading the terms.
        counts: Package number → how many versions it has; that bit of a term stands for "absent".
    """

    def __init__(self, proof: Clause, packages: list[Hashable], counts: list[int]) -> None:
        super().__init__("no choice of versions meets everything")
        self.proof = proof
        self.packages = packages
        self.counts = counts
