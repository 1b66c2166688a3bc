"""Attacks on capability tokens, each test named for one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from access_hosts import START_US, Guarded, as_who, guarded, refusal_of, shown
from registry_hosts import draft

import hyperhost
from hyperhost.contracts import Principal, PrincipalKind
from hyperhost.errors import AccessDeniedError, AuthenticationError, InvalidInputError, NotFoundError
from hyperhost.hookspecs import hookimpl

HOUR_US = 3_600_000_000


@pytest.fixture
def registry() -> Iterator[Guarded]:
    with guarded() as made:
        yield made


def narrowed(registry: Guarded, token: str, depth: int | None = None, **limits: Any) -> str:
    text: str = registry.owner.run("token_attenuate", token=token, limits=limits, depth=depth)
    return text


def refused(registry: Guarded, token: str, **more: str) -> AuthenticationError:
    with pytest.raises(AuthenticationError) as caught:
        shown(registry.host, token, **more)
    return caught.value


def test_a_token_does_a_part_of_what_its_issuer_may(registry: Guarded) -> None:
    registry.make("open")
    ci = registry.holding(registry.token(allow=["artifact:create", "artifact:read"], namespaces=["org.acme"]))
    assert ci.run("create", draft=draft("made"))["artifact"]["name"] == "made"
    assert [each["name"] for each in ci.run("list")["items"]] == ["open", "made"]
    for operation, arguments in (
        ("delete", {"artifact": "org.acme/made"}),
        ("create", {"draft": draft("made") | {"namespace": "org.other"}}),
        ("registry_info", {}),
        ("token_create", {"limits": {"allow": ["artifact:read"]}}),
        ("role_assign", {"principal": "user:eve", "role": "admin"}),
    ):
        assert refusal_of(ci, operation, **arguments)[0] == "AccessDeniedError", operation


def test_a_forged_token(registry: Guarded) -> None:
    with guarded() as other:
        error = refused(registry, other.token(allow=["*"]))
    assert (error.field, error.rule) == ("token", "signature")
    assert "was not issued here" in error.message


@pytest.mark.parametrize("cut", [1, 4, 40, -1, -4, -40])
def test_a_truncated_token(registry: Guarded, cut: int) -> None:
    token = registry.token(allow=["artifact:read"])
    assert refused(registry, token[cut:] if cut > 0 else token[:cut]).rule == "signature"


def test_a_token_with_any_one_byte_changed(registry: Guarded) -> None:
    token = registry.token(allow=["artifact:read"])
    for index in range(0, len(token), 7):
        other = "A" if token[index] != "A" else "B"
        changed = f"{token[:index]}{other}{token[index + 1 :]}"
        with pytest.raises(AuthenticationError):
            shown(registry.host, changed)


@pytest.mark.parametrize("text", ["", "x", "a" * 20_000, "é" * 40, "none", "..", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token(registry: Guarded, text: str) -> None:
    assert refused(registry, text).rule in ("signature", "damaged")


def test_a_token_whose_last_block_was_taken_off(registry: Guarded) -> None:
    """Who has the narrower token only lacks the proof that goes with the wider one."""
    import base64

    token = registry.token(allow=["artifact:*"], depth=2)
    data = base64.urlsafe_b64decode(narrowed(registry, token, allow=["artifact:read"]))
    original = base64.urlsafe_b64decode(token)
    spliced = original[:-70] + data[-70:]
    assert refused(registry, base64.urlsafe_b64encode(spliced).decode()).rule == "signature"


def test_an_expired_token(registry: Guarded) -> None:
    token = registry.token(allow=["artifact:read"], expires_at_us=START_US + HOUR_US)
    held = registry.holding(token)
    registry.make("open")
    registry.clock.wait(3599)
    assert held.run("read", artifact="org.acme/open")
    registry.clock.wait(1)
    assert refused(registry, token).rule == "expired"
    assert refusal_of(held, "read", artifact="org.acme/open")[0] == "NotFoundError"


def test_a_token_that_does_not_hold_yet(registry: Guarded) -> None:
    token = registry.token(allow=["artifact:read"], not_before_us=START_US + HOUR_US)
    assert refused(registry, token).rule == "not-yet"
    registry.clock.wait(3600)
    assert shown(registry.host, token).kind is PrincipalKind.TOKEN


def test_a_narrowed_token_ends_when_its_last_block_says(registry: Guarded) -> None:
    token = registry.token(allow=["administration:*"], expires_at_us=START_US + 2 * HOUR_US, depth=1)
    held = registry.holding(narrowed(registry, token, expires_at_us=START_US + HOUR_US))
    assert held.run("registry_info")
    registry.clock.wait(3600)
    assert refusal_of(held, "registry_info")[0] == "AccessDeniedError"
    assert registry.holding(token).run("registry_info")


def test_attenuation_that_widens(registry: Guarded) -> None:
    token = registry.token(
        allow=["artifact:read"], namespaces=["org.acme"], expires_at_us=START_US + HOUR_US, depth=3
    )
    wider = narrowed(registry, token, allow=["*"], namespaces=["org"], expires_at_us=START_US + 9 * HOUR_US)
    held = registry.holding(wider)
    registry.make("open")
    registry.make("elsewhere", namespace="org.other")
    assert held.run("read", artifact="org.acme/open")
    assert refusal_of(held, "read", artifact="org.other/elsewhere")[0] == "NotFoundError"
    assert refusal_of(held, "create", draft=draft())[0] == "AccessDeniedError"
    registry.clock.wait(3600)
    assert refused(registry, wider).rule == "expired"


@pytest.mark.parametrize(
    "code",
    [
        'permits("*"); permits("administration:read");',
        "permits($p) <- asked($p);",
        'issuer("local:owner"); token("0"); span(0, -1); subject("root"); audience("");',
        'blocks(0); within("org.acme"); time(2001-01-01T00:00:00Z);',
        'check if true; permits("administration:*") trusting previous;',
    ],
)
def test_attenuation_with_a_block_of_facts_and_rules(registry: Guarded, code: str) -> None:
    """Whoever has a token can append what they like to it; nothing of that is even computed."""
    from biscuit_auth import Algorithm, Biscuit, BlockBuilder, DataLogError, PublicKey

    user = as_who("user:bob", "user")
    token = registry.token(user, allow=["artifact:read"], namespaces=["org.acme"], depth=1)
    key = registry.owner.run("token_key").removeprefix("ed25519/")
    biscuit = Biscuit.from_base64(token, PublicKey.from_bytes(bytes.fromhex(key), Algorithm.Ed25519))
    try:
        forged = biscuit.append(BlockBuilder(code)).to_base64()
    except DataLogError:
        return  # not even the library takes it
    assert refused(registry, forged).rule == "form"


def test_a_block_that_computes_without_end_is_refused(registry: Guarded) -> None:
    from biscuit_auth import Algorithm, Biscuit, BlockBuilder, PublicKey

    token = registry.token(allow=["administration:*"], depth=1)
    key = registry.owner.run("token_key").removeprefix("ed25519/")
    biscuit = Biscuit.from_base64(token, PublicKey.from_bytes(bytes.fromhex(key), Algorithm.Ed25519))
    facts = " ".join(f"n({number});" for number in range(60))
    code = f"{facts} m($a, $b, $c, $d) <- n($a), n($b), n($c), n($d);"
    forged = biscuit.append(BlockBuilder(code)).to_base64()
    assert refused(registry, forged).rule == "form"


def test_delegation_beyond_the_depth(registry: Guarded) -> None:
    token = registry.token(allow=["administration:read"], depth=2)
    for _ in range(2):
        token = narrowed(registry, token, allow=["administration:read"])
        assert registry.holding(token).run("registry_info")
    token = narrowed(registry, token, allow=["administration:read"])
    assert refusal_of(registry.holding(token), "registry_info")[0] == "AccessDeniedError"


def test_delegation_beyond_a_depth_that_a_holder_has_set(registry: Guarded) -> None:
    token = narrowed(registry, registry.token(allow=["administration:read"], depth=9), depth=0)
    assert registry.holding(token).run("registry_info")
    wider = narrowed(registry, token, depth=9)
    assert refusal_of(registry.holding(wider), "registry_info")[0] == "AccessDeniedError"


def test_a_revoked_parent_token(registry: Guarded) -> None:
    issued = registry.owner.run("token_create", limits={"allow": ["administration:read"]}, depth=2)
    child = narrowed(registry, issued["token"], allow=["administration:read"])
    held = registry.holding(child)
    assert held.run("registry_info")
    registry.owner.run("token_revoke", id=issued["id"])
    assert refusal_of(held, "registry_info")[0] == "AccessDeniedError"
    assert refused(registry, child).rule == "revoked"


def test_a_revoked_block_takes_all_that_was_made_from_it_and_nothing_else(registry: Guarded) -> None:
    token = registry.token(allow=["administration:read"], depth=3)
    child = narrowed(registry, token, ip=["10.0.0.0/8"])
    grandchild = narrowed(registry, child, user_agent="ci/")
    registry.owner.run("token_revoke", token=child)
    assert refused(registry, child).rule == refused(registry, grandchild).rule == "revoked"
    assert registry.holding(token).run("registry_info")


def test_a_token_for_another_audience(registry: Guarded) -> None:
    token = registry.token(allow=["administration:read"], audience="registry.acme.example")
    assert refused(registry, token).rule == "audience"
    assert refused(registry, token, audience="registry.other.example").rule == "audience"
    held = registry.holding(token, "registry.acme.example")
    assert held.run("registry_info")
    elsewhere = narrowed(registry, registry.token(allow=["administration:read"], depth=1), audience="other")
    assert refusal_of(registry.holding(elsewhere, "registry.acme.example"), "registry_info")


@pytest.mark.parametrize(
    ("ip", "works"), [("10.1.2.3", True), ("::ffff:10.9.9.9", True), ("192.0.2.1", False), ("", False)]
)
def test_a_token_used_from_elsewhere(registry: Guarded, ip: str, works: bool) -> None:
    token = registry.token(allow=["administration:read"], ip=["10.0.0.0/8"])
    held = registry.holding(token, ip=ip)
    assert held.run("registry_info") if works else refusal_of(held, "registry_info")


def test_what_was_decided_for_one_address_is_not_for_another_in_the_same_second(registry: Guarded) -> None:
    rules = [{"permissions": ["administration:read"], "ip": ["10.0.0.0/8"]}]
    registry.owner.run("role_create", name="inside", rules=rules)
    registry.owner.run("role_assign", principal="user:bob", role="inside")
    token = registry.token(as_who("user:bob", "user"), allow=["administration:read"])
    assert registry.holding(token, ip="10.1.1.1").run("registry_info")
    assert refusal_of(registry.holding(token, ip="192.0.2.1"), "registry_info")[0] == "AccessDeniedError"
    assert refusal_of(registry.holding(token), "registry_info")[0] == "AccessDeniedError"


def test_a_token_of_somebody_who_lost_their_role(registry: Guarded) -> None:
    registry.owner.run("role_assign", principal="user:bob", role="admin")
    held = registry.holding(registry.token(as_who("user:bob"), allow=["administration:read"]))
    assert held.run("registry_info")
    registry.owner.run("role_unassign", principal="user:bob", role="admin")
    assert refusal_of(held, "registry_info")[0] == "AccessDeniedError"


def test_a_token_of_somebody_who_was_disabled() -> None:
    class Users:
        disabled = False

        @hookimpl
        def access_lookup(self, principal_id: str) -> Principal | None:
            if self.disabled:
                raise hyperhost.errors.RefusalError("bob is disabled", "unauthenticated:principal:disabled")
            return Principal("user:bob", roles=["admin"])

    users = Users()
    with guarded(None, users) as registry:
        held = registry.holding(registry.token(as_who("user:bob", "admin"), allow=["administration:read"]))
        assert held.run("registry_info")
        users.disabled = True
        registry.clock.wait(1)
        with pytest.raises(AccessDeniedError, match="bob is disabled"):
            held.run("registry_info")


def test_a_token_wider_than_its_issuer(registry: Guarded) -> None:
    held = registry.holding(registry.token(as_who("user:bob", "user"), allow=["*"]))
    registry.make("hidden", visibility="private")
    assert refusal_of(held, "registry_info")[0] == "AccessDeniedError"
    with pytest.raises(NotFoundError):
        held.run("read", artifact="org.acme/hidden")


def test_a_principal_that_says_it_is_a_token(registry: Guarded) -> None:
    token = registry.token(allow=["administration:read"])
    real = shown(registry.host, token)
    registry.owner.run("token_create", limits={"allow": ["artifact:read"]})
    for attributes in ({}, {"capability": "0" * 64}, {"capability": ""}):
        forged = dataclasses.replace(real, attributes=attributes)
        with pytest.raises(AccessDeniedError, match="has to be shown again"):
            hyperhost.Operations(registry.host, forged).run("registry_info")
    other = dataclasses.replace(real, id="token:other")
    with pytest.raises(AccessDeniedError, match="has to be shown again"):
        hyperhost.Operations(registry.host, other).run("registry_info")


def test_what_a_token_made_belongs_to_its_issuer(registry: Guarded) -> None:
    bob = as_who("user:bob", "publisher")
    registry.holding(registry.token(bob, allow=["artifact:create"])).run("create", draft=draft())
    assert registry.of("user:bob", "publisher").run("publish", artifact="org.acme/auth")
    assert refusal_of(registry.of("user:eve", "publisher"), "archive", artifact="org.acme/auth")


def test_a_token_is_in_no_list_no_audit_entry_and_no_description_of_a_principal(registry: Guarded) -> None:
    token = registry.token(allow=["administration:read"])
    registry.holding(token).run("registry_info")
    told = [
        repr(shown(registry.host, token)),
        repr(registry.owner.run("token_list")),
        repr(registry.owner.run("audit_list", limit=50)),
    ]
    assert not any(token[40:80] in text for text in told)


def test_only_the_issuer_or_who_manages_tokens_revokes_by_id(registry: Guarded) -> None:
    issued = registry.owner.run("token_create", limits={"allow": ["artifact:read"]})
    eve = registry.of("user:eve", "publisher")
    there = refusal_of(eve, "token_revoke", id=issued["id"])
    absent = refusal_of(eve, "token_revoke", id="0" * 36)
    assert there[0] == absent[0] == "NotFoundError"
    assert eve.run("token_list") == []
    assert registry.of("user:root", "admin").run("token_revoke", id=issued["id"]) == [issued["id"]]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({}, "limits.allow"),
        ({"allow": ["everything"]}, "limits.allow"),
        ({"allow": ["artifact:read"], "namespaces": ["org.*"]}, "namespaces"),
        ({"allow": ["artifact:read"], "namespaces": ["org.Acme"]}, "namespaces[0]"),
        ({"allow": ["artifact:read"], "ip": ["10.0.0.0/99"]}, "ip"),
        ({"allow": ["artifact:read"], "audience": 'x"); permits("*'}, "audience[0]"),
        ({"allow": ["artifact:read"], "user_agent": "x\n"}, "user_agent[0]"),
        ({"allow": ["artifact:read"], "resources": ['a"']}, "resources[0]"),
        ({"allow": ["artifact:read"], "expires_at_us": START_US}, "limits.expires_at_us"),
        ({"allow": ["artifact:read"], "namespaces": [f"org.x{n}" for n in range(65)]}, "namespaces"),
    ],
)
def test_limits_that_are_none(registry: Guarded, limits: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        registry.owner.run("token_create", limits=limits)
    assert caught.value.field == field


def test_a_token_that_is_narrowed_down_in_every_way_at_once(registry: Guarded) -> None:
    registry.make("open")
    wide = registry.token(allow=["*"], depth=3)
    token = narrowed(
        registry,
        wide,
        depth=1,
        allow=["artifact:*", "namespace:read"],
        namespaces=["org.acme", "user.a@x.example"],
        resources=["org.acme/open@1.0.0+build.1", "org.acme/open"],
        audience="https://registry.acme.example:8443/v1",
        not_before_us=START_US - HOUR_US,
        expires_at_us=START_US + HOUR_US,
        ip=["10.0.0.0/8", "2001:db8::/32"],
        user_agent="acme-ci/2.0 ",
    )
    seen = {"ip": "2001:db8::7", "user_agent": "acme-ci/2.0 linux"}
    held = registry.holding(token, "https://registry.acme.example:8443/v1", **seen)
    assert held.run("read", artifact="org.acme/open")["name"] == "open"
    elsewhere = registry.holding(token, "https://registry.acme.example:8443/v1", **seen | {"ip": "192.0.2.1"})
    assert refusal_of(elsewhere, "read", artifact="org.acme/open")[0] == "NotFoundError"


def test_check_and_show_say_what_a_token_is_worth(registry: Guarded) -> None:
    registry.make("open")
    token = registry.token(allow=["artifact:read"], namespaces=["org.acme"], depth=1)
    child = narrowed(registry, token, resources=["org.acme/open"])
    said = registry.owner.run("token_show", token=child)
    assert (said["issuer"], said["narrowed"], said["revoked"]) == ("local:owner", 1, False)
    assert "org.acme/open" in said["blocks"][1]
    check = registry.owner.run
    assert check("token_check", token=child, permission="artifact:read", artifact="org.acme/open")["allowed"]
    other = check("token_check", token=child, permission="artifact:delete", artifact="org.acme/open")
    assert not other["allowed"]
    assert "does not allow artifact:delete here" in other["reason"]
    assert not check("token_check", token=child[:-9], permission="artifact:read")["allowed"]
