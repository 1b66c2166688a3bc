"""One request: gather, solve, and say what came of it in contract types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    Candidate,
    Dependency,
    Resolution,
    ResolutionRequest,
    ResolvedNeed,
    ResolvedVersion,
)
from hyperhost.errors import ResolutionError, VersionError
from hyperhost.offering import invalid, unavailable, unresolvable

from .material import Material
from .names import is_name
from .places import Places, pins_of
from .reaching import check_sources
from .rules import Rules, Settings
from .solve_index import Resolution as Solved
from .solve_index import solve
from .strategies import Chooser

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Resolver"]


class Resolver:
    """Resolves one request. Make another one for another.

    Args:
        hook: The host's hooks.
        request: What is asked for.
        settings: The plugin's configuration.
        now_us: When it is asked for.
        host_version: Version of HyperHost.

    Attributes:
        places: Candidates that were read.

    Raises:
        RefusalError: pins contradict each other, or a name is none.
    """

    def __init__(
        self, hook: HookRelay, request: ResolutionRequest, settings: Settings, now_us: int, host_version: str
    ) -> None:
        for number, root in enumerate(request.roots):
            _check_name(root.artifact, f"roots[{number}].artifact")
        for name in request.overrides:
            _check_name(name, f"overrides.{name[:200]}")
        check_sources(hook, request, settings)
        pins = pins_of(settings.pins, request.pins, request.roots)
        self.places = Places(hook, pins, request.sources or settings.sources, request.principal)
        self._request = request
        self._chooser = Chooser(hook, request, self.places)
        rules = Rules(hook, request, request.roots, settings, now_us, host_version)
        self._material = Material(request, self.places, rules)

    def resolve(self) -> Resolution:
        """Choose.

        Raises:
            RefusalError: ``unresolvable``, with the explanation; or what a registry, a strategy, a
                filter or a constraint brought up.
        """
        roots = self._material.applicable(self._request.roots, all_types=True)
        required = [root for root in roots if not root.optional]
        self._material.expect([root.artifact for root in roots])
        try:
            solved = self._solve(required, self._chooser.locked)
        except ResolutionError as error:
            raise unresolvable(self._explanation(error), error.hint) from error
        self._chooser.confirm(solved.versions)
        for name in dict.fromkeys(self._request.upgrade):
            solved = self._upgraded(required, solved, name)
        warnings: list[str] = []
        for extra in (root for root in roots if root.optional):
            try:
                solved = self._solve([*required, extra], {**self._chooser.locked, **solved.versions})
                required.append(extra)
            except ResolutionError as error:
                warnings.append(_left_out(extra, error.explanation.splitlines()[-1]))
        if self._request.optional:
            solved = self._with_optional(required, solved, warnings)
        return self._answer(solved, warnings)

    def _explanation(self, error: ResolutionError) -> str:
        """The proof, and before it what is not as the artifacts themselves say."""
        said = [
            f"You override every constraint on {name} with {constraint}."
            for name, constraint in self._material.overridden()
            if name in error.explanation
        ]
        return "\n".join([*said, error.explanation])

    def _upgraded(self, required: list[Dependency], solved: Solved, name: str) -> Solved:
        """Have one artifact be as good as it can be, at the price of what is locked where it must be.

        Locked versions are only preferred. But one that was decided on early may have kept this one from
        moving, though it could have given way. So something better is required until there is no such.
        """
        while name in solved.versions and name not in self._request.overrides:
            better = self._chooser.better(name, solved.versions[name])
            wanted = Dependency(name, " || ".join(f"={version}" for version in better))
            try:
                found = self._solve([*required, wanted], self._chooser.locked) if better else None
            except ResolutionError:
                found = None
            if found is None or not self._is_needed(name, required, found):
                break
            solved = found
        return solved

    def _is_needed(self, name: str, required: list[Dependency], solved: Solved) -> bool:
        """Whether something else than the wish for it asks for an artifact."""
        return any(root.artifact == name for root in required) or any(
            need.artifact == name and not need.optional
            for owner, version in solved.versions.items()
            for need in self._material.applicable(self._chosen(owner, version).dependencies)
        )

    def _with_optional(self, required: list[Dependency], solved: Solved, warnings: list[str]) -> Solved:
        """Take what is optional to what was chosen, where nothing that was chosen has to move for it."""
        tried: set[str] = set()
        while extra := self._next_optional(solved, tried):
            name = extra.artifact
            tried.add(name)
            self._material.take(name)
            try:
                found = self._solve(required, {**self._chooser.locked, **solved.versions})
                moved = sorted(
                    each for each, version in solved.versions.items() if found.versions.get(each) != version
                )
                why = f"{moved[0]} {solved.versions[moved[0]]} would have to move for it" if moved else ""
            except ResolutionError as error:
                why = error.explanation.splitlines()[-1]
            if why:
                self._material.take(name, False)
                warnings.append(_left_out(extra, why))
            else:
                solved = found
        return solved

    def _next_optional(self, solved: Solved, tried: set[str]) -> Dependency | None:
        """What is optional to what was chosen, not there, and not tried yet; in the order of the answer."""
        for name, version in solved.versions.items():
            for need in self._material.applicable(self._chosen(name, version).dependencies):
                if need.optional and need.artifact not in solved.versions and need.artifact not in tried:
                    return need
        return None

    def _solve(self, roots: Sequence[Dependency], locked: Mapping[str, str]) -> Solved:
        material = self._material
        try:
            return solve(
                material.roots(roots),
                material.index,
                strategy=self._chooser,
                locked=locked,
                yanked=material.yanked,
                excluded=material.excluded,
                installed=self._request.installed,
            )
        except VersionError as error:
            raise unavailable(
                "source",
                f"a registry lists what is no version: {error.message}",
                "take it out of the sources",
            ) from error

    def _answer(self, solved: Solved, warnings: list[str]) -> Resolution:
        candidates = {name: self._chosen(name, version) for name, version in solved.versions.items()}
        owners: dict[str, set[str]] = {}
        needs: dict[str, list[ResolvedNeed]] = {name: [] for name in candidates}
        for name, candidate in candidates.items():
            for each in self._material.applicable(candidate.dependencies):
                if each.artifact in candidates and each.artifact != name:
                    owners.setdefault(each.artifact, set()).add(name)
                    constraint = self._material.constraint(each)
                    needs[name].append(ResolvedNeed(each.artifact, constraint, each.type))
        versions = [
            ResolvedVersion(
                name,
                candidate.version,
                candidate.content_hash,
                self.places.source(name),
                sorted(owners.get(name, ())),
                sorted(needs[name], key=lambda need: (need.artifact, need.type.value, need.constraint)),
            )
            for name, candidate in candidates.items()
        ]
        for name, candidate in sorted(candidates.items()):
            if candidate.deprecation:
                warnings.append(f"{name} {candidate.version} is deprecated: {candidate.deprecation}")
            if candidate.yanked:
                why = f": {candidate.yank_reason}" if candidate.yank_reason else ""
                warnings.append(f"{name} {candidate.version} was yanked{why}")
            warnings += (
                f"{name} {version} is left out: it {why}" for version, why in self._material.unreadable(name)
            )
        return Resolution(versions, warnings, solved.cycles)

    def _chosen(self, name: str, version: str) -> Candidate:
        return next(each for each in self.places.versions(name) if each.version == version)


def _left_out(extra: Dependency, why: str) -> str:
    return f"{extra.artifact} {extra.constraint} is optional and left out: {why}"


def _check_name(name: str, field: str) -> None:
    if not is_name(name):
        raise invalid(
            field, "name", f"{name[:120]!r} names no artifact", "write namespace/name, as in org.acme/log"
        )
