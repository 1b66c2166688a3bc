"""Words, highlights, page tokens: what every search engine shares."""

from __future__ import annotations

import dataclasses

import pytest

from hyperhost.contracts import SearchRequest, SearchSort
from hyperhost.errors import RefusalError
from hyperhost.query import Order, folded, highlights, parse, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("auth-core_v2.0", ["auth", "core", "v2", "0"]),
        ("OAuth2 Résumé \uff21\uff22\uff23 straße", ["oauth2", "resume", "abc", "strasse"]),
        ("Cafe\u0301 café", ["cafe", "cafe"]),
        ("🎉 --- !!", []),
        ("שָׁלוֹם عَرَبِي", ["שלום", "عربي"]),
        ("a" * 300, ["a" * 100]),
    ],
)
def test_words_of_a_text(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_value_is_the_same_whatever_its_case_accents_and_spaces() -> None:
    assert folded("  JANE  Doé ") == folded("jane doe") == "jane doe"


def test_highlights_show_where_words_stand_and_leave_out_what_is_excluded() -> None:
    text = "x" * 300 + " Authenticates with OAuth2 " + "y" * 300
    found = highlights(parse("name:auth* oauth2 -with"), {"name": "auth-core", "description": text})
    assert [(each.field_name, each.text[each.start : each.end]) for each in found] == [
        ("name", "auth"),
        ("description", "OAuth2"),
    ]
    assert len(found[1].text) < 200
    assert highlights(parse("tags:web"), {"tags": "web"}) == []


def test_a_page_token_goes_on_behind_a_hit_whatever_came_or_went() -> None:
    request = SearchRequest(
        "auth", size=2, sort=[SearchSort("rating"), SearchSort("created", descending=False)]
    )
    places = [Order(request).place(0.0, {"rating": 5.0, "created": float(n)}, f"a{n}") for n in range(5)]
    first, token = Order(request).page(places)
    assert [artifact_id for _, artifact_id in first] == ["a0", "a1"]
    early = Order(request).place(0.0, {"rating": 5.0, "created": 0.5}, "b")
    late = Order(request).place(0.0, {"rating": 5.0, "created": 2.5}, "c")
    rest, last = Order(dataclasses.replace(request, token=token, size=9)).page([*places[2:], early, late])
    assert [artifact_id for _, artifact_id in rest] == ["a2", "c", "a3", "a4"]
    assert last == ""


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        ({"size": 0}, "search.page", "a page of 0 hits"),
        ({"size": 1001}, "search.page", "a page of 1001 hits"),
        ({"sort": [SearchSort("ratign")]}, "search.field", "did you mean 'rating'?"),
        ({"token": "!!"}, "search.page", "the page token is none"),
        ({"token": "W10"}, "search.page", "the page token is none"),
        ({"query": "other"}, "search.page", "belongs to another search"),
        ({"filter": "type=plugin"}, "search.page", "belongs to another search"),
    ],
)
def test_what_is_no_page_is_refused(change: dict[str, object], rule: str, words: str) -> None:
    request = SearchRequest("auth")
    token = Order(request).token(((-1.0,), "a1"))
    with pytest.raises(RefusalError, match=words) as caught:
        Order(dataclasses.replace(request, **({"token": token} | change)))
    assert caught.value.rule == rule
