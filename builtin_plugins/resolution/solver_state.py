"""What the solver believes at a moment, in the order in which it came to believe it.

Each package has a set of states that are still possible. Deciding and deriving make the set smaller,
and each step is written on the trail, so that it can be taken back and its reason can be found.
"""

from __future__ import annotations

from builtin_plugins.resolution.solver_types import Clause

__all__ = ["State"]

BEFORE = -1
"""Position on the trail of what holds before the first step: exclusions."""


class State:
    """The partial solution of PubGrub.

    Attributes:
        full: Package number → all of its states.
        absent: Package number → the state "absent", a single bit.
        allowed: Package number → the states that are still possible; never 0.
        decided: Package number → whether a version was decided on.
        level: How many decisions hold.
    """

    def __init__(self) -> None:
        self.full: list[int] = []
        self.absent: list[int] = []
        self.allowed: list[int] = []
        self.decided: list[bool] = []
        self.level = 0
        self._excluded: dict[int, list[tuple[int, Clause]]] = {}  # package number → what exclusions left over
        self._steps: list[list[int]] = []  # package number → its positions on the trail, ascending
        self._trail: list[tuple[int, int, int, Clause | None, int]] = []
        # each: package, states before, states after, the clause it follows from (None: decided), level

    def add(self, count: int, exclusions: list[tuple[int, Clause]]) -> None:
        """Number the next package, with so many versions and the clauses that exclude some of them."""
        self.absent.append(1 << count)
        self.full.append((2 << count) - 1)
        allowed = self.full[-1]
        steps = []
        for versions, clause in exclusions:
            allowed &= ~versions
            steps.append((allowed, clause))
        if steps:
            self._excluded[len(self.allowed)] = steps
        self.allowed.append(allowed)
        self.decided.append(False)
        self._steps.append([])

    def assign(self, package: int, states: int, clause: Clause | None) -> None:
        """Restrict a package to some of the states it has, because of a clause or by decision."""
        if clause is None:
            self.level += 1
            self.decided[package] = True
        self._steps[package].append(len(self._trail))
        self._trail.append((package, self.allowed[package], states, clause, self.level))
        self.allowed[package] = states

    def __len__(self) -> int:
        """How many steps there are on the trail."""
        return len(self._trail)

    def losses(self, package: int, since: int) -> list[tuple[int, Clause]]:
        """Versions that a package lost in the steps from a position on, and the clauses that took them."""
        every = (1 << self.full[package].bit_length() - 1) - 1
        return [
            (before & ~after & every, clause)
            for number, before, after, clause, _ in self._trail[since:]
            if number == package and clause is not None
        ]

    def backtrack(self, level: int) -> set[int]:
        """Take back every step above a level. Returns the packages concerned."""
        trail, touched = self._trail, set()
        while trail and trail[-1][4] > level:
            package, before, _, clause, _ = trail.pop()
            self.allowed[package] = before
            self._steps[package].pop()
            touched.add(package)
            if clause is None:
                self.decided[package] = False
        self.level = level
        return touched

    def satisfier(self, package: int, states: int, own: int = -1) -> tuple[int, int, Clause | None]:
        """The earliest step after which a package is in some states for certain.

        Args:
            package: Its number.
            states: The states.
            own: States to which a later step restricts the package in addition.

        Returns:
            Its position on the trail, its level, and the clause it followed from.
        """
        outside = own & ~states
        for after, clause in self._excluded.get(package, ()):
            if not after & outside:
                return BEFORE, 0, clause
        if not self.full[package] & outside:
            return BEFORE, 0, None
        for position in self._steps[package]:
            _, _, after, why, level = self._trail[position]
            if not after & outside:
                return position, level, why
        raise AssertionError("a clause was taken for satisfied that is not")
