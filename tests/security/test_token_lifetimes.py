"""Capability tokens do not outlive what their issuer has logged in with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from access_hosts import Guarded, as_who, guarded
from identity_hosts import NOW, SECOND, Identities, identity_host

from builtin_plugins.access.narrowing import Narrowed
from builtin_plugins.access.store import Issued
from hyperhost.contracts import Principal
from hyperhost.errors import AuthenticationError, InvalidInputError, NotFoundError

HOUR = 3_600
READS = {"allow": ["artifact:read"]}


@pytest.fixture
def registry() -> Iterator[Guarded]:
    with guarded() as made:
        made.make("auth", visibility="public")
        yield made


@pytest.fixture
def ids() -> Iterator[Identities]:
    with identity_host() as made:
        made.user("alice", "publisher")
        yield made


def test_a_token_made_in_a_session_ends_with_the_session(ids: Identities) -> None:
    alice = ids.as_(ids.token(ids.session()))
    ids.later(HOUR)
    made = alice.run("token_create", limits=READS)
    assert made["expires_at_us"] == NOW + 12 * HOUR * SECOND
    ids.later(11 * HOUR - 1)
    assert ids.token(made["token"]).kind == "token"
    ids.later(1)
    with pytest.raises(AuthenticationError, match="has expired"):
        ids.token(made["token"])


def test_a_stolen_session_is_not_made_into_a_token_that_lasts(ids: Identities) -> None:
    thief = ids.as_(ids.token(ids.session()))
    last = NOW + 12 * HOUR * SECOND
    assert thief.run("token_create", limits=READS | {"expires_at_us": last})["expires_at_us"] == last
    with pytest.raises(
        InvalidInputError, match="would outlive what user:alice has logged in with"
    ) as refused:
        thief.run("token_create", limits=READS | {"expires_at_us": last + 1})
    assert (refused.value.field, refused.value.rule) == ("limits.expires_at_us", "range")
    assert str(refused.value.hint).startswith("until 2027-01-15T20:00:00")
    assert ids.run("token_list")[0]["expires_at_us"] == last


def test_a_password_without_a_session_makes_a_token_for_as_long_as_a_session_lasts(ids: Identities) -> None:
    made = ids.as_(ids.password()).run("token_create", limits=READS)
    assert made["expires_at_us"] == NOW + 12 * HOUR * SECOND


@pytest.mark.parametrize("said", ["", "soon", "-1", "9" * 3, "1e9", "٣"])
def test_an_end_that_says_nothing_or_has_passed_makes_no_token_for_good(registry: Guarded, said: str) -> None:
    who = as_who("idp:alice", "publisher", expires_at_us=said)
    if said == "999":
        with pytest.raises(InvalidInputError, match="would outlive"):
            registry.token(who, **READS)
        return
    token = registry.token(who, **READS)
    registry.clock.wait(12 * HOUR)
    with pytest.raises(AuthenticationError, match="has expired"):
        registry.holding(token)


def test_roles_that_a_provider_gave_end_with_the_login(registry: Guarded) -> None:
    made = registry.make("hidden", visibility="private")
    who = as_who("idp:alice", "maintainer", expires_at_us=str(registry.clock.at_us + HOUR * SECOND))
    token = registry.token(who, **READS)
    holder = registry.holding(token)
    assert holder.run("read", artifact=made["id"])["name"] == "hidden"
    registry.clock.wait(HOUR)
    with pytest.raises(NotFoundError):
        holder.run("read", artifact="org.acme/auth")
    with pytest.raises(AuthenticationError, match="has expired"):
        registry.holding(token)


def test_a_token_of_a_login_from_before_there_were_ends_has_one(registry: Guarded) -> None:
    office = registry.access._open()
    issued = Issued(
        "0190-old", "idp:alice", roles=["maintainer"], allow=["artifact:read"], at_us=registry.clock.at_us
    )
    token = office.tokens.issue(issued, Narrowed(), 0)
    office.decider.store.put_issued(issued)
    assert registry.holding(token).run("read", artifact="org.acme/auth")["name"] == "auth"
    registry.clock.wait(12 * HOUR)
    with pytest.raises(AuthenticationError, match="has expired"):
        registry.holding(token)


def test_what_is_narrowed_down_ends_with_what_it_was_made_from(registry: Guarded) -> None:
    who = as_who("idp:alice", "publisher", expires_at_us=str(registry.clock.at_us + HOUR * SECOND))
    token = registry.token(who, depth=1, **READS)
    later = registry.clock.at_us + 9 * HOUR * SECOND
    narrowed = registry.owner.run("token_attenuate", token=token, limits={"expires_at_us": later})
    registry.clock.wait(HOUR)
    with pytest.raises(AuthenticationError, match="has expired"):
        registry.holding(narrowed)


def test_the_owner_of_the_home_issues_for_good(registry: Guarded) -> None:
    made = registry.owner.run("token_create", limits=READS)
    assert made["expires_at_us"] is None
    registry.clock.wait(20 * 365 * 24 * HOUR)
    assert registry.holding(made["token"]).run("read", artifact="org.acme/auth")["name"] == "auth"


def test_nobody_called_like_the_owner_issues_for_good(registry: Guarded) -> None:
    who = Principal("local:owner ", roles=["admin"])
    token = registry.token(who, **READS)
    registry.clock.wait(12 * HOUR)
    with pytest.raises(AuthenticationError, match="has expired"):
        registry.holding(token)
