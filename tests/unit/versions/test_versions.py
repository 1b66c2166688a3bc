from __future__ import annotations

import copy
import itertools
import pickle
import random
import subprocess
import sys
from typing import Any

import pytest
import semver
from version_cases import load

import hyperhost
from hyperhost.errors import HyperHostError, VersionError
from hyperhost.versions import Version, compare, increment, parse, sort_key

CASES = load("versions")


@pytest.mark.parametrize("case", CASES["good"], ids=lambda case: case["text"])
def test_a_version_is_read_and_written(case: dict[str, Any]) -> None:
    version = parse(case["text"])
    assert [version.major, version.minor, version.patch] == case["numbers"]
    assert list(version.prerelease) == case["prerelease"]
    assert version.is_prerelease is bool(case["prerelease"])
    assert version.build == case["build"]
    assert str(version) == case["text"]


@pytest.mark.parametrize("text", CASES["bad"], ids=repr)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionError, match=r"is no version of SemVer 2\.0\.0|above 2\*\*53 - 1"):
        parse(text)


def test_the_package_semver_agrees_on_what_is_a_version() -> None:
    for case in CASES["good"]:
        assert semver.Version.is_valid(case["text"])
    for text in CASES["bad"]:
        assert not semver.Version.is_valid(text) or "99999" in text or "9007199254740992" in text


@pytest.mark.parametrize("wrong", [None, 1, 1.2, b"1.2.3", ["1.2.3"]])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    with pytest.raises(VersionError, match=f"a value of type {type(wrong).__name__} is no version"):
        parse(wrong)
    with pytest.raises(ValueError, match="is no version"):
        compare("1.2.3", wrong)


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1.2.3-" + "1a." * 33_000, "1.2.3+" + "a" * 251, " " * 100_000]
)
def test_a_long_text_gets_a_short_answer(text: str) -> None:
    with pytest.raises(VersionError, match=r"it has [0-9,]+ characters") as caught:
        parse(text)
    assert len(str(caught.value)) < 200
    assert isinstance(caught.value, HyperHostError)


@pytest.mark.parametrize("line", load("order"), ids=lambda line: line[0])
def test_versions_stand_in_the_order_of_the_specification(line: list[str]) -> None:
    for (i, one), (j, other) in itertools.product(enumerate(line), repeat=2):
        assert compare(one, other) == (i > j) - (i < j), (one, other)
        assert (parse(one) < parse(other)) == (i < j)
        assert (parse(one) >= parse(other)) == (i >= j)
    shuffled = random.Random(7).sample(line, len(line))
    assert sorted(shuffled, key=sort_key) == sorted(shuffled, key=parse) == line


def test_build_metadata_makes_no_difference() -> None:
    one, other = parse("1.0.0-a+x"), parse("1.0.0-a+y.z")
    assert one == other
    assert hash(one) == hash(other)
    assert one <= other <= one
    assert not one < other
    assert compare("1.0.0+x", "1.0.0") == 0
    assert str(one) == "1.0.0-a+x"


def test_a_v_and_blanks_are_read_over_where_npm_does() -> None:
    assert compare(" v1.2.3\n", "1.2.3") == 0
    assert increment("v1.2.3", "patch") == "1.2.4"
    for text in ("vv1.2.3", "v 1.2.3", "=1.2.3", "V1.2.3", "v", "\u00a01.2.3"):
        with pytest.raises(VersionError, match="is no version"):
            compare(text, "1.2.3")


def test_a_version_does_not_change_and_can_be_copied() -> None:
    version = parse("1.2.3-rc.1+b")
    for name in ("key", "build", "major", "new"):
        with pytest.raises(AttributeError):
            setattr(version, name, 1)
    with pytest.raises(AttributeError):
        del version.key
    for twin in (copy.copy(version), copy.deepcopy(version), pickle.loads(pickle.dumps(version))):
        assert twin == version
        assert str(twin) == str(version)
    assert repr(version) == "Version('1.2.3-rc.1+b')"


def test_a_version_is_equal_to_no_text() -> None:
    assert parse("1.2.3") != "1.2.3"
    with pytest.raises(TypeError):
        assert parse("1.2.3") < "1.2.4"  # type: ignore[operator]  # what is tested


@pytest.mark.parametrize("case", load("increments"), ids=lambda case: case["rule"])
def test_the_next_version(case: dict[str, Any]) -> None:
    arguments = (case["from"], case["part"], case.get("identifier", ""), case.get("base", "0"))
    if "error" in case:
        with pytest.raises(VersionError, match=case["error"]):
            increment(*arguments)
    else:
        assert increment(*arguments) == case["to"]


def test_versions_are_reached_from_the_package_and_loaded_only_then() -> None:
    assert hyperhost.versions.Version is Version
    code = "import sys, hyperhost; assert 'hyperhost.versions' not in sys.modules; hyperhost.versions.parse"
    subprocess.run([sys.executable, "-c", code], check=True)
