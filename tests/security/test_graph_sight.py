"""Nobody learns from the graph of what they must not see, each test named for how they could."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from access_hosts import Guarded, audited, guarded, refusal_of
from graph_hosts import need

import hyperhost
from builtin_plugins.graph.plugin import Graph


@pytest.fixture
def registry() -> Iterator[Guarded]:
    with guarded(None, Graph()) as made:
        public(made, "log")
        public(made, "web", "log")
        public(made, "app", "web", "hidden-core")
        yield made


def public(registry: Guarded, name: str, *needs: str, **more: Any) -> None:
    registry.make(name, visibility="public", dependencies=[need(each) for each in needs], **more)


def private(registry: Guarded, name: str, *needs: str, **more: Any) -> None:
    registry.make(name, visibility="private", dependencies=[need(each) for each in needs], **more)


def outsider(registry: Guarded) -> hyperhost.Operations:
    return registry.of("user:out", "user")


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("graph_show", {"node": "org.acme/log"}),
    ("graph_show", {"node": "org.acme/log", "depth": 0, "kinds": ["depends", "used-by"]}),
    ("graph_show", {"node": "namespace:org.acme"}),
    ("graph_show", {"node": "org.acme/hidden-core"}),
    ("graph_impact", {"artifact": "org.acme/log"}),
    ("graph_impact", {"artifact": "org.acme/hidden-core"}),
    ("graph_path", {"node": "org.acme/app", "target": "org.acme/log"}),
    (
        "graph_path",
        {"node": "org.acme/log", "target": "org.acme/app", "kinds": ["used-by", "depends", "tag"]},
    ),
    ("graph_clusters", {}),
]


def test_private_artifacts_change_no_answer_to_somebody_else(registry: Guarded) -> None:
    asks = outsider(registry)
    before = [asks.run(name, **arguments) for name, arguments in QUESTIONS]
    private(registry, "hidden-core", "log", metadata={"tags": ["ops"]})
    private(registry, "spy", "log", "web", "app", metadata={"tags": ["ops"], "author": "Ann"})
    for number in range(5):
        private(registry, f"hidden-{number}", "spy", "log")
    assert [asks.run(name, **arguments) for name, arguments in QUESTIONS] == before
    owner = registry.owner
    assert owner.run("graph_impact", artifact="org.acme/log")["total"] == 9
    assert not owner.run("graph_show", node="org.acme/hidden-core")["nodes"][0]["missing"]


def test_a_private_name_is_refused_in_the_words_of_one_that_nobody_has_given(registry: Guarded) -> None:
    private(registry, "secret-one", metadata={"author": "Hidden Person", "tags": ["hidden-tag"]})
    asks = outsider(registry)
    for operation, field in (
        ("graph_show", "node"),
        ("graph_impact", "artifact"),
        ("graph_similar", "artifact"),
    ):
        there = refusal_of(asks, operation, **{field: "org.acme/secret-one"})
        nothing = refusal_of(asks, operation, **{field: "org.acme/secret-two"})
        assert there == tuple(each.replace("secret-two", "secret-one") for each in nothing)
        assert "secret-one" not in there[2]
    for kind, name in (("user", "Hidden Person"), ("tag", "hidden-tag")):
        there = refusal_of(asks, "graph_show", node=f"{kind}:{name}")
        nothing = refusal_of(asks, "graph_show", node=f"{kind}:{name[:-1]}x")
        assert there == tuple(each.replace(f"{name[:-1]}x", name) for each in nothing)
    assert registry.owner.run("graph_show", node="tag:hidden-tag")["nodes"][0]["name"] == "hidden-tag"


def test_no_way_leads_through_what_may_not_be_seen(registry: Guarded) -> None:
    public(registry, "start", "tunnel")
    private(registry, "tunnel", "end")
    public(registry, "end")
    asked = {"node": "org.acme/start", "target": "org.acme/end"}
    assert registry.owner.run("graph_path", **asked)["found"]
    assert outsider(registry).run("graph_path", **asked)["found"] is False
    assert registry.owner.run("graph_impact", artifact="org.acme/end")["total"] == 2
    assert outsider(registry).run("graph_impact", artifact="org.acme/end")["total"] == 0


def test_a_private_version_of_a_public_name_says_nothing(registry: Guarded) -> None:
    asks = outsider(registry)
    before = [asks.run(name, **arguments) for name, arguments in QUESTIONS]
    private(registry, "log", "app", version="9.0.0", metadata={"tags": ["later"], "author": "Later"})
    assert [asks.run(name, **arguments) for name, arguments in QUESTIONS] == before
    assert registry.owner.run("graph_show", node="org.acme/log")["nodes"][0]["version"] == "9.0.0"
    assert refusal_of(asks, "graph_show", node="tag:later")[0] == "NotFoundError"


def test_what_is_alike_names_and_counts_only_what_may_be_seen(registry: Guarded) -> None:
    told = {"description": "writes oauth tokens", "tags": ["ops"]}
    public(registry, "twin", metadata=told)
    public(registry, "other", metadata=told)
    asks = outsider(registry)

    def seen() -> list[tuple[str, float]]:
        found = asks.run("graph_similar", artifact="org.acme/twin", limit=50)["similar"]
        return [
            (each["artifact"], next(p["score"] for p in each["parts"] if p["name"] == "usage"))
            for each in found
        ]

    before = seen()
    private(registry, "copy", metadata=told)
    for number in range(4):
        private(registry, f"both-{number}", "twin", "other")
    assert seen() == before
    mine = registry.owner.run("graph_similar", artifact="org.acme/twin")["similar"]
    assert {"org.acme/copy", "org.acme/other"} <= {each["artifact"] for each in mine}
    assert next(e for e in mine if e["artifact"] == "org.acme/other")["parts"][2]["score"] == 0.8


def test_rights_are_asked_for_with_every_question(registry: Guarded) -> None:
    private(registry, "mine", "log")
    asks = registry.of("user:out")
    assert asks.run("graph_clusters")["artifacts"] == 0
    registry.owner.run("role_assign", principal="user:out", role="admin")
    assert asks.run("graph_impact", artifact="org.acme/log")["total"] == 3
    registry.owner.run("role_unassign", principal="user:out", role="admin")
    assert refusal_of(asks, "graph_impact", artifact="org.acme/log")[0] == "NotFoundError"


def test_what_is_private_is_written_into_the_audit_log(registry: Guarded) -> None:
    outsider(registry).run("graph_show", node="org.acme/log")
    assert all(entry["operation"] != "graph_show" for entry in audited(registry))
    private(registry, "mine", "log")
    registry.owner.run("graph_impact", artifact="org.acme/log")
    assert audited(registry)[0]["operation"] == "graph_impact"
