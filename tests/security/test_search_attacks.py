"""Bad input to ``search``, with every engine that is there and in every mode; and engines that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from embedding_parts import Concepts
from search_hosts import Searchable, searchable

from builtin_plugins.search_semantic.plugin import SearchSemantic
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from hyperhost.contracts import SearchDocument, SearchRequest, SearchResults
from hyperhost.errors import HyperHostError, InvalidInputError, OperationError, QuerySyntaxError
from hyperhost.hookspecs import hookimpl

HEBREW, ARABIC, EMOJI = "כניסה לחשבון", "تسجيل الدخول", "🚀 rocket 👩‍👩‍👧 family"


def tantivy() -> object:
    pytest.importorskip("tantivy", reason="the extra 'fast' is not installed")
    from builtin_plugins.search_tantivy.plugin import SearchTantivy

    return SearchTantivy()


ENGINES: dict[str, Callable[[], object]] = {"whoosh": SearchWhoosh, "sql": SearchSql, "tantivy": tantivy}
MODES = ("keyword", *(("semantic", "hybrid") if find_spec("usearch") else ()))


@pytest.fixture(params=ENGINES)
def registry(request: pytest.FixtureRequest) -> Iterator[Searchable]:
    with searchable(engine=ENGINES[request.param]()) as made:
        made.host.register(Concepts(), "concepts")
        made.host.register(SearchSemantic(), "search-semantic")
        made.create("auth", "logs people in with a regex (a+)+$")
        for name, text in (("hebrew", HEBREW), ("arabic", ARABIC), ("emoji", EMOJI), ("late", "last of all")):
            made.create(name, text)
        yield made


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        ("(auth", 5, "a '(' is never closed"),
        ("(" * 20 + "auth", 24, "never closed"),
        ("auth)", 4, "closes nothing"),
        ("(" * 500 + "auth" + ")" * 500, None, "30"),
        ("-" * 500 + "auth", None, ""),
        ('"auth', None, ""),
        ("nmae:auth", 0, "did you mean 'name'?"),
        ("auth tgas:a", 5, "did you mean 'tags'?"),
        ("password_hash:a", 0, "there is no field"),
        ("__class__:a", 0, "there is no field"),
        ("x" * 10_000, 4000, "4,000 are the most"),
        ("a " * 5_000, 4000, "4,000 are the most"),
        ("OR ".join(f"w{number} " for number in range(300)), None, "200 are the most"),
        ("tags:" + ",".join(f"t{number}" for number in range(700)), None, "200 are the most"),
        ("au\0th", None, ""),
        ("rating>=" + "9" * 400, None, ""),
        ("created>9999999-01-01", None, ""),
        ("auth~99", None, ""),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_query_is_refused_where_it_is_wrong(
    registry: Searchable, query: str, place: int | None, words: str, mode: str
) -> None:
    for argument in ("query", "filter"):
        with pytest.raises(QuerySyntaxError) as caught:
            registry.run("search", **{"query": "auth", argument: query}, mode=mode)
        assert place is None or caught.value.position == place
        assert words in str(caught.value)
        assert caught.value.hint or words
    assert registry.found("auth") == ["auth"]
    assert not registry.host.faults


@pytest.mark.parametrize(
    "query",
    [
        '"(a+)+$"',
        "a" * 3_900 + "*",
        "a" * 3_900 + "~2",
        " OR ".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"),
        " ".join(f"abcdefgh{number}~2" for number in range(190)),
        " ".join(f"abcdefghijklm{number}" for number in range(190)),
        " OR ".join(f'"w{number} of"' for number in range(190)),
        "(" * 29 + "auth" + ")" * 29,
        "%2e%2e/etc/passwd",
        "' OR 1; DROP TABLE documents; --x",
        "NEAR(a b) AND col* MATCH",
        "\u202e\u2066auth\u2069",
        "\ud83d",
        "‍",
        "🚀" * 900,
        "a\u0300" * 1_900,
    ],
    ids=lambda query: ascii(query[:12]),
)
@pytest.mark.parametrize("mode", MODES)
def test_what_looks_like_a_bomb_is_answered_or_refused(registry: Searchable, query: str, mode: str) -> None:
    try:
        found = registry.run("search", query=query, mode=mode, highlight=True, explain=True, facets=["type"])
    except InvalidInputError:
        pass  # it says where and why, which is all that it has to do
    else:
        assert len(found["hits"]) <= found["total"] <= 5
    assert registry.found("auth") == ["auth"]
    assert not registry.host.faults


@pytest.mark.parametrize(
    ("query", "name", "marked"),
    [
        ("כניסה", "hebrew", "כניסה"),
        ("الدخول", "arabic", "الدخول"),
        ('"تسجيل الدخول"', "arabic", "تسجيل"),
        ("כני*", "hebrew", "כניסה"),
        ("rocket", "emoji", "rocket"),
        ("family", "emoji", "family"),
    ],
)
def test_text_of_other_scripts_is_found_and_marked_where_it_stands(
    registry: Searchable, query: str, name: str, marked: str
) -> None:
    [hit] = registry.run("search", query=query, highlight=True)["hits"]
    assert hit["artifact"]["name"] == name
    mark = hit["highlights"][0]
    assert mark["text"][mark["start"] : mark["end"]] == marked


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"mode": "telepathy"}, "mode"),
        ({"mode": None}, "mode"),
        ({"sort": [{"key": "__class__"}]}, "sort"),
        ({"sort": [{"key": "rating\0"}]}, "sort"),
        ({"facets": ["description"]}, "facets"),
        ({"facets": ["x" * 100_000]}, "facets"),
        ({"size": 10**9}, "size"),
        ({"token": "h." + "A" * 10_000}, "token"),
        ({"token": "eyJ" * 3}, "token"),
        ({"token": "g.g.w.p.k.h.s."}, "token"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_an_argument_that_is_none_is_named(
    registry: Searchable, arguments: dict[str, Any], field: str, mode: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        registry.run("search", **({"query": "auth", "mode": mode} | arguments))
    assert caught.value.field.startswith(field)
    assert len(str(caught.value)) < 1_000


class Away(SearchWhoosh):
    """An engine whose disk is away, as long as it is."""

    away = True

    @hookimpl
    def search_query(self, request: SearchRequest) -> SearchResults:
        if self.away:
            raise OSError("the disk is away")
        return super().search_query(request)

    @hookimpl
    def search_index(self, documents: list[SearchDocument]) -> int:
        if self.away:
            raise OSError("the disk is away")
        return super().search_index(documents)


def test_an_engine_that_fails_says_so_and_the_registry_goes_on() -> None:
    engine = Away()
    with searchable(engine=engine) as registry:
        made = registry.create("auth", "logs people in")
        for operation in ({"name": "search", "query": "auth"}, {"name": "query"}):
            with pytest.raises(OperationError, match=r"the disk is away .*by plugin 'engine'"):
                registry.run(operation.pop("name"), **operation)
        assert registry.run("read", artifact=made)["name"] == "auth"
        registry.create("oauth", "logs more people in")
        engine.away = False
        assert sorted(registry.found("people")) == ["auth", "oauth"]


def test_an_engine_that_answers_what_is_not_there_shows_nothing_of_it() -> None:
    class Inventing(SearchWhoosh):
        @hookimpl
        def search_query(self, request: SearchRequest) -> SearchResults:
            found = super().search_query(request)
            return SearchResults([*found.hits, type(found.hits[0])("invented", 99.0)], found.total)

    with searchable(engine=Inventing()) as registry:
        registry.create("auth", "logs people in")
        assert registry.found("auth") == ["auth"]


@pytest.mark.skipif(len(MODES) == 1, reason="usearch is not installed")
@pytest.mark.parametrize("mode", MODES[1:])
def test_what_embeds_and_fails_says_so_and_searching_by_words_goes_on(mode: str) -> None:
    class Broken(Concepts):
        @hookimpl
        def embed_text(self, texts: list[str]) -> list[list[float]]:
            raise OSError("the model is away")

    class Short(Concepts):
        @hookimpl
        def embed_text(self, texts: list[str]) -> list[list[float]]:
            return [[1.0]] * len(texts)

    class Mad(Concepts):
        @hookimpl
        def embed_text(self, texts: list[str]) -> list[list[float]]:
            return [[float("nan")] * 5] * len(texts)

    for made in (Broken(), Short(), Mad()):
        with searchable() as registry:
            registry.host.register(made, "embedder")
            registry.host.register(SearchSemantic(), "search-semantic")
            registry.create("auth", "logs people in")
            with pytest.raises(HyperHostError):
                registry.run("search", query="people", mode=mode)
            assert registry.found("people") == ["auth"]
