"""Ways to hand out, or to get, what one does not have: by roles, access lists, users, tokens and keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from access_hosts import Guarded, as_who, guarded, refusal_of
from identity_hosts import Identities, identity_host
from registry_hosts import draft

import hyperhost
from builtin_plugins.keys.plugin import Keys
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.errors import AccessDeniedError, AuthenticationError

DENIED = {"permissions": ["artifact:delete"], "effect": "deny"}


@pytest.fixture
def registry() -> Iterator[Guarded]:
    with guarded(None, SigningEd25519(), Keys(), Transfer()) as made:
        yield made


@pytest.fixture
def ids() -> Iterator[Identities]:
    with identity_host() as made:
        yield made


def deputy(registry: Guarded, *rules: dict[str, Any], name: str = "deputy", **more: Any) -> None:
    """Give user:dep a role of these rules."""
    registry.owner.run("role_create", name=name, rules=list(rules))
    registry.owner.run("role_assign", principal="user:dep", role=name, **more)


def refused(asks: hyperhost.Operations, operation: str, /, **arguments: Any) -> None:
    """It must not happen."""
    with pytest.raises(AccessDeniedError):
        asks.run(operation, **arguments)


# --- keys of the registry, and files of its machine -----------------------------------------------


@pytest.mark.parametrize("allow", ["*", "key:use"])
def test_a_publisher_signs_with_the_keys_of_the_registry_by_an_access_list_of_their_own(
    registry: Guarded, allow: str
) -> None:
    key = registry.owner.run("key_generate")["id"]
    registry.owner.run("key_trust", namespace="org", keys=[key])
    bob = registry.of("user:bob", "publisher")
    entry = {"principal": "user:bob", "allow": [allow]}
    bob.run("namespace_create", path="org.bob", edit={"acl": [entry]})
    bob.run("create", draft=draft(namespace="org.bob", name="auth"))
    refused(bob, "publish", artifact="org.bob/auth", key=key)


def test_an_administrator_who_is_not_the_owner_overwrites_a_file_of_the_home(
    registry: Guarded, tmp_path: Any
) -> None:
    target = tmp_path / "token.key"
    target.write_text("what stood here", encoding="utf-8")
    admin = registry.of("user:eve", "admin")
    refused(admin, "export", target=str(target))
    assert target.read_text(encoding="utf-8") == "what stood here"


def test_an_administrator_who_is_not_the_owner_has_a_file_of_the_machine_read(
    registry: Guarded, tmp_path: Any
) -> None:
    key = registry.owner.run("key_generate")["id"]
    refused(registry.of("user:eve", "admin"), "key_export", key=key, passphrase_file=str(tmp_path / "none"))


def test_who_manages_namespaces_gives_themselves_everything_in_them(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["namespace:*"]})
    registry.owner.run("namespace_create", path="org.acme")
    registry.make("auth")
    dep = registry.of("user:dep")
    entry = {"principal": "user:dep", "allow": ["*"]}
    refused(dep, "namespace_update", path="org.acme", edit={"acl": [entry]})


# --- roles ----------------------------------------------------------------------------------------


def test_a_deputy_takes_the_role_that_denies_from_themselves(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["role:assign"]})
    deputy(registry, DENIED, name="barred")
    refused(registry.of("user:dep"), "role_unassign", principal="user:dep", role="barred")


def test_a_deputy_deletes_the_role_that_denies_them(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["role:manage"]})
    deputy(registry, DENIED, name="barred")
    refused(registry.of("user:dep"), "role_delete", name="barred")


def test_a_deputy_replaces_their_role_by_one_without_its_denial(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["*"]}, DENIED)
    rules = [{"permissions": ["*"]}]
    refused(registry.of("user:dep"), "role_create", name="deputy", rules=rules, replace=True)


def test_a_deputy_hands_out_by_a_wildcard_what_they_are_denied(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["role:*", "artifact:*"]}, DENIED)
    refused(registry.of("user:dep"), "role_create", name="free", rules=[{"permissions": ["artifact:*"]}])


def test_a_deputy_hands_out_everywhere_what_they_are_denied_somewhere(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["role:*", "artifact:*"]}, {**DENIED, "namespaces": ["org.acme"]})
    refused(registry.of("user:dep"), "role_create", name="free", rules=[{"permissions": ["artifact:delete"]}])


@pytest.mark.parametrize("condition", [{"ip": ["10.0.0.0/8"]}, {"hours": "08:00-09:00"}])
def test_a_deputy_hands_out_without_the_condition_what_they_have_with_one(
    registry: Guarded, condition: dict[str, Any]
) -> None:
    deputy(registry, {"permissions": ["role:*"]}, {"permissions": ["artifact:delete"], **condition})
    dep = registry.of("user:dep", ip="10.0.0.1")
    refused(dep, "role_create", name="free", rules=[{"permissions": ["artifact:delete"]}])


def test_somebody_gives_a_role_to_themselves_by_a_token_of_theirs(registry: Guarded) -> None:
    soon = registry.clock() + 10_000_000
    deputy(registry, {"permissions": ["role:assign", "token:own"]}, expires_at_us=soon)
    held = registry.holding(registry.token(as_who("user:dep"), allow=["*"]))
    refused(held, "role_assign", principal="user:dep", role="deputy")


@pytest.mark.parametrize(
    ("held", "given"),
    [
        ({}, {"ip": ["10.0.0.0/8"]}),
        ({"ip": ["10.0.0.0/8", "192.0.2.0/24"]}, {"ip": ["10.0.0.0/8"]}),
        ({"hours": "08:00-09:00"}, {"hours": "08:00-09:00", "days": ["mon"]}),
        ({"namespaces": ["org.acme"]}, {"namespaces": ["org.acme", "org.acme.team"]}),
        ({"visibility": ["public", "internal"]}, {"visibility": ["public"]}),
    ],
)
def test_what_somebody_has_they_hand_out_under_the_same_conditions_or_more(
    registry: Guarded, held: dict[str, Any], given: dict[str, Any]
) -> None:
    deputy(registry, {"permissions": ["role:*"]}, {"permissions": ["artifact:*"], **held})
    dep = registry.of("user:dep", ip="10.0.0.1")
    assert dep.run("role_create", name="free", rules=[{"permissions": ["artifact:delete"], **given}])
    if held:
        refused(dep, "role_create", name="wide", rules=[{"permissions": ["artifact:delete"]}])


def test_what_somebody_has_for_a_while_they_hand_out_for_no_longer(registry: Guarded) -> None:
    soon = registry.clock() + 10_000_000
    registry.owner.run("role_create", name="remover", rules=[{"permissions": ["artifact:delete"]}])
    deputy(registry, {"permissions": ["role:assign", "artifact:delete"]}, expires_at_us=soon)
    dep = registry.of("user:dep")
    refused(dep, "role_assign", principal="user:bob", role="remover")
    refused(dep, "role_assign", principal="user:bob", role="remover", expires_at_us=soon + 1)
    assert dep.run("role_assign", principal="user:bob", role="remover", expires_at_us=soon)
    refused(dep, "role_assign", principal="user:dep", role="remover", expires_at_us=soon)


def test_what_somebody_has_in_a_namespace_they_hand_out_there_and_nowhere_else(registry: Guarded) -> None:
    registry.owner.run("role_create", name="remover", rules=[{"permissions": ["artifact:delete"]}])
    deputy(registry, {"permissions": ["role:assign"]}, name="assigner")
    deputy(registry, {"permissions": ["artifact:delete"]}, namespace="org.acme")
    dep = registry.of("user:dep")
    for place in ("", "org", "org.acme2", "org.other"):
        refused(dep, "role_assign", principal="user:bob", role="remover", namespace=place)
    assert dep.run("role_assign", principal="user:bob", role="remover", namespace="org.acme.team")


def test_the_owner_of_a_namespace_hands_out_what_is_in_it_by_its_access_list(registry: Guarded) -> None:
    bob = registry.of("user:bob", "publisher")
    bob.run("namespace_create", path="org.bob")
    entry = {"principal": "user:eve", "allow": ["artifact:*", "key:use", "*"]}
    bob.run("namespace_update", path="org.bob", edit={"acl": [entry]})
    eve = registry.of("user:eve")
    assert eve.run("create", draft=draft(namespace="org.bob", name="hers"))
    refused(eve, "key_generate")
    refused(eve, "create", draft=draft(namespace="org.acme", name="hers"))


def test_who_is_denied_something_does_not_lift_it_by_an_edit_of_the_access_list(registry: Guarded) -> None:
    deputy(registry, {"permissions": ["namespace:*", "artifact:read"]})
    entry = {"principal": "user:dep", "deny": ["artifact:delete"]}
    registry.owner.run("namespace_create", path="org.acme", edit={"acl": [entry]})
    dep = registry.of("user:dep")
    refused(dep, "namespace_update", path="org.acme", edit={"acl": []})
    refused(dep, "namespace_delete", path="org.acme")
    refused(dep, "namespace_update", path="org.acme", edit={"owner": "user:dep"})


# --- users ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["apikey_create", "user_set_password"])
def test_a_help_desk_becomes_the_administrator(ids: Identities, way: str) -> None:
    ids.user("root", "admin")
    ids.run("role_create", name="help-desk", rules=[{"permissions": ["user:manage"]}])
    ids.user("helper", "help-desk")
    helper = ids.as_(ids.password("helper"))
    arguments = {"name": "ci", "user": "root"}
    if way == "user_set_password":
        arguments = {"name": "root", "password": ids.keep("another seven boats")}
    refused(helper, way, **arguments)


def test_a_login_with_the_old_password_that_is_under_way_outlives_its_change(ids: Identities) -> None:
    ids.user("alice")
    under_way = ids.password("alice")  # the old password was right, and hashing it took a while
    ids.run("user_set_password", name="alice", password=ids.keep("another seven boats"))
    with pytest.raises(hyperhost.errors.OperationError):
        ids.token(ids.as_(under_way).run("session_create")["secret"])


def test_a_limited_key_of_an_administrator_sets_their_password_and_is_limited_no_more(
    ids: Identities,
) -> None:
    ids.user("root", "admin")
    made = ids.as_(ids.password("root")).run("apikey_create", name="ci", scopes=["user:manage"])
    limited = ids.as_(ids.token(made["secret"]))
    refused(limited, "registry_info")
    refused(limited, "user_set_password", name="root", password=ids.keep("another seven boats"))


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["oidc", "jwt"])
def test_a_role_of_a_login_elsewhere_is_made_to_last_by_a_token(registry: Guarded, login: str) -> None:
    who = as_who(f"{login}:acme:1", "publisher", login=login)
    text = registry.token(who, allow=["artifact:create"])
    registry.clock.wait(86_400)  # no session lasts as long, and no token of an issuer should
    with pytest.raises((AccessDeniedError, AuthenticationError)):
        registry.holding(text).run("create", draft=draft(name="auth"))


# --- what is private ------------------------------------------------------------------------------


def test_a_refusal_tells_an_outsider_that_a_private_namespace_is_there(registry: Guarded) -> None:
    registry.owner.run("namespace_create", path="org.hidden", edit={"visibility": "private"})
    bob = registry.of("user:bob", "user")
    hidden, absent = (
        refusal_of(bob, "namespace_create", path=f"org.{each}") for each in ("hidden", "absent")
    )
    assert [each.replace("hidden", "absent") for each in hidden] == list(absent)


def test_trust_rules_tell_an_outsider_that_a_private_namespace_is_there(registry: Guarded) -> None:
    registry.owner.run("namespace_create", path="org.hidden", edit={"visibility": "private"})
    key = registry.owner.run("key_generate")["id"]
    registry.owner.run("key_trust", namespace="org.hidden", keys=[key])
    bob = registry.of("user:bob", "user")
    assert "org.hidden" not in [each["namespace"] for each in bob.run("key_rules")]
