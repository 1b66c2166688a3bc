"""Answers from many segments with documents that were removed: scores are whoosh's own, block by block."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.search_whoosh.index import Index
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from builtin_plugins.search_whoosh.schema import ALL, text
from hyperhost.contracts import Artifact, ArtifactMetadata, ArtifactType, SearchDocument, SearchRequest
from hyperhost.query import FlatDocument, flat, matches, parse

WORDS = ("log", "people", "in", "open", "id", "cache", "queue", "rare")
WEIGHTS = (60, 40, 40, 20, 20, 10, 10, 1)


def document(number: int, chosen: random.Random) -> SearchDocument:
    said = " ".join(chosen.choices(WORDS, WEIGHTS, k=chosen.randint(1, 12)))
    metadata = ArtifactMetadata(description=said, tags=chosen.choices(WORDS, WEIGHTS, k=2))
    name = "-".join(chosen.choices(WORDS, WEIGHTS, k=2))
    return SearchDocument(
        Artifact(f"id-{number:04}", "org.acme", name, ArtifactType.LIBRARY, "1.0.0", metadata=metadata)
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def there(place: Path) -> dict[str, FlatDocument]:
    """An index of which most was changed or removed; what is left."""
    chosen = random.Random(11)
    left: dict[str, FlatDocument] = {}
    with hyperhost.Host("answers", home=place) as host:
        host.register(SearchWhoosh(), "engine")
        for sequence in range(12):
            numbers = range(1500) if not sequence else chosen.sample(range(1600), 60)
            documents = [document(number, chosen) for number in numbers]
            gone = [f"id-{number:04}" for number in (range(300) if sequence == 1 else ())]
            host.hook.search_index(documents=documents)
            host.hook.search_remove(artifact_ids=gone)
            state = host.hook.search_commit(after=sequence, sequence=sequence + 1, mark="m")
            left |= {each.artifact.id: flat(each) for each in documents}
            left = {key: each for key, each in left.items() if key not in gone}
            assert state.documents == len(left)
    return left


@pytest.fixture
def hook(place: Path, there: dict[str, FlatDocument]) -> Iterator[Any]:
    with hyperhost.Host("answers", home=place) as host:
        host.register(SearchWhoosh(), "engine")
        yield host.hook


@pytest.fixture
def searcher(place: Path, there: dict[str, FlatDocument]) -> Iterator[Any]:
    index = Index(place / "data" / "engine")
    with index.searcher() as found:
        parts = [part.reader() for part, _ in found.leaf_searchers()]
        assert len(parts) > 2
        assert any(part.has_deletions() for part in parts)
        assert max(part.doc_count_all() for part in parts) > 10 * 128  # many blocks of whoosh's
        yield found
    index.close()


@pytest.mark.parametrize("word", [*WORDS, "missing"])
def test_scores_of_words_are_those_of_whoosh(hook: Any, searcher: Any, word: str) -> None:
    from whoosh.query import Term

    expected = {hit.docnum: hit.score for hit in searcher.search(Term(ALL, word), limit=None)}
    ids = searcher.reader().column_reader("id")
    found = hook.search_query(request=SearchRequest(word, size=1000))
    assert found.total == len(expected)
    scores = {ids[number]: score for number, score in expected.items()}
    for hit in found.hits:
        assert hit.score == pytest.approx(scores[hit.artifact_id], rel=1e-6)
    assert [hit.score for hit in found.hits] == pytest.approx(
        sorted(expected.values(), reverse=True)[:1000], rel=1e-6
    )


@pytest.mark.parametrize(
    "phrase", ["log people", "people in open", "in in", "rare cache queue", "id missing"]
)
def test_scores_of_phrases_are_those_of_whoosh(hook: Any, searcher: Any, phrase: str) -> None:
    from whoosh.query import Phrase

    asked = Phrase(text("description"), phrase.split())
    expected = [hit.score for hit in searcher.search(asked, limit=None)]
    found = hook.search_query(request=SearchRequest(f'description:"{phrase}"', size=1000))
    assert [hit.score for hit in found.hits] == pytest.approx(sorted(expected, reverse=True), rel=1e-6)


@pytest.mark.parametrize(
    "query",
    [
        "log people",
        "rare log",
        "log rare people",
        "log -people",
        "rare OR (cache queue)",
        '"log people" rare',
        '"people log in" OR rare',
        "tags:log rare",
        "lo* rare",
        "name:log-people",
        "peopel~2 cache",
    ],
)
def test_what_was_changed_or_removed_is_found_as_it_is_now(
    hook: Any, there: dict[str, FlatDocument], query: str
) -> None:
    expected = {key for key, each in there.items() if matches(parse(query), each)}
    ranked = hook.search_query(request=SearchRequest(query, size=1000, facets=["type"]))
    filtered = hook.search_query(request=SearchRequest("", filter=query, size=1000))
    assert ranked.total == filtered.total == len(expected) > 0
    assert ranked.facets[0].values[0].count == len(expected)
    for found in (ranked, filtered):
        assert len({hit.artifact_id for hit in found.hits}) == len(found.hits) == min(1000, len(expected))
        assert {hit.artifact_id for hit in found.hits} <= expected
