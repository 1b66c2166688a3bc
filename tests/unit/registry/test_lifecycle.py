"""Draft, published, deprecated, archived: which way leads where, and what each step leaves behind."""

from __future__ import annotations

import itertools

import pytest
from registry_hosts import created, everything, published

import hyperhost
from hyperhost.errors import InvalidInputError, WrongStateError

WAYS = {
    ("draft", "publish"): "published",
    ("published", "unpublish"): "draft",
    ("published", "deprecate"): "deprecated",
    ("deprecated", "undeprecate"): "published",
    ("draft", "archive"): "archived",
    ("published", "archive"): "archived",
    ("deprecated", "archive"): "archived",
    ("archived", "restore"): "draft",
}
TO_STATE = {
    "draft": (),
    "published": ("publish",),
    "deprecated": ("publish", "deprecate"),
    "archived": ("archive",),
}
STEPS = ("publish", "unpublish", "deprecate", "undeprecate", "archive", "restore")


@pytest.mark.parametrize(("state", "step"), list(itertools.product(TO_STATE, STEPS)))
def test_a_step_leads_on_or_is_refused(run: hyperhost.Operations, state: str, step: str) -> None:
    artifact = created(run)["id"]
    for each in TO_STATE[state]:
        run.run(each, artifact=artifact)
    before = everything(run.host)
    if (state, step) in WAYS:
        assert run.run(step, artifact=artifact)["artifact"]["state"] == WAYS[state, step]
        assert run.run("read", artifact=artifact)["state"] == WAYS[state, step]
        return
    with pytest.raises(WrongStateError, match=f"is {state} and cannot be") as caught:
        run.run(step, artifact=artifact)
    assert caught.value.field == "state"
    assert everything(run.host) == before


@pytest.mark.parametrize("state", ["draft", "published", "deprecated"])
def test_what_is_restored_is_what_it_was(run: hyperhost.Operations, state: str) -> None:
    artifact = created(run, annotations={"mine": "1"})["id"]
    for each in TO_STATE[state]:
        run.run(each, artifact=artifact)
    before = run.run("read", artifact=artifact)
    run.run("archive", artifact=artifact)
    after = run.run("restore", artifact=artifact)["artifact"]
    assert {**after, "activity": None} == {**before, "activity": None}


def test_an_archived_draft_cannot_be_made_published_by_its_annotations(run: hyperhost.Operations) -> None:
    artifact = created(run)["id"]
    run.run("archive", artifact=artifact)
    with pytest.raises(WrongStateError, match="restore it first"):
        run.run("update", artifact=artifact, edit={"annotations": {}})
    assert run.run("restore", artifact=artifact)["artifact"]["state"] == "draft"


def test_annotations_that_are_read_may_be_written_back(run: hyperhost.Operations) -> None:
    artifact = created(run, annotations={"mine": "1"})["id"]
    notes = run.run("read", artifact=artifact)["annotations"]
    run.run("update", artifact=artifact, edit={"annotations": {**notes, "more": "2"}})


def test_publishing_says_when_and_by_whom_and_says_so_once(run: hyperhost.Operations) -> None:
    artifact = published(run)
    first = artifact["activity"]["published_at_us"]
    assert first >= artifact["activity"]["created_at_us"]
    assert artifact["publisher"] == {
        "id": "local:owner",
        "name": "owner of this home",
        "email": "",
        "url": "",
    }
    run.run("unpublish", artifact=artifact["id"])
    again = run.run("publish", artifact=artifact["id"])["artifact"]
    assert again["activity"]["published_at_us"] == first


def test_a_publisher_that_was_given_stays(run: hyperhost.Operations) -> None:
    assert published(run, publisher={"id": "acme", "name": "Acme"})["publisher"]["id"] == "acme"


def test_a_deprecation_says_what_to_use_instead(run: hyperhost.Operations) -> None:
    artifact = published(run)["id"]
    later = 2**62
    found = run.run(
        "deprecate",
        artifact=artifact,
        reason="insecure",
        replacement="org.acme/auth2",
        removed_at_us=later,
        alternate_versions=["1.0.1", "2.0.0"],
    )["artifact"]
    assert found["deprecation"] == {
        "deprecated_at_us": found["activity"]["updated_at_us"],
        "reason": "insecure",
        "removed_at_us": later,
        "replacement": "org.acme/auth2",
        "alternate_versions": ["1.0.1", "2.0.0"],
    }
    assert run.run("undeprecate", artifact=artifact)["artifact"]["deprecation"] is None


@pytest.mark.parametrize(
    ("more", "field", "rule"),
    [
        ({"replacement": "auth"}, "replacement", "coordinates"),
        ({"replacement": "org.acme/auth"}, "replacement", "itself"),
        ({"removed_at_us": 1}, "removed_at_us", "past"),
        ({"alternate_versions": ["2"]}, "alternate_versions[0]", "semver"),
        ({"alternate_versions": ["2.0.0", "1.0.0"]}, "alternate_versions[1]", "itself"),
        ({"reason": "x" * 10_001}, "reason", "length"),
    ],
)
def test_a_deprecation_that_makes_no_sense_is_refused(
    run: hyperhost.Operations, more: dict[str, object], field: str, rule: str
) -> None:
    artifact = published(run)["id"]
    with pytest.raises(InvalidInputError) as caught:
        run.run("deprecate", artifact=artifact, **more)
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert run.run("read", artifact=artifact)["state"] == "published"


@pytest.mark.parametrize("step", ["unpublish", "archive"])
def test_a_version_that_is_no_longer_published_leaves_its_channels(
    run: hyperhost.Operations, step: str
) -> None:
    artifact = published(run)["id"]
    run.run("promote", artifact=artifact, channel="stable")
    run.run("tag", artifact=artifact, tag="beta")
    run.run(step, artifact=artifact)
    [version] = run.run("version_list", name="org.acme/auth")
    assert (version["channels"], version["tags"]) == ([], ["beta"])
