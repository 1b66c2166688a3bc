"""Searching by meaning, and by words and meaning: what is found, seen, counted, paged and explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from embedding_parts import Concepts
from search_hosts import Searchable, searchable

import hyperhost
from builtin_plugins.search_semantic.plugin import SearchSemantic
from hyperhost.contracts import Principal, RankAdjustment, SearchHit, SearchMode, SearchRequest
from hyperhost.errors import InvalidInputError, OperationError
from hyperhost.hookspecs import hookimpl

pytest.importorskip("usearch", reason="the extra 'semantic' is not installed")

THINGS = {
    "gate": "Authenticate with a password",
    "ledger": "Sends bills to customers",
    "album": "Shows photos",
    "zoo": "Lions of Africa",
}


@pytest.fixture
def registry() -> Iterator[Searchable]:
    with searchable() as made:
        made.host.register(Concepts(), "concepts")
        made.host.register(SearchSemantic(), "search-semantic")
        for number, (name, text) in enumerate(THINGS.items()):
            made.create(
                name,
                text,
                visibility="private" if number % 2 else "public",
                metadata={"tags": [f"t{number}"]},
            )
        yield made


def test_meaning_finds_what_has_none_of_the_words(registry: Searchable) -> None:
    assert registry.found("signin", mode="keyword") == []
    assert registry.found("signin", mode="semantic") == ["gate"]
    assert registry.found("signin", mode="hybrid") == ["gate"]
    registry.create("login-page", "A page in the colours of Acme")
    assert registry.found("login", mode="semantic")[0] in ("gate", "login-page")
    assert set(registry.found("login", mode="hybrid")) == {"gate", "login-page"}


def test_explain_shows_both_ranks_and_what_they_are_worth_together(registry: Searchable) -> None:
    registry.create("signin", "Logs people in")
    found = registry.run("search", query="signin", mode="hybrid", explain=True)
    best, second = found["hits"][:2]
    assert best["artifact"]["name"] == "signin"
    rank = int(best["explanation"].split(" by meaning")[0].rsplit("rank ", 1)[1])
    assert best["score"] == pytest.approx(61 / 2.5 * (0.5 / 61 + 1 / 61 + 1 / (60 + rank)))
    assert "; rank 1 by name; rank " in best["explanation"]
    assert best["explanation"].startswith(f"hybrid {best['score']:.4f}: rank 1 by words, score ")
    assert "signin" in best["explanation"].split("(")[1]
    assert "not found by words; rank " in second["explanation"]
    plain = registry.run("search", query="signin", mode="hybrid")["hits"][0]
    assert plain["explanation"] == ""
    [near] = registry.run("search", query="photos", mode="semantic", explain=True)["hits"]
    assert near["explanation"].startswith("rank 1 by meaning, cosine ")


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_filters_conditions_and_what_is_excluded_hold_for_what_is_found_by_meaning(
    registry: Searchable, mode: str
) -> None:
    everything = "signin OR photos OR zebra OR invoice"
    assert sorted(registry.found(everything, mode=mode)) == sorted(THINGS)
    assert registry.found(everything, filter="tags:t2", mode=mode) == ["album"]
    assert registry.found(f"({everything}) name=zoo", mode=mode) == ["zoo"]
    assert sorted(registry.found(f"({everything}) -africa -album", mode=mode)) == ["gate", "ledger"]
    assert registry.found(f"({everything}) visibility=private created>2090-01-01", mode=mode) == []
    assert registry.found(f'({everything}) "with a password"', mode=mode) == ["gate"]


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_what_a_principal_may_not_read_is_in_no_hit_count_or_facet(registry: Searchable, mode: str) -> None:
    class PublicOnly:
        @hookimpl
        def search_restrict(self, principal: Principal) -> str:
            return "" if "admin" in principal.roles else "visibility=public"

    registry.host.register(PublicOnly(), "public-only")
    stranger = hyperhost.Operations(registry.host, Principal("user:mallory"))
    for query in (
        "signin invoice photos lion",
        "signin OR invoice",
        "visibility=private OR signin",
        "invoices~2",
    ):
        found = stranger.run(
            "search", query=query, mode="hybrid", facets=["tags", "visibility"], highlight=True
        )
        names = {hit["artifact"]["name"] for hit in found["hits"]}
        assert names <= {"gate", "album"}
        assert found["total"] == len(names)
        values = {value["value"] for facet in found["facets"] for value in facet["values"]}
        assert values <= {"t0", "t2", "public"}
    owner = registry.run("search", query="signin invoice photos lion", mode=mode, facets=["visibility"])
    assert owner["total"] == 4
    assert owner["facets"][0]["values"] == [
        {"value": "private", "count": 2},
        {"value": "public", "count": 2},
    ]
    assert stranger.run("search", query="invoice", mode=mode, filter="name=ledger")["total"] == 0


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_pages_hold_every_hit_once_also_while_artifacts_come_and_go(registry: Searchable, mode: str) -> None:
    made = [registry.create(f"login-{number}", "account " * (number + 1)) for number in range(30)]
    whole = registry.found("login", mode=mode, size=1000)
    assert len(whole) == 31
    seen, token, pages = [], "", 0
    while True:
        page = registry.run("search", query="login", mode=mode, size=7, token=token)
        seen += [hit["artifact"]["name"] for hit in page["hits"]]
        pages, token = pages + 1, page["next_token"]
        if not token:
            break
    assert (seen, pages) == (whole, 5)
    first = registry.run("search", query="login", mode=mode, size=7)
    registry.run("delete", artifact=made[0])
    rest = registry.run("search", query="login", mode=mode, size=1000, token=first["next_token"])
    shown = [hit["artifact"]["name"] for hit in (*first["hits"], *rest["hits"])]
    assert set(shown) | {"login-0"} == set(whole)
    for other in ("keyword", "semantic", "hybrid"):
        if other != mode:
            with pytest.raises(InvalidInputError, match="token"):
                registry.run("search", query="login", mode=other, token=first["next_token"])


def test_hits_behind_the_thousand_best_follow(registry: Searchable, monkeypatch: pytest.MonkeyPatch) -> None:
    from builtin_plugins.search import blending

    monkeypatch.setattr(blending, "_WORDS", 5)
    monkeypatch.setattr(blending, "_NEAREST", 3)
    for number in range(20):
        registry.create(f"thing-{number}", "tools " * (number + 1))
    seen, token = [], ""
    while True:
        page = registry.run(
            "search", query="tools OR signin", mode="hybrid", size=4, token=token, explain=True
        )
        seen += [hit["artifact"]["name"] for hit in page["hits"]]
        token = page["next_token"]
        if not token:
            break
    assert page["total"] == 21
    assert sorted(seen) == sorted([f"thing-{number}" for number in range(20)] + ["gate"])


def test_words_are_marked_in_what_was_found_by_meaning_too(registry: Searchable) -> None:
    registry.create("ledger-two", "payment of a bill by people")
    hits = registry.run("search", query="money people", mode="semantic", highlight=True)["hits"]
    [two] = [hit for hit in hits if hit["artifact"]["name"] == "ledger-two"]
    mark = two["highlights"][0]
    assert mark["text"][mark["start"] : mark["end"]] == "people"


def test_typos_are_forgiven_word_by_word(registry: Searchable) -> None:
    assert registry.found("pasword", mode="hybrid") == ["gate"]
    assert registry.found("custmers bils", mode="hybrid") == ["ledger"]
    assert registry.found("zzzzzz", mode="hybrid") == []


def test_rank_plugins_see_the_mode_and_move_fused_hits(registry: Searchable) -> None:
    modes = []

    class Last:
        @hookimpl
        def search_rerank(self, request: SearchRequest, hits: list[SearchHit]) -> list[RankAdjustment]:
            modes.append(request.mode)
            return [RankAdjustment(hits[-1].artifact_id, 5.0, "the last")]

    before = registry.found("signin photos", mode="hybrid")
    registry.host.register(Last(), "last")
    found = registry.run("search", query="signin photos", mode="hybrid", explain=True)
    assert found["hits"][0]["artifact"]["name"] == before[-1]
    assert found["hits"][0]["explanation"].endswith("+5.00 the last")
    assert modes == [SearchMode.HYBRID]


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        ({"query": "type:library", "mode": "semantic"}, "query", "no words whose meaning"),
        ({"query": "", "mode": "semantic"}, "query", "no words whose meaning"),
        ({"query": "a", "mode": "hybrid", "sort": [{"key": "rating"}]}, "sort", "ordered by relevance"),
    ],
)
def test_what_meaning_cannot_answer_is_named(
    registry: Searchable, arguments: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        registry.run("search", **arguments)
    assert caught.value.field == field
    assert registry.found("type:library", mode="hybrid")  # there words are enough


def test_an_index_of_vectors_that_invents_shows_nothing_of_it(registry: Searchable) -> None:
    class Inventing(SearchSemantic):
        @hookimpl
        def semantic_search(self, text: str, size: int, among: list[str]) -> list[SearchHit]:
            found = super().semantic_search(text, size, among)
            return [SearchHit("invented", 1.0), SearchHit("x", float("nan")), *found, *found]

    registry.host.register(Inventing(), "inventing")
    registry.host.select("semantic", "inventing")
    for mode in ("semantic", "hybrid"):
        found = registry.run("search", query="signin", mode=mode)
        assert ([hit["artifact"]["name"] for hit in found["hits"]], found["total"]) == (["gate"], 1)
    assert {fault.hook for fault in registry.host.faults} == {"semantic_search"}


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_without_vectors_it_is_said_what_to_install(tmp_path: Path, mode: str) -> None:
    with searchable() as registry:
        registry.create("auth", "logs people in")
        with pytest.raises(OperationError, match="there is no search by meaning") as caught:
            registry.run("search", query="auth", mode=mode)
        assert "pip install 'hyperhost[semantic]'" in (caught.value.hint or "")
        registry.host.register(SearchSemantic(), "search-semantic")
        with pytest.raises(OperationError, match="nothing turns texts into vectors") as caught:
            registry.run("search", query="auth", mode=mode)
        assert "embed-minilm" in (caught.value.hint or "")
        assert registry.run("index_status")["semantic"]["documents"] == 0
        assert registry.found("auth") == ["auth"]
