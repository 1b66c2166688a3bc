"""Create, read, list, update and delete: what comes back, and what may change when."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from registry_hosts import created, draft, everything, published, uploaded

import hyperhost
from hyperhost.contracts import ArtifactMetadata
from hyperhost.errors import ConflictError, InvalidInputError, NotFoundError, WrongStateError


def test_what_is_created_is_read_back(run: hyperhost.Operations) -> None:
    content = uploaded(run, b"hello")
    artifact = created(
        run,
        metadata=ArtifactMetadata("Signs people in.", licenses=["MIT"], tags=["security"]),
        labels={"team": "core"},
        annotations={"note": "x" * 1000},
        content_hash=content,
        dependencies=[{"artifact": "org.acme/store", "constraint": "^1.0.0", "type": "dev"}],
        manifest={"free": [1, 2.5, None]},
    )
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", artifact["id"]
    )
    assert artifact["state"] == "draft"
    assert artifact["content"] == {"hash": content, "size": 5, "uri": None}
    assert artifact["activity"]["created_at_us"] == artifact["activity"]["updated_at_us"] > 0
    for reference in (artifact["id"], "org.acme/auth", "org.acme/auth@1.0.0"):
        assert run.run("read", artifact=reference) == artifact
        assert run.run("read_manifest", artifact=reference) == {"free": [1, 2.5, None]}


def test_ids_sort_by_the_order_of_creation(run: hyperhost.Operations) -> None:
    ids = [created(run, "auth", f"1.0.{number}")["id"] for number in range(20)]
    assert ids == sorted(ids)
    assert [item["id"] for item in run.run("list")["items"]] == ids


def test_a_version_is_there_once(run: hyperhost.Operations) -> None:
    created(run)
    before = everything(run.host)
    with pytest.raises(ConflictError, match=r"org\.acme/auth@1\.0\.0 exists already") as caught:
        run.run("create", draft=draft())
    assert (caught.value.field, caught.value.plugin) == ("version", "registry")
    assert everything(run.host) == before


def test_the_visibility_is_that_of_the_namespace_unless_given(run: hyperhost.Operations) -> None:
    run.run("namespace_create", path="org.acme", edit={"visibility": "internal"})
    assert created(run)["visibility"] == "internal"
    assert created(run, "b", visibility="private")["visibility"] == "private"
    assert created(run, "c", namespace="local.here")["visibility"] == "private"
    assert created(run, "d", namespace="lib.d")["visibility"] == "public"
    for namespace in ("org.acme.team", "user.alice@example.com", "local.x"):
        with pytest.raises(InvalidInputError, match="is more than") as caught:
            run.run("create", draft=draft("e", namespace=namespace, visibility="public"))
        assert (caught.value.field, caught.value.rule) == ("visibility", "namespace")


def test_a_draft_may_change_in_everything(run: hyperhost.Operations) -> None:
    before = created(run)
    content = uploaded(run, b"new")
    edit = {
        "metadata": {"description": "Other."},
        "labels": {"team": "b"},
        "annotations": {"a": "b"},
        "manifest": {"x": 1},
        "content_hash": content,
        "dependencies": [{"artifact": "org.acme/store"}],
        "publisher": {"id": "acme"},
        "visibility": "private",
    }
    after = run.run("update", artifact=before["id"], edit=edit)["artifact"]
    assert after["content"]["hash"] == content
    assert (after["labels"], after["publisher"]["id"]) == ({"team": "b"}, "acme")
    assert after["activity"]["updated_at_us"] > before["activity"]["updated_at_us"]
    assert run.run("read_manifest", artifact=before["id"]) == {"x": 1}
    assert run.run("read", artifact=before["id"]) == after


FIXED: list[dict[str, Any]] = [
    {"manifest": {"x": 2}},
    {"dependencies": []},
    {"publisher": {"id": "other"}},
    {"content_hash": "sha256:" + hashlib.sha256(b"other").hexdigest()},
]


@pytest.mark.parametrize("edit", FIXED, ids=lambda edit: next(iter(edit)))
@pytest.mark.parametrize(
    "then", [(), ("unpublish",), ("deprecate",), ("deprecate", "undeprecate", "unpublish")]
)
def test_what_was_published_once_never_changes(
    run: hyperhost.Operations, edit: dict[str, Any], then: tuple[str, ...]
) -> None:
    uploaded(run, b"other")
    artifact = published(run, content_hash=uploaded(run, b"first"), manifest={"x": 1})
    for operation in then:
        run.run(operation, artifact=artifact["id"])
    before = everything(run.host)
    with pytest.raises(WrongStateError, match=r"was published, so its .* stays as it is") as caught:
        run.run("update", artifact=artifact["id"], edit=edit)
    assert caught.value.field == next(iter(edit))
    assert "new version" in caught.value.hint
    assert everything(run.host) == before


def test_what_is_said_of_a_published_version_may_change(run: hyperhost.Operations) -> None:
    artifact = published(run)
    edit = {"metadata": {"description": "Better."}, "labels": {"a": "b"}, "annotations": {"c": "d"}}
    after = run.run("update", artifact=artifact["id"], edit={**edit, "visibility": "private"})["artifact"]
    assert after["state"] == "published"
    assert (after["metadata"]["description"], after["visibility"]) == ("Better.", "private")


def test_a_published_version_number_is_never_given_out_again(run: hyperhost.Operations) -> None:
    artifact = published(run, content_hash=uploaded(run, b"first"))
    run.run("unpublish", artifact=artifact["id"])
    run.run("delete", artifact=artifact["id"])
    with pytest.raises(ConflictError, match="was published once and deleted") as caught:
        run.run("create", draft=draft(content_hash=uploaded(run, b"second")))
    assert caught.value.field == "version"
    with pytest.raises(ConflictError, match="was published once"):
        run.run("validate", draft=draft())
    created(run, "auth", "1.0.1")


def test_a_draft_that_was_deleted_may_be_created_anew(run: hyperhost.Operations) -> None:
    run.run("delete", artifact=created(run)["id"])
    created(run)


def test_deleting_takes_everything_beside_the_artifact_with_it(run: hyperhost.Operations) -> None:
    artifact = published(run, manifest={"x": 1})
    other = published(run, "auth", "2.0.0")
    for each in (artifact, other):
        run.run("rate", artifact=each["id"], stars=4)
    run.run("tag", artifact=artifact["id"], tag="beta")
    run.run("tag", artifact=other["id"], tag="latest")
    run.run("promote", artifact=artifact["id"], channel="edge")
    run.run("yank", artifact=artifact["id"], reason="broken")
    run.run("archive", artifact=artifact["id"])
    run.run("delete", artifact=artifact["id"])
    _, manifests, (namespaces, tags, channels, yanked, ratings, retired), _ = everything(run.host)
    assert manifests == [""]
    assert (namespaces, channels, yanked) == ([], [], [])
    assert [record.key for record in tags] == ["org.acme/auth@latest"]
    assert [record.key.partition("/")[0] for record in ratings] == [other["id"]] * 2
    assert [record.key for record in retired] == ["org.acme/auth@1.0.0"]


@pytest.mark.parametrize(
    ("then", "hint"), [((), "unpublish or archive it first"), (("deprecate",), "archive it first")]
)
def test_what_is_in_use_is_not_deleted(run: hyperhost.Operations, then: tuple[str, ...], hint: str) -> None:
    artifact = published(run)
    for operation in then:
        run.run(operation, artifact=artifact["id"])
    with pytest.raises(WrongStateError) as caught:
        run.run("delete", artifact=artifact["id"])
    assert caught.value.hint == hint


def test_an_update_that_changes_nothing_leaves_no_trace(run: hyperhost.Operations) -> None:
    artifact = created(run, labels={"a": "b"})
    before = everything(run.host)
    run.run("update", artifact=artifact["id"], edit={"labels": {"a": "b"}})
    assert everything(run.host) == before


def test_annotations_of_the_registry_are_its_own(run: hyperhost.Operations) -> None:
    mine = {"hyperhost.state-before-archive": "published"}
    with pytest.raises(InvalidInputError, match="belongs to the registry") as caught:
        run.run("create", draft=draft(annotations=mine))
    assert (caught.value.field, caught.value.rule) == ("annotations", "reserved")
    artifact = created(run, annotations={"a": "b"})
    with pytest.raises(InvalidInputError, match="belongs to the registry"):
        run.run("update", artifact=artifact["id"], edit={"annotations": mine})


def test_content_has_to_be_there(run: hyperhost.Operations) -> None:
    missing = "sha256:" + "0" * 64
    with pytest.raises(NotFoundError, match=f"there is no content {missing}"):
        run.run("create", draft=draft(content_hash=missing))
    for wrong in ("sha256:", "md5:" + "0" * 32, "sha256:" + "A" * 64, "x"):
        with pytest.raises(InvalidInputError, match="is no hash of a content") as caught:
            run.run("create", draft=draft(content_hash=wrong))
        assert caught.value.field == "content_hash"


def test_validating_says_what_creating_would_and_changes_nothing(run: hyperhost.Operations) -> None:
    before = everything(run.host)
    assert run.run("validate", draft=draft()) == []
    with pytest.raises(InvalidInputError, match="a plugin needs a manifest"):
        run.run("validate", draft=draft(type="plugin"))
    assert everything(run.host) == before


def test_lists_are_filtered_and_paged(run: hyperhost.Operations) -> None:
    for number in range(7):
        created(run, f"lib-{number}", labels={"even": str(number % 2 == 0).lower()})
    page = run.run("list", query={"labels": {"even": "true"}, "sort": "name"}, page={"size": 3})
    assert [item["name"] for item in page["items"]] == ["lib-0", "lib-2", "lib-4"]
    rest = run.run(
        "list",
        query={"labels": {"even": "true"}, "sort": "name"},
        page={"size": 3, "token": page["next_token"]},
    )
    assert [item["name"] for item in rest["items"]] == ["lib-6"]
    assert rest["next_token"] == ""


def test_every_change_is_in_the_history(run: hyperhost.Operations) -> None:
    artifact = published(run)
    run.run("deprecate", artifact=artifact["id"], reason="old")
    *_, log = everything(run.host)
    assert [entry.subject for entry in log] == [artifact["id"]] * 3
    assert [entry.data_json.partition(",")[0] for entry in log] == [
        '{"kind":"created"',
        '{"kind":"published"',
        '{"kind":"deprecated"',
    ]
