"""What the solver is told of a request: an index that is read as it is needed, and what is excluded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import Candidate, Dependency, DependencyType, ResolutionRequest
from hyperhost.errors import ConstraintError
from hyperhost.offering import invalid
from hyperhost.versions import Constraint

from .conditions import surroundings
from .lazy import Lazy
from .names import is_name
from .places import named
from .solve_versions import IfPresent

if TYPE_CHECKING:
    from .places import Places
    from .rules import Rules

__all__ = ["Material"]

_FOLLOWED = (DependencyType.RUNTIME, DependencyType.PEER)
"""What the needs of a need are followed for; what an artifact needs to be built is its author's affair."""


class Material:
    """What the solver is told of one request.

    Args:
        request: What is asked for.
        places: Where candidates come from.
        rules: What must not be chosen.

    Raises:
        RefusalError: ``invalid:overrides…:range``: an override cannot be read.

    Attributes:
        index: Name → version → name of a need → constraint, or that it counts only if something brings it.
        yanked: Name → version → why it was withdrawn.
        excluded: Name → version → why it must not be chosen.
    """

    def __init__(self, request: ResolutionRequest, places: Places, rules: Rules) -> None:
        self._places = places
        self._rules = rules
        self._overrides = {
            name: _overriding(name, constraint) for name, constraint in request.overrides.items()
        }
        self._locked = request.locked
        self._lowest = request.strategy == "lowest"
        self._where = surroundings(request)
        self._taken: set[str] = set()
        self._walked: set[str] = set()
        self._needed: Lazy[Mapping[str, Mapping[str, Any]]] = Lazy(places.names, self._needs, self._fetch)
        self.index: Mapping[str, Mapping[str, Mapping[str, Any]]] = self._needed
        self.yanked: Mapping[str, Mapping[str, str]] = Lazy(places.names, self._yanked, self._fetch)
        self.excluded: Mapping[str, Mapping[str, str]] = Lazy(places.names, self._excluded, self._fetch)

    def roots(self, dependencies: Sequence[Dependency]) -> dict[str, Constraint]:
        """What is required, by name; of two requirements of one name both must hold.

        Raises:
            RefusalError: ``invalid:roots…:range``: a constraint cannot be read.
        """
        found: dict[str, Any] = {}
        for number, each in enumerate(dependencies):
            try:
                self._add(found, dataclasses.replace(each, optional=False))
            except ConstraintError as error:
                words = f"what you ask of {each.artifact} cannot be read: {error.message}"
                raise invalid(f"roots[{number}].constraint", "range", words, error.hint) from None
        return found

    def take(self, name: str, taken: bool = True) -> None:
        """Have an artifact be needed where it is optional, or no longer."""
        (self._taken.add if taken else self._taken.discard)(name)
        self._needed.forget()

    def unreadable(self, name: str) -> Iterator[tuple[str, str]]:
        """Versions that are left out as what they need cannot be read, each with the reason."""
        for candidate in self._places.versions(name):
            if why := self._unreadable(candidate):
                yield candidate.version, why

    def applicable(self, dependencies: Sequence[Dependency], *, all_types: bool = False) -> list[Dependency]:
        """Those whose condition holds, and that are followed."""
        return [
            each
            for each in dependencies
            if (all_types or each.type in _FOLLOWED) and self._where.allow(each.condition)
        ]

    def constraint(self, dependency: Dependency) -> str:
        """What counts of a dependency: an override if there is one."""
        override = self._overrides.get(dependency.artifact)
        return dependency.constraint if override is None else override.text

    def overridden(self) -> Iterator[tuple[str, str]]:
        """Names whose constraints are overridden, each with the constraint that counts."""
        yield from ((name, override.text) for name, override in sorted(self._overrides.items()))

    def _parsed(self, dependency: Dependency) -> Constraint:
        """The same, read."""
        override = self._overrides.get(dependency.artifact)
        return Constraint.parse(dependency.constraint) if override is None else override

    def expect(self, names: Sequence[str]) -> None:
        """Read what will be needed, and all that is locked: that was needed once, and is in one question."""
        self._fetch([*dict.fromkeys([*names, *filter(is_name, self._locked)])])

    def _fetch(self, names: Sequence[str]) -> None:
        """Read many at once, and then what they are likely to need: round trips are dear."""
        waiting = [name for name in names if name not in self._walked]
        while waiting:
            self._walked.update(waiting)
            self._places.fetch(waiting)
            ahead: dict[str, None] = {}
            for name in waiting:
                if (candidate := self._likely(name)) is not None:
                    needs = self.applicable(candidate.dependencies)
                    ahead.update(dict.fromkeys(each.artifact for each in needs if is_name(each.artifact)))
            waiting = [name for name in ahead if name not in self._walked]

    def _likely(self, name: str) -> Candidate | None:
        """The version that will probably be chosen: the locked one, else the first ordinary release."""
        candidates = self._places.versions(name)
        locked = self._locked.get(name)
        if (found := next((each for each in candidates if each.version == locked), None)) is not None:
            return found
        ordered = candidates[::-1] if self._lowest else candidates
        usual = (each for each in ordered if not each.yanked and "-" not in each.version.partition("+")[0])
        return next(usual, ordered[0] if ordered else None)

    def _needs(self, name: str) -> Mapping[str, Mapping[str, Any]] | None:
        candidates = self._places.versions(name)
        if not candidates:
            return None
        return {candidate.version: self._needs_of(candidate) for candidate in candidates}

    def _needs_of(self, candidate: Candidate) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in self.applicable(candidate.dependencies):
            if each.artifact == candidate.artifact:
                continue  # it meets that itself, or is excluded
            try:
                self._add(found, each)
            except ConstraintError:
                return {}  # the version is excluded, and why is said there
        return found

    def _add(self, found: dict[str, Any], each: Dependency) -> None:
        """Add a need to those of one owner; of two on one artifact both must hold."""
        before = found.get(each.artifact)
        now = self._parsed(each)
        optional = each.optional and each.artifact not in self._taken
        weak = optional and (before is None or isinstance(before, IfPresent))
        parts = [part for part in (_constraint(before), now) if part is not None]
        both = reduce(_and, parts)
        found[each.artifact] = IfPresent(both) if weak else both

    def _yanked(self, name: str) -> Mapping[str, str] | None:
        return {each.version: each.yank_reason for each in self._places.versions(name) if each.yanked}

    def _excluded(self, name: str) -> Mapping[str, str] | None:
        candidates = self._places.versions(name)
        found = dict(self._rules.excluded(name, candidates))
        left = [candidate for candidate in candidates if candidate.version not in found]
        elsewhere = (need for each in left for need in self.applicable(each.dependencies) if need.registry)
        self._places.fetch({need.artifact: None for need in elsewhere if is_name(need.artifact)})
        for candidate in left:
            if why := self._unreadable(candidate) or self._impossible(candidate):
                found[candidate.version] = why
        return found

    def _unreadable(self, candidate: Candidate) -> str:
        """What cannot be read of the needs of a version; empty when all can."""
        for need in self.applicable(candidate.dependencies):
            if not is_name(need.artifact):
                return f"needs {need.artifact[:80]!r}, which is no name"
            try:
                self._parsed(need)
            except ConstraintError as error:
                return f"needs {need.artifact} in a way that cannot be read: {error.message}"
        return ""

    def _impossible(self, candidate: Candidate) -> str:
        """Why a version cannot be used whatever else is chosen; empty when it can."""
        for need in self.applicable(candidate.dependencies):
            if need.artifact == candidate.artifact and not self._parsed(need).allows(candidate.version):
                return f"needs itself in another version ({self.constraint(need)[:80]})"
            if need.registry is None or need.registry == (actual := self._places.source(need.artifact)):
                continue
            return (
                f"needs {need.artifact} from {named(need.registry)}, which comes from {named(actual)} here; "
                f"only a pin of yours can change that"
            )
        return ""


def _constraint(said: Constraint | IfPresent | None) -> Constraint | None:
    inner = said.constraint if isinstance(said, IfPresent) else said
    return inner if isinstance(inner, Constraint) else None


def _and(one: Constraint, other: Constraint) -> Constraint:
    if one.text == other.text:
        return one
    both = one.set & other.set
    return Constraint(str(both) if "||" in one.text + other.text else f"{one.text}, {other.text}", both)


def _overriding(name: str, constraint: str) -> Constraint:
    try:
        return Constraint.parse(constraint)
    except ConstraintError as error:
        words = f"the override of {name[:200]} cannot be read: {error.message}"
        raise invalid(f"overrides.{name[:200]}", "range", words, error.hint) from None
