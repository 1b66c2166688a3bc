"""Search shows somebody what ``read`` shows them, in hits, counts and facets, and nothing else."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from access_hosts import Guarded, as_who, guarded

import hyperhost
from builtin_plugins.search.plugin import SearchOperations
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from hyperhost.errors import NotFoundError

ENGINES = {"search-whoosh": SearchWhoosh, "search-sql": SearchSql}
EVERYTHING = {"size": 1000, "facets": ["namespace", "visibility", "state", "tags"]}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[[], object]:
    made: Callable[[], object] = ENGINES[request.param]
    return made


@contextlib.contextmanager
def searched(engine: Callable[[], object]) -> Iterator[Guarded]:
    with guarded(None, SearchOperations(), engine()) as registry:
        yield registry


@pytest.fixture(scope="module")
def world(engine: Callable[[], object]) -> Iterator[Guarded]:
    """Artifacts of all visibilities, owners and states in six namespaces, with roles and access lists."""
    with searched(engine) as registry:
        run = registry.owner.run
        for namespace in (
            "org.acme",
            "org.acme.web",
            "org.acme.web.deep",
            "org.other",
            "org.closed",
            "lib.one",
        ):
            for visibility in ("public", "internal", "private"):
                for who in ("alice", "bob"):
                    name = f"{visibility}-{who}"
                    tags = [f"tag-{namespace.replace('.', '-')}-{name}"]
                    metadata = {"description": f"hush {name}", "tags": tags}
                    made = registry.make(
                        name, f"user:{who}", namespace, visibility=visibility, metadata=metadata
                    )
                    if who == "bob":
                        registry.of("user:bob", "admin").run("publish", artifact=made["id"])
        reads = ["artifact:read"]
        run("namespace_create", path="org.acme", edit={"acl": [{"principal": "user:carol", "allow": reads}]})
        run(
            "namespace_create",
            path="org.acme.web",
            edit={"acl": [{"principal": "role:team", "allow": reads}]},
        )
        run(
            "namespace_create",
            path="org.acme.web.deep",
            edit={"acl": [{"principal": each, "deny": reads} for each in ("user:carol", "role:contributor")]},
        )
        run("namespace_create", path="org.other", edit={"owner": "user:dave"})
        run("namespace_create", path="org.closed", edit={"acl": [{"principal": "user:bob", "deny": ["*"]}]})
        run("role_create", name="team", rules=[])
        own = {"permissions": reads, "owner": ["self"]}
        run("role_create", name="mine", rules=[own])
        run("role_create", name="web", rules=[{"permissions": reads, "namespaces": ["org.acme.web"]}])
        run("role_create", name="drafts", rules=[{"permissions": reads, "states": ["draft"]}])
        denied = {"permissions": reads, "effect": "deny", "visibility": ["internal"]}
        run("role_create", name="no-internal", rules=[{"permissions": ["*"]}, denied])
        run("role_assign", principal="user:erin", role="team", namespace="org.acme.web.deep")
        run("role_assign", principal="user:frank", role="maintainer", namespace="org.acme")
        yield registry


ASKING = {
    "nobody": ("user:nobody",),
    "a user": ("user:eve", "user"),
    "a contributor with things": ("user:alice", "contributor"),
    "a publisher with things": ("user:bob", "publisher"),
    "an owner who is in no role": ("user:alice",),
    "somebody in an access list": ("user:carol",),
    "somebody in an access list with a role that is denied": ("user:carol", "contributor"),
    "a role in an access list": ("user:gina", "team"),
    "a role in an access list, held below it": ("user:erin",),
    "the owner of a namespace": ("user:dave", "user"),
    "a maintainer of a namespace": ("user:frank",),
    "a maintainer": ("user:ann", "maintainer"),
    "an administrator": ("user:root", "admin"),
    "a role that reads one namespace": ("user:hans", "web", "user"),
    "a role that denies": ("user:ida", "no-internal"),
}


def readable(registry: Guarded, asks: hyperhost.Operations) -> dict[str, dict[str, Any]]:
    """What ``read`` shows, by coordinates."""
    found = {}
    for item in registry.owner.run("list", page={"size": 1000})["items"]:
        with contextlib.suppress(NotFoundError):
            found[coordinates(item)] = asks.run("read", artifact=item["id"])
    return found


def coordinates(item: dict[str, Any]) -> str:
    return f"{item['namespace']}/{item['name']}@{item['version']}"


def compare(registry: Guarded, asks: hyperhost.Operations) -> dict[str, dict[str, Any]]:
    """Check that search and query show what may be read."""
    wanted = readable(registry, asks)
    counts = {
        "namespace": Counter(item["namespace"] for item in wanted.values()),
        "visibility": Counter(item["visibility"] for item in wanted.values()),
        "state": Counter(item["state"] for item in wanted.values()),
        "tags": Counter(tag for item in wanted.values() for tag in item["metadata"]["tags"]),
    }
    for found in (
        asks.run("query", **EVERYTHING),
        asks.run("search", query="hush", highlight=True, **EVERYTHING),
    ):
        assert sorted(coordinates(hit["artifact"]) for hit in found["hits"]) == sorted(wanted)
        assert found["total"] == len(wanted)
        shown = {
            facet["name"]: {each["value"]: each["count"] for each in facet["values"]}
            for facet in found["facets"]
        }
        for name, counted in counts.items():
            assert {value: count for value, count in shown[name].items() if count} == counted
    return wanted


@pytest.mark.parametrize("who", ASKING)
def test_search_shows_what_can_be_read_and_counts_nothing_else(world: Guarded, who: str) -> None:
    name, *roles = ASKING[who]
    wanted = compare(world, world.of(name, *roles))
    assert len(wanted) < 36 or roles in (["admin"], ["maintainer"])


def test_the_owner_of_a_private_artifact_finds_it_and_nobody_else_does(world: Guarded) -> None:
    query = "tag-org-other-private-alice"
    assert world.of("user:alice", "contributor").run("search", query=query)["total"] == 1
    for name, *roles in (
        ("user:bob", "publisher"),
        ("user:eve", "user"),
        ("user:carol",),
        ("user:ALICE", "contributor"),
    ):
        found = world.of(name, *roles).run("search", query=query, facets=["tags"])
        assert (found["hits"], found["total"], found["next_token"]) == ([], 0, "")
        assert found["facets"][0]["values"] == []


def test_nothing_is_learnt_by_asking_for_an_owner(world: Guarded) -> None:
    for query in ('owner="user:alice"', 'owner="user:alice" OR visibility=private', "-owner=x"):
        found = world.of("user:eve", "user").run("query", filter=query, size=1000)
        assert {hit["artifact"]["visibility"] for hit in found["hits"]} <= {"public"}
        assert found["total"] == len(found["hits"])


def test_a_state_that_a_filter_could_not_say_is_hidden_rather_than_counted(world: Guarded) -> None:
    asks = world.of("user:jo", "drafts")
    assert len(readable(world, asks)) == 18
    assert asks.run("query", **EVERYTHING)["total"] == 0


LIMITS: dict[str, dict[str, Any]] = {
    "of the owner of the home": {},
    "in a namespace": {"namespaces": ["org.acme.web"]},
    "in two": {"namespaces": ["org.acme.web.deep", "lib.one"]},
    "for something else": {"allow": ["namespace:read"]},
}


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("issuer", ["the owner", "a publisher with things", "somebody in an access list"])
def test_a_token_finds_what_it_reads(world: Guarded, limits: str, issuer: str) -> None:
    who = None
    if issuer in ASKING:
        name, *roles = ASKING[issuer]
        world.owner.run("role_assign", principal=name, role="user")
        who = as_who(name, *roles, "user")
    token = world.token(who, **{"allow": ["artifact:read"]} | LIMITS[limits])
    compare(world, world.holding(token))


def test_what_is_narrowed_down_twice_finds_what_both_leave(world: Guarded) -> None:
    token = world.token(allow=["artifact:read"], namespaces=["org.acme"], depth=1)
    inner = world.owner.run(
        "token_attenuate", token=token, limits={"namespaces": ["org.acme.web", "lib.one"]}
    )
    wanted = compare(world, world.holding(inner))
    assert {each.partition("/")[0] for each in wanted} == {"org.acme.web", "org.acme.web.deep"}


def test_what_a_token_made_is_found_by_who_issued_it(engine: Callable[[], object]) -> None:
    with searched(engine) as registry:
        issuer = as_who("user:alice", "contributor")
        maker = registry.holding(registry.token(issuer, allow=["artifact:*"]))
        draft = {"namespace": "org.acme", "name": "made", "type": "library", "version": "1.0.0"}
        maker.run("create", draft=draft | {"visibility": "private", "metadata": {"description": "hush"}})
        assert list(compare(registry, hyperhost.Operations(registry.host, issuer))) == ["org.acme/made@1.0.0"]
        compare(registry, maker)
        assert compare(registry, registry.of("user:bob", "contributor")) == {}


def test_changes_of_who_may_read_what_are_found_at_once(engine: Callable[[], object]) -> None:
    with searched(engine) as registry:
        run = registry.owner.run
        first = registry.make("auth", "user:alice", visibility="private", metadata={"description": "hush"})
        registry.make(
            "auth", "user:bob", version="2.0.0", visibility="private", metadata={"description": "hush"}
        )
        alice, bob = registry.of("user:alice", "contributor"), registry.of("user:bob", "contributor")
        assert len(compare(registry, alice)) == 2
        assert compare(registry, bob) == {}
        run("delete", artifact=first["id"])  # the version that is left is its maker's
        assert compare(registry, alice) == {}
        assert len(compare(registry, bob)) == 1
        acl = [{"principal": "user:alice", "allow": ["artifact:read"]}]
        run("namespace_create", path="org.acme", edit={"acl": acl})
        assert len(compare(registry, alice)) == 1
        run("namespace_update", path="org.acme", edit={"acl": []})
        assert compare(registry, alice) == {}
        run("update", artifact="org.acme/auth@2.0.0", edit={"visibility": "public"})
        assert len(compare(registry, registry.of("user:eve", "user"))) == 1
        run("update", artifact="org.acme/auth@2.0.0", edit={"visibility": "private"})
        assert compare(registry, registry.of("user:eve", "user")) == {}
        assert len(compare(registry, bob)) == 1


def test_an_api_key_that_does_not_read_finds_nothing(world: Guarded) -> None:
    for scopes, count in (("artifact:read", 12), ("namespace:read", 0)):
        asks = world.of("user:eve", "user", scopes=scopes)
        assert len(compare(world, asks)) == count
