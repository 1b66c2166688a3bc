"""Who manages users manages those who may do no more than they do, or they could become anybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from identity_hosts import Identities, identity_host

import hyperhost
from hyperhost.errors import AccessDeniedError, AuthenticationError


@pytest.fixture
def ids() -> Iterator[Identities]:
    with identity_host() as made:
        made.run("role_create", name="help-desk", rules=[{"permissions": ["user:manage"]}])
        made.user("helper", "help-desk", "publisher")
        yield made


@pytest.fixture
def helper(ids: Identities) -> hyperhost.Operations:
    return ids.as_(ids.password("helper"))


def ways(ids: Identities, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every way to become a user, or to keep one out."""
    return [
        ("user_set_password", {"name": name, "password": ids.keep("another seven boats")}),
        ("apikey_create", {"name": "ci", "user": name}),
        ("user_disable", {"name": name}),
        ("user_delete", {"name": name}),
    ]


def refused(ids: Identities, asks: hyperhost.Operations, name: str) -> None:
    for operation, arguments in ways(ids, name):
        with pytest.raises(AccessDeniedError, match="may do more than") as caught:
            asks.run(operation, **arguments)
        assert caught.value.rule == "standing"


def test_a_help_desk_looks_after_users_who_may_do_no_more(
    ids: Identities, helper: hyperhost.Operations
) -> None:
    ids.user("alice", "publisher")
    for operation, arguments in ways(ids, "alice"):
        helper.run(operation, **arguments)


def test_a_help_desk_leaves_alone_whoever_has_a_role_more(
    ids: Identities, helper: hyperhost.Operations
) -> None:
    ids.user("root", "admin")
    refused(ids, helper, "root")
    ids.user("carol")
    ids.run("role_assign", principal="user:carol", role="maintainer", namespace="org.acme")
    refused(ids, helper, "carol")


def test_a_role_that_holds_at_certain_hours_only_counts_all_the_time(
    ids: Identities, helper: hyperhost.Operations
) -> None:
    night = {"permissions": ["*"], "ip": ["192.0.2.0/24"]}
    ids.run("role_create", name="night", rules=[night])
    ids.user("dave", "night")
    refused(ids, helper, "dave")


def test_a_role_here_is_not_one_everywhere(ids: Identities) -> None:
    ids.user("deputy", "help-desk")
    ids.run("role_assign", principal="user:deputy", role="maintainer", namespace="org.acme")
    ids.user("erin")
    ids.run("role_assign", principal="user:erin", role="maintainer", namespace="org.acme.team")
    deputy = ids.as_(ids.password("deputy"))
    deputy.run("user_disable", name="erin")
    ids.user("frank", "maintainer")
    refused(ids, deputy, "frank")


def test_what_the_helper_is_denied_is_not_had_by_way_of_somebody_else(
    ids: Identities, helper: hyperhost.Operations
) -> None:
    ids.user("alice", "publisher")
    barred = {"permissions": ["artifact:publish"], "effect": "deny"}
    ids.run("role_create", name="barred", rules=[barred])
    ids.run("role_assign", principal="user:helper", role="barred")
    refused(ids, helper, "alice")


def test_what_an_access_list_gives_to_a_user_counts(ids: Identities, helper: hyperhost.Operations) -> None:
    ids.user("alice")
    entry = {"principal": "user:alice", "allow": ["artifact:delete"]}
    ids.run("namespace_create", path="org.acme", edit={"acl": [entry]})
    refused(ids, helper, "alice")


def test_a_name_to_which_roles_were_given_before_is_not_taken_with_a_password(
    ids: Identities, helper: hyperhost.Operations
) -> None:
    ids.run("role_assign", principal="user:new", role="admin")
    with pytest.raises(AccessDeniedError, match="may do more than"):
        helper.run("user_create", name="new", password=ids.keep("another seven boats"))
    helper.run("user_create", name="newer", password=ids.keep("another seven boats"))


def test_administrators_and_the_owner_manage_everybody(ids: Identities) -> None:
    for name in ("root", "other", "third"):
        ids.user(name, "admin")
    root = ids.as_(ids.password("root"))
    root.run("user_set_password", name="other", password=ids.keep("another seven boats"))
    root.run("user_delete", name="other")
    ids.run("user_set_password", name="third", password=ids.keep("another seven boats"))
    ids.run("user_delete", name="third")


def test_a_limited_key_of_an_administrator_does_not_keep_out_an_administrator(ids: Identities) -> None:
    for name in ("root", "other"):
        ids.user(name, "admin")
    made = ids.as_(ids.password("root")).run("apikey_create", name="ci", scopes=["user:manage"])
    limited = ids.as_(ids.token(made["secret"]))
    for operation in ("user_disable", "user_delete"):
        with pytest.raises(AccessDeniedError, match="may do more than"):
            limited.run(operation, name="other")


@pytest.mark.parametrize("by", ["password", "session"])
@pytest.mark.parametrize("operation", ["session_create", "apikey_create", "password_change"])
def test_what_was_under_way_when_the_password_was_changed_does_not_go_on(
    ids: Identities, by: str, operation: str
) -> None:
    ids.user("alice")
    under_way = ids.password("alice") if by == "password" else ids.token(ids.session("alice"))
    if by == "session" and operation == "session_create":
        operation = "apikey_create"
    ids.run("user_set_password", name="alice", password=ids.keep("another seven boats"))
    given = {"apikey_create": {"name": "ci"}, "password_change": {"password": ids.keep("a third of boats")}}
    with pytest.raises(AuthenticationError, match="changed during the login"):
        ids.as_(under_way).run(operation, **given.get(operation, {}))
