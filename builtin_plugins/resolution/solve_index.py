"""Solves for an index that is at hand: the solver for everyone who has names and constraints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from builtin_plugins.resolution.explain import explain, summary
from builtin_plugins.resolution.solve_order import ordered
from builtin_plugins.resolution.solve_source import IndexSource
from builtin_plugins.resolution.solve_versions import IfPresent, located, positions
from builtin_plugins.resolution.solver import PubGrub
from builtin_plugins.resolution.solver_types import Need, Solver, Source, Strategy, Unsolvable
from hyperhost.errors import ConstraintError, InvalidInputError, ResolutionError, VersionError
from hyperhost.versions import Constraint, parse

__all__ = ["Chooser", "Edge", "IfPresent", "Resolution", "solve"]

Chooser: TypeAlias = Callable[[str, Sequence[str]], str]
"""Chooses a version: gets the name and the possible versions, highest first, and returns one of them."""


class Edge(NamedTuple):
    """A need of a chosen version, or of the roots, and what it was met with.

    Attributes:
        dependent: Who needs it; empty for a root.
        name: What is needed.
        constraint: As it was declared; the object form as the text that means the same.
        version: What was chosen.
    """

    dependent: str
    name: str
    constraint: str
    version: str


@dataclass(frozen=True)
class Resolution:
    """One version of everything needed.

    Attributes:
        versions: Name → version; what is needed before what needs it, equals by name.
        cycles: Names that need one another, one cycle for each set of them, each along the cycle from
            the least name on; the last needs the first.
    """

    versions: dict[str, str]
    cycles: list[list[str]] = field(default_factory=list)
    _edges: Callable[[], list[Edge]] = field(default=list, repr=False, compare=False)

    @cached_property
    def edges(self) -> list[Edge]:
        """Every need, by dependent and name, the roots' first. Made when it is first asked for."""
        return self._edges()


def solve(
    roots: Mapping[str, Any],
    index: Mapping[str, Mapping[str, Mapping[str, Any]]],
    *,
    strategy: str | Chooser = "highest",
    locked: Mapping[str, str] | None = None,
    yanked: Mapping[str, Mapping[str, str]] | None = None,
    excluded: Mapping[str, Mapping[str, str]] | None = None,
    installed: Collection[str] = (),
    solver: Callable[[Source, Strategy], Solver] = PubGrub,
) -> Resolution:
    """Choose one version of everything that is needed, so that every constraint holds.

    The same input gives the same answer, whatever the order of its mappings. Only what can matter is
    read: a version that is never a candidate is not looked at, not even for mistakes.

    Args:
        roots: Name → constraint, as text or in the object form.
        index: Name → version → name of a dependency → constraint, or :class:`IfPresent`. If it has a
            method ``prefetch``, this is called with lists of names before they are looked up.
        strategy: ``highest``, ``lowest``, or a function that chooses.
        locked: Name → version that is preferred while it satisfies everything.
        yanked: Name → version → reason. Chosen only if locked, or if a root asks for exactly it.
        excluded: Name → version → reason. Never chosen.
        installed: Roots that are there as they are installed, and not as somebody asks for them now; an
            explanation says so.
        solver: Makes the solver.

    Returns:
        What was chosen; only what the roots need, directly or not.

    Raises:
        ResolutionError: There is no such choice; ``explanation`` says why. Or the index lists a version
            and then does not have it.
        ConstraintError: A constraint cannot be read; the message says whose it is.
        VersionError: A version in the index cannot be read.
        InvalidInputError: Something has the wrong type, or the strategy is unknown.

    Example:
        ```python
        from builtin_plugins.resolution import solve

        index = {
            "web": {"2.0.0": {"log": "^2"}, "1.0.0": {"log": "^1"}},
            "log": {"1.4.0": {}, "1.5.0": {}},
        }
        assert solve({"web": "*"}, index).versions == {"log": "1.5.0", "web": "1.0.0"}
        ```
    """
    if not isinstance(roots, Mapping):
        raise InvalidInputError(f"the roots are {type(roots).__name__}, not a mapping of names")
    locked = locked or {}
    kept = {name: {version} for name, version in locked.items()}
    for name, declared in roots.items():
        exact = _exact(declared)
        if exact:
            kept.setdefault(name, set()).add(exact)
    source = IndexSource(index, yanked or {}, excluded or {}, kept)
    choice = _Choice(source, _chooser(strategy), locked)
    required = _requirements(roots, source)
    try:
        chosen = solver(source, choice).solve(required)
    except Unsolvable as failure:
        lines = explain(failure, source, installed)
        raise ResolutionError(summary(lines[-1]), explanation="\n".join(lines)) from None
    return _resolution({str(name): at for name, at in chosen.items()}, required, source)


def _requirements(roots: Mapping[str, Any], source: IndexSource) -> list[Need]:
    constraints = {}
    for name, declared in sorted(roots.items(), key=lambda each: str(each[0])):
        if not isinstance(name, str):
            raise InvalidInputError(f"a root is named {name!r}, which is not text")
        try:
            constraints[name] = source.tables.constraint(declared)
        except (ConstraintError, InvalidInputError) as error:
            raise located(error, f"the root {name}") from None
    source.expect(list(constraints))
    return [
        Need(name, source.table(name).mask(constraint), note=constraint.text)
        for name, constraint in constraints.items()
    ]


def _exact(declared: object) -> str:
    """The version that a constraint names with ``=`` or by itself; otherwise nothing."""
    if isinstance(declared, Constraint):
        declared = declared.text
    if isinstance(declared, Mapping):
        declared = declared.get("eq") if len(declared) == 1 else None
    if not isinstance(declared, str) or len(declared) > 300:
        return ""
    text = declared.strip().removeprefix("=").strip().removeprefix("v")
    try:
        parse(text)
    except VersionError:
        return ""
    return text


def _chooser(strategy: str | Chooser) -> str | Chooser:
    if callable(strategy) or strategy in ("highest", "lowest"):
        return strategy
    raise InvalidInputError(
        f"there is no strategy {strategy!r}", hint="use 'highest', 'lowest' or a function that chooses"
    )


class _Choice:
    """What is locked, then what the strategy says."""

    def __init__(self, source: IndexSource, strategy: str | Chooser, locked: Mapping[str, str]) -> None:
        self._source, self._strategy, self._locked = source, strategy, locked

    def preferred(self, package: Hashable) -> int:
        """The position that is locked, if there is such a version."""
        locked = self._locked.get(str(package))
        if locked is None:
            return 0
        texts = self._source.table(str(package)).texts
        return 1 << texts.index(locked) if locked in texts else 0

    def choose(self, package: Hashable, allowed: int) -> int:
        """The position to try first."""
        name = str(package)
        if name in self._locked:
            texts = self._source.table(name).texts
            locked = self._locked[name]
            if locked in texts and allowed >> texts.index(locked) & 1:
                return texts.index(locked)
        if self._strategy == "highest":
            return allowed.bit_length() - 1
        if self._strategy == "lowest":
            return (allowed & -allowed).bit_length() - 1
        return self._ask(name, allowed)

    def _ask(self, name: str, allowed: int) -> int:
        assert callable(self._strategy)
        texts = self._source.table(name).texts
        offered = [texts[position] for position in positions(allowed)][::-1]
        answer = self._strategy(name, offered)
        if answer not in offered:
            raise InvalidInputError(f"the strategy chose {answer!r} of {name}, which was not offered")
        return texts.index(answer)


def _resolution(chosen: dict[str, int], required: Sequence[Need], source: IndexSource) -> Resolution:
    texts = {name: source.table(name).texts[position] for name, position in chosen.items()}
    graph = {}
    for name, text in texts.items():
        needed = source.dependencies(name, text)
        graph[name] = [dependency for dependency in needed if dependency in texts]
    order, cycles = ordered(graph)
    return Resolution({name: texts[name] for name in order}, cycles, lambda: _edges(texts, required, source))


def _edges(texts: Mapping[str, str], required: Sequence[Need], source: IndexSource) -> list[Edge]:
    edges = [Edge("", str(need.package), str(need.note), texts[str(need.package)]) for need in required]
    for name in sorted(texts):
        needed = source.dependencies(name, texts[name])
        for dependency in sorted(dependency for dependency in needed if dependency in texts):
            declared = needed[dependency]
            if declared.__class__ is not str:
                said = declared.constraint if isinstance(declared, IfPresent) else declared
                declared = source.tables.constraint(said).text
            edges.append(Edge(name, dependency, declared, texts[dependency]))
    return edges
