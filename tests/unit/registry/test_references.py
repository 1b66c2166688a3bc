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
    with pytest.raises(NotFoundError, match=r"there is no artifact org\.acme/auth"):
        meant(run)


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
