"""All targets that a client may believe in, of a namespace or of everything.

The roles that may have some are loaded, each verified as for a single target. Then every path that one
of them lists is looked up as if it had been asked for by itself: from the top, in the order of the
delegations, by their patterns, to the first role that has it, and no further than a terminating one.
So a role cannot list what is not its own, nor what another one has to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tuf.api.metadata import Root, Targets

from .refusals import refused

if TYPE_CHECKING:
    from tuf.api.metadata import DelegatedRole, Delegations, TargetFile

    from .updater import WatchedUpdater

__all__ = ["Listing"]

_GLOB: Final = "*?["
_NARROWER: Final = "list one namespace, or raise the limit if that is right"


class Listing:
    """Lists targets of one state of a repository.

    Args:
        updater: Has refreshed.
        scope: A namespace, with all below it; empty is everything.
        delegations: Roles looked at for one target at most.
        roles: Roles looked at in all.
        targets: Targets listed in all.
    """

    def __init__(
        self, updater: WatchedUpdater, scope: str, *, delegations: int, roles: int, targets: int
    ) -> None:
        self._updater = updater
        self._scope = scope
        self._delegations = delegations
        self._most_roles = roles
        self._most_targets = targets
        self._patterns: dict[str, _Patterns] = {}

    def all(self) -> list[TargetFile]:
        """The targets, sorted by path.

        Raises:
            RefusalError: ``trust.endless-data``: there are more of something than is allowed.
            RepositoryError, DownloadError, OSError: as python-tuf's updater.
        """
        paths: set[str] = set()
        for role in self._roles():
            paths.update(path for path in role.targets if self._concerns(path.partition("/")[0]))
            if len(paths) > self._most_targets:
                raise refused(
                    "endless-data",
                    f"the registry lists more than the {self._most_targets:,} targets allowed",
                    _NARROWER,
                )
        found = (self._found(path) for path in sorted(paths))
        return [each for each in found if each is not None]

    def _concerns(self, namespace: str) -> bool:
        return not self._scope or namespace == self._scope or namespace.startswith(f"{self._scope}.")

    def _roles(self) -> Iterator[Targets]:
        """Every role that may have a target of the scope, whoever delegates to it."""
        waiting, seen = [(Targets.type, Root.type)], {(Targets.type, Root.type)}
        while waiting:
            name, parent = waiting.pop()
            role = self._updater.role(name, parent)
            yield role
            for child in self._concerned(role.delegations):
                if (child, name) not in seen:
                    seen.add((child, name))
                    waiting.append((child, name))
            if len(seen) > self._most_roles:
                raise refused(
                    "endless-data",
                    f"the registry has more than the {self._most_roles:,} delegations allowed",
                    _NARROWER,
                )

    def _concerned(self, delegations: Delegations | None) -> Iterator[str]:
        if delegations is None:
            return
        if delegations.succinct_roles is not None:
            yield from delegations.succinct_roles.get_roles()
        for role in (delegations.roles or {}).values():
            if role.paths is None or any(self._may_concern(each.partition("/")[0]) for each in role.paths):
                yield role.name

    def _may_concern(self, pattern: str) -> bool:
        """Whether a namespace of the scope can be meant by a pattern; in doubt it can."""
        first = next((number for number, each in enumerate(pattern) if each in _GLOB), None)
        if first is None:
            return self._concerns(pattern)
        fixed = pattern[:first]
        return fixed.startswith(self._scope) or self._scope.startswith(fixed)

    def _found(self, path: str) -> TargetFile | None:
        """What python-tuf finds for a path."""
        waiting = [(Targets.type, Root.type)]
        visited: set[str] = set()
        while waiting and len(visited) <= self._delegations:
            name, parent = waiting.pop()
            if name in visited:
                continue
            role = self._updater.role(name, parent)
            target = role.targets.get(path)
            if target is not None:
                return target
            visited.add(name)
            children = [] if role.delegations is None else self._responsible(name, role.delegations, path)
            if children and children[-1][1]:
                waiting.clear()
            waiting.extend((child, name) for child, _ in reversed(children))
        return None

    def _responsible(self, name: str, delegations: Delegations, path: str) -> list[tuple[str, bool]]:
        """Who may have a path: in order, up to the first that is terminating."""
        if delegations.roles is None:
            return list(delegations.get_roles_for_target(path))
        if name not in self._patterns:
            self._patterns[name] = _Patterns(list(delegations.roles.values()))
        return self._patterns[name].responsible(path)


class _Patterns:
    """Delegations of one role, found by what a path begins with.

    Where a pattern says nothing but a namespace, or one and those below it, as ours do, it is looked up; to
    try all patterns for all paths would take the product of both. Every other pattern is tried.
    """

    def __init__(self, roles: list[DelegatedRole]) -> None:
        self._roles = roles
        self._named: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._below: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._tried: set[int] = set()
        for number, role in enumerate(roles):
            if role.paths is None:
                self._tried.add(number)
            for pattern in role.paths or ():
                self._add(number, pattern)

    def _add(self, number: int, pattern: str) -> None:
        first, *rest = pattern.split("/")
        fixed = first.removesuffix("*")
        if any(each != "*" for each in rest) or any(each in fixed for each in _GLOB):
            self._tried.add(number)
        elif fixed == first:
            self._named[first, len(rest)].add(number)
        else:
            self._below[fixed, len(rest)].add(number)

    def responsible(self, path: str) -> list[tuple[str, bool]]:
        """See :meth:`Listing._responsible`."""
        first, *rest = path.split("/")
        parts = len(rest)
        found = set(self._named.get((first, parts), ()))
        for length in range(len(first) + 1):
            found |= self._below.get((first[:length], parts), set())
        found |= {each for each in self._tried if self._roles[each].is_delegated_path(path)}
        ordered: list[tuple[str, bool]] = []
        for number in sorted(found):
            role = self._roles[number]
            ordered.append((role.name, role.terminating))
            if role.terminating:
                break
        return ordered
