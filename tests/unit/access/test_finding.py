"""Search finds what may be seen, in hits, counts and facets."""

from __future__ import annotations

import pytest
from access_hosts import Guarded

from hyperhost.contracts import Principal


def restriction(registry: Guarded, principal: Principal) -> str:
    [found] = registry.host.hook.search_restrict(principal=principal)
    return str(found)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("admin", ""),
        ("maintainer", ""),
        ("user", "(visibility=public)"),
        ("contributor", "(visibility=public OR visibility=internal)"),
        ("unknown", "visibility=public visibility=private"),
    ],
)
def test_what_a_role_finds(registry: Guarded, role: str, expected: str) -> None:
    assert restriction(registry, registry.of("user:bob", role).principal) == expected


def test_what_a_role_in_one_namespace_finds_lies_there(registry: Guarded) -> None:
    registry.owner.run("role_assign", principal="user:bob", role="user", namespace="org.acme")
    assert (
        restriction(registry, registry.of("user:bob").principal) == "((namespace:org.acme visibility=public))"
    )


def test_a_denial_takes_away_whatever_its_other_conditions_are(registry: Guarded) -> None:
    rules = [
        {
            "permissions": ["artifact:*"],
            "effect": "deny",
            "namespaces": ["org.closed"],
            "hours": "01:00-02:00",
        }
    ]
    registry.owner.run("role_create", name="not-there", rules=rules)
    found = restriction(registry, registry.of("user:bob", "admin", "not-there").principal)
    assert found.endswith("-((namespace:org.closed))")
    rules = [{"permissions": ["*"], "effect": "deny", "namespaces": ["org.*.closed"]}]
    registry.owner.run("role_create", name="not-there", rules=rules, replace=True)
    found = restriction(registry, registry.of("user:bob", "admin", "not-there").principal)
    assert found == "visibility=public visibility=private"  # which is nothing


def test_a_token_finds_what_is_public_at_most(registry: Guarded) -> None:
    whole = registry.holding(registry.token(allow=["artifact:read"]))
    assert restriction(registry, whole.principal) == "visibility=public"
    part = registry.holding(registry.token(allow=["artifact:read"], namespaces=["org.acme"]))
    assert restriction(registry, part.principal) == "visibility=public visibility=private"


def test_the_owner_of_the_home_finds_everything(registry: Guarded) -> None:
    assert restriction(registry, registry.owner.principal) == ""
