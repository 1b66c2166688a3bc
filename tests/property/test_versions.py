"""The algebra of version sets, and constraints against an evaluator that knows no sets."""

from __future__ import annotations

import re
from itertools import pairwise, product

import semver
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperhost.errors import ConstraintError
from hyperhost.versions import Constraint, Version, VersionSet, compare, parse, sort_key

_NUMBERS = st.integers(0, 3)
_IDENTIFIERS = st.lists(st.sampled_from(["0", "1", "a", "b", "rc", "-", "1a"]), min_size=1, max_size=2).map(
    ".".join
)


@st.composite
def versions(draw: st.DrawFn) -> str:
    text = f"{draw(_NUMBERS)}.{draw(_NUMBERS)}.{draw(_NUMBERS)}"
    if draw(st.booleans()):
        text += f"-{draw(_IDENTIFIERS)}"
    return text


@st.composite
def comparators(draw: st.DrawFn) -> str:
    operator = draw(st.sampled_from(["", "=", "^", "~", "~>", ">", ">=", "<", "<="]))
    count = draw(st.integers(0, 5))
    if count > 2:
        return operator + draw(versions())
    numbers = [str(draw(_NUMBERS)) for _ in range(count)]
    return operator + ".".join(numbers + draw(st.sampled_from([["x"], ["*"], ["X"]])))


_ALTERNATIVES = st.lists(comparators(), min_size=1, max_size=3)
_CONSTRAINTS = st.lists(_ALTERNATIVES, min_size=1, max_size=3)


def written(constraint: list[list[str]]) -> str:
    return " || ".join(" ".join(alternative) for alternative in constraint)


sets = st.builds(
    lambda constraint, include, inverted: (
        ~Constraint.parse(written(constraint), include).set
        if inverted
        else Constraint.parse(written(constraint), include).set
    ),
    _CONSTRAINTS,
    st.booleans(),
    st.booleans(),
)
_POINTS = [
    parse(f"{numbers[0]}.{numbers[1]}.{numbers[2]}{end}")
    for numbers in product((0, 1, 3), (0, 2), (0, 1, 4))
    for end in ("", "-0", "-a", "-a.0", "-rc.1")
]


@settings(max_examples=60, deadline=None)
@given(sets, sets)
def test_operations_on_sets_are_those_on_their_members(one: VersionSet, other: VersionSet) -> None:
    for point in _POINTS:
        inside, within = one.contains(point), other.contains(point)
        assert (one & other).contains(point) == (inside and within)
        assert (one | other).contains(point) == (inside or within)
        assert (one - other).contains(point) == (inside and not within)
        assert (~one).contains(point) == (not inside)


@settings(max_examples=80, deadline=None)
@given(sets, sets, sets)
def test_the_laws_of_sets_hold_exactly(one: VersionSet, other: VersionSet, third: VersionSet) -> None:
    assert ~(one & other) == ~one | ~other
    assert ~(one | other) == ~one & ~other
    assert ~~one == one
    assert one & other == other & one
    assert one & (other | third) == (one & other) | (one & third)
    assert one | (one & other) == one
    assert (one | ~one) == VersionSet.any()
    assert (one & ~one).is_empty
    assert VersionSet.union([one, other, third]) == one | other | third
    assert one & other <= one
    assert one <= one | other
    assert (one <= other) == (one - other).is_empty
    assert one.isdisjoint(other) == (one & other).is_empty
    assert (one == other) == (one <= other <= one) == (str(one) == str(other))
    assert hash(one & other) == hash(other & one)


@settings(max_examples=100, deadline=None)
@given(sets)
def test_the_canonical_text_is_read_back_as_the_same_set(one: VersionSet) -> None:
    assert VersionSet.parse(str(one)) == one


@settings(max_examples=100, deadline=None)
@given(_CONSTRAINTS, _CONSTRAINTS)
def test_without_pre_releases_the_canonical_text_is_a_constraint(
    one: list[list[str]], other: list[list[str]]
) -> None:
    for found in (
        Constraint.parse(written(one)).set | Constraint.parse(written(other)).set,
        Constraint.parse(written(one)).set & Constraint.parse(written(other)).set,
    ):
        assert Constraint.parse(str(found)).set == found


@settings(max_examples=150, deadline=None)
@given(_CONSTRAINTS, st.lists(versions(), min_size=1, max_size=12), st.booleans())
def test_constraints_mean_what_an_evaluator_of_comparators_says(
    constraint: list[list[str]], candidates: list[str], include: bool
) -> None:
    parsed = Constraint.parse(written(constraint), include)
    for candidate in candidates:
        expected = any(evaluate(alternative, candidate, include) for alternative in constraint)
        assert parsed.allows(candidate) is expected, (written(constraint), candidate)
        assert parsed.allows(f"{candidate}+build") is expected


@given(st.lists(versions(), min_size=2, max_size=12))
def test_the_order_is_that_of_the_package_semver(texts: list[str]) -> None:
    assert list(map(str, sorted(map(parse, texts)))) == list(
        map(str, sorted(map(semver.Version.parse, texts)))
    )
    assert sorted(texts, key=sort_key) == [str(version) for version in sorted(map(parse, texts))]
    for one, other in pairwise(texts):
        assert compare(one, other) == semver.Version.parse(one).compare(other) == -compare(other, one)
        assert (hash(parse(one)) == hash(parse(f"{other}+b"))) == (one == other)


@given(st.text(alphabet="0123456789.-+vxX*^~<>=|, \tab", max_size=40))
def test_any_text_is_a_constraint_or_a_typed_error(text: str) -> None:
    try:
        found = Constraint.parse(text).set
    except ConstraintError as error:
        place, found = error.position, VersionSet.none()
    else:
        place = 0
    assert 0 <= place <= len(text)
    assert Constraint.parse(str(found)).set == found


def evaluate(alternative: list[str], candidate: str, include: bool) -> bool:
    """Whether a version passes every comparator: bound by bound, as npm's documentation puts it."""
    version = semver.Version.parse(candidate)
    bounds = [bound for comparator in alternative for bound in desugared(comparator, include)]
    if not all(holds(version, *bound) for bound in bounds):
        return False
    if version.prerelease is None or include:
        return True
    return any(
        bound.prerelease is not None and bound.to_tuple()[:3] == version.to_tuple()[:3] for _, bound in bounds
    )


def holds(version: semver.Version, operator: str, bound: semver.Version) -> bool:
    order = version.compare(bound)
    return (
        {"=": order == 0, ">": order > 0, ">=": order >= 0, "<": order < 0}[operator]
        if operator != "<="
        else order <= 0
    )


def desugared(comparator: str, include: bool) -> list[tuple[str, semver.Version]]:
    """``>= > < <= =`` and whole versions, for a comparator in any form."""
    match = re.fullmatch(r"(\D*?)((?:\d+\.)*)([xX*]|\d+(?:-.*)?)", comparator)
    assert match is not None
    operator, front, last = match.groups()
    operator = operator.replace("~>", "~") or "="
    parts = front.split(".")[:-1] + ([] if last in "xX*" else [last.partition("-")[0]])
    numbers = [int(part) for part in parts]
    prerelease = last.partition("-")[2] or None
    if not numbers:
        return [("<", semver.Version(0, 0, 0, "0"))] if operator in "<>" else []
    floor = "0" if include and len(numbers) < 3 else None
    low = semver.Version(*[*numbers, 0, 0][:3], prerelease=prerelease or floor)
    past = beyond(operator, numbers)
    if operator in ("^", "~") or (operator == "=" and len(numbers) < 3):
        bounds = [(">=", low), ("<", past)]
    elif len(numbers) == 3:
        bounds = [(operator, low)]
    elif operator == ">":
        bounds = [(">=", past if include else past.finalize_version())]
    elif operator == "<=":
        bounds = [("<", past)]
    elif operator == "<":
        bounds = [("<", semver.Version(*[*numbers, 0, 0][:3], prerelease="0"))]
    else:
        bounds = [(operator, low)]
    # npm drops ">=0.0.0" before it looks at anything else.
    return [bound for bound in bounds if include or bound != (">=", semver.Version(0, 0, 0))]


def beyond(operator: str, numbers: list[int]) -> semver.Version:
    """The lowest pre-release of the first release that is too high."""
    if operator == "^":
        place = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        place = min(len(numbers), 2) - 1
    kept = [*numbers[:place], numbers[place] + 1, 0, 0][:3]
    return semver.Version(*kept, prerelease="0")


def test_versions_of_the_points_are_all_different() -> None:
    assert len(set(_POINTS)) == len(_POINTS)
    assert all(isinstance(point, Version) for point in _POINTS)
