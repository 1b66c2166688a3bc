"""Which version is meant: by id, by version, by tag, by channel, or by nothing."""

from __future__ import annotations

import pytest
from registry_hosts import created, published

import hyperhost
from hyperhost.errors import InvalidInputError, NotFoundError


def meant(run: hyperhost.Operations, reference: str = "org.acme/auth") -> str:
    version: str = run.run("read", artifact=reference)["version"]
    return version


def test_without_a_version_the_highest_final_one_is_meant(run: hyperhost.Operations) -> None:
    created(run, "auth", "9.0.0")
    assert meant(run) == "9.0.0"
    published(run, "auth", "2.0.0-rc.1")
    assert meant(run) == "2.0.0-rc.1"
    published(run, "auth", "1.10.0")
    published(run, "auth", "1.9.0")
    assert meant(run) == "1.10.0"
    run.run("deprecate", artifact="org.acme/auth@1.10.0")
    assert meant(run) == "1.9.0"


def test_the_tag_latest_decides_unless_its_version_is_yanked_or_archived(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    published(run, "auth", "2.0.0")
    run.run("tag", artifact="org.acme/auth@1.0.0", tag="latest")
    assert meant(run) == "1.0.0"
    run.run("yank", artifact="org.acme/auth@1.0.0", reason="broken")
    assert meant(run) == "2.0.0"
    assert meant(run, "org.acme/auth@latest") == "1.0.0"
    run.run("unyank", artifact="org.acme/auth@1.0.0")
    run.run("archive", artifact="org.acme/auth@1.0.0")
    assert meant(run) == "2.0.0"


def test_a_yanked_version_is_chosen_by_its_version_only(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    published(run, "auth", "2.0.0")
    run.run("yank", artifact="org.acme/auth@2.0.0", reason="broken")
    assert meant(run) == "1.0.0"
    assert meant(run, "org.acme/auth@2.0.0") == "2.0.0"
    run.run("yank", artifact="org.acme/auth@1.0.0", reason="broken, too")
    with pytest.raises(NotFoundError, match=r"there is no version of org\.acme/auth to choose") as caught:
        meant(run)
    assert "each of its 2 versions is yanked (2.0.0: broken)" in str(caught.value)
    assert caught.value.hint == "name one exactly, as in org.acme/auth@2.0.0; there are 2.0.0, 1.0.0"


def test_where_nothing_can_be_chosen_it_is_said_why(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    run.run("archive", artifact="org.acme/auth@1.0.0")
    with pytest.raises(NotFoundError, match="its only version is archived") as caught:
        meant(run)
    assert caught.value.hint == "name one exactly, as in org.acme/auth@1.0.0; there are 1.0.0"
    for minor in range(11):
        published(run, "auth", f"2.{minor}.0")
        run.run("yank", artifact=f"org.acme/auth@2.{minor}.0", reason="leaks")
    with pytest.raises(
        NotFoundError, match=r"each of its 12 versions is yanked or archived \(2\.10\.0: leaks"
    ):
        meant(run)
    with pytest.raises(NotFoundError, match=r"there is no artifact org\.acme/auth@3\.0\.0"):
        meant(run, "org.acme/auth@3.0.0")


def test_tags_come_before_channels(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    published(run, "auth", "2.0.0")
    run.run("promote", artifact="org.acme/auth@2.0.0", channel="stable")
    assert meant(run, "org.acme/auth@stable") == "2.0.0"
    run.run("tag", artifact="org.acme/auth@1.0.0", tag="stable")
    assert meant(run, "org.acme/auth@stable") == "1.0.0"


def test_a_user_namespace_has_an_at_sign_of_its_own(run: hyperhost.Operations) -> None:
    created(run, namespace="user.alice@example.com")
    assert meant(run, "user.alice@example.com/auth") == "1.0.0"
    assert meant(run, "user.alice@example.com/auth@1.0.0") == "1.0.0"


@pytest.mark.parametrize(
    "reference", ["", "auth", "org.acme", "org.acme/", "org.acme/auth@", "org.ACME/auth", "/x"]
)
def test_what_is_no_reference_is_refused(run: hyperhost.Operations, reference: str) -> None:
    with pytest.raises(InvalidInputError):
        meant(run, reference)


def test_what_is_not_there_is_missing_and_the_hint_says_what_is_near(run: hyperhost.Operations) -> None:
    published(run)
    for reference, hint in (
        ("org.acme/auht", "did you mean org.acme/auth?"),
        ("org.acme/auth@2.0.0", "versions are 1.0.0"),
        ("org.acme/auth@" + "9." * 500, "versions are 1.0.0"),
        ("org.acme/auth@nightly", "versions are 1.0.0"),
        ("01890000-0000-7000-8000-000000000001", ""),
    ):
        with pytest.raises(NotFoundError, match="there is no artifact") as caught:
            meant(run, reference)
        assert caught.value.hint == hint
        assert caught.value.field == "artifact"


@pytest.mark.parametrize(
    ("constraint", "version"),
    [
        ("^1", "1.10.0"),
        ("1", "1.10.0"),
        ("1.9", "1.9.0"),
        ("1.x", "1.10.0"),
        ("v1.9", "1.9.0"),
        ("<1.10 || >=7", "1.9.0"),
        (">=1.0.0 <2.0.0", "1.10.0"),
        ("*", "2.0.0"),
        (">=3.0.0-0", "3.0.0-rc.1"),
        ("^4", "4.0.0"),
    ],
)
def test_a_constraint_means_the_highest_version_that_satisfies_it(
    run: hyperhost.Operations, constraint: str, version: str
) -> None:
    for each in ("1.9.0", "1.10.0", "2.0.0", "2.1.0", "3.0.0-rc.1", "4.0.0", "4.0.1"):
        published(run, "auth", each)
    created(run, "auth", "1.11.0")
    run.run("yank", artifact="org.acme/auth@2.1.0", reason="broken")
    run.run("deprecate", artifact="org.acme/auth@4.0.0")
    run.run("archive", artifact="org.acme/auth@4.0.1")
    assert meant(run, f"org.acme/auth@{constraint}") == version
    assert run.run("resolve", artifact=f"org.acme/auth@{constraint}")["version"] == version


def test_a_reference_is_resolved_to_what_it_means_now(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    run.run("promote", artifact="org.acme/auth@1.0.0", channel="stable")
    for reference in ("org.acme/auth", "org.acme/auth@stable", "org.acme/auth@^1"):
        assert run.run("resolve", artifact=reference)["version"] == "1.0.0"
    published(run, "auth", "1.1.0")
    assert run.run("resolve", artifact="org.acme/auth@^1")["version"] == "1.1.0"
    assert run.run("resolve", artifact="org.acme/auth@stable")["version"] == "1.0.0"


def test_a_tag_is_stronger_than_what_it_could_mean_as_a_constraint(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    published(run, "auth", "2.0.0")
    run.run("tag", artifact="org.acme/auth@1.0.0", tag="v2")
    assert meant(run, "org.acme/auth@v2") == "1.0.0"


def test_what_satisfies_and_may_not_be_chosen_is_named(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    published(run, "auth", "2.0.0")
    run.run("yank", artifact="org.acme/auth@2.0.0", reason="broken")
    with pytest.raises(NotFoundError, match=r"no version of org\.acme/auth that may be chosen") as caught:
        meant(run, "org.acme/auth@^2")
    assert caught.value.hint == "2.0.0 would, and may be chosen by name only"
    with pytest.raises(NotFoundError, match=r"satisfies \^3") as caught:
        meant(run, "org.acme/auth@^3")
    assert caught.value.hint == "versions are 2.0.0, 1.0.0"


def test_what_is_neither_version_nor_tag_nor_constraint_says_where(run: hyperhost.Operations) -> None:
    published(run, "auth", "1.0.0")
    with pytest.raises(InvalidInputError, match=r"is no reference: .* at character") as caught:
        meant(run, "org.acme/auth@^1 || >=x.y")
    assert (caught.value.field, caught.value.rule) == ("artifact", "range")
    for reference in (
        "org.acme/auth@1.0.1",
        "org.acme/auth@beta",
        "org.acme/auth@1.0.0.0",
        "org.acme/none@^1",
    ):
        with pytest.raises(NotFoundError, match="there is no artifact"):
            meant(run, reference)
