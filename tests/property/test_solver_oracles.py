"""The solver against two others: brute force on tiny graphs, ``nab-resolver`` on five thousand."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from nab_resolver.errors import ResolutionError as Unsolvable
from nab_resolver.ranges import Range
from nab_resolver.resolver import BaseProvider, Resolver

from builtin_plugins.resolution import solve
from builtin_plugins.resolution.solve_versions import Tables, positions
from hyperhost.errors import ResolutionError
from hyperhost.versions import satisfies

Index = dict[str, dict[str, dict[str, str]]]
GRAPHS = 5000


def valid(answer: Mapping[str, str], roots: Mapping[str, str], index: Index) -> bool:
    """Whether an answer meets every need and holds nothing that nothing needs."""

    def met(needs: Mapping[str, str]) -> bool:
        return all(name in answer and satisfies(answer[name], needs[name]) for name in needs)

    reached, todo = set(roots), list(roots)
    while todo:
        for name in index[todo[-1]][answer[todo.pop()]]:
            if name not in reached:
                reached.add(name)
                todo.append(name)
    return met(roots) and reached == set(answer) and all(met(index[n][v]) for n, v in answer.items())


def answer_of(roots: Mapping[str, str], index: Index) -> dict[str, str] | None:
    answer: dict[str, str] | None
    try:
        answer, explanation = solve(roots, index).versions, ""
    except ResolutionError as error:
        answer, explanation = None, error.explanation
    if answer is None:
        assert explanation.endswith("version solving failed.")
        return None
    assert valid(answer, roots, index)
    return answer


# Brute force

NAMES = ("a", "b", "c", "d")
VERSIONS = ("1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0")
CONSTRAINTS = ("*", "^1.0.0", "<1.1.0", ">=1.1.0", "2.x", "=1.0.0 || 2.0.0", ">=2.0.0-rc.1", "^3.0.0")


@st.composite
def tiny(draw: st.DrawFn) -> tuple[dict[str, str], Index]:
    def needs(of: str) -> st.SearchStrategy[dict[str, str]]:
        others = st.sampled_from([name for name in (*NAMES, "gone") if name != of])
        return st.dictionaries(others, st.sampled_from(CONSTRAINTS), max_size=2)

    index: Index = {}
    for name in NAMES:
        versions = draw(st.lists(st.sampled_from(VERSIONS), unique=True, max_size=3))
        index[name] = {version: draw(needs(name)) for version in versions}
    return draw(needs("gone")), index


@settings(max_examples=500, deadline=None)
@given(tiny())
def test_it_agrees_with_brute_force(graph: tuple[dict[str, str], Index]) -> None:
    roots, index = graph
    assert (answer_of(roots, index) is None) == (not solvable(roots, index))


def solvable(roots: dict[str, str], index: Index) -> bool:
    for picks in product(*([None, *index[name]] for name in NAMES)):
        chosen = {name: pick for name, pick in zip(NAMES, picks, strict=True) if pick is not None}
        needs = [roots, *(index[name][pick] for name, pick in chosen.items())]
        wanted = [item for each in needs for item in each.items()]
        if all(name in chosen and satisfies(chosen[name], constraint) for name, constraint in wanted):
            return True
    return False


NUMBERS = st.integers(0, 3)
PARTS = st.builds("{}.{}.{}".format, NUMBERS, NUMBERS, NUMBERS)
ANY_VERSION = st.one_of(PARTS, st.builds("{}-{}.{}".format, PARTS, st.sampled_from(["a", "rc"]), NUMBERS))
SIMPLE = st.builds("{}{}".format, st.sampled_from(["", "^", "~", ">", ">=", "<", "<=", "="]), ANY_VERSION)
ANY_CONSTRAINT = st.lists(st.lists(SIMPLE, min_size=1, max_size=2).map(" ".join), max_size=3).map(" || ".join)


@settings(max_examples=500, deadline=None)
@given(st.lists(ANY_VERSION, unique=True, max_size=12), ANY_CONSTRAINT)
def test_a_set_of_positions_is_what_satisfies_a_constraint(versions: list[str], constraint: str) -> None:
    tables = Tables()
    table = tables.table(versions)
    mask = table.mask(tables.constraint(constraint))
    assert {table.texts[at] for at in positions(mask)} == {v for v in versions if satisfies(v, constraint)}


# nab-resolver


def generated(seed: int) -> tuple[dict[str, tuple[int, int]], list[list[dict[int, tuple[int, int]]]]]:
    """Roots and packages; a need is the number of a package and the first and last version that will do.

    The seed decides how tight the ranges are, so that about half of the graphs have an answer.
    """
    rng = random.Random(seed)
    packages, versions = rng.randint(3, 14), rng.randint(2, 8)
    tight = rng.random()

    def span() -> tuple[int, int]:
        low = rng.randrange(versions)
        return (low, low) if rng.random() < tight else (min(low, rng.randrange(versions)), versions - 1)

    graph = []
    for number in range(packages):
        others = [other for other in range(packages) if other != number]
        graph.append(
            [
                {other: span() for other in rng.sample(others, min(len(others), rng.randint(0, 3)))}
                for _ in range(versions)
            ]
        )
    return {str(number): span() for number in rng.sample(range(packages), rng.randint(1, 3))}, graph


class Peer(BaseProvider[int, int]):
    """A generated graph as ``nab-resolver`` wants it."""

    def __init__(self, graph: list[list[dict[int, tuple[int, int]]]]) -> None:
        self.graph = graph

    def choose_version(self, package: int, version_range: Any) -> int | None:
        possible = (v for v in reversed(range(len(self.graph[package]))) if v in version_range)
        return next(possible, None)

    def has_satisfying_version(self, package: int, version_range: Any) -> bool:
        return self.choose_version(package, version_range) is not None

    def get_dependencies(self, package: int, version: int) -> dict[int, Range[int]]:
        needs = self.graph[package][version].items()
        return {other: Range.between(low, high + 1) for other, (low, high) in needs}

    def prioritize(self, package: int, version_range: Any, conflict_counts: Any, *rest: Any) -> Any:
        return -conflict_counts.get(package, 0), package

    def widen_decision(self, package: int, version: int) -> None:
        return None


def test_it_agrees_with_nab_resolver_on_five_thousand_graphs() -> None:
    solved = 0
    for seed in range(GRAPHS):
        roots, graph = generated(seed)
        try:
            Resolver(Peer(graph)).resolve(
                {int(name): Range.between(low, high + 1) for name, (low, high) in roots.items()}
            )
            theirs = True
        except Unsolvable:
            theirs = False
        index = {
            f"p{number}": {
                f"{version}.0.0": {
                    f"p{other}": f">={low}.0.0 <={high}.0.0" for other, (low, high) in needs.items()
                }
                for version, needs in enumerate(versions)
            }
            for number, versions in enumerate(graph)
        }
        ours = answer_of({f"p{n}": f">={low}.0.0 <={high}.0.0" for n, (low, high) in roots.items()}, index)
        assert (ours is not None) == theirs, f"seed {seed}"
        solved += theirs
    assert GRAPHS // 4 < solved < GRAPHS * 3 // 4, "the graphs are too easy or too hard to tell much"
