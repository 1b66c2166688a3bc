"""Search finds what may be seen, in hits, counts and facets."""

from __future__ import annotations

from typing import Any

import pytest
from access_hosts import Guarded, as_who

from hyperhost.contracts import Principal
from hyperhost.query import folded, owner_value


def restriction(registry: Guarded, principal: Principal) -> str:
    [found] = registry.host.hook.search_restrict(principal=principal)
    return str(found)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("admin", ""),
        ("maintainer", ""),
        ("user", "visibility=public"),
        (
            "contributor",
            'visibility=public OR (visibility=private owner="user:bob") OR visibility=internal',
        ),
        ("unknown", "visibility=public visibility=private"),
    ],
)
def test_what_a_role_finds(registry: Guarded, role: str, expected: str) -> None:
    assert restriction(registry, registry.of("user:bob", role).principal) == expected


def test_what_a_role_in_one_namespace_finds_lies_there(registry: Guarded) -> None:
    registry.owner.run("role_assign", principal="user:bob", role="user", namespace="org.acme")
    assert restriction(registry, registry.of("user:bob").principal) == "namespace=org.acme visibility=public"


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
    assert found.endswith("-namespace=org.closed")
    rules = [{"permissions": ["*"], "effect": "deny", "namespaces": ["org.*.closed"]}]
    registry.owner.run("role_create", name="not-there", rules=rules, replace=True)
    found = restriction(registry, registry.of("user:bob", "admin", "not-there").principal)
    assert found == "visibility=public visibility=private"  # which is nothing


def test_a_token_finds_what_its_limits_leave_of_what_its_issuer_finds(registry: Guarded) -> None:
    def of(**limits: Any) -> str:
        return restriction(registry, registry.holding(registry.token(**limits)).principal)

    assert of(allow=["artifact:read"]) == ""
    assert of(allow=["artifact:read"], namespaces=["org.acme"]) == "namespace=org.acme"
    nothing = "visibility=public visibility=private"
    assert of(allow=["artifact:read"], resources=["org.acme/auth"]) == nothing  # what no filter says
    assert of(allow=["namespace:read"]) == nothing
    assert of(allow=["artifact:read"], ip=["10.0.0.0/8"]) == nothing
    issued = registry.token(as_who("user:bob", "user"), allow=["artifact:read"], namespaces=["org.acme"])
    assert restriction(registry, registry.holding(issued).principal) == (
        "namespace=org.acme visibility=public"
    )


def test_the_owner_of_the_home_finds_everything(registry: Guarded) -> None:
    assert restriction(registry, registry.owner.principal) == ""


def test_ids_that_differ_in_the_case_of_letters_only_own_different_things() -> None:
    ids = ["jwt:acme:Bob", "jwt:acme:bob", "jwt:acme:B\u00f3b", "jwt:acme:bob ", owner_value("jwt:acme:Bob")]
    assert len({folded(owner_value(each)) for each in ids}) == len(ids)
    assert owner_value("user:alice") == "user:alice"
