"""What is hard for tantivy: ties, pages, ids of any form, beginnings that look like patterns, many values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.search_tantivy.plugin import SearchTantivy
from builtin_plugins.search_tantivy.schema import id_of, place_of
from builtin_plugins.search_tantivy.terms import Terms
from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactType,
    SearchDocument,
    SearchHit,
    SearchRequest,
    SearchSort,
)
from hyperhost.errors import ProviderMissingError, RefusalError
from hyperhost.query import distance_within, flat, matches, parse


@pytest.fixture
def hook() -> Iterator[Any]:
    with hyperhost.Host("answers") as host:
        host.register(SearchTantivy(), "search-tantivy")
        yield host.hook


def uuid(number: int) -> str:
    return f"01932c07-{number % 65536:04x}-7000-8000-{number:012x}"


def document(artifact_id: str, name: str = "auth", rating: float = 0.0, **metadata: Any) -> SearchDocument:
    return SearchDocument(
        Artifact(
            artifact_id,
            "org.acme",
            name,
            ArtifactType.LIBRARY,
            "1.0.0",
            metadata=ArtifactMetadata(**metadata),
            activity=ArtifactActivity(rating=rating),
        )
    )


def told(hook: Any, documents: list[SearchDocument], after: int = 0) -> None:
    hook.search_index(documents=documents)
    hook.search_commit(after=after, sequence=after + 1, mark="m")


def pages(hook: Any, query: str, size: int, sort: list[SearchSort] | None = None) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        request = SearchRequest(query, sort=sort or [], size=size, token=token)
        page = hook.search_query(request=request)
        found += [hit.artifact_id for hit in page.hits]
        token = page.next_token
        if not token:
            return found


IDS = {
    "uuids": [uuid(number) for number in range(300)],
    "any text": [
        "",
        "-",
        "a",
        "A",
        "z9",
        "é",
        "日本",
        "id-1",
        "id-10",
        "id-2",
        "0" * 40,
        *map(str, range(40)),
    ],
    "both": [*map(uuid, range(40)), *(f"id-{number}" for number in range(40)), uuid(7).upper()],
}


@pytest.mark.parametrize("kind", list(IDS))
@pytest.mark.parametrize("query", ["auth", "au*", "", "type:library -zebra", "auth OR zebra*"])
@pytest.mark.parametrize("sort", [[], [SearchSort("rating")], [SearchSort("rating", False)]])
def test_hits_that_are_tied_come_by_id_on_pages_of_any_size(
    hook: Any, kind: str, query: str, sort: list[SearchSort]
) -> None:
    ids = IDS[kind]
    shuffled = random.Random(3).sample(ids, len(ids))
    for step, chunk in enumerate((shuffled[::3], shuffled[1::3], shuffled[2::3])):  # three segments
        told(hook, [document(each) for each in chunk], step)
    for size in (1000, 7):
        assert pages(hook, query, size, sort) == sorted(ids)


def test_few_scores_and_ratings_among_many_hits_are_ordered_as_a_whole(hook: Any) -> None:
    chosen = random.Random(5)
    documents = [
        document(uuid(number), chosen.choice(["auth", "auth-core", "x"]), chosen.choice([1.0, 2.0, 3.0]))
        for number in range(400)
    ]
    told(hook, documents)
    ratings = {each.artifact.id: each.artifact.activity.rating for each in documents}
    keys: dict[str, Callable[[SearchHit], tuple[Any, ...]]] = {
        "rating relevance": lambda hit: (-ratings[hit.artifact_id], -hit.score, hit.artifact_id),
        "-relevance": lambda hit: (hit.score, hit.artifact_id),
        "": lambda hit: (-hit.score, hit.artifact_id),
    }
    for names, key in keys.items():
        sort = [SearchSort(name.removeprefix("-"), not name.startswith("-")) for name in names.split()]
        whole = hook.search_query(request=SearchRequest("auth OR core", sort=sort, size=1000)).hits
        assert len({hit.score for hit in whole}) > 1
        assert whole == sorted(whole, key=key)
        assert pages(hook, "auth OR core", 9, sort) == [hit.artifact_id for hit in whole]


def test_ids_are_read_back_from_numbers_and_places_never_turn_their_order() -> None:
    chosen = random.Random(1)
    letters = "-./09:@AZ_`afgz é日\U0001f389"
    texts = ["".join(chosen.choices(letters, k=chosen.randint(0, 15))) for _ in range(3000)]
    texts += [uuid(chosen.getrandbits(40)) for _ in range(500)]
    texts.sort()
    places = list(map(place_of, texts))
    assert places == sorted(places)
    assert len(set(places)) > 500
    number = 2**127 + 5
    assert (
        id_of((number >> 64) - 2**63, (number & (2**64 - 1)) - 2**63)
        == "80000000-0000-0000-0000-000000000005"
    )


@pytest.mark.parametrize(
    "value",
    [
        "c++ (x)",
        "a.b",
        ".*",
        "[a-z]+",
        "a|b",
        "x{2,}",
        "back\\slash",
        "^start$",
        "e\u0301te",
        "שלום",
        "🎉 x",
        "a\tb",
    ],
)
def test_a_beginning_is_no_pattern(hook: Any, value: str) -> None:
    others = ["cxx", "aXb", "anything", "xx", "zebra"]
    documents = [
        document(uuid(0), tags=[value]),
        *(document(uuid(1 + n), tags=[t]) for n, t in enumerate(others)),
    ]
    told(hook, documents)
    for text in {value[:1], value[:2], value}:
        query = f"tags:{text}*"
        try:
            tree = parse(query)
        except hyperhost.errors.QuerySyntaxError:
            continue
        wanted = {each.artifact.id for each in documents if matches(tree, flat(each))}
        found = hook.search_query(request=SearchRequest(query))
        assert {hit.artifact_id for hit in found.hits} == wanted


def test_thousands_of_conditions_long_values_and_half_characters_are_no_harm(hook: Any) -> None:
    told(
        hook,
        [
            document(uuid(1), tags=["x" * 90_000, "\ud800half"], author="ann"),
            document(uuid(2), "w" * 300, tags=["y"], author="bob"),
        ],
    )
    many = " OR ".join(f"author=a{number}" for number in range(5_000))
    found = hook.search_query(
        request=SearchRequest("", f"{many} OR author=bob", facets=["tags", "author"], highlight=True)
    )
    assert [hit.artifact_id for hit in found.hits] == [uuid(2)]
    assert [(each.value, each.count) for each in found.facets[1].values] == [("bob", 1)]
    assert hook.search_query(request=SearchRequest(f"tags:{'x' * 3000}*")).total == 1
    assert hook.search_query(request=SearchRequest("w" * 300)).total == 1
    assert hook.search_query(request=SearchRequest(f"{'w' * 99}*")).total == 1
    assert hook.search_query(request=SearchRequest(f"{'w' * 300}*")).total == 1
    assert hook.search_query(request=SearchRequest(f"auth-{'日' * 150}*")).total == 0
    deep = "(" * 29 + "auth" + ")" * 29
    assert hook.search_query(request=SearchRequest(deep)).total == 1
    clauses = " ".join(f"-w{number}" for number in range(199))
    assert hook.search_query(request=SearchRequest(f"auth {clauses}")).total == 1


def test_a_facet_with_more_values_than_tantivy_counts_by_itself_is_whole(hook: Any) -> None:
    told(hook, [document(uuid(n), tags=[f"t{n}-{k}" for k in range(70)]) for n in range(1_000)])
    [facet] = hook.search_query(request=SearchRequest("", facets=["tags"], size=1)).facets
    assert len(facet.values) == 70_000
    assert {value.count for value in facet.values} == {1}
    names = [value.value for value in facet.values]
    assert names == sorted(names)


def test_typos_are_all_the_words_within_the_distance() -> None:
    chosen = random.Random(2)
    known = sorted({"".join(chosen.choices("abc", k=chosen.randint(1, 7))) for _ in range(600)})

    class Dictionary:
        def terms_with_prefix(self, field: str, letter: str) -> list[tuple[str, int]]:
            return [(word, 1) for word in known if word.startswith(letter)]

    near = Terms(Dictionary()).near
    for word in known[::7]:
        for distance in (1, 2):
            wanted = [other for other in known if distance_within(word, other, distance)]
            assert near("all", word, distance) == wanted


def test_without_the_library_the_search_says_what_to_install(
    hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import builtin_plugins.search_tantivy.plugin as module

    monkeypatch.setattr(module, "_is_installed", lambda: False)
    with pytest.raises(RefusalError, match="not installed") as caught:
        hook.search_query(request=SearchRequest("auth"))
    assert (caught.value.rule, "hyperhost[fast]" in caught.value.hint) == ("search.engine", True)
    with hyperhost.Host("answers") as host:
        host.register(SearchTantivy(), "one")
        host.register(SearchTantivy(), "two")
        with pytest.raises((ProviderMissingError, hyperhost.errors.ProviderConflictError)):
            host.hook.search_status()
