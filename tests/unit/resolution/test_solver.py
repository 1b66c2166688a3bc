"""The solver on cases that are written down, and on input that is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from builtin_plugins.resolution import IfPresent, solve
from builtin_plugins.resolution.solver import PubGrub
from builtin_plugins.resolution.solver_types import Need
from hyperhost.errors import (
    ConstraintError,
    InvalidInputError,
    ResolutionError,
    VersionError,
)
from hyperhost.versions import Constraint

CASES = Path(__file__).parents[2] / "cases" / "resolution"
GIVEN = ("locked", "yanked", "excluded", "strategy")


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in json.loads((CASES / name).read_text())]


def given(case: dict[str, Any]) -> dict[str, Any]:
    return {key: case[key] for key in GIVEN if key in case}


@pytest.mark.parametrize("case", cases("solver.json"))
def test_case(case: dict[str, Any]) -> None:
    if "versions" in case:
        assert solve(case["roots"], case["index"], **given(case)).versions == case["versions"]
        return
    with pytest.raises(ResolutionError) as caught:
        solve(case["roots"], case["index"], **given(case))
    for words in case["fails"]:
        assert words in caught.value.explanation


@pytest.mark.parametrize("case", cases("explanations.json"))
def test_explanation(case: dict[str, Any]) -> None:
    with pytest.raises(ResolutionError) as caught:
        solve(case["roots"], case["index"], **given(case))
    assert caught.value.explanation.splitlines() == case["explanation"]
    assert "version solving failed" in caught.value.message


def test_there_are_twenty_shapes_of_conflict() -> None:
    assert len(cases("explanations.json")) >= 20


def test_dependencies_come_first_and_equals_by_name() -> None:
    index = {
        "app": {"1.0.0": {"web": "*", "log": "*"}},
        "web": {"1.0.0": {"zip": "*"}},
        "log": {"1.0.0": {}},
        "zip": {"1.0.0": {}},
    }
    found = solve({"app": "*"}, index)
    assert list(found.versions) == ["log", "zip", "web", "app"]
    assert found.cycles == []
    assert [edge.dependent for edge in found.edges] == ["", "app", "app", "web"]
    assert found.edges[1] == ("app", "log", "*", "1.0.0")


def test_edges_say_what_was_declared_in_whatever_form() -> None:
    index: dict[str, Any] = {
        "web": {"1.0.0": {"log": {"caret": "1.0.0"}, "zip": IfPresent("*"), "gone": IfPresent("*")}},
        "log": {"1.2.0": {}},
        "zip": {"1.0.0": {}},
    }
    found = solve({"web": "1.x", "zip": "*"}, index)
    assert found.edges is found.edges
    assert found.edges == [
        ("", "web", "1.x", "1.0.0"),
        ("", "zip", "*", "1.0.0"),
        ("web", "log", "^1.0.0", "1.2.0"),
        ("web", "zip", "*", "1.0.0"),
    ]


def test_cycles_are_named_from_the_least_name_on() -> None:
    index = {
        "app": {"1.0.0": {"c": "*"}},
        "c": {"1.0.0": {"a": "*"}},
        "a": {"1.0.0": {"b": "*"}},
        "b": {"1.0.0": {"c": "*", "leaf": "*"}},
        "leaf": {"1.0.0": {}},
    }
    found = solve({"app": "*"}, index)
    assert found.cycles == [["a", "b", "c"]]
    assert list(found.versions) == ["leaf", "a", "b", "c", "app"]


def test_the_order_of_mappings_does_not_matter() -> None:
    index = {
        "a": {"1.0.0": {"c": "*"}, "2.0.0": {"c": "1.0.0", "d": "*"}},
        "b": {"1.0.0": {"c": "*", "d": "<2.0.0"}, "2.0.0": {"c": "2.0.0"}},
        "c": {"1.0.0": {}, "2.0.0": {}},
        "d": {"1.0.0": {}, "2.0.0": {}},
    }

    def backwards(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: backwards(value[key]) for key in reversed(value)}

    assert solve({"a": "*", "b": "*"}, index) == solve({"b": "*", "a": "*"}, backwards(index))


def test_a_dependency_that_matters_only_if_present() -> None:
    index: dict[str, Any] = {
        "web": {"1.0.0": {}, "2.0.0": {"log": IfPresent("^2.0.0")}},
        "log": {"1.0.0": {}, "2.0.0": {}},
    }
    assert solve({"web": "*"}, index).versions == {"web": "2.0.0"}
    assert solve({"web": "*", "log": "*"}, index).versions == {"log": "2.0.0", "web": "2.0.0"}
    assert solve({"web": "*", "log": "^1.0.0"}, index).versions == {"log": "1.0.0", "web": "1.0.0"}
    with pytest.raises(ResolutionError) as caught:
        solve({"web": "^2.0.0", "log": "^1.0.0"}, index)
    assert "web 2.0.0 only works with log ^2.0.0" in caught.value.explanation


def test_constraints_that_were_read_with_another_rule_for_pre_releases_keep_it() -> None:
    index: dict[str, Any] = {
        "web": {"1.0.0": {"log": "*"}},
        "log": {"1.0.0": {}, "2.0.0-rc.1": {}},
    }
    loose = Constraint.parse("*", include_prerelease=True)
    assert solve({"log": loose}, index).versions == {"log": "2.0.0-rc.1"}
    assert solve({"log": loose, "web": "*"}, index).versions == {"log": "1.0.0", "web": "1.0.0"}
    index["log"]["1.0.0"] = {"web": loose}
    index["web"]["2.0.0-rc.1"] = {}
    assert solve({"log": "*"}, index).versions == {"log": "1.0.0", "web": "2.0.0-rc.1"}


def test_a_function_as_strategy_is_offered_the_possible_versions_highest_first() -> None:
    offered = []

    def middle(name: str, versions: Any) -> str:
        offered.append((name, list(versions)))
        return str(versions[len(versions) // 2])

    index: dict[str, Any] = {"web": {f"1.{minor}.0": {} for minor in range(11)}}
    assert solve({"web": ">=1.8.0"}, index, strategy=middle).versions == {"web": "1.9.0"}
    assert offered == [("web", ["1.10.0", "1.9.0", "1.8.0"])]
    with pytest.raises(InvalidInputError, match=r"chose '7\.0\.0' of web, which was not offered"):
        solve({"web": "*"}, index, strategy=lambda name, versions: "7.0.0")
    with pytest.raises(InvalidInputError, match="no strategy 'best'"):
        solve({"web": "*"}, index, strategy="best")


class Remote(Mapping[str, Any]):
    """An index that counts round trips and knows only what was fetched before it is read."""

    def __init__(self, packages: dict[str, Any]) -> None:
        self.packages = packages
        self.fetched: set[str] = set()
        self.trips: list[list[str]] = []

    def prefetch(self, names: list[str]) -> None:
        self.trips.append(sorted(names))
        self.fetched |= set(names)

    def __getitem__(self, name: str) -> Any:
        assert name in self.fetched, f"{name} was read without having been announced"
        return self.packages[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.packages)

    def __len__(self) -> int:
        return len(self.packages)


def test_a_remote_index_hears_in_batches_what_will_be_read() -> None:
    wide = {f"lib{number}": {"1.0.0": {"base": "*"}} for number in range(50)}
    index = Remote({"app": {"1.0.0": dict.fromkeys(wide, "*")}, "base": {"1.0.0": {}}, **wide})
    assert len(solve({"app": "*"}, index).versions) == 52
    assert [len(trip) for trip in index.trips if trip] == [1, 50, 1]


# Bad input


@pytest.mark.parametrize(
    ("roots", "index", "error", "words"),
    [
        ({"a": "^^1"}, {"a": {"1.0.0": {}}}, ConstraintError, "the root a: "),
        ({"a": "*"}, {"a": {"1.0.0": {"b": ">=x.1"}}}, ConstraintError, r"what a 1\.0\.0 says of b: "),
        ({"a": {"about": "1"}}, {"a": {}}, ConstraintError, "the root a: "),
        ({"a": 7}, {"a": {}}, InvalidInputError, "the root a: a constraint is int"),
        ({"a": "*"}, {"a": {"1.0.0": {"b": None}}}, InvalidInputError, "of b: a constraint is NoneType"),
        ({"a": "*"}, {"a": {"one": {}}}, VersionError, "one"),
        ({"a": "*"}, {"a": ["1.0.0"]}, InvalidInputError, "has list for 'a'"),
        ({"a": "*"}, {"a": {"1.0.0": ["b"]}}, InvalidInputError, r"list for what a 1\.0\.0 needs"),
        ({"a": "*"}, [], InvalidInputError, "the index is list"),
        (["a"], {}, InvalidInputError, "the roots are list"),
        ({7: "*"}, {}, InvalidInputError, "a root is named 7"),
        ({"a": "*"}, {"a": {"1.0.0": {7: "*"}}}, InvalidInputError, "a name is int"),
        ({"a": "*"}, {"a": {7: {}}}, InvalidInputError, "a version is text, not int"),
    ],
)
def test_bad_input_is_named(roots: Any, index: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        solve(roots, index)


class Lying(dict[str, Any]):
    """Lists a version and does not have it."""

    def __getitem__(self, version: str) -> Any:
        raise KeyError(version)


@pytest.mark.parametrize("versions", [Lying({"1.0.0": {}}), {"1.0.0": None}])
def test_an_index_that_lists_a_version_and_does_not_have_it(versions: Any) -> None:
    with pytest.raises(ResolutionError, match=r"lists a 1\.0\.0, but has no such version"):
        solve({"a": "*"}, {"a": versions})


def test_an_unknown_package_gets_the_nearest_names() -> None:
    with pytest.raises(ResolutionError) as caught:
        solve({"org.acme/atuh": "*"}, {"org.acme/auth": {"1.0.0": {}}, "org.acme/zebra": {"1.0.0": {}}})
    assert "org.acme/atuh, which does not exist (did you mean org.acme/auth?)" in caught.value.explanation


def unknown(name: str, *known: str) -> str:
    with pytest.raises(ResolutionError) as caught:
        solve({name: "*"}, {other: {"1.0.0": {}} for other in known})
    return caught.value.explanation


def test_names_are_similar_in_what_comes_after_the_namespace() -> None:
    others = [f"org.acme/{name}" for name in ("log", "auth", "web", "jobs")]
    assert "(did you mean org.acme/log?)" in unknown("org.acme/lgo", *others, "com.acme/log")
    assert "(did you mean com.acme/log?)" in unknown("org.acme/lgo", "com.acme/log", "com.acme/web")
    assert "does not exist, version solving failed" in unknown("org.acme/zebra", *others)


def test_at_most_three_names_are_suggested() -> None:
    suggested = unknown("org.acme/log", *(f"org.acme{number}/log" for number in range(9)))
    assert "(did you mean org.acme0/log or org.acme1/log or org.acme2/log?)" in suggested


@pytest.mark.parametrize("text", [" || ".join(["1.0.0"] * 14_000), ">=1.0.0 " * 12_500, "1" * 100_000])
def test_constraints_of_a_hundred_thousand_characters(text: str) -> None:
    index = {"a": {"1.0.0": {"b": text}}, "b": {"1.0.0": {}, "2.0.0": {}}}
    if text.endswith("11"):
        with pytest.raises(ConstraintError, match=r"what a 1\.0\.0 says of b") as refused:
            solve({"a": "*"}, index)
        assert len(refused.value.message) < 1000
    else:
        assert solve({"a": "*"}, index).versions["a"] == "1.0.0"
    with pytest.raises((ResolutionError, ConstraintError)) as caught:
        solve({"b": text, "a": "^3.0.0"}, index)
    assert len(str(caught.value)) < 1000


def test_a_chain_deeper_than_the_stack() -> None:
    depth = 10_000
    assert sys.getrecursionlimit() < depth
    index: dict[str, Any] = {f"p{at}": {"1.0.0": {f"p{at + 1}": "*"}} for at in range(depth)}
    index[f"p{depth}"] = {"1.0.0": {}}
    found = solve({"p0": "*"}, index)
    assert next(iter(found.versions)) == f"p{depth}"
    assert len(found.versions) == depth + 1
    index[f"p{depth}"] = {"1.0.0": {"p0": "^2.0.0"}}
    with pytest.raises(ResolutionError) as caught:
        solve({"p0": "*"}, index)
    assert "version solving failed" in caught.value.explanation


# What is exponential for backtracking


def test_two_packages_that_never_agree_cost_few_conflicts() -> None:
    class Grid:
        """Each version of either needs another version of a third, of which there is but one."""

        def expect(self, packages: object) -> None: ...

        def count(self, package: object) -> int:
            return 1 if package == "third" else 1000

        def exclusions(self, package: object) -> list[Any]:
            return []

        def needs(self, package: object, position: int) -> list[Need]:
            if package == "third":
                return []
            return [Need("third", 1 if position == 0 else 0, 1 << position)]

        def preferred(self, package: object) -> int:
            return 0

        def choose(self, package: object, allowed: int) -> int:
            return allowed.bit_length() - 1

    solver = PubGrub(Grid(), Grid())
    everything = (1 << 1000) - 1
    assert solver.solve([Need("a", everything), Need("b", everything)]) == {"a": 0, "b": 0, "third": 0}
    assert solver.decisions < 10


def test_what_loses_versions_again_and_again_is_decided_on_first() -> None:
    """Without that, the first choice of ``base`` costs a search through all versions of ``top``."""
    count = 200
    index: dict[str, Any] = {
        "base": {f"{number}.0.0": {} for number in range(1, 4)},
        "top": {f"{number}.0.0": {"mid": f"={number}.0.0"} for number in range(1, count + 1)},
        "mid": {f"{number}.0.0": {"base": f"1.0.0 || {number + 9}.0.0"} for number in range(1, count + 1)},
    }
    solvers = []

    def made(*given: Any) -> PubGrub:
        solvers.append(PubGrub(*given))
        return solvers[-1]

    found = solve({"base": "*", "top": "*"}, index, solver=made)
    assert found.versions == {"base": "1.0.0", "mid": "200.0.0", "top": "200.0.0"}
    assert solvers[0].conflicts + solvers[0].decisions < 50


def test_versions_that_need_each_other_crosswise_end() -> None:
    count = 60
    versions = [f"{number}.0.0" for number in range(1, count + 1)]
    index: dict[str, Any] = {
        "a": {version: {"x": f"={version}", "y": "*"} for version in versions},
        "b": {version: {"y": f"={version}", "x": "*"} for version in versions},
        "x": {version: {"z": "=1.0.0"} for version in versions},
        "y": {version: {"z": "=2.0.0"} for version in versions},
        "z": {"1.0.0": {}, "2.0.0": {}},
    }
    with pytest.raises(ResolutionError) as caught:
        solve({"a": "*", "b": "*"}, index)
    assert len(caught.value.explanation.splitlines()) < 5
