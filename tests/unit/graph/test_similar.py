"""What is alike, in which parts, and how the configuration weighs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graph_hosts import Graphed, graphed

from builtin_plugins.graph.settings import PARTS, weights_of
from hyperhost.errors import ConfigError, InvalidInputError


def parts(found: dict[str, Any]) -> dict[str, float]:
    return {part["name"]: part["score"] for part in found["parts"]}


def reasons(found: dict[str, Any]) -> dict[str, str]:
    return {part["name"]: part["reason"] for part in found["parts"]}


def test_each_part_is_shown_with_its_reason_and_they_add_up() -> None:
    with graphed() as registry:
        told = {"author": "Jane", "tags": ["security"], "licenses": ["MIT"]}
        registry.create("core")
        registry.create("auth", "core", metadata={"description": "logs people in with oauth", **told})
        registry.create("login", "core", metadata={"description": "oauth for people", **told})
        registry.create("paint", metadata={"description": "colours"}, type="theme", manifest=None)
        registry.create("shop", "auth", "login")
        first, *_ = registry.similar("auth")
        assert first["artifact"] == "org.acme/login"
        assert (
            reasons(first)["content"].startswith("both say oauth, people")
            or "oauth" in reasons(first)["content"]
        )
        assert (
            reasons(first)["metadata"]
            == "the same: tags security; by Jane; in org.acme; licence mit; type library"
        )
        assert reasons(first)["dependencies"] == "both need org.acme/core"
        assert (parts(first)["metadata"], parts(first)["dependencies"], parts(first)["usage"]) == (
            1.0,
            1.0,
            0.5,
        )
        assert first["score"] == pytest.approx(
            sum(part["score"] * part["weight"] for part in first["parts"]), abs=1e-3
        )
        assert sum(part["weight"] for part in first["parts"]) == pytest.approx(1)


def test_the_same_bytes_are_the_same_content(registry_with_content: Graphed) -> None:
    first, *_ = registry_with_content.similar("one")
    assert first["artifact"] == "org.acme/two"
    assert (parts(first)["content"], reasons(first)["content"]) == (
        1.0,
        "the content is the same, byte for byte",
    )


@pytest.fixture
def registry_with_content() -> Any:
    with graphed() as registry:
        upload = registry.run("content_open")
        registry.run("content_append", upload=upload, data=b"hello")
        kept = registry.run("content_commit", upload=upload)
        for name in ("one", "two"):
            registry.create(name, content_hash=kept["hash"])
        registry.create("three", metadata={"description": "one"})
        yield registry


def test_what_is_used_together_is_found_and_one_use_proves_less_than_many() -> None:
    with graphed() as registry:
        for name in ("salt", "pepper", "sugar"):
            registry.create(name, namespace=f"org.{name}")
        for number in range(9):
            registry.create(f"dish-{number}", "org.salt/salt", "org.pepper/pepper")
        registry.create("cake", "org.salt/salt", "org.sugar/sugar")
        found = registry.run("graph_similar", artifact="org.salt/salt")["similar"]
        usage = {each["artifact"]: parts(each)["usage"] for each in found}
        assert usage["org.pepper/pepper"] > 0.8
        assert 0 < usage["org.sugar/sugar"] < 0.5
        edges = registry.run("graph_show", node="org.salt/salt", kinds=["co-occurs", "similar"])["edges"]
        assert {edge["kind"] for edge in edges} == {"co-occurs", "similar"}
        assert all(0 < edge["weight"] <= 1 for edge in edges)


def test_the_limit_holds_and_equals_are_listed_by_name() -> None:
    with graphed() as registry:
        for number in range(30):
            registry.create(f"same-{number:02d}", metadata={"tags": ["x"]}, namespace="org.same")
        found = registry.run("graph_similar", artifact="org.same/same-15", limit=5)["similar"]
        assert len(found) == 5
        order = [(-each["score"], each["artifact"]) for each in found]
        assert order == sorted(order)
        with pytest.raises(InvalidInputError):
            registry.run("graph_similar", artifact="org.same/same-15", limit=0)


def test_weights_in_the_configuration_count(tmp_path: Path) -> None:
    assert weights_of({}) == pytest.approx(PARTS)
    found = weights_of({"weights": {"content": 0, "metadata": 0, "usage": 3, "dependencies": 1}})
    assert found == {"content": 0, "metadata": 0, "usage": 0.75, "dependencies": 0.25}


@pytest.mark.parametrize(
    "config",
    [
        {"weight": {}},
        {"weights": {"colour": 1}},
        {"weights": 3},
        {"weights": {"content": -1}},
        {"weights": {"content": float("nan")}},
        {"weights": {"content": True}},
        {"weights": {"content": "much"}},
        {"weights": dict.fromkeys(PARTS, 0)},
    ],
    ids=json.dumps,
)
def test_weights_that_are_none_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"plugins\.graph\.config"):
        weights_of(config)
