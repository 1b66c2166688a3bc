"""Who is refused what, in which words; and what is not there for those who must not know of it."""

from __future__ import annotations

import json
import re

import pytest
from access_hosts import Guarded, audited, guarded, refusal_of
from registry_hosts import draft

import hyperhost
from hyperhost.contracts import AccessGrant, Credential, CredentialKind, Principal, PrincipalKind, Resource
from hyperhost.errors import AccessDeniedError, AuthenticationError, NotFoundError
from hyperhost.hookspecs import hookimpl


def test_a_user_who_creates_is_told_what_is_missing_and_who_can_grant_it(registry: Guarded) -> None:
    with pytest.raises(
        AccessDeniedError, match="nothing gives user:bob the permission artifact:create"
    ) as caught:
        registry.of("user:bob", "user").run("create", draft=draft())
    assert (caught.value.rule, caught.value.field) == ("permission", "artifact/create")
    hint = caught.value.hint or ""
    assert "an administrator (hyperhost role assign user:bob contributor)" in hint
    assert "the owner of org.acme (an entry for user:bob in its acl)" in hint


def test_the_owner_of_the_home_does_everything_as_before(registry: Guarded) -> None:
    made = registry.owner.run("create", draft=draft(visibility="private"))["artifact"]
    assert registry.owner.run("publish", artifact=made["id"])["artifact"]["state"] == "published"
    assert registry.owner.run("registry_info")["artifacts"] == 1
    assert not any(entry["actor"]["id"] != "local:owner" for entry in audited(registry))


def test_every_refusal_is_audited(registry: Guarded) -> None:
    registry.make("hidden", visibility="private")
    bob = registry.of("user:bob", "user")
    for operation, arguments in (
        ("create", {"draft": draft()}),
        ("registry_info", {}),
        ("content_open", {}),
        ("read", {"artifact": "org.acme/hidden"}),
        ("read", {"artifact": "org.acme/nothing"}),
        ("nonsense", {}),
    ):
        before = len(audited(registry))
        refusal_of(bob, operation, **arguments)
        entries = audited(registry)
        told = [each for each in entries[: len(entries) - before] if each["actor"]["id"] == "user:bob"]
        assert [(each["operation"], each["success"]) for each in told] == [(operation, False)], operation


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        *(
            (name, {})
            for name in ("read", "read_manifest", "verify", "bundle", "test", "download", "content_read")
        ),
        *((name, {}) for name in ("lint", "delete", "publish", "archive", "render", "artifact_history")),
        ("update", {"edit": {"metadata": {"description": "x"}}}),
        ("rate", {"stars": 9}),
        ("tag", {"tag": "NOT A TAG"}),
        ("artifact_at", {"at_us": 1_790_000_000_000_000}),
        ("deprecate", {"reason": "x" * 20_000}),
    ],
)
@pytest.mark.parametrize("role", ["user", "contributor", "publisher"])
def test_a_private_artifact_is_refused_as_one_that_does_not_exist(
    registry: Guarded, role: str, operation: str, more: dict[str, object]
) -> None:
    registry.make("hidden-1", visibility="private")
    registry.make("visible")
    bob = registry.of("user:bob", role)
    for reference in ("org.acme/{}", "org.acme/{}@1.0.0", "org.acme/{}@^1.0", "org.acme/{}@stable"):
        there = refusal_of(bob, operation, artifact=reference.format("hidden-1"), **more)
        absent = refusal_of(bob, operation, artifact=reference.format("hidden-2"), **more)
        assert [each.replace("hidden-1", "hidden-2") for each in there] == list(absent)
        assert there[0] == "NotFoundError"


def test_a_private_artifact_is_refused_by_its_id_as_an_unknown_id_is(registry: Guarded) -> None:
    made = registry.make("hidden", visibility="private")
    bob = registry.of("user:bob", "user")
    unknown = made["id"][:-4] + ("0000" if not made["id"].endswith("0000") else "1111")
    there, absent = (refusal_of(bob, "read", artifact=each) for each in (made["id"], unknown))
    assert [each.replace(made["id"], unknown) for each in there] == list(absent)


def test_a_private_version_behind_a_tag_is_not_there(registry: Guarded) -> None:
    registry.make("mixed")
    hidden = registry.make("mixed", version="2.0.0", visibility="private")
    for tag in ("latest", "beta"):
        registry.owner.run("tag", artifact=hidden["id"], tag=tag)
    bob = registry.of("user:bob", "user")
    assert refusal_of(bob, "read", artifact="org.acme/mixed@beta")[0] == "NotFoundError"
    assert bob.run("read", artifact="org.acme/mixed")["version"] == "1.0.0"
    assert [each["version"] for each in bob.run("version_list", name="org.acme/mixed")] == ["1.0.0"]
    assert "2.0.0" not in " ".join(refusal_of(bob, "read", artifact="org.acme/mixed@3.0.0"))


def test_hints_do_not_name_what_is_private(registry: Guarded) -> None:
    registry.make("secret-project", visibility="private")
    assert (
        "secret"
        not in refusal_of(registry.of("user:bob", "user"), "read", artifact="org.acme/secret-projec")[2]
    )


def test_a_private_namespace_is_refused_as_one_that_does_not_exist(registry: Guarded) -> None:
    registry.owner.run("namespace_create", path="org.hidden-1", edit={"visibility": "private"})
    registry.owner.run("namespace_create", path="org.shown")
    bob = registry.of("user:bob", "user")
    for operation, more in (
        ("namespace_read", {}),
        ("namespace_delete", {}),
        ("namespace_update", {"edit": {}}),
    ):
        there = refusal_of(bob, operation, path="org.hidden-1", **more)
        absent = refusal_of(bob, operation, path="org.hidden-2", **more)
        assert [each.replace("hidden-1", "hidden-2") for each in there] == list(absent)
    assert [each["path"] for each in bob.run("namespace_list")] == ["org.shown"]
    assert bob.run("namespace_read", path="org.shown")["owner"] == "local:owner"


def test_the_past_does_not_show_what_is_private_now(registry: Guarded) -> None:
    made = registry.make("turned")
    registry.owner.run("update", artifact=made["id"], edit={"visibility": "private"})
    registry.make("open")
    bob = registry.of("user:bob", "user")
    at_us = hyperhost.Operations(registry.host).run("read", artifact=made["id"])["activity"]["created_at_us"]
    assert refusal_of(bob, "artifact_at", artifact=made["id"], at_us=at_us)[0] == "NotFoundError"
    listed = (
        bob.run("registry_at", at="1 second ago")["items"] + bob.run("registry_at", at_us=at_us + 1)["items"]
    )
    assert "turned" not in {each["artifact"]["name"] for each in listed}
    assert "org.acme/turned@1.0.0" not in bob.run("diff", start_us=1)["added"]


def test_owners_see_their_own_private_things(registry: Guarded) -> None:
    registry.make("mine", "user:bob", visibility="private")
    assert registry.of("user:bob", "publisher").run("read", artifact="org.acme/mine")["name"] == "mine"
    with pytest.raises(NotFoundError):
        registry.of("user:eve", "publisher").run("read", artifact="org.acme/mine")


def test_what_other_plugins_add_counts_and_what_they_deny_stays_denied(registry: Guarded) -> None:
    class Friends:
        @hookimpl
        def access_grants(self, principal: Principal, resource: Resource) -> list[AccessGrant]:
            if resource.namespace == "org.closed":
                return [AccessGrant("closing", deny=["*"])]
            return [AccessGrant("friends", allow=["artifact:create"])]

    registry.host.register(Friends(), "friends")
    bob = registry.of("user:bob", "admin")
    registry.of("user:eve").run("create", draft=draft())
    with pytest.raises(AccessDeniedError, match="closing forbids it"):
        bob.run("create", draft=draft() | {"namespace": "org.closed"})


def test_nobody_is_let_in_where_nobody_decides() -> None:
    with hyperhost.Host("open") as host:

        class Knows:
            @hookimpl
            def access_authenticate(self, credential: Credential) -> Principal | None:
                return Principal("user:bob")

        host.register(Knows(), "knows")
        with pytest.raises(AuthenticationError, match="no plugin decides on what they may do"):
            hyperhost.authenticate(host, Credential(CredentialKind.API_KEY, "k"))


@pytest.mark.parametrize(
    "impostor",
    [Principal("local:owner", roles=["admin"]), Principal("x", PrincipalKind.SYSTEM), Principal("")],
)
def test_no_credential_stands_for_the_registry_itself(impostor: Principal) -> None:
    class Lying:
        @hookimpl(tryfirst=True)
        def access_authenticate(self, credential: Credential) -> Principal | None:
            return impostor

    with guarded(None, Lying()) as registry, pytest.raises(AuthenticationError, match="cannot stand for"):
        hyperhost.authenticate(registry.host, Credential(CredentialKind.API_KEY, "k"))


def test_a_private_namespace_has_no_past_and_no_differences(registry: Guarded) -> None:
    registry.owner.run("namespace_create", path="org.hidden-1", edit={"visibility": "private"})
    bob = registry.of("user:bob", "user")
    for operation, more in (("namespace_at", {"at": "0 seconds ago"}), ("diff", {"start_us": 1})):
        there, absent = (
            re.sub("[0-9]{10,}", "0", json.dumps(bob.run(operation, namespace=path, **more)))
            for path in ("org.hidden-1", "org.hidden-2")
        )
        assert there == absent
    assert registry.owner.run("diff", namespace="org.hidden-1", start_us=1)["namespace"]


def test_counts_leave_out_what_must_not_be_seen(registry: Guarded) -> None:
    registry.owner.run("namespace_create", path="org.acme")
    registry.make("open")
    registry.make("hidden", visibility="private")
    assert registry.owner.run("namespace_read", path="org.acme")["usage"]["artifacts"] == 2
    assert registry.of("user:bob", "user").run("namespace_read", path="org.acme")["usage"]["artifacts"] == 1


def test_the_keys_of_the_registry_sign_for_those_who_may_use_them_only(registry: Guarded) -> None:
    registry.make("mine", "user:bob")
    bob = registry.of("user:bob", "publisher")
    for operation in ("publish", "sign"):
        refused = refusal_of(bob, operation, artifact="org.acme/mine", key="ed25519:0")
        assert (refused[0], refused[4]) == ("AccessDeniedError", "key/use")
    assert refusal_of(bob, "sign", artifact="org.acme/mine")[4] == "key/use"
    assert refusal_of(bob, "sign", artifact="org.acme/mine", bundle="{}")[0] != "AccessDeniedError"
