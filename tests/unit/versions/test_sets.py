from __future__ import annotations

import copy
import pickle

import pytest

from hyperhost.errors import ConstraintError, VersionError
from hyperhost.versions import Constraint, VersionSet, parse


def of(text: str, include_prerelease: bool = False) -> VersionSet:
    return Constraint.parse(text, include_prerelease).set


def test_everything_and_nothing() -> None:
    everything, nothing = VersionSet.any(), VersionSet.none()
    assert everything.contains("0.0.0-0")
    assert "9.9.9" in everything
    assert parse("9.9.9") not in nothing
    assert nothing.is_empty
    assert not everything.is_empty
    assert everything
    assert not nothing
    assert ~everything == nothing
    assert ~nothing == everything
    assert of("*", include_prerelease=True) == everything
    assert of("*") < everything


def test_one_version() -> None:
    for text in ("1.2.3", "1.2.3-rc.1", "9007199254740991.9007199254740991.9007199254740991"):
        one = VersionSet.exact(text)
        assert one == of(text)
        assert one.contains(text)
        assert one.contains(f"{text}+build")
        assert not one.contains("1.2.4")
        assert str(one) in (text, f">={text}")
    with pytest.raises(VersionError, match="is no version"):
        VersionSet.exact("1.2")


def test_the_complement_of_releases_has_all_pre_releases() -> None:
    rest = ~of("^1.2")
    assert rest.contains("1.1.0")
    assert rest.contains("2.0.0")
    assert rest.contains("1.5.0-rc")
    assert not rest.contains("1.5.0")
    assert str(rest) == "<1.2.0 || >=2.0.0 || pre:*"
    assert VersionSet.parse(str(rest)) == rest


def test_a_difference_leaves_the_pre_release_out() -> None:
    left = of("^1.2.3-a") - of("1.2.3-b || ^1.5")
    assert left.contains("1.2.3-a")
    assert not left.contains("1.2.3-b")
    assert left.contains("1.2.3-b.0")
    assert not left.contains("1.5.0")
    assert str(left) == ">=1.2.3-a <1.2.3-b || >=1.2.3-b.0 <1.5.0"


def test_a_union_of_neighbours_is_one_interval() -> None:
    pieces = [of(f"1.{minor}.x") for minor in range(50)]
    assert str(VersionSet.union(pieces)) == ">=1.0.0 <1.50.0"
    assert VersionSet.union([]) == VersionSet.none()
    assert VersionSet.union(reversed(pieces)) == VersionSet.union(pieces)


def test_the_last_numbers_have_no_successor_and_no_gap() -> None:
    last = 2**53 - 1
    assert of(f">1.2.{last}") == of(">=1.3.0")
    assert of(f"<=1.{last}.{last}") == of("<2.0.0")
    assert of(f">{last}.{last}.{last}").is_empty
    assert of(f"<={last}.{last}.{last}") == of("*")
    assert ~of(f"<={last}.{last}.{last}", True) == VersionSet.none()
    end = of(f"{last}.{last}.{last}-a || >{last}.{last}.{last}-b")
    assert Constraint.parse(str(end)).set == end


def test_a_pre_release_as_long_as_can_be_has_a_text_that_can_be_read() -> None:
    longest = "1.2.3-" + "a" * 250
    for text in (
        f">{longest} <1.2.3",
        f">=1.2.3-a <={longest}",
        longest,
    ):
        assert VersionSet.parse(str(of(text))) == of(text)


def test_pre_releases_of_releases_that_touch_are_listed() -> None:
    both = of(">=1.2.3-a <1.2.4 || >=1.2.4-0 <1.2.4-b")
    assert str(both) == ">=1.2.3-a <1.2.4-b"
    apart = of(">=1.2.3-a <1.2.3 || >=1.2.4-0 <1.2.4-b")
    assert str(apart) == ">=1.2.3-a <1.2.3 || >=1.2.4-0 <1.2.4-b"
    assert Constraint.parse(str(apart)).set == apart


def test_order_of_sets_is_that_of_what_they_hold() -> None:
    assert of("~1.2") < of("^1") <= of("*")
    assert of("^1") > of("~1.2")
    assert of("^1") >= of("1.x")
    assert not of("^1") < of("1.x")
    assert not of("^1") <= of("^2")
    assert of("^1").isdisjoint(of("^2"))
    assert of("~1.2").issubset(of("^1"))


def test_equal_sets_are_one_key_whatever_their_text() -> None:
    assert {of("^1.2"): 1}[of(">=1.2.0, <2.0.0-0 || 1.3.x")] == 1
    assert of("^1.2") != "^1.2"


def test_a_set_does_not_change_and_can_be_copied() -> None:
    one = of("^1.2.3-a || >4")
    with pytest.raises(AttributeError, match="cannot be changed"):
        one._releases = ()
    with pytest.raises(AttributeError, match="cannot be changed"):
        del one._releases
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert repr(one) == "VersionSet.parse('^1.2.3-a || >=5.0.0')"


def test_marked_alternatives_have_pre_releases_only() -> None:
    marked = VersionSet.parse("1.2.3 || pre:>=1.0.0-b <3")
    assert marked.contains("1.2.3")
    assert not marked.contains("1.3.0")
    assert marked.contains("1.3.0-a")
    assert not marked.contains("3.0.0-a")
    with pytest.raises(ConstraintError, match="at character 0"):
        Constraint.parse("pre:*")
