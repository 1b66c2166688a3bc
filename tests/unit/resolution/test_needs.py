"""What counts as a need: types, conditions, what is optional, overrides, cycles."""

from __future__ import annotations

import platform
import sys

import pytest
from resolution_hosts import answer, chosen, publish, root

import hyperhost
from hyperhost.contracts import DependencyCondition, DependencyType
from hyperhost.errors import RefusalError


def refusal(run: hyperhost.Operations, *roots: object, **more: object) -> RefusalError:
    with pytest.raises(RefusalError) as caught:
        answer(run, *roots, **more)  # type: ignore[arg-type]  # what chosen() takes
    return caught.value


@pytest.mark.parametrize(
    ("kind", "follows"), [("runtime", True), ("peer", True), ("dev", False), ("build", False)]
)
def test_of_what_is_needed_only_what_it_runs_with_is_followed(
    run: hyperhost.Operations, kind: str, follows: bool
) -> None:
    publish(run, "log")
    publish(run, "app", needs={"log": {"constraint": "^1", "type": kind}})
    assert chosen(run, "app") == {"app": "1.0.0"} | ({"log": "1.0.0"} if follows else {})


@pytest.mark.parametrize("kind", list(DependencyType))
def test_of_roots_every_type_counts(run: hyperhost.Operations, kind: DependencyType) -> None:
    publish(run, "log")
    assert chosen(run, root("log", type=kind)) == {"log": "1.0.0"}


def test_a_peer_is_one_version_for_all(run: hyperhost.Operations) -> None:
    publish(run, "core", "1.0.0")
    publish(run, "core", "2.0.0")
    publish(run, "plug", needs={"core": {"constraint": "^1", "type": "peer"}})
    assert chosen(run, "plug", "core") == {"plug": "1.0.0", "core": "1.0.0"}
    found = refusal(run, "plug", "core ^2")
    assert found.rule == "unresolvable"
    assert "org.acme/plug, which depends on org.acme/core ^1" in found.reason


def test_an_optional_need_only_constrains_what_something_else_brings(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "log", "2.0.0")
    publish(run, "app", needs={"log": {"constraint": "^1", "optional": True}})
    assert chosen(run, "app") == {"app": "1.0.0"}
    assert chosen(run, "app", "log") == {"app": "1.0.0", "log": "1.0.0"}
    assert "only works with org.acme/log ^1" in refusal(run, "app", "log ^2").reason


def test_what_is_optional_is_taken_when_asked_for_and_possible(run: hyperhost.Operations) -> None:
    publish(run, "deep")
    publish(run, "log", needs={"deep": {"constraint": "*", "optional": True}})
    publish(run, "app", needs={"log": {"constraint": "^1", "optional": True}})
    found = answer(run, "app", optional=True)
    assert [each.artifact for each in found.versions] == ["org.acme/deep", "org.acme/log", "org.acme/app"]
    assert found.warnings == []
    assert found.versions[0].required_by == ["org.acme/log"]


def test_what_is_optional_and_does_not_fit_is_left_out_with_a_warning(run: hyperhost.Operations) -> None:
    publish(run, "core", "1.0.0")
    publish(run, "core", "2.0.0")
    publish(run, "old", needs={"core": "^1"})
    publish(
        run,
        "app",
        needs={
            "core": "*",
            "old": {"constraint": "*", "optional": True},
            "gone": {"constraint": "*", "optional": True},
        },
    )
    found = answer(run, "app", optional=True)
    assert {each.artifact: each.version for each in found.versions} == {
        "org.acme/app": "1.0.0",
        "org.acme/core": "2.0.0",
    }
    assert found.warnings[0] == (
        "org.acme/old * is optional and left out: org.acme/core 2.0.0 would have to move for it"
    )
    assert found.warnings[1].startswith("org.acme/gone * is optional and left out: ")
    assert "org.acme/gone" in found.warnings[1]
    assert "does not exist" in found.warnings[1]
    assert len(found.warnings) == 2


def test_an_optional_root_is_tried_and_left_out_with_a_warning(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "log", "2.0.0")
    publish(run, "app", needs={"log": "^2"})
    assert chosen(run, root("log ^1", optional=True)) == {"log": "1.0.0"}
    found = answer(run, "app", root("log ^1", optional=True))
    assert {each.version for each in found.versions} == {"1.0.0", "2.0.0"}
    assert found.warnings[0].startswith("org.acme/log ^1 is optional and left out: ")


def test_a_locked_version_of_an_optional_root_is_kept(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "log", "1.1.0")
    locked = {"org.acme/log": "1.0.0"}
    assert chosen(run, root("log", optional=True), locked=locked) == {"log": "1.0.0"}


def test_an_optional_need_for_exactly_a_yanked_version_does_not_bring_it_back(
    run: hyperhost.Operations,
) -> None:
    publish(run, "log", "1.0.0")
    run.run("yank", artifact="org.acme/log@1.0.0", reason="leaks")
    publish(run, "app", needs={"log": {"constraint": "=1.0.0", "optional": True}})
    found = answer(run, "app", optional=True)
    assert [each.artifact for each in found.versions] == ["org.acme/app"]
    assert "yanked (leaks)" in found.warnings[0]


@pytest.mark.parametrize(
    ("condition", "request_", "holds"),
    [
        ({"os": ["linux", "macos"]}, {"os": "linux"}, True),
        ({"os": ["darwin"]}, {"os": "macos"}, True),
        ({"os": ["macos"]}, {"os": "darwin"}, True),
        ({"os": ["windows"]}, {"os": "win32"}, True),
        ({"os": ["windows"]}, {"os": "linux"}, False),
        ({"arch": ["amd64"]}, {"arch": "x86_64"}, True),
        ({"arch": ["aarch64"]}, {"arch": "arm64"}, True),
        ({"arch": ["aarch64"]}, {"arch": "x86_64"}, False),
        ({"env": ["ci", "test"]}, {"env": "test"}, True),
        ({"env": ["ci"]}, {}, False),
        ({"feature": ["a", "b"]}, {"features": ["b", "a", "c"]}, True),
        ({"feature": ["a", "b"]}, {"features": ["a"]}, False),
        ({"os": ["linux"], "env": ["ci"]}, {"os": "linux", "env": "prod"}, False),
    ],
)
def test_a_need_counts_where_its_condition_holds(
    run: hyperhost.Operations, condition: dict[str, list[str]], request_: dict[str, object], holds: bool
) -> None:
    publish(run, "log")
    publish(run, "app", needs={"log": {"constraint": "*", "condition": condition}})
    assert ("log" in chosen(run, "app", **request_)) is holds
    conditional = root("log", condition=DependencyCondition(**condition))
    assert ("log" in chosen(run, conditional, **request_)) is holds


def test_without_a_word_conditions_are_judged_by_this_machine(run: hyperhost.Operations) -> None:
    publish(run, "log")
    here = DependencyCondition(os=[sys.platform], arch=[platform.machine()])
    assert chosen(run, root("log", condition=here)) == {"log": "1.0.0"}
    elsewhere = DependencyCondition(os=["plan9"])
    assert chosen(run, root("log", condition=elsewhere)) == {}


def test_an_override_stands_instead_of_everyone_elses_constraint(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "log", "2.0.0")
    publish(run, "app", needs={"log": "^1"})
    found = answer(run, "app", overrides={"org.acme/log": "^2"})
    assert {each.artifact: each.version for each in found.versions}["org.acme/log"] == "2.0.0"
    app = next(each for each in found.versions if each.artifact == "org.acme/app")
    assert [(need.artifact, need.constraint) for need in app.needs] == [("org.acme/log", "^2")]


def test_an_explanation_says_what_is_overridden(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "app", needs={"log": "^1"})
    lines = refusal(run, "app", overrides={"org.acme/log": "^3", "org.acme/other": "^1"}).reason.splitlines()
    assert lines[0] == "You override every constraint on org.acme/log with ^3."
    assert "other" not in "".join(lines)
    assert "org.acme/log ^3, which no version matches (the only one is 1.0.0)" in lines[-1]


def test_of_two_requirements_of_one_name_both_hold(run: hyperhost.Operations) -> None:
    for version in ("1.0.0", "1.5.0", "2.0.0", "3.0.0"):
        publish(run, "log", version)
    assert chosen(run, "log ^1 || ^3", "log <3") == {"log": "1.5.0"}
    assert "org.acme/log" in refusal(run, "log ^1 || ^2", "log ^4").reason


def test_a_cycle_is_no_conflict_and_named_once(run: hyperhost.Operations) -> None:
    publish(run, "c", needs={"a": "*"})
    publish(run, "b", needs={"c": "*"})
    publish(run, "a", needs={"b": "*"})
    publish(run, "app", needs={"b": "*"})
    found = answer(run, "app")
    assert found.cycles == [["org.acme/a", "org.acme/b", "org.acme/c"]]
    assert found.versions[-1].artifact == "org.acme/app"


def test_what_is_needed_comes_before_what_needs_it(run: hyperhost.Operations) -> None:
    publish(run, "a", needs={"z": "*"})
    publish(run, "z", needs={"m": "*"})
    publish(run, "m")
    found = answer(run, "a", "m")
    assert [each.artifact.rpartition("/")[2] for each in found.versions] == ["m", "z", "a"]
    assert [each.required_by for each in found.versions] == [["org.acme/z"], ["org.acme/a"], []]


def test_the_order_of_the_roots_does_not_matter(run: hyperhost.Operations) -> None:
    publish(run, "x", "1.0.0", {"y": "^1"})
    publish(run, "x", "2.0.0", {"y": "^1"})
    publish(run, "y", "1.0.0", {"x": "*"})
    publish(run, "y", "2.0.0", {"x": "^1"})
    assert answer(run, "x", "y") == answer(run, "y", "x")
