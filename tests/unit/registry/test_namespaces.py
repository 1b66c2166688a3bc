"""Namespaces: defaults of their scope, what is inherited, added up and merged."""

from __future__ import annotations

from typing import Any

import pytest
from registry_hosts import created, everything

import hyperhost
from hyperhost.errors import ConflictError, InvalidInputError, NotFoundError, WrongStateError


def make(run: hyperhost.Operations, path: str, **edit: Any) -> dict[str, Any]:
    found: dict[str, Any] = run.run("namespace_create", path=path, edit=edit)
    return found


def holds(run: hyperhost.Operations, path: str) -> dict[str, Any]:
    found: dict[str, Any] = run.run("namespace_read", path=path)
    return found


@pytest.mark.parametrize(
    ("path", "scope", "visibility"),
    [
        ("pkg.react", "global", "public"),
        ("hyper.core", "system", "public"),
        ("lib.commons", "library", "public"),
        ("org.acme", "organization", "public"),
        ("user.alice@example.com", "user", "private"),
        ("local.x", "local", "private"),
    ],
)
def test_a_namespace_that_nobody_created_has_the_defaults_of_its_scope(
    run: hyperhost.Operations, path: str, scope: str, visibility: str
) -> None:
    found = holds(run, path)
    assert (found["scope"], found["visibility"], found["defined_by"], found["owner"]) == (
        scope,
        visibility,
        "",
        "",
    )
    assert found["usage"] == {"artifacts": 0, "content_bytes": 0}


def test_only_organizations_say_who_may_see_them(run: hyperhost.Operations) -> None:
    assert make(run, "org.acme", visibility="private")["visibility"] == "private"
    make(run, "lib.commons", visibility="public")
    for path, visibility in (("lib.other", "private"), ("user.a@b.co", "public"), ("local.x", "internal")):
        with pytest.raises(InvalidInputError, match="namespaces of the scope") as caught:
            make(run, path, visibility=visibility)
        assert (caught.value.field, caught.value.rule) == ("edit.visibility", "scope")


def test_the_longest_matching_path_wins(run: hyperhost.Operations) -> None:
    make(run, "org.acme", owner="user:a")
    make(run, "org.acme.team", owner="user:b")
    assert holds(run, "org.acme.team.project.x")["defined_by"] == "org.acme.team"
    assert holds(run, "org.acme.team.project.x")["owner"] == "user:b"
    assert holds(run, "org.acme.other")["owner"] == "user:a"
    assert holds(run, "org.acmeteam")["defined_by"] == ""


def test_policies_are_inherited_until_somebody_has_their_own(run: hyperhost.Operations) -> None:
    make(run, "org.acme", policies=["no-secrets"], visibility="internal")
    make(run, "org.acme.team", description="inherits")
    make(run, "org.acme.team.open", policies=[], visibility="public")
    assert holds(run, "org.acme.team.x")["policies"] == ["no-secrets"]
    assert holds(run, "org.acme.team.x")["visibility"] == "internal"
    assert holds(run, "org.acme.team.open.x")["policies"] == []
    assert holds(run, "org.acme.team.open.x")["visibility"] == "public"
    edit = {"inherit": ["policies", "visibility"]}
    run.run("namespace_update", path="org.acme.team.open", edit=edit)
    assert holds(run, "org.acme.team.open")["policies"] == ["no-secrets"]
    assert holds(run, "org.acme.team.open")["visibility"] == "internal"
    with pytest.raises(InvalidInputError, match="both set and inherited"):
        run.run("namespace_update", path="org.acme", edit={"policies": [], "inherit": ["policies"]})


def test_permissions_add_up_and_labels_merge(run: hyperhost.Operations) -> None:
    make(
        run, "org.acme", labels={"a": "1", "b": "1"}, acl=[{"principal": "role:dev", "allow": ["artifact:*"]}]
    )
    make(run, "org.acme.team", labels={"b": "2", "c": "2"}, acl=[{"principal": "user:x", "deny": ["*"]}])
    found = holds(run, "org.acme.team")
    assert found["labels"] == {"a": "1", "b": "2", "c": "2"}
    assert [entry["principal"] for entry in found["acl"]] == ["role:dev", "user:x"]


def test_a_child_may_not_be_promised_more_than_lies_above_it(run: hyperhost.Operations) -> None:
    make(run, "org.acme", quotas={"storage_bytes": 100, "api_calls_per_month": 5})
    make(run, "org.acme.team", quotas={"storage_bytes": 100})
    for quotas, field in (
        ({"storage_bytes": 101}, "storage_bytes"),
        ({"api_calls_per_month": 6}, "api_calls_per_month"),
    ):
        with pytest.raises(InvalidInputError, match=r"is more than the \d+ of org\.acme") as caught:
            make(run, "org.acme.team.x", quotas=quotas)
        assert (caught.value.field, caught.value.rule) == (f"edit.quotas.{field}", "parent")
    with pytest.raises(InvalidInputError, match="is more than the 5000 of the scope organization"):
        make(run, "org.big", quotas={"artifacts": 5_001})


@pytest.mark.parametrize(
    ("edit", "field", "rule"),
    [
        ({"owner": " "}, "edit.owner", "missing"),
        ({"labels": {"A": "b"}}, "edit.labels", "key"),
        ({"description": "x" * 10_001}, "edit.description", "length"),
        ({"policies": [""]}, "edit.policies[0]", "missing"),
        ({"policies": ["p"] * 1_001}, "edit.policies", "count"),
        ({"acl": [{"principal": ""}]}, "edit.acl[0].principal", "missing"),
        ({"acl": [{"principal": "a", "allow": ["everything"]}]}, "edit.acl[0].allow[0]", "permission"),
        ({"acl": [{"principal": "a", "deny": ["a:b", "A:b"]}]}, "edit.acl[0].deny[1]", "permission"),
        ({"quotas": {"artifacts": -1}}, "edit.quotas.artifacts", "range"),
        ({"quotas": {"artifacts": 2**63}}, "edit.quotas.artifacts", "type"),
        ({"quotas": {"files": 1}}, "edit.quotas.files", "type"),
        ({"inherit": ["owner"]}, "edit.inherit[0]", "type"),
    ],
)
def test_what_a_namespace_cannot_be_is_refused(
    run: hyperhost.Operations, edit: dict[str, Any], field: str, rule: str
) -> None:
    make(run, "org.acme")
    before = everything(run.host)
    for operation, path in (("namespace_create", "org.other"), ("namespace_update", "org.acme")):
        with pytest.raises(InvalidInputError) as caught:
            run.run(operation, path=path, edit=edit)
        assert (caught.value.field, caught.value.rule) == (field, rule)
    assert everything(run.host) == before


def test_a_namespace_is_created_once_and_changed_where_it_is(run: hyperhost.Operations) -> None:
    made = make(run, "org.acme", description="first")
    with pytest.raises(ConflictError, match="exists already"):
        make(run, "org.acme")
    changed = run.run("namespace_update", path="org.acme", edit={"labels": {"a": "b"}})
    assert changed == {**made, "labels": {"a": "b"}, "updated_at_us": changed["updated_at_us"]}
    with pytest.raises(NotFoundError, match=r"namespace org\.other was not created") as caught:
        run.run("namespace_update", path="org.other", edit={})
    assert caught.value.field == "namespace"


def test_a_namespace_in_which_something_lies_is_not_deleted(run: hyperhost.Operations) -> None:
    make(run, "org.acme")
    make(run, "org.acme.team")
    artifact = created(run, namespace="org.acme.team")
    for path, words in (("org.acme.team", "1 artifacts lie"), ("org.acme", "lie in org.acme")):
        with pytest.raises(WrongStateError, match=words):
            run.run("namespace_delete", path=path)
    run.run("delete", artifact=artifact["id"])
    with pytest.raises(WrongStateError, match=r"org\.acme\.team lies below"):
        run.run("namespace_delete", path="org.acme")
    assert run.run("namespace_delete", path="org.acme.team") is True
    assert run.run("namespace_delete", path="org.acme") is True
    assert run.run("namespace_list") == []


def test_namespaces_are_listed_by_path_in_parts(run: hyperhost.Operations) -> None:
    for path in ("org.b", "org.a", "lib.x", "org.a.c"):
        make(run, path)
    paths = [each["path"] for each in run.run("namespace_list")]
    assert paths == ["lib.x", "org.a", "org.a.c", "org.b"]
    assert [each["path"] for each in run.run("namespace_list", prefix="org.a")] == ["org.a", "org.a.c"]
    part = run.run("namespace_list", prefix="org.", limit=2)
    assert [each["path"] for each in part] == ["org.a", "org.a.c"]
    rest = run.run("namespace_list", prefix="org.", limit=2, after="org.a.c")
    assert [each["path"] for each in rest] == ["org.b"]
    with pytest.raises(InvalidInputError, match="is no limit"):
        run.run("namespace_list", limit=0)


def test_what_holds_in_a_namespace_is_told_with_its_id_and_description(run: hyperhost.Operations) -> None:
    made = make(run, "org.acme", description="the shop")
    own, below = holds(run, "org.acme"), holds(run, "org.acme.team")
    assert (own["id"], own["description"]) == (made["id"], "the shop")
    assert (below["id"], below["defined_by"], below["description"]) == (made["id"], "org.acme", "")
    assert (holds(run, "org.other")["id"], holds(run, "org.other")["description"]) == ("", "")
