"""Versions: their order, tags, channels, yanks, ratings and downloads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from registry_hosts import created, everything, published, uploaded

import hyperhost
from hyperhost.contracts import Principal
from hyperhost.errors import InvalidInputError, NotFoundError, WrongStateError

KNOWN_TAGS = ("latest", "stable", "beta", "alpha", "canary", "deprecated", "my-own")


def test_versions_are_listed_the_highest_first(run: hyperhost.Operations) -> None:
    for version in ("1.0.0", "1.10.0", "1.2.0", "2.0.0-rc.1", "2.0.0", "2.0.0-rc.10", "1.2.0+b", "1.2.0+a"):
        created(run, "auth", version)
    assert [each["version"] for each in run.run("version_list", name="org.acme/auth")] == [
        "2.0.0",
        "2.0.0-rc.10",
        "2.0.0-rc.1",
        "1.10.0",
        "1.2.0+b",
        "1.2.0+a",
        "1.2.0",
        "1.0.0",
    ]


def test_a_tag_is_at_one_version_at_a_time(run: hyperhost.Operations) -> None:
    first, second = published(run)["id"], published(run, "auth", "2.0.0")["id"]
    for tag in KNOWN_TAGS:
        assert tag in run.run("tag", artifact=first, tag=tag)["tags"]
    assert run.run("tag", artifact=second, tag="beta")["tags"] == ["beta"]
    newer, older = run.run("version_list", name="org.acme/auth")
    assert newer["tags"] == ["beta"]
    assert older["tags"] == sorted({*KNOWN_TAGS} - {"beta"})
    assert run.run("untag", name="org.acme/auth", tag="beta") is True
    with pytest.raises(NotFoundError, match="has no tag 'beta'") as caught:
        run.run("untag", name="org.acme/auth", tag="beta")
    assert "latest" in caught.value.hint


def test_tags_of_one_artifact_are_not_those_of_another(run: hyperhost.Operations) -> None:
    published(run, "auth")
    published(run, "auth-extra")
    run.run("tag", artifact="org.acme/auth-extra", tag="beta")
    assert run.run("version_list", name="org.acme/auth")[0]["tags"] == []


@pytest.mark.parametrize("word", ["", "1.0.0", "Latest", "a b", "a@b", "a" * 64, "-a", "a\n"])
def test_a_tag_or_channel_that_is_no_word_is_refused(run: hyperhost.Operations, word: str) -> None:
    published(run)
    for operation, kind, key in (
        ("tag", "tag", "artifact"),
        ("promote", "channel", "artifact"),
        ("untag", "tag", "name"),
        ("demote", "channel", "name"),
    ):
        with pytest.raises(InvalidInputError, match=f"is no {kind}") as caught:
            run.run(operation, **{key: "org.acme/auth", kind: word})
        assert (caught.value.field, caught.value.rule) == (kind, "kebab-case")


def test_promoting_moves_a_published_version_to_a_channel(run: hyperhost.Operations) -> None:
    first, draft = published(run)["id"], created(run, "auth", "2.0.0")["id"]
    for channel in ("stable", "edge", "nightly", "lts-1"):
        assert channel in run.run("promote", artifact=first, channel=channel)["channels"]
    with pytest.raises(WrongStateError, match="is draft"):
        run.run("promote", artifact=draft, channel="stable")
    run.run("publish", artifact=draft)
    run.run("promote", artifact=draft, channel="stable")
    newer, older = run.run("version_list", name="org.acme/auth")
    assert (newer["channels"], older["channels"]) == (["stable"], ["edge", "lts-1", "nightly"])


def test_a_channel_is_removed_and_that_is_remembered(run: hyperhost.Operations) -> None:
    artifact = published(run)["id"]
    for channel in ("edge", "stable"):
        run.run("promote", artifact=artifact, channel=channel)
    before = time.time_ns() // 1000
    assert run.run("demote", name="org.acme/auth", channel="edge") is True
    [version] = run.run("version_list", name="org.acme/auth")
    assert (version["channels"], version["state"]) == (["stable"], "published")
    with pytest.raises(NotFoundError, match=r"no artifact org\.acme/auth@edge"):
        run.run("read", artifact="org.acme/auth@edge")
    then = run.run("artifact_at", artifact="org.acme/auth@1.0.0", at_us=before)
    assert then["channels"] == ["edge", "stable"]
    with pytest.raises(NotFoundError, match="has no channel 'edge'") as caught:
        run.run("demote", name="org.acme/auth", channel="edge")
    assert (caught.value.field, caught.value.hint) == ("channel", "known are stable")


def test_removing_a_channel_leaves_the_tag_of_the_same_word(run: hyperhost.Operations) -> None:
    artifact = published(run)["id"]
    run.run("tag", artifact=artifact, tag="stable")
    run.run("promote", artifact=artifact, channel="stable")
    run.run("demote", name="org.acme/auth", channel="stable")
    [version] = run.run("version_list", name="org.acme/auth")
    assert (version["tags"], version["channels"]) == (["stable"], [])


def test_an_archived_version_takes_the_tag_that_says_so_and_no_other(run: hyperhost.Operations) -> None:
    artifact = published(run)["id"]
    run.run("archive", artifact=artifact)
    with pytest.raises(WrongStateError, match="restore it first"):
        run.run("tag", artifact=artifact, tag="latest")
    assert run.run("tag", artifact=artifact, tag="archived")["tags"] == ["archived"]


def test_a_yank_has_a_reason_and_can_be_taken_back(run: hyperhost.Operations) -> None:
    artifact = published(run)["id"]
    with pytest.raises(InvalidInputError, match="a yank needs a reason"):
        run.run("yank", artifact=artifact, reason=" ")
    assert run.run("yank", artifact=artifact, reason="leaks")["yanked"] == "leaks"
    assert run.run("version_list", name="org.acme/auth")[0]["yanked"] == "leaks"
    assert run.run("unyank", artifact=artifact)["yanked"] is None
    with pytest.raises(WrongStateError, match="is not yanked"):
        run.run("unyank", artifact=artifact)


def test_a_draft_is_not_yanked(run: hyperhost.Operations) -> None:
    with pytest.raises(WrongStateError, match="which nobody chooses"):
        run.run("yank", artifact=created(run)["id"], reason="x")


def test_the_rating_is_the_mean_and_each_principal_has_one(run: hyperhost.Operations) -> None:
    artifact = published(run)["id"]
    others = [hyperhost.Operations(run.host, Principal(f"user:{name}")) for name in ("a", "b")]
    assert run.run("rate", artifact=artifact, stars=1)["activity"]["rating"] == 1.0
    assert run.run("rate", artifact=artifact, stars=5)["activity"]["rating"] == 5.0
    assert others[0].run("rate", artifact=artifact, stars=4)["activity"]["rating"] == 4.5
    assert others[1].run("rate", artifact=artifact, stars=2)["activity"]["rating"] == 3.6667
    for wrong in (0, 6, -1):
        with pytest.raises(InvalidInputError, match="is no rating"):
            run.run("rate", artifact=artifact, stars=wrong)
    with pytest.raises(WrongStateError, match="rate what is published"):
        run.run("rate", artifact=created(run, "other")["id"], stars=3)


def test_downloads_are_counted_and_are_no_update(run: hyperhost.Operations) -> None:
    artifact = published(run, content_hash=uploaded(run, b"hello"))
    *_, before = everything(run.host)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run.run("download", artifact="org.acme/auth"), range(40)))
    after = run.run("read", artifact=artifact["id"])
    assert after["activity"] == {**artifact["activity"], "download_count": 40}
    *_, log = everything(run.host)
    assert log == before


def test_an_artifact_that_is_not_there_has_no_versions(run: hyperhost.Operations) -> None:
    with pytest.raises(NotFoundError, match=r"there is no artifact org\.acme/auth"):
        run.run("version_list", name="org.acme/auth")
    with pytest.raises(InvalidInputError, match="is no namespace/name"):
        run.run("version_list", name="auth")
