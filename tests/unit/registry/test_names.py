"""Names, namespaces, versions and labels: what is one, and what is said of what is none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builtin_plugins.registry.names import (
    SCOPES,
    check_coordinates,
    check_labels,
    check_name,
    check_namespace,
    check_version,
    parents,
)
from hyperhost.contracts import Visibility
from hyperhost.errors import RefusalError

WORD = st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
VALID_PATHS = (
    "org.acme",
    "org.acme.team.project",
    "user.alice@example.com",
    "lib.commons",
    "hyper.core",
    "pkg.react",
    "local.x",
    "hyper.core.store",
    "org.3d",
    "user.a@b.co",
    "user.first.last+tag@mail.example.com",
)
INVALID_PATHS = (
    "org.acme..",
    "org.ACME",
    "-org.acme",
    "org.acme-",
    "org",
    "org.",
    ".org.acme",
    "",
    "acme.org",
    "org.-acme",
    "org.a--b",
    "org.a_b",
    "org.a b",
    "org.acme\n",
    "org.ácme",
    "org.acme/x",
    "pkg.react.dom",
    "lib.a.b",
    "user.alice",
    "user.alice@",
    "user.alice@example",
    "user.Alice@example.com",
    "user.a..b@example.com",
    "user.a@-example.com",
    "user.a@example-.com",
    "user.a@example.com.",
    "user.@example.com",
    "org." + "a" * 64,
    "org." + ".".join(["a"] * 16),
    "org." + "a." * 200 + "a",
    "org.ac\0me",
    "org.ac\ud800me",
)


@pytest.mark.parametrize("path", VALID_PATHS)
def test_a_path_has_the_scope_of_its_first_label(path: str) -> None:
    assert check_namespace(path) is SCOPES[path.partition(".")[0]]


@pytest.mark.parametrize("path", INVALID_PATHS)
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(RefusalError, match="is no namespace") as caught:
        check_namespace(path)
    assert caught.value.rule == "invalid:namespace:path"
    assert caught.value.hint


def test_scopes_are_those_of_the_specification() -> None:
    assert {scope.name: scope.artifacts for scope in SCOPES.values()} == {
        "global": None,
        "system": None,
        "library": 1_000,
        "organization": 5_000,
        "user": 100,
        "local": None,
    }
    assert [scope.name for scope in SCOPES.values() if scope.configurable] == ["organization"]
    hidden = [scope.name for scope in SCOPES.values() if scope.visibility is Visibility.PRIVATE]
    assert hidden == ["user", "local"]


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("org.acme.team.project", ["org.acme.team", "org.acme"]),
        ("org.acme", []),
        ("user.alice@example.com", []),
        ("pkg.react", []),
        ("hyper.core.store", ["hyper.core"]),
    ],
)
def test_what_lies_above_a_path(path: str, above: list[str]) -> None:
    assert parents(path) == above


@given(st.sampled_from(["org", "hyper", "local"]), st.lists(WORD, min_size=1, max_size=10))
def test_a_path_of_words_is_valid_and_so_is_all_above_it(first: str, words: list[str]) -> None:
    path = ".".join([first, *words])
    check_namespace(path)
    above = parents(path)
    for each in above:
        assert check_namespace(each) is check_namespace(path)
        assert path.startswith(f"{each}.")
    assert above == sorted(above, key=len, reverse=True)


@given(st.text(max_size=40))
def test_no_text_does_anything_but_pass_or_be_refused(text: str) -> None:
    for check in (check_name, check_namespace, check_version):
        with contextlib.suppress(RefusalError):
            check(text)
            continue
        with pytest.raises(RefusalError) as caught:
            check(text)
        assert caught.value.rule.startswith("invalid:")
        assert len(str(caught.value)) < 1_000


@given(WORD)
def test_a_word_in_kebab_case_is_a_name(word: str) -> None:
    assert check_name(word) == word
    assert check_coordinates(f"org.acme/{word}", "artifact") == ("org.acme", word)


@pytest.mark.parametrize(
    "name", ["", "Auth", "a_b", "-a", "a-", "a--b", "1-", "a b", "a/b", "a\n", "ä", "a" * 129, "a\0"]
)
def test_a_name_that_is_not_in_kebab_case_is_refused(name: str) -> None:
    with pytest.raises(RefusalError, match="is no name") as caught:
        check_name(name)
    assert caught.value.rule == "invalid:name:kebab-case"


@pytest.mark.parametrize(
    "version", ["0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0+build.5", "1.0.0-a.b-c.0+x.y", "9007199254740991.0.0"]
)
def test_a_semver_version_passes(version: str) -> None:
    assert check_version(version) == version


@pytest.mark.parametrize(
    "version",
    [
        "",
        "1",
        "1.2",
        "v1.2.3",
        "01.2.3",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3+",
        "1.2.3 ",
        "1.2.3\n",
        "\u0661.2.3",
        "1." * 999,
        "9007199254740992.0.0",
    ],
)
def test_a_version_that_is_not_semver_is_refused(version: str) -> None:
    with pytest.raises(RefusalError, match="is no SemVer version") as caught:
        check_version(version, "alternate_versions[0]")
    assert caught.value.rule == "invalid:alternate_versions[0]:semver"


@pytest.mark.parametrize(
    "text", ["org.acme", "/auth", "org.acme/", "auth", "org.ACME/auth", "org.acme/a/b", ""]
)
def test_coordinates_that_are_none_name_their_field(text: str) -> None:
    with pytest.raises(RefusalError, match="is no namespace/name") as caught:
        check_coordinates(text, "dependencies[3].artifact")
    assert caught.value.rule == "invalid:dependencies[3].artifact:coordinates"


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ({f"k{index}": "" for index in range(65)}, "count"),
        ({"Team": "a"}, "key"),
        ({"": "a"}, "key"),
        ({"a" * 64: "a"}, "key"),
        ({"team": "a\nb"}, "value"),
        ({"team": "a" * 256}, "value"),
    ],
)
def test_labels_that_are_none_are_refused(labels: dict[str, str], rule: str) -> None:
    with pytest.raises(RefusalError) as caught:
        check_labels(labels)
    assert caught.value.rule == f"invalid:labels{'.team' if rule == 'value' else ''}:{rule}"


def test_labels_may_be_empty_or_have_a_domain() -> None:
    check_labels({"team": "", "acme.test/tier": "gold plus", "a": "ü" * 255})
