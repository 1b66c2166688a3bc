"""What of the query language goes beyond Meilisearch's own: done exactly, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from meilisearch_documents import document
from meilisearch_server import KEY, Meilisearch, meilisearch

import hyperhost
from builtin_plugins.search_meilisearch import answering, filters
from builtin_plugins.search_meilisearch.plugin import SearchMeilisearch
from builtin_plugins.search_meilisearch.schema import key, places_of
from builtin_plugins.search_meilisearch.settings import Settings, read_settings
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from hyperhost.config import Config, PluginConfig
from hyperhost.contracts import SearchDocument, SearchRequest, SearchSort, Visibility
from hyperhost.errors import ConfigError, RefusalError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meilisearch]:
    monkeypatch.setenv("HYPERHOST_MEILISEARCH_KEY", KEY)
    with meilisearch() as made:
        yield made


@pytest.fixture
def hook(server: Meilisearch) -> Iterator[Any]:
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(Settings(server.url)), "search-meilisearch")
        yield host.hook


def filled(hook: Any, documents: list[SearchDocument]) -> Any:
    hook.search_index(documents=documents)
    hook.search_commit(after=0, sequence=1, mark="m")
    return hook


def found(hook: Any, query: str, **more: Any) -> list[int]:
    """The last digits of the ids of what is found."""
    return [int(hit.artifact_id[-4:]) for hit in hook.search_query(request=SearchRequest(query, **more)).hits]


def test_three_words_side_by_side_are_found_and_the_same_pairs_apart_are_not(hook: Any) -> None:
    texts = ["open id connect", "open id and id connect", "id connect open id", "we open id connect now"]
    filled(hook, [document(n, f"x{n}", text) for n, text in enumerate(texts)])
    assert sorted(found(hook, '"open id connect"')) == [0, 3]
    assert sorted(found(hook, "open-id-con*")) == [0, 3]
    assert sorted(found(hook, '-"open id connect"')) == [1, 2]


def test_a_phrase_of_three_words_is_refused_where_too_many_have_to_be_looked_at(
    hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(hook, [document(n, f"x{n}", "open id connect") for n in range(4)])
    monkeypatch.setattr(filters, "LOOKED", 3)
    monkeypatch.setattr(answering, "LOOKED", 3)
    with pytest.raises(RefusalError, match="more than 3 artifacts have parts of a phrase") as caught:
        found(hook, '"open id connect"')
    assert caught.value.rule == "search.limit"
    assert len(found(hook, '"open id"')) == 4


def test_typos_are_refused_where_more_words_begin_alike_than_the_server_tells_of(
    hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(hook, [document(n, f"auth{n}") for n in range(4)])
    monkeypatch.setattr(filters, "FACET_VALUES", 4)
    with pytest.raises(RefusalError, match="more than 4 words begin with 'a'") as caught:
        found(hook, "auht1~2")
    assert caught.value.rule == "search.limit"


def test_a_beginning_that_is_too_long_for_the_server_is_refused(hook: Any) -> None:
    filled(hook, [document(1, "x", tags=["t" * 300])])
    assert found(hook, f"tags:{'t' * 200}*") == [1]
    assert found(hook, f"tags:{'t' * 300}") == [1]
    assert found(hook, f"tags:{'t' * 299}") == []
    with pytest.raises(RefusalError, match="201 bytes is too long"):
        found(hook, f"tags:{'t' * 201}*")


@pytest.mark.parametrize("form", ["-(x {})", "(x OR (y {}))", "(x -{})"])
def test_what_is_nested_is_answered_or_refused_before_the_server_has_to(hook: Any, form: str) -> None:
    filled(hook, [document(1, "auth")])
    refused = []
    query = "auth"
    while query.count("(") < 29:
        query = form.format(query)
        request = SearchRequest(query, "visibility=public OR name=x", sort=[SearchSort("created")])
        for each in (request, SearchRequest(query, request.filter, explain=True)):
            try:
                hook.search_query(request=each)
            except RefusalError as error:
                refused.append((query.count("("), error.rule, error.reason))
    assert min(refused) > (18,)
    assert {(rule, reason) for _, rule, reason in refused} == {
        ("search.syntax", "the query is nested too deeply for the search server")
    }


def test_long_words_and_values_of_other_alphabets_are_found_whole(hook: Any) -> None:
    word = "𐐨" * 100  # four bytes each
    filled(hook, [document(1, "x", f"{word} {word[:99]}é", author="🚀" * 90, licenses=["MIT"])])
    assert found(hook, word) == [1]
    assert found(hook, f'"{word} {word[:99]}e"') == [1]
    assert found(hook, word[:99]) == []
    facet = hook.search_query(request=SearchRequest("", facets=["author", "license"])).facets
    assert facet[0].values[0].value == "🚀" * 57  # cut at 230 bytes
    assert [(value.value, value.count) for value in facet[1].values] == [("MIT", 1)]


def test_values_that_differ_in_case_are_counted_apart_and_found_together(hook: Any) -> None:
    documents = [document(n, f"x{n}", licenses=[name]) for n, name in enumerate(["MIT", "mit"])]
    filled(hook, documents)
    answer = hook.search_query(request=SearchRequest("license:Mit", facets=["license"]))
    assert (answer.total, [value.value for value in answer.facets[0].values]) == (2, ["MIT", "mit"])


NASTY = [
    'a" OR id EXISTS OR x_name = "',
    "a' OR id EXISTS",
    'x\\" OR 1=1',
    "id EXISTS",
    "[1 TO 2]",
    "-a",
    "*",
    "\u2028",
]


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_was_typed_gets_into_a_filter_or_a_search(
    hook: Any, server: Meilisearch, text: str
) -> None:
    filled(hook, [document(1, "acme"), document(2, "x", tags=[text])])
    server.requests.clear()
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert found(hook, f"tags={quoted}") == [2]
    found(hook, quoted)
    assert found(hook, f"name={quoted}") == []
    bodies = [body for _, path, body in server.requests if path == "/multi-search"]
    asked = [query for body in bodies for query in body["queries"]]
    assert asked
    for query in asked:
        assert re.fullmatch(r'[-\w .<>=(),\[\]"]*', query.get("filter", ""), re.ASCII)
        assert re.fullmatch(r'[^\W_ ]*|("?[^\W_]+( [^\W_]+)*"?)( .*)?', query["q"])


def test_every_search_that_tells_of_hits_holds_the_filter(hook: Any, server: Meilisearch) -> None:
    hidden = Visibility.PRIVATE
    filled(hook, [document(1, "auth"), document(2, "other"), document(3, "auth", "login", visibility=hidden)])
    server.requests.clear()
    request = SearchRequest(
        "auth OR login^2 OR o*", "visibility=public", facets=["type"], explain=True, highlight=True
    )
    hook.search_query(request=request)
    hook.search_query(request=SearchRequest("auth", "visibility=public", sort=[SearchSort("created")]))
    queries = [query for _, _, body in server.requests for query in body["queries"]]
    assert len(queries) > 8
    assert all(f'x_visibility = "{key("public")}"' in query["filter"] for query in queries)


def test_a_hit_has_the_score_of_its_best_part_and_the_explanation_says_so(hook: Any) -> None:
    texts = ["oauth2", "login", "oauth2 login"]
    filled(hook, [document(n, f"x{n}", text) for n, text in enumerate(texts)])
    answer = hook.search_query(request=SearchRequest("oauth2 OR login^2", explain=True))
    told = {int(hit.artifact_id[-4:]): hit.explanation for hit in answer.hits}
    assert re.fullmatch(r"\d\.\d\d = \d\.\d\d oauth2", told[0])
    assert re.fullmatch(r"\d\.\d\d = \d\.\d\d login", told[1])
    assert re.fullmatch(r"(\d\.\d\d) = the most of \1 login, \d\.\d\d oauth2", told[2])
    (only,) = hook.search_query(request=SearchRequest("name=x1", explain=True)).hits
    assert only.explanation == "0.00 = nothing that counts"


def test_pages_by_relevance_end_with_an_error_and_not_as_if_that_were_all(
    hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(hook, [document(n, "auth") for n in range(30)])
    monkeypatch.setattr(answering, "RANKED", 20)
    answer = hook.search_query(request=SearchRequest("auth", size=15))
    assert [int(hit.artifact_id[-4:]) for hit in answer.hits] == list(range(15))
    with pytest.raises(RefusalError, match="pages by relevance end behind 20 hits") as caught:
        hook.search_query(request=SearchRequest("auth", size=15, token=answer.next_token))
    assert caught.value.rule == "search.limit"
    several = [SearchSort("rating"), SearchSort("relevance")]
    with pytest.raises(RefusalError, match="30 hits cannot be sorted by relevance together"):
        hook.search_query(request=SearchRequest("auth", sort=several))
    assert len(found(hook, "auth", sort=[SearchSort("rating")], size=1000)) == 30


def test_relevance_may_be_one_of_several_sort_keys(hook: Any) -> None:
    names = [("auth", 5.0), ("x", 5.0), ("auth", 3.0)]
    documents = [document(n, name, "auth", rating=r) for n, (name, r) in enumerate(names)]
    filled(hook, documents)
    both = [SearchSort("rating"), SearchSort("relevance")]
    assert found(hook, "auth", sort=both) == [0, 1, 2]
    assert found(hook, "auth", sort=[SearchSort("rating"), SearchSort("relevance", False)]) == [1, 0, 2]
    first = hook.search_query(request=SearchRequest("auth", sort=both, size=2))
    assert found(hook, "auth", sort=both, size=2, token=first.next_token) == [2]


def test_ids_as_numbers_have_the_order_of_ids() -> None:
    ids = ["00000000-0000-7000-8000-000000000001", "0190f0f0-0000-7000-8000-ffffffffffff"]
    ids += ["0190f0f1-0000-7000-8000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
    assert sorted(ids, key=places_of) == ids
    assert len({places_of(each) for each in ids}) == len(ids)


def test_it_is_chosen_by_name_only_and_says_when_it_does_not_know_where_the_server_is() -> None:
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(), "search-meilisearch")
        host.register(SearchWhoosh(), "search-whoosh")
        assert host.hook.search_status().documents == 0
    with hyperhost.Host("search", config=Config(providers={"search": "search-meilisearch"})) as host:
        host.register(SearchMeilisearch(), "search-meilisearch")
        host.register(SearchWhoosh(), "search-whoosh")
        with pytest.raises(RefusalError, match="where the Meilisearch server is") as caught:
            host.hook.search_query(request=SearchRequest(""))
    assert caught.value.rule == "search.engine"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"url": "ftp://acme.example"}, "no address"),
        ({"url": "https://"}, "no address"),
        ({"url": "https://acme.example:port"}, "no address"),
        ({"url": "https://user:s3cr3t@acme.example"}, "holds a user, a password"),
        ({"url": "https://acme.example/?key=s3cr3t"}, "holds a user, a password"),
        ({"url": "http://acme.example"}, "has no TLS"),
        ({"url": "http://127.0.0.1.acme.example"}, "has no TLS"),
        ({"prefix": "a__b"}, "prefix is"),
        ({"prefix": "../x"}, "prefix is"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"timeout_s": True}, "wrong kind"),
        ({"api_key": "s3cr3t"}, "'api_key' is unknown"),
    ],
)
def test_a_configuration_that_means_nothing_is_refused_without_repeating_secrets(
    config: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read_settings(config)
    assert "s3cr3t" not in str(caught.value)
    host_config = Config(plugins={"search-meilisearch": PluginConfig(config=config)})
    with hyperhost.Host("search", config=host_config) as host, pytest.raises(ConfigError, match=words):
        host.register(SearchMeilisearch(), "search-meilisearch")


@pytest.mark.parametrize(
    "url", ["http://localhost:7700", "http://[::1]:7700/", "https://acme.example/search/"]
)
def test_addresses_of_this_machine_or_with_tls_are_taken(url: str) -> None:
    assert read_settings({"url": url}).url == url
    assert read_settings({"url": "http://acme.example", "allow_http": True}).allow_http
