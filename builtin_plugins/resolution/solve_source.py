"""An index (name → version → dependencies) as the solver sees it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builtin_plugins.resolution.solve_versions import IfPresent, Table, Tables, located
from builtin_plugins.resolution.solver_types import Exclusion, Need
from hyperhost.errors import ConstraintError, InvalidInputError, ResolutionError, VersionError
from hyperhost.versions import Constraint

__all__ = ["IndexSource", "Withdrawal"]

NOTHING = Table([])


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why versions must not be chosen.

    Attributes:
        reason: For a person; may be empty.
        yanked: Whether they were yanked; otherwise a rule excludes them.
    """

    reason: str
    yanked: bool


class IndexSource:
    """Reads an index as the solver asks, each package and each version at most once.

    Args:
        index: Name → version → name of a dependency → constraint. A method ``prefetch`` that it has is
            called with the names that are about to be looked up.
        yanked: Name → version → reason.
        excluded: Name → version → reason.
        kept: Name → versions that are not excluded although they are yanked.
    """

    def __init__(
        self,
        index: Mapping[str, Any],
        yanked: Mapping[str, Mapping[str, str]],
        excluded: Mapping[str, Mapping[str, str]],
        kept: Mapping[str, set[str]],
    ) -> None:
        if not isinstance(index, Mapping):
            raise InvalidInputError(f"the index is {type(index).__name__}, not a mapping of names")
        self.tables = Tables()
        self._index = index
        self._yanked = yanked
        self._excluded = excluded
        self._kept = kept
        self._prefetch = getattr(index, "prefetch", None)
        self._versions: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """The versions of a package; an empty table when it is unknown."""
        table = self._known.get(name)
        if table is None:
            versions = self._index.get(name)
            if versions is None:
                versions, table = {}, NOTHING
            elif not isinstance(versions, Mapping):
                kind = type(versions).__name__
                raise InvalidInputError(f"the index has {kind} for {name!r}, not a mapping of versions")
            else:
                try:
                    table = self.tables.table(versions)
                except (VersionError, InvalidInputError) as error:
                    raise located(error, f"what the index has of {name[:120]}") from None
            self._versions[name], self._known[name] = versions, table
        return table

    def exists(self, name: str) -> bool:
        """Whether the index knows a package, even one without versions."""
        return self._index.get(name) is not None

    def names(self) -> Iterable[str]:
        """Every name, for suggestions."""
        return iter(self._index)

    def expect(self, packages: Sequence[Hashable]) -> None:
        """Pass on what is looked up next."""
        if self._prefetch is not None and packages:
            self._prefetch([name for name in packages if name not in self._known])

    def count(self, package: Hashable) -> int:
        """How many versions a package has."""
        return len(self.table(str(package)).texts)

    def exclusions(self, package: Hashable) -> Iterable[Exclusion]:
        """What is yanked or excluded, one exclusion for each reason."""
        name = str(package)
        yanked, excluded = self._yanked.get(name), self._excluded.get(name)
        if not yanked and not excluded:
            return ()
        found: dict[Withdrawal, int] = {}
        kept = self._kept.get(name, ())
        for position, text in enumerate(self.table(name).texts):
            if excluded and text in excluded:
                why = Withdrawal(excluded[text], False)
            elif yanked and text in yanked and text not in kept:
                why = Withdrawal(yanked[text], True)
            else:
                continue
            found[why] = found.get(why, 0) | 1 << position
        return [Exclusion(mask, why) for why, mask in found.items()]

    def dependencies(self, name: str, text: str) -> Mapping[str, Any]:
        """What a version needs, as the index has it.

        Raises:
            ResolutionError: The index listed the version and has no such.
            InvalidInputError: The dependencies are no mapping.
        """
        try:
            found = self._versions[name][text]
        except (KeyError, LookupError):
            found = None
        if found is None:
            raise ResolutionError(
                f"the index lists {name} {text}, but has no such version when asked what it needs",
                hint="the index contradicts itself; have it rebuilt, or exclude the version",
            )
        if found.__class__ is not dict and not isinstance(found, Mapping):
            kind = type(found).__name__
            raise InvalidInputError(f"the index has {kind} for what {name} {text} needs, not a mapping")
        return found

    def needs(self, package: Hashable, position: int) -> Iterable[Need]:
        """What a version needs, each together with the neighbours that need the same.

        The note of a need is the text of its constraint. A need of a package for itself allows nothing.
        """
        name = str(package)
        table = self.table(name)
        dependencies = self.dependencies(name, table.texts[position])
        if self._prefetch is not None:
            self.expect([dependency for dependency in dependencies if dependency not in self._known])
        found, known = [], self._known
        below, above = self._neighbour(name, position - 1), self._neighbour(name, position + 1)
        alone = 1 << position
        for dependency, declared in dependencies.items():
            together = alone
            if (dependency in below and below[dependency] == declared) or (
                dependency in above and above[dependency] == declared
            ):
                together = self._together(name, position, dependency, declared)
            if declared.__class__ is str and dependency in known and dependency != name:
                # Nearly always somebody used the same words about these versions before.
                mask = known[dependency].masks.get(declared)
                if mask is not None:
                    found.append(Need(dependency, mask, together, True, declared))
                    continue
            try:
                required, constraint = self._read(dependency, declared)
            except (ConstraintError, InvalidInputError) as error:
                where = f"what {name} {table.texts[position]} says of {dependency}"
                raise located(error, where) from None
            mask = 0
            if dependency != name:
                needed = self.table(dependency)
                mask = needed.mask(constraint)
                if declared.__class__ is str:
                    needed.masks[declared] = mask
            found.append(Need(dependency, mask, together, required, constraint.text))
        return found

    def _read(self, dependency: object, declared: object) -> tuple[bool, Constraint]:
        if not isinstance(dependency, str):
            raise InvalidInputError(f"a name is {type(dependency).__name__}, not text")
        if isinstance(declared, IfPresent):
            return False, self.tables.constraint(declared.constraint)
        return True, self.tables.constraint(declared)

    def _neighbour(self, name: str, position: int) -> Mapping[str, Any]:
        """What a version needs, nothing if there is no such version or something is wrong with it."""
        texts = self._known[name].texts
        if not 0 <= position < len(texts):
            return {}
        try:
            found = self._versions[name][texts[position]]
        except LookupError:
            return {}
        return found if isinstance(found, dict) else {}

    def _together(self, name: str, position: int, dependency: str, declared: object) -> int:
        """The unbroken run of versions around one that declare the same."""
        texts, versions = self._known[name].texts, self._versions[name]
        low = high = position
        try:
            while low and versions[texts[low - 1]].get(dependency) == declared:
                low -= 1
            while high + 1 < len(texts) and versions[texts[high + 1]].get(dependency) == declared:
                high += 1
        except (AttributeError, LookupError):
            pass  # what is wrong with a neighbour matters when it becomes a candidate
        return (2 << high) - (1 << low)
