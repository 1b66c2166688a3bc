"""What a query may cost: typos stand for so many words, and thousands of terms are asked for together."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import pytest

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_sql.typos import MAX_OF_ALL, MAX_TYPOS
from hyperhost.contracts import Artifact, ArtifactType, SearchDocument, SearchRequest
from hyperhost.query import flat, matches, parse

NAMES = [f"aut{first}{second}" for first in string.ascii_lowercase for second in string.ascii_lowercase]


def documents() -> list[SearchDocument]:
    """Hundreds whose names nearly are the same."""
    return [
        SearchDocument(Artifact(f"id-{number:03}", "org.acme", name, ArtifactType.PLUGIN, "1.0.0"))
        for number, name in enumerate(NAMES)
    ]


@pytest.fixture(scope="module")
def hook() -> Iterator[Any]:
    with hyperhost.Host("bounded") as host:
        host.register(SearchSql(), "search-sql")
        host.hook.search_index(documents=documents())
        host.hook.search_commit(after=0, sequence=1, mark="m")
        yield host.hook


def found(hook: Any, query: str, condition: str = "") -> set[str]:
    hits = hook.search_query(request=SearchRequest(query, condition, size=1000)).hits
    return {NAMES[int(hit.artifact_id[3:])] for hit in hits}


def test_a_typo_stands_for_so_many_words_the_most_alike_first(hook: Any) -> None:
    near = found(hook, "autqz~2")
    assert len(near) == MAX_TYPOS
    assert near <= {name for name in NAMES if name[3] == "q" or name[4] == "z"}, "one wrong letter before two"
    assert "autqz" in near
    many = " OR ".join(f"aut{letter}{letter}~2" for letter in string.ascii_lowercase)
    assert len(found(hook, many)) <= MAX_OF_ALL


def test_a_beginning_finds_all_however_many(hook: Any) -> None:
    assert found(hook, "a*") == found(hook, "name:au*") == set(NAMES)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_typos_in_words_shorter_than_their_mistakes_are_found(hook: Any, length: int) -> None:
    word = "autab"[:length]
    documents_by_name = {each.artifact.name: flat(each) for each in documents()}
    wanted = {name for name, each in documents_by_name.items() if matches(parse(f"{word}~1"), each)}
    assert len(wanted) in (0, *range(40, 53))
    assert len(found(hook, f"{word}~1")) == min(len(wanted), MAX_TYPOS)


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        (" OR ".join(f"tags:t{number}" for number in range(1_500)) + " OR name=autab", 1),
        (" ".join(f"-tags:t{number}" for number in range(1_500)), len(NAMES)),
        (" OR ".join(f"word{number}" for number in range(1_500)) + " OR autab", 1),
        (" ".join(f"-word{number}" for number in range(1_500)), len(NAMES)),
        (" ".join(["aut*"] * 1_500), len(NAMES)),
        (" OR ".join(f"(autab rating>={number})" for number in range(500)), 1),
        (" ".join(f"rating>=-{number}" for number in range(500)), len(NAMES)),
    ],
    ids=["any value", "no value", "any word", "no word", "beginnings", "mixed", "numbers"],
)
def test_a_filter_of_thousands_of_terms_is_answered(hook: Any, condition: str, count: int) -> None:
    assert len(found(hook, "", condition)) == count
    assert len(found(hook, "aut*", condition)) == count


@pytest.mark.parametrize("inner", ["autab", "autab rating>=0", "-autzz"])
@pytest.mark.parametrize(
    ("outer", "times"), [("({} OR nothing)", 14), ("-(-({}))", 7), ("(aut* {} OR aut*)", 28)]
)
def test_groups_as_deep_as_they_may_be_are_answered(hook: Any, inner: str, outer: str, times: int) -> None:
    query = inner
    for _ in range(times):
        query = outer.format(f"({query})" if times == 14 else query)
    tree = parse(query)
    wanted = {each.artifact.name for each in documents() if matches(tree, flat(each))}
    assert found(hook, query) == wanted != set()


def test_each_boost_of_its_own_is_added_up(hook: Any) -> None:
    query = " OR ".join(f"{name}^{number + 1}" for number, name in enumerate(NAMES[:90]))
    hits = hook.search_query(request=SearchRequest(query, size=100)).hits
    assert [NAMES[int(hit.artifact_id[3:])] for hit in hits] == NAMES[:90][::-1]
