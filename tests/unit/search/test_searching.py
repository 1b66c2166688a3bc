"""The operations of search: what may be found, who ranks it, what an error says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from search_hosts import Searchable, searchable

import hyperhost
from hyperhost.contracts import Facet, FacetValue, Principal, RankAdjustment, SearchHit, SearchRequest
from hyperhost.errors import InvalidInputError, QuerySyntaxError
from hyperhost.hookspecs import hookimpl


@pytest.fixture
def registry() -> Iterator[Searchable]:
    with searchable() as made:
        for number in range(6):
            visibility = "public" if number % 2 else "private"
            made.create(
                f"auth-{number}", "logs people in", visibility=visibility, metadata={"tags": [f"t{number}"]}
            )
        yield made


def test_an_answer_has_artifacts_highlights_facets_and_an_explanation(registry: Searchable) -> None:
    found = registry.run(
        "search", query="people name:auth", facets=["visibility"], highlight=True, explain=True, size=2
    )
    assert (found["total"], len(found["hits"]), bool(found["next_token"])) == (6, 2, True)
    assert found["facets"] == [
        {"name": "visibility", "values": [{"value": "private", "count": 3}, {"value": "public", "count": 3}]}
    ]
    hit = found["hits"][0]
    assert hit["artifact"]["metadata"]["description"] == "logs people in"
    marked = {(each["field_name"], each["text"][each["start"] : each["end"]]) for each in hit["highlights"]}
    assert marked == {("name", "auth"), ("description", "people")}
    assert "people" in hit["explanation"]
    assert "name:auth" in hit["explanation"]
    assert hit["score"] > 0


def test_query_lists_by_a_filter_in_the_order_of_a_field(registry: Searchable) -> None:
    found = registry.run(
        "query", filter="visibility=public", sort=[{"key": "created", "descending": False}], size=2
    )
    assert [hit["artifact"]["name"] for hit in found["hits"]] == ["auth-1", "auth-3"]
    rest = registry.run(
        "query",
        filter="visibility=public",
        sort=[{"key": "created", "descending": False}],
        size=2,
        token=found["next_token"],
    )
    assert [hit["artifact"]["name"] for hit in rest["hits"]] == ["auth-5"]
    assert (rest["total"], rest["next_token"]) == (3, "")
    newest = registry.run("query")
    assert newest["hits"][0]["artifact"]["name"] == "auth-5"


def test_what_a_principal_may_not_read_is_in_no_hit_count_facet_or_highlight(registry: Searchable) -> None:
    class PublicOnly:
        @hookimpl
        def search_restrict(self, principal: Principal) -> str:
            return "" if "admin" in principal.roles else "visibility=public"

    class NotFive:
        @hookimpl
        def search_restrict(self, principal: Principal) -> str:
            return "" if "admin" in principal.roles else "-name=auth-5"

    registry.host.register(PublicOnly(), "public-only")
    registry.host.register(NotFive(), "not-five")
    stranger = hyperhost.Operations(registry.host, Principal("user:mallory"))
    for arguments in (
        {"query": "people"},
        {"query": "people OR visibility=private"},
        {"query": "people", "filter": "visibility=private OR visibility=public"},
        {"query": "peopl"},
        {"query": ""},
    ):
        found = stranger.run("search", **arguments, facets=["tags", "visibility"], highlight=True)
        assert sorted(hit["artifact"]["name"] for hit in found["hits"]) == ["auth-1", "auth-3"], arguments
        assert found["total"] == 2
        values = {value["value"] for facet in found["facets"] for value in facet["values"]}
        assert values == {"t1", "t3", "public"}
    assert len(stranger.run("query")["hits"]) == 2
    assert len(registry.found("people")) == 6


def test_a_plugin_that_cannot_say_what_may_be_read_stops_the_search(registry: Searchable) -> None:
    class Faulty:
        @hookimpl
        def search_restrict(self, principal: Principal) -> str:
            raise OSError("the directory is away")

    registry.host.register(Faulty(), "faulty")
    with pytest.raises(hyperhost.errors.OperationError, match="the directory is away"):
        registry.run("search", query="auth")


def test_rank_plugins_move_hits_and_explain_shows_it(registry: Searchable) -> None:
    class Fifth:
        @hookimpl
        def search_rerank(self, request: SearchRequest, hits: list[SearchHit]) -> list[RankAdjustment]:
            return [
                RankAdjustment(hit.artifact_id, 10.0 * place, "later is better")
                for place, hit in enumerate(hits)
            ]

    before = registry.found("people")
    registry.host.register(Fifth(), "fifth")
    assert registry.found("people") == before[::-1]
    found = registry.run("search", query="people", explain=True, size=1)
    assert "+50.00 later is better" in found["hits"][0]["explanation"]
    pages, token = [], ""
    while True:
        page = registry.run("search", query="people", size=4, token=token)
        pages += [hit["artifact"]["name"] for hit in page["hits"]]
        token = page["next_token"]
        if not token:
            break
    assert pages == before[::-1]
    by_date = registry.found("people", sort=[{"key": "created"}])
    assert by_date == [f"auth-{number}" for number in range(5, -1, -1)]


@pytest.mark.parametrize(
    "answer",
    [
        [RankAdjustment("invented", 1.0)],
        [RankAdjustment("", float("nan"))],
        [RankAdjustment("", float("inf"))],
        [RankAdjustment("", 1.0), RankAdjustment("", 1.0)],
    ],
    ids=["invented", "nan", "inf", "twice"],
)
def test_a_rank_plugin_that_lies_moves_nothing_and_is_recorded(
    registry: Searchable, answer: list[RankAdjustment]
) -> None:
    class Liar:
        @hookimpl
        def search_rerank(self, hits: list[SearchHit]) -> list[RankAdjustment]:
            return [
                dataclasses.replace(each, artifact_id=each.artifact_id or hits[-1].artifact_id)
                for each in answer
            ]

    before = registry.found("people")
    registry.host.register(Liar(), "liar")
    assert registry.found("people") == before
    assert [(fault.plugin, fault.hook) for fault in registry.host.faults] == [("liar", "search_rerank")]


def test_a_query_is_rewritten_and_its_filter_holds(registry: Searchable) -> None:
    class Everyone:
        @hookimpl
        def search_rewrite_query(self, request: SearchRequest) -> SearchRequest | None:
            return dataclasses.replace(request, query="people", filter="")

    registry.host.register(Everyone(), "everyone")
    found = registry.run("search", query="folk", filter="visibility=public")
    assert (found["total"], found["query"]) == (3, "people")


def test_a_rewriting_that_is_no_query_is_left_out(registry: Searchable) -> None:
    class Broken:
        @hookimpl
        def search_rewrite_query(self, request: SearchRequest) -> SearchRequest | None:
            return dataclasses.replace(request, query="(((")

    registry.host.register(Broken(), "broken")
    assert len(registry.found("people")) == 6
    assert {(fault.plugin, fault.hook) for fault in registry.host.faults} == {
        ("broken", "search_rewrite_query")
    }


def test_plugins_add_facets_and_replace_none(registry: Searchable) -> None:
    class More:
        @hookimpl
        def search_facets(self, request: SearchRequest, hits: list[SearchHit]) -> list[Facet]:
            return [Facet("best", [FacetValue("all", len(hits))]), Facet("type", [FacetValue("faked", 1)])]

    registry.host.register(More(), "more")
    found = registry.run("search", query="people", facets=["type"], size=1)
    assert [facet["name"] for facet in found["facets"]] == ["type", "best"]
    assert found["facets"][0]["values"] == [{"value": "library", "count": 6}]
    assert found["facets"][1]["values"] == [{"value": "all", "count": 6}]


def test_typos_are_forgiven_when_nothing_is_found_otherwise(registry: Searchable) -> None:
    found = registry.run("search", query="peple", size=4)
    assert (found["total"], found["query"]) == (6, "peple~1")
    rest = registry.run("search", query="peple", size=4, token=found["next_token"])
    assert len(rest["hits"]) == 2
    assert not {hit["artifact"]["id"] for hit in rest["hits"]} & {
        hit["artifact"]["id"] for hit in found["hits"]
    }
    nothing = registry.run("search", query="zzzzzz")
    assert (nothing["total"], nothing["query"]) == (0, "zzzzzz")


@pytest.mark.parametrize(
    ("arguments", "field", "rule", "words"),
    [
        ({"query": "(auth"}, "query[5]", "syntax", "a '(' is never closed"),
        ({"query": "nmae:auth"}, "query[0]", "field", "did you mean 'name'?"),
        ({"filter": "a b)"}, "filter[3]", "syntax", "closes nothing"),
        ({"query": "x" * 5000}, "query[4000]", "length", "4,000 are the most"),
        ({"sort": [{"key": "ratign"}]}, "sort", "field", "did you mean 'rating'?"),
        ({"facets": ["tpye"]}, "facets", "field", "did you mean 'type'?"),
        ({"token": "nonsense"}, "token", "page", "page token"),
        ({"size": 0}, "size", "range", "0 hits"),
        ({"query": 5}, "query", "type", "query"),
        ({"qeury": "a"}, "qeury", "type", "qeury"),
    ],
)
def test_a_wrong_argument_is_named(
    registry: Searchable, arguments: dict[str, Any], field: str, rule: str, words: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        registry.run("search", **arguments)
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert words in str(caught.value)
    if "[" in field:
        assert isinstance(caught.value, QuerySyntaxError)
        assert f"[{caught.value.position}]" in field
