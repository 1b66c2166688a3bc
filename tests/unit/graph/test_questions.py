"""Nodes, neighbours, ways, impact and clusters; what bad input gets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest
from graph_hosts import Graphed, graphed, need

from hyperhost.contracts import Artifact, ArtifactType, ArtifactWrite, Dependency, PutMode, Visibility
from hyperhost.errors import HyperHostError, InvalidInputError, NotFoundError


@pytest.fixture
def registry() -> Iterator[Graphed]:
    with graphed() as made:
        made.create("log", metadata={"author": "Jane Doe", "tags": ["ops", "text"]})
        made.create("db", "log", metadata={"author": "Jane Doe", "tags": ["data"]})
        made.create("web", "db", "log", metadata={"author": "Ann", "tags": ["ops"]})
        made.create("app", "web", "ghost", metadata={"author": "Ann"})
        yield made


def test_a_node_is_shown_with_all_that_is_declared_around_it(registry: Graphed) -> None:
    assert registry.shown("org.acme/web") == {
        ("web", "depends", "db"),
        ("web", "depends", "log"),
        ("db", "depends", "log"),
        ("app", "depends", "web"),
        ("web", "author", "user:Ann"),
        ("web", "tag", "tag:ops"),
        ("web", "namespace", "namespace:org.acme"),
    }
    assert registry.shown("org.acme/web", kinds=["used-by"]) == {("web", "used-by", "app")}
    assert registry.shown("user:Ann", kinds=["author"]) == {
        ("web", "author", "user:Ann"),
        ("app", "author", "user:Ann"),
    }
    assert registry.shown("tag:OPS", kinds=["tag"]) == {("web", "tag", "tag:ops"), ("log", "tag", "tag:ops")}
    found = registry.run("graph_show", node="namespace:org.acme", kinds=["namespace"])
    assert {node["name"] for node in found["nodes"]} == {
        "org.acme", "org.acme/app", "org.acme/db", "org.acme/log", "org.acme/web",
    }  # fmt: skip


def test_depth_and_limit_bound_what_is_shown_and_the_rest_is_counted(registry: Graphed) -> None:
    deep = registry.shown("org.acme/app", kinds=["depends"], depth=2)
    assert ("web", "depends", "log") in deep
    assert ("db", "depends", "log") in deep
    whole = registry.run("graph_show", node="org.acme/app", kinds=["depends"], depth=4_000_000_000)
    assert {node["name"]: node["depth"] for node in whole["nodes"]} == {
        "org.acme/app": 0, "org.acme/ghost": 1, "org.acme/web": 1, "org.acme/db": 2, "org.acme/log": 2,
    }  # fmt: skip
    short = registry.run("graph_show", node="org.acme/app", kinds=["depends"], depth=0, limit=2)
    assert (len(short["nodes"]), short["more"]) == (2, 1)


def test_a_dependency_on_what_is_not_there_is_shown_as_missing(registry: Graphed) -> None:
    found = registry.run("graph_show", node="org.acme/ghost")
    assert (found["nodes"][0]["missing"], found["nodes"][0]["version"]) == (True, "")
    assert registry.shown("org.acme/ghost") == {("app", "depends", "ghost")}
    impact = registry.run("graph_impact", artifact="org.acme/ghost")
    assert (impact["missing"], impact["total"]) == (True, 1)
    assert registry.similar("ghost") == []


def test_impact_has_depth_counts_downloads_and_a_score(registry: Graphed) -> None:
    found = registry.run("graph_impact", artifact="org.acme/log")
    assert [(each["depth"], each["artifacts"]) for each in found["levels"]] == [(1, 2), (2, 1)]
    assert [(each["artifact"], each["by"]) for each in found["artifacts"]] == [
        ("org.acme/db", "org.acme/log"),
        ("org.acme/web", "org.acme/log"),
        ("org.acme/app", "org.acme/web"),
    ]
    assert (found["total"], found["score"], found["more"], found["cycle"]) == (3, 2.5, 0, [])
    assert registry.impacted("log", depth=1) == {"db": 1, "web": 1}
    bounded = registry.run("graph_impact", artifact="org.acme/log", limit=1)
    assert (len(bounded["artifacts"]), bounded["more"], bounded["total"]) == (1, 2, 3)
    assert registry.run("graph_impact", artifact="org.acme/app")["total"] == 0


def test_cycles_and_artifacts_that_need_themselves_end(registry: Graphed) -> None:
    registry.create("egg", "hen")
    registry.create("hen", "egg")
    # The registry takes in nothing that needs itself; a store may hold it all the same.
    egg = registry.host.hook.storage_find_artifact(namespace="org.acme", name="egg", version="1.0.0")
    again = dataclasses.replace(egg, dependencies=[*egg.dependencies, Dependency("org.acme/egg")])
    registry.host.hook.storage_put_artifact(artifact=again, manifest_json="", mode=PutMode.REPLACE)
    assert registry.impacted("egg") == {"hen": 1}
    found = registry.run("graph_impact", artifact="org.acme/egg")
    assert found["cycle"] == ["org.acme/hen"]
    assert ("egg", "depends", "egg") in registry.shown("org.acme/egg", depth=0)
    way = registry.run("graph_path", node="org.acme/egg", target="org.acme/egg")
    assert (way["found"], way["edges"], way["length"]) == (True, [], 0.0)
    assert registry.run("graph_show", node="org.acme/egg", format="svg")["drawing"].startswith("<svg")


def test_a_way_has_the_fewest_edges_and_of_several_the_strongest(registry: Graphed) -> None:
    def way(one: str, other: str, **more: object) -> list[str]:
        found = registry.run("graph_path", node=one, target=other, **more)
        return [node["name"].removeprefix("org.acme/") for node in found["nodes"]]

    assert way("org.acme/app", "org.acme/log") == ["app", "web", "log"]
    assert way("org.acme/log", "org.acme/app") == []
    assert way("org.acme/log", "org.acme/app", kinds=["used-by"]) == ["log", "web", "app"]
    assert way("org.acme/app", "org.acme/log", depth=1) == []
    assert way("org.acme/db", "user:Ann", kinds=["used-by", "author"]) == ["db", "web", "Ann"]
    registry.create("weak", dependencies=[need("end", type="dev")])
    registry.create("strong", dependencies=[need("end")])
    registry.create("a-start", "weak", "strong")
    registry.create("end")
    assert way("org.acme/a-start", "org.acme/end") == ["a-start", "strong", "end"]


def test_older_versions_count_and_are_said_to_be_older(registry: Graphed) -> None:
    registry.run("publish", artifact=registry.create("core", "old", "log"))
    registry.run("publish", artifact=registry.create("core", "log", version="2.0.0"))
    found = registry.run("graph_impact", artifact="org.acme/old")
    assert [(each["artifact"], each["version"], each["current"]) for each in found["artifacts"]] == [
        ("org.acme/core", "2.0.0", False)
    ]
    edges = registry.run("graph_show", node="org.acme/core", kinds=["depends"])["edges"]
    assert {(edge["target"].rpartition("/")[2], edge["current"], edge["weight"]) for edge in edges} == {
        ("log", True, 1.0),
        ("old", False, 0.5),
    }


def test_weights_follow_the_type_of_a_dependency(registry: Graphed) -> None:
    kinds = ("runtime", "peer", "build", "dev")
    needs = [need(kind, "^1.2", type=kind) for kind in kinds] + [need("maybe", optional=True)]
    registry.create("tool", dependencies=needs)
    edges = registry.run("graph_show", node="org.acme/tool", kinds=["depends"])["edges"]
    assert {edge["target"].rpartition("/")[2]: (edge["weight"], edge["label"]) for edge in edges} == {
        "runtime": (1.0, "^1.2"), "peer": (0.5, "^1.2 peer"), "build": (0.5, "^1.2 build"),
        "dev": (0.25, "^1.2 dev"), "maybe": (0.5, "* optional"),
    }  # fmt: skip


def test_archived_versions_are_not_in_the_graph(registry: Graphed) -> None:
    done = registry.create("done", "log")
    registry.run("publish", artifact=done)
    assert "done" in registry.impacted("log")
    registry.run("archive", artifact=done)
    assert "done" not in registry.impacted("log")
    with pytest.raises(NotFoundError):
        registry.run("graph_show", node="org.acme/done")
    registry.run("restore", artifact=done)
    assert "done" in registry.impacted("log")


def test_clusters_part_what_hangs_together_from_the_rest(registry: Graphed) -> None:
    for group in ("red", "blue"):
        for number in range(5):
            before = [f"{group}-{each}" for each in range(number)]
            registry.create(f"{group}-{number}", *before, "log", metadata={"tags": [group]})
    found = registry.run("graph_clusters", members=100)
    for group in ("red", "blue"):
        cluster = next(each for each in found["clusters"] if f"org.acme/{group}-0" in each["members"])
        assert {f"org.acme/{group}-{number}" for number in range(5)} <= set(cluster["members"])
        assert cluster["tags"][0] == group
    assert found == registry.run("graph_clusters", members=100)
    assert found["total"] == len(found["clusters"])
    one = registry.run("graph_clusters", limit=1)
    assert (len(one["clusters"]), one["more"]) == (1, found["total"] - 1)
    assert registry.run("graph_clusters", namespace="org.nobody")["clusters"] == []


def test_every_answer_can_be_drawn(registry: Graphed) -> None:
    for operation, arguments in (
        ("graph_show", {"node": "org.acme/web"}),
        ("graph_path", {"node": "org.acme/app", "target": "org.acme/log"}),
        ("graph_similar", {"artifact": "org.acme/web"}),
        ("graph_impact", {"artifact": "org.acme/log"}),
        ("graph_clusters", {}),
    ):
        for form, words in (("text", "org.acme/"), ("mermaid", "flowchart LR"), ("svg", "<svg")):
            assert words in registry.run(operation, format=form, **arguments)["drawing"], (operation, form)
        assert registry.run(operation, **arguments)["drawing"] == ""


def test_ids_versions_and_kinds_name_nodes_too(registry: Graphed) -> None:
    found = registry.create("named")
    for node in (found, "org.acme/named@1.0.0", "artifact:org.acme/named"):
        assert registry.run("graph_show", node=node)["nodes"][0]["id"] == "artifact:org.acme/named"


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"node": "org.acme/wbe"}, NotFoundError, "did you mean 'org.acme/web'"),
        ({"node": "org.other/web"}, NotFoundError, "did you mean 'org.acme/web'"),
        ({"node": "tag:opss"}, NotFoundError, "did you mean 'ops'"),
        ({"node": "org.acme/a\x00b"}, InvalidInputError, "zero byte"),
        ({"node": "user:Nobody"}, NotFoundError, "there is no user Nobody"),
        ({"node": "namespace:org"}, NotFoundError, "there is no namespace org"),
        ({"node": "web"}, InvalidInputError, "write namespace/name"),
        ({"node": ""}, InvalidInputError, "names no node"),
        ({"node": "x" * 2000}, InvalidInputError, "names no node"),
        ({"node": "org.acme/\x1b[31m\x07"}, NotFoundError, r"'org.acme/\x1b[31m\x07'"),
        ({"node": "user:\u202eevil"}, NotFoundError, r"\u202e"),
        ({"node": "00000000-0000-7000-8000-000000000000"}, NotFoundError, "there is no artifact"),
        ({"node": "org.acme/web", "limit": 0}, InvalidInputError, "1 to 1,000"),
        ({"node": "org.acme/web", "limit": 1001}, InvalidInputError, "1 to 1,000"),
        ({"node": "org.acme/web", "depth": -1}, InvalidInputError, "depth is -1"),
        ({"node": "org.acme/web", "depth": 10**12}, InvalidInputError, "depth"),
        ({"node": "org.acme/web", "kinds": ["likes"]}, InvalidInputError, "kinds"),
    ],
)
def test_what_is_no_node_is_refused_in_words_that_help(
    registry: Graphed, arguments: dict[str, object], kind: type[HyperHostError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        registry.run("graph_show", **arguments)
    text = f"{caught.value.message} | {caught.value.hint}"
    assert words in text
    assert "\x1b" not in text


def test_a_way_along_what_is_computed_is_refused(registry: Graphed) -> None:
    with pytest.raises(InvalidInputError, match="what artifacts say of themselves"):
        registry.run("graph_path", node="org.acme/app", target="org.acme/log", kinds=["similar"])
    for arguments in ({"least": 1}, {"members": 0}, {"limit": 0}):
        with pytest.raises(InvalidInputError):
            registry.run("graph_clusters", **arguments)


def test_ten_thousand_dependents_are_counted_and_a_few_are_listed() -> None:
    with graphed() as registry:
        registry.create("log")
        items = [
            ArtifactWrite(
                Artifact(
                    f"00000000-0000-7000-8000-{number:012d}", "org.acme", f"user-{number}",
                    ArtifactType.LIBRARY, "1.0.0", Visibility.PUBLIC,
                    dependencies=[Dependency("org.acme/log")],
                )
            )
            for number in range(10_000)
        ]  # fmt: skip
        registry.host.hook.storage_put_artifacts(items=items, mode=PutMode.CREATE)
        found = registry.run("graph_impact", artifact="org.acme/log", limit=5)
        assert (found["total"], len(found["artifacts"]), found["more"]) == (10_000, 5, 9_995)
        assert len(json.dumps(found)) < 4_000
        shown = registry.run("graph_show", node="org.acme/log", limit=10)
        assert (len(shown["nodes"]), shown["more"]) == (10, 9_992)
