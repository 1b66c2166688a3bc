"""Attacks on roles, conditions and access lists, each test named for one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from access_hosts import Guarded, as_who, call, guarded, refusal_of
from registry_hosts import draft

import hyperhost
from hyperhost.contracts import (
    Credential,
    CredentialKind,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    PrincipalKind,
)
from hyperhost.errors import AccessDeniedError, InvalidInputError, RefusalError
from hyperhost.hookspecs import hookimpl


@pytest.fixture
def registry() -> Iterator[Guarded]:
    with guarded() as made:
        yield made


def deputy(registry: Guarded, *permissions: str) -> hyperhost.Operations:
    """Somebody with a role of just these permissions."""
    rules = [{"permissions": list(permissions)}]
    registry.owner.run("role_create", name="deputy", rules=rules)
    registry.owner.run("role_assign", principal="user:dep", role="deputy")
    return registry.of("user:dep")


def test_role_escalation_by_self_assignment(registry: Guarded) -> None:
    dep = deputy(registry, "role:*")
    for role in ("admin", "user", "deputy"):
        with pytest.raises(AccessDeniedError, match="cannot give a role to themselves") as caught:
            dep.run("role_assign", principal="user:dep", role=role)
        assert caught.value.rule == "self"
    assert refusal_of(dep, "registry_info")[0] == "AccessDeniedError"


def test_role_escalation_through_an_accomplice(registry: Guarded) -> None:
    dep = deputy(registry, "role:*")
    with pytest.raises(AccessDeniedError, match=r"cannot hand out \*, as they do not have it") as caught:
        dep.run("role_assign", principal="user:friend", role="admin")
    assert caught.value.rule == "escalation"
    dep.run("role_assign", principal="user:friend", role="deputy")


def test_role_escalation_by_a_role_of_ones_own_making(registry: Guarded) -> None:
    dep = deputy(registry, "role:*")
    for rules, inherits in (
        ([{"permissions": ["artifact:delete"]}], []),
        ([], ["publisher"]),
        ([], ["admin"]),
    ):
        with pytest.raises(AccessDeniedError, match="cannot hand out"):
            dep.run("role_create", name="mine", rules=rules, inherits=inherits)
    with pytest.raises(AccessDeniedError, match="cannot hand out"):
        dep.run("role_create", name="deputy", rules=[{"permissions": ["*"]}], replace=True)
    assert refusal_of(dep, "registry_info")[0] == "AccessDeniedError"


def test_role_escalation_by_what_is_held_in_one_namespace_only(registry: Guarded) -> None:
    registry.owner.run("role_create", name="lead", rules=[{"permissions": ["role:*", "artifact:*"]}])
    registry.owner.run("role_create", name="assigner", rules=[{"permissions": ["role:*"]}])
    registry.owner.run("role_assign", principal="user:lead", role="lead", namespace="org.acme")
    registry.owner.run("role_assign", principal="user:lead", role="assigner")
    lead = registry.of("user:lead")
    rules = [{"permissions": ["artifact:delete"]}]
    with pytest.raises(AccessDeniedError, match="cannot hand out artifact:delete"):
        lead.run("role_create", name="remover", rules=rules)
    lead.run("role_create", name="remover", rules=[rules[0] | {"namespaces": ["org.acme"]}])


@pytest.mark.parametrize("name", ["admin", "user", "Admin", "\u0430dmin", "ad min", ""])
def test_a_custom_role_that_takes_the_name_of_one_of_the_five(registry: Guarded, name: str) -> None:
    with pytest.raises(InvalidInputError):
        registry.owner.run("role_create", name=name, rules=[{"permissions": ["*"]}], replace=True)


@pytest.mark.parametrize(
    "who", ["local:owner", "system:upkeep", "token:0192", "user:", "user:a b", "\u0430lice"]
)
def test_a_role_for_somebody_who_cannot_have_one(registry: Guarded, who: str) -> None:
    with pytest.raises(InvalidInputError):
        registry.owner.run("role_assign", principal=who, role="user")


def test_roles_that_inherit_in_a_circle(registry: Guarded) -> None:
    registry.owner.run("role_create", name="one", inherits=["user"])
    registry.owner.run("role_create", name="two", inherits=["one"])
    with pytest.raises(InvalidInputError, match="in a circle: one → two → one"):
        registry.owner.run("role_create", name="one", inherits=["two"], replace=True)


@pytest.mark.parametrize("order", [["no", "yes"], ["yes", "no"]])
def test_a_deny_overridden_by_a_later_allow(registry: Guarded, order: list[str]) -> None:
    registry.owner.run(
        "role_create", name="no", rules=[{"permissions": ["artifact:create"], "effect": "deny"}]
    )
    registry.owner.run("role_create", name="yes", rules=[{"permissions": ["artifact:*"]}])
    for role in order:
        registry.owner.run("role_assign", principal="user:bob", role=role)
    with pytest.raises(AccessDeniedError, match="role:no forbids it"):
        registry.of("user:bob", "admin").run("create", draft=draft())


def test_a_deny_in_a_parents_access_list_overridden_by_an_allow_in_the_childs(registry: Guarded) -> None:
    denied = {"principal": "user:bob", "deny": ["artifact:create"]}
    allowed = {"principal": "user:bob", "allow": ["*"]}
    registry.owner.run("namespace_create", path="org.acme", edit={"acl": [denied]})
    registry.owner.run("namespace_create", path="org.acme.team", edit={"acl": [allowed]})
    with pytest.raises(AccessDeniedError, match=r"acl:org\.acme forbids it"):
        registry.of("user:bob", "publisher").run("create", draft=draft() | {"namespace": "org.acme.team"})


def test_a_deny_that_depends_on_the_owner_is_not_skipped_as_the_owner_is_not_known_yet(
    registry: Guarded,
) -> None:
    registry.make("theirs")
    rule = {"permissions": ["artifact:read"], "effect": "deny", "owner": ["other"]}
    registry.owner.run("role_create", name="own-only", rules=[rule])
    bob = registry.of("user:bob", "user", "own-only")
    assert refusal_of(bob, "read", artifact="org.acme/theirs")[0] == "NotFoundError"
    assert bob.run("list")["items"] == []


@pytest.mark.parametrize(
    ("seen", "allowed"),
    [
        ({"ip": "10.1.2.3"}, True),
        ({"ip": "::ffff:10.1.2.3"}, True),
        ({"ip": "192.0.2.7"}, False),
        ({}, False),
        ({"ip": ""}, False),
        ({"ip": "10.1.2.3, 192.0.2.7"}, False),
        ({"ip": "010.1.2.3"}, False),
        ({"ip": "10.1.2.3\n"}, False),
        ({"IP": "10.1.2.3"}, False),
        ({"x-forwarded-for": "10.1.2.3"}, False),
    ],
)
def test_a_condition_with_a_spoofed_address(registry: Guarded, seen: dict[str, str], allowed: bool) -> None:
    rule = {"permissions": ["artifact:create"], "ip": ["10.0.0.0/8"]}
    registry.owner.run("role_create", name="inside", rules=[rule])
    bob = registry.of("user:bob", "inside", **seen)
    if allowed:
        assert bob.run("create", draft=draft())["artifact"]["name"] == "auth"
    else:
        assert refusal_of(bob, "create", draft=draft())[0] == "AccessDeniedError"


def test_a_denied_address_that_is_not_shown_is_denied(registry: Guarded) -> None:
    rule = {"permissions": ["*"], "effect": "deny", "ip": ["192.0.2.0/24"]}
    registry.owner.run("role_create", name="not-from-there", rules=[rule])
    for seen in ({"ip": "192.0.2.7"}, {}, {"ip": "nowhere"}):
        assert refusal_of(registry.of("user:bob", "admin", "not-from-there", **seen), "registry_info")
    assert registry.of("user:bob", "admin", "not-from-there", ip="10.0.0.1").run("registry_info")


def test_an_attribute_that_a_proof_claims_in_place_of_what_the_front_end_saw() -> None:
    class Claims:
        @hookimpl
        def access_authenticate(self, credential: Credential) -> Principal:
            return Principal(
                "user:bob", attributes={"ip": "10.1.2.3", "user_agent": "ci", "email": "b@x.example"}
            )

    with guarded(None, Claims()) as registry:
        shown = Credential(CredentialKind.JWT, "t", attributes={"ip": "192.0.2.7", "email": "root@x.example"})
        found = hyperhost.authenticate(registry.host, shown)
        assert found.attributes == {"ip": "192.0.2.7", "email": "b@x.example"}


def test_an_answer_kept_for_one_attribute_is_not_given_for_another_with_its_value(registry: Guarded) -> None:
    rule = {"permissions": ["artifact:create"], "user_agent": ["ci/"]}
    registry.owner.run("role_create", name="by-ci", rules=[rule])
    registry.of("user:bob", "by-ci", user_agent="ci/1").run("create", draft=draft())
    assert refusal_of(registry.of("user:bob", "by-ci", email="ci/1"), "create", draft=draft("two"))


def test_conditions_on_time_hold_to_the_second(registry: Guarded) -> None:
    until = registry.clock.at_us + 5_000_000
    rules = [{"permissions": ["artifact:create"], "expires_at_us": until}]
    registry.owner.run("role_create", name="brief", rules=rules)
    bob = registry.of("user:bob", "brief")
    registry.clock.wait(4.999999)
    bob.run("create", draft=draft())
    registry.clock.wait(0.000001)
    assert refusal_of(bob, "create", draft=draft("two"))[0] == "AccessDeniedError"


@pytest.mark.parametrize(
    ("hours", "allowed"), [("08:00-09:00", True), ("09:00-10:00", False), ("22:00-08:01", True)]
)
def test_conditions_on_hours(registry: Guarded, hours: str, allowed: bool) -> None:
    registry.owner.run(
        "role_create", name="shift", rules=[{"permissions": ["*"], "hours": hours, "days": ["fri"]}]
    )
    asks = registry.of("user:bob", "shift")
    assert asks.run("registry_info") if allowed else refusal_of(asks, "registry_info")


def test_an_assignment_that_has_ended_counts_no_more(registry: Guarded) -> None:
    ends = registry.clock.at_us + 1_000_000
    registry.owner.run("role_assign", principal="user:bob", role="admin", expires_at_us=ends)
    assert registry.of("user:bob").run("registry_info")
    registry.clock.wait(1)
    assert refusal_of(registry.of("user:bob"), "registry_info")[0] == "AccessDeniedError"


def test_a_role_that_was_taken_away_is_gone_at_once(registry: Guarded) -> None:
    registry.owner.run("role_assign", principal="user:bob", role="admin")
    assert registry.of("user:bob").run("registry_info")
    registry.owner.run("role_unassign", principal="user:bob", role="admin")
    assert refusal_of(registry.of("user:bob"), "registry_info")[0] == "AccessDeniedError"


def test_a_confused_deputy_through_the_access_list_of_a_parent(registry: Guarded) -> None:
    """Whoever may change a namespace, and may not grant, hands nothing out by its access list."""
    entry = {"principal": "user:bob", "allow": ["namespace:update", "namespace:read"]}
    registry.owner.run("namespace_create", path="org.acme", edit={"acl": [entry]})
    registry.owner.run("namespace_create", path="org.acme.vault", edit={"visibility": "private"})
    bob = registry.of("user:bob")
    bob.run("namespace_update", path="org.acme", edit={"description": "ours"})
    for edit in (
        {"acl": [{"principal": "user:bob", "allow": ["*"]}]},
        {"acl": []},
        {"owner": "user:bob"},
        {"visibility": "public"},
        {"inherit": ["visibility"]},
    ):
        for path in ("org.acme", "org.acme.vault"):
            with pytest.raises(AccessDeniedError, match="namespace:grant"):
                bob.run("namespace_update", path=path, edit=edit)
    assert (
        refusal_of(bob, "create", draft=draft() | {"namespace": "org.acme.vault"})[0] == "AccessDeniedError"
    )


def test_a_namespace_is_not_taken_from_those_whose_artifacts_lie_in_it(registry: Guarded) -> None:
    registry.make("theirs", namespace="org.unclaimed.team")
    eve = registry.of("user:eve", "publisher")
    for path in ("org.unclaimed", "org.unclaimed.team"):
        assert refusal_of(eve, "namespace_create", path=path)[0] == "AccessDeniedError"
    eve.run("namespace_create", path="org.fresh")
    assert refusal_of(registry.of("user:bob", "publisher"), "namespace_create", path="org.fresh.child")[
        0
    ] == ("AccessDeniedError")


def test_a_publisher_does_not_publish_a_version_of_what_is_anothers(registry: Guarded) -> None:
    registry.make("auth")
    eve = registry.of("user:eve", "publisher")
    eve.run("create", draft=draft(version="9.9.9"))
    assert refusal_of(eve, "publish", artifact="org.acme/auth@9.9.9")[0] == "AccessDeniedError"


def test_a_publisher_written_into_a_draft_owns_nothing(registry: Guarded) -> None:
    registry.make("auth", publisher={"id": "user:eve", "name": "Eve"})
    eve = registry.of("user:eve", "publisher")
    assert refusal_of(eve, "delete", artifact="org.acme/auth")[0] == "AccessDeniedError"


@pytest.mark.parametrize(
    "path",
    [
        "org.Acme",
        "ORG.acme",
        "org.\u0430cme",
        "org.acme.",
        "org..acme",
        "org.acme ",
        "org.acme/x",
        "org.acme\0",
    ],
)
def test_homoglyphs_and_case_in_patterns_of_namespaces(registry: Guarded, path: str) -> None:
    with pytest.raises(InvalidInputError):
        registry.owner.run("role_create", name="r", rules=[{"permissions": ["*"], "namespaces": [path]}])
    with pytest.raises(InvalidInputError):
        registry.owner.run("role_assign", principal="user:bob", role="user", namespace=path)
    registry.owner.run("role_assign", principal="user:bob", role="publisher", namespace="org.acme")
    refused = refusal_of(registry.of("user:bob"), "create", draft=draft() | {"namespace": path})
    assert refused[0] in ("InvalidInputError", "AccessDeniedError")


@pytest.mark.parametrize("path", ["org.acme-evil", "org.acmex", "org.ac", "org.other.acme", "org.evil"])
def test_a_pattern_matches_whole_labels_only(registry: Guarded, path: str) -> None:
    registry.owner.run("role_assign", principal="user:bob", role="publisher", namespace="org.acme")
    bob = registry.of("user:bob")
    bob.run("create", draft=draft())
    bob.run("create", draft=draft() | {"namespace": "org.acme.team"})
    assert refusal_of(bob, "create", draft=draft() | {"namespace": path})[0] == "AccessDeniedError"


def test_arguments_that_mean_one_thing_here_and_another_further_on(registry: Guarded) -> None:
    registry.make("open")
    registry.make("hidden", visibility="private")
    text = '{"artifact": "org.acme/open", "artifact": "org.acme/hidden"}'
    bob = as_who("user:bob", "user")
    for given in (
        text,
        text.replace("open", "x").replace("hidden", "open").replace("x", "hidden"),
        "[]",
        '"x"',
    ):
        with pytest.raises(RefusalError):
            registry.host.hook.operation_run(call=call(bob, "read", given))


class Greeting:
    """Offers an operation that no table knows."""

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        return [OperationInfo("greet", "Say hello.", "greeting", "artifact:read")]

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        return OperationOutcome('"hello"') if call.operation == "greet" else None


def test_an_operation_without_a_line_in_the_table_is_denied_to_everybody() -> None:
    with guarded(None, Greeting()) as registry:
        for role in ("user", "publisher", "maintainer", "admin"):
            with pytest.raises(AccessDeniedError, match="nobody has said what that takes") as caught:
                registry.of("user:bob", role).run("greet")
            assert caught.value.rule == "unlisted"
        assert registry.owner.run("greet") == "hello"


def test_a_plugin_cannot_relax_a_line_of_the_table(registry: Guarded) -> None:
    from builtin_plugins.access.guard import Guard, lines_from

    hook = registry.host.hook
    guard = Guard(hook, hook, registry.clock, lines_from({"registry_info": "artifact:read"}))
    with pytest.raises(RefusalError, match="administration:read"):
        guard.check(call(as_who("user:bob", "user"), "registry_info"))
    with pytest.raises(ValueError, match="write 'KIND:ACTION'"):
        lines_from({"greet": "anything goes"})


def test_a_role_by_that_name_in_an_access_list_is_the_role_and_no_principal(registry: Guarded) -> None:
    entry = {"principal": "role:publisher", "allow": ["artifact:create"]}
    registry.owner.run("namespace_create", path="org.acme", edit={"acl": [entry]})
    assert refusal_of(registry.of("user:publisher"), "create", draft=draft())[0] == "AccessDeniedError"
    registry.owner.run("role_assign", principal="user:bob", role="publisher", namespace="org.acme")
    assert registry.of("user:bob").run("create", draft=draft())


def test_a_name_like_the_owners_with_another_kind_is_not_the_owner(registry: Guarded) -> None:
    for who in (
        Principal("local:owner", PrincipalKind.API_KEY, roles=[]),
        Principal("local:owner ", roles=[]),
    ):
        with pytest.raises(AccessDeniedError):
            hyperhost.Operations(registry.host, who).run("registry_info")


def test_a_stored_role_that_was_altered_to_be_one_of_the_five_stops_everything(registry: Guarded) -> None:
    forged = json.dumps({"name": "user", "rules": [{"permissions": ["*"]}]})
    registry.host.hook.storage_put_record(collection="access-roles", key="user", data_json=forged, mode=None)
    with pytest.raises(hyperhost.errors.StorageError, match="calls itself user"):
        registry.of("user:bob", "user").run("registry_info")
