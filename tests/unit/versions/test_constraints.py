from __future__ import annotations

from typing import Any

import pytest
from version_cases import load

from hyperhost.errors import ConstraintError, HyperHostError, VersionError
from hyperhost.versions import (
    Constraint,
    VersionSet,
    intersects,
    max_satisfying,
    min_satisfying,
    satisfies,
    subset,
)


@pytest.mark.parametrize("case", load("constraints"), ids=lambda case: case["rule"])
def test_what_a_constraint_admits(case: dict[str, Any]) -> None:
    include = case.get("include_prerelease", False)
    for version in case["admits"]:
        assert satisfies(version, case["constraint"], include), version
    for version in case["refuses"]:
        assert not satisfies(version, case["constraint"], include), version


@pytest.mark.parametrize(
    "case", [case for case in load("constraints") if "canonical" in case], ids=lambda case: case["rule"]
)
def test_the_canonical_text_is_short_and_means_the_same(case: dict[str, Any]) -> None:
    constraint = Constraint.parse(case["constraint"], case.get("include_prerelease", False))
    assert str(constraint.set) == case["canonical"]
    assert VersionSet.parse(case["canonical"]) == constraint.set


@pytest.mark.parametrize(
    "case", [case for case in load("constraints") if "text" in case], ids=lambda case: case["rule"]
)
def test_an_object_has_a_text_that_means_the_same(case: dict[str, Any]) -> None:
    constraint = Constraint.parse(case["constraint"])
    assert str(constraint) == constraint.text == case["text"]
    assert Constraint.parse(constraint.text).set == constraint.set


def test_the_text_of_an_object_holds_with_pre_releases_too() -> None:
    given = {"range": "1.2.3 - 2", "lt": "1.9"}
    constraint = Constraint.parse(given, include_prerelease=True)
    assert constraint.allows("1.2.3-a")
    assert Constraint.parse(constraint.text, include_prerelease=True).set == constraint.set


@pytest.mark.parametrize("case", load("malformed"), ids=lambda case: repr(case["constraint"]))
def test_a_malformed_constraint_says_where_and_what_was_expected(case: dict[str, Any]) -> None:
    with pytest.raises(ConstraintError) as caught:
        Constraint.parse(case["constraint"])
    assert caught.value.position == case["position"]
    assert case["expected"] in caught.value.expected
    assert caught.value.expected in str(caught.value)
    if isinstance(case["constraint"], str):
        assert f"at character {case['position']} " in caught.value.message


def test_the_error_is_one_of_values_and_of_the_tree() -> None:
    with pytest.raises(ValueError, match="no constraint") as caught:
        Constraint.parse("1.2.3.4")
    assert isinstance(caught.value, HyperHostError)
    assert "write it as in" in caught.value.hint


def test_the_key_of_an_object_is_named() -> None:
    with pytest.raises(
        ConstraintError, match=r"key 'caret' of the constraint: '1\.\.2' is no constraint: at character 1"
    ):
        Constraint.parse({"caret": "1..2"})


@pytest.mark.parametrize("wrong", [None, 1, b"1.2.3", ["1.2.3"], {"eq": 1}, {"gt": None}])
def test_what_is_neither_text_nor_object_is_refused(wrong: Any) -> None:
    with pytest.raises(ConstraintError, match="a constraint is text"):
        Constraint.parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 100_000,
        "1.2.3-" + "1" * 100_000,
        "1.2.3-" + "1a." * 33_000 + "!",
        "1.2.3-" + "a-" * 50_000,
        "1.2.3+" + "a." * 50_000,
        "x." * 50_000,
        "^" * 100_000,
        "v=" * 50_000,
        "> " * 50_000,
        "1 - " * 25_000,
        "(" * 50_000 + ")" * 50_000,
        " " * 100_000 + "|",
        "1 || " * 20_000 + "?",
        "1, " * 33_000,
    ],
    ids=lambda text: text[:10],
)
def test_a_hundred_thousand_wrong_characters_get_a_short_answer(text: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        Constraint.parse(text)
    assert len(str(caught.value)) < 400
    assert 0 <= caught.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" " * 100_000, "*"),
        ("||" * 50_000, "*"),
        ("|| " * 33_000 + "1.0.0-a", "* || 1.0.0-a"),
        ("||".join(["^1.2"] * 15_000), "^1.2.0"),
        (" ".join(f">={major}" for major in range(15_000)), ">=14999.0.0"),
        (" ".join(["<2.0.0-a"] * 10_000), "<2.0.0-a"),
        ("1.2.3+" + "a" * 100_000, "1.2.3"),
    ],
    ids=["spaces", "bars", "bars and spaces", "alternatives", "comparators", "pre-releases", "build"],
)
def test_a_hundred_thousand_right_characters_are_read(text: str, canonical: str) -> None:
    assert str(Constraint.parse(text).set) == canonical


def test_twenty_thousand_alternatives_are_united_at_once() -> None:
    text = "||".join(f"{major}.0.0-a" for major in range(9_000, 0, -1))
    found = Constraint.parse(text).set
    assert found.contains("7.0.0-a")
    assert not found.contains("7.0.0-b")
    assert str(found).count("||") == 8_999


@pytest.mark.parametrize("case", load("relations"), ids=lambda case: case["rule"])
def test_how_two_constraints_relate(case: dict[str, Any]) -> None:
    one, other, include = case["one"], case["other"], case.get("include_prerelease", False)
    assert subset(one, other, include) is case["subset"]
    assert intersects(one, other, include) is intersects(other, one, include) is case["intersects"]


def test_the_highest_and_the_lowest_that_satisfy() -> None:
    versions = ["1.2.0", "v1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0", "0.1.0"]
    assert max_satisfying(versions, "^1") == "v1.10.0"
    assert min_satisfying(versions, "^1") == "1.2.0"
    assert max_satisfying(versions, "<2.0.0-z") == "2.0.0-rc.1"
    assert max_satisfying(versions, "<2", include_prerelease=True) == "v1.10.0"
    assert max_satisfying(versions, "^3") is min_satisfying([], "*") is None


def test_of_versions_that_differ_in_their_build_only_the_first_is_taken() -> None:
    assert max_satisfying(["1.0.0+b", "1.0.0+a"], "*") == "1.0.0+b"
    assert min_satisfying(["1.0.0+b", "1.0.0+a"], "*") == "1.0.0+b"


def test_a_text_that_is_no_version_is_an_error_and_not_a_no() -> None:
    with pytest.raises(VersionError, match="'glorp' is no version"):
        satisfies("glorp", "*")
    with pytest.raises(VersionError, match=r"'1\.0' is no version"):
        max_satisfying(["1.0.0", "1.0"], "*")


def test_what_is_parsed_already_is_taken_as_it_is() -> None:
    constraint = Constraint.parse("^1.2", include_prerelease=True)
    assert satisfies("1.3.0-a", constraint)
    assert satisfies("1.3.0-a", constraint.set)
    assert constraint == Constraint.parse("^1.2", include_prerelease=True)
    assert constraint != Constraint.parse("^1.2")
