"""What every provider of the service ``search`` must do, with the same answers from each of them.

The judge is :func:`hyperhost.query.matches`, which knows what a query means and has no index.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactState,
    ArtifactType,
    SearchDocument,
    SearchRequest,
    SearchSort,
    Visibility,
)
from hyperhost.errors import RefusalError
from hyperhost.query import flat, matches, parse

_WORDS = (
    *("auth", "oauth2", "openid", "login", "token", "billing", "invoice"),
    *("cache", "redis", "résumé", "straße", "日本", "core", "parser"),
)
_US = 1_767_225_600_000_000


def artifact(number: int, name: str, description: str = "", **more: Any) -> Artifact:
    """A published plugin."""
    metadata = {"description": description, **{key: more.pop(key) for key in list(more) if key in _METADATA}}
    return Artifact(
        f"00000000-0000-7000-8000-{number:012d}",
        more.pop("namespace", "org.acme"),
        name,
        more.pop("type", ArtifactType.PLUGIN),
        "1.0.0",
        more.pop("visibility", Visibility.PUBLIC),
        more.pop("state", ArtifactState.PUBLISHED),
        ArtifactMetadata(**metadata),
        activity=ArtifactActivity(
            _US + number, _US + number, None, more.pop("downloads", 0), more.pop("rating", 0.0)
        ),
    )


_METADATA = ("tags", "keywords", "licenses", "author")


def corpus() -> list[SearchDocument]:
    """Eighty artifacts, the same every time."""
    chosen = random.Random(7)
    found = []
    for number in range(80):
        words = [chosen.choice(_WORDS) for _ in range(chosen.randint(1, 6))]
        found.append(
            SearchDocument(
                artifact(
                    number,
                    "-".join(word for word in words[:2] if word.isascii()) or "x",
                    " ".join(words),
                    namespace=chosen.choice(["org.acme", "org.acme.web", "org.acmeother", "user.jane"]),
                    type=chosen.choice([ArtifactType.PLUGIN, ArtifactType.LIBRARY]),
                    state=chosen.choice([ArtifactState.PUBLISHED, ArtifactState.DRAFT]),
                    visibility=chosen.choice([Visibility.PUBLIC, Visibility.PRIVATE]),
                    tags=chosen.sample(["security", "Web Tools", "production"], chosen.randint(0, 2)),
                    keywords=chosen.sample(["sso", "db"], chosen.randint(0, 1)),
                    licenses=chosen.sample(["MIT", "Apache-2.0"], 1),
                    author=chosen.choice(["", "Jane Doe", "Ann"]),
                    downloads=chosen.choice([0, 5, 5, 1_000]),
                    rating=chosen.choice([0.0, 3.5, 4.0, 5.0]),
                ),
                body=" ".join(chosen.choice(_WORDS) for _ in range(chosen.randint(0, 8))),
                sequence=number + 1,
            )
        )
    return found


QUERIES = [
    "",
    "auth",
    "AUTH résume",
    "resume",
    "strasse",
    "日本",
    "auth login",
    "auth OR login",
    "auth -login",
    "-auth",
    "-auth -login",
    "auth OR -login",
    "--auth",
    "-(auth OR login)",
    "auth (login OR token) -billing",
    "auth-login",
    '"auth login"',
    '"login auth"',
    'name:"auth core"',
    "name:auth",
    "name=auth-core",
    "name=AUTH-core",
    "description:oauth2",
    "body:redis",
    "au*",
    "name:o*",
    "auth-c*",
    "tags:sec*",
    "namespace:org.acme*",
    "athu~",
    "autth~ OR logn~",
    "oauth~1",
    "tokem~2",
    "name:outh2~2",
    "type:plugin",
    "type!=plugin",
    "tags:security,production",
    'tags:"web tools"',
    "tags:security tags:production",
    "namespace:org",
    "namespace=org.acme",
    "namespace:org.acme.web,user.jane",
    "license:mit author:'ann'",
    'author:"jane doe"',
    "rating>=4",
    "rating>4",
    "rating<4",
    "rating:3.5..4",
    "downloads>5 rating>=3",
    "downloads=5",
    "released>=2020-01-01",
    "-released>=2020-01-01",
    "created>2026-01-01",
    "created>=2026-01-01 created<2026-01-01T00:00:00.000040Z",
    "published=true",
    "published=false visibility=private",
    "(type=plugin OR type=library) AND published=true",
    "auth^3 OR login^0.5",
    "nothinglikethis",
    "🎉",
    "auth 🎉",
]


class SearchSuite:
    """``search`` is the hook of a host with the provider, and ``filled`` one that has the corpus."""

    @pytest.fixture
    def search(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def filled(self, search: Any) -> Any:
        assert search.search_index(documents=corpus()) == 80
        search.search_commit(after=0, sequence=80, mark="last")
        return search

    def test_every_query_finds_what_it_means(self, filled: Any) -> None:
        documents = {each.artifact.id: flat(each) for each in corpus()}
        wrong = {}
        for query in QUERIES:
            tree = parse(query)
            wanted = {key for key, document in documents.items() if matches(tree, document)}
            found = filled.search_query(request=SearchRequest(query, size=1000))
            got = {hit.artifact_id for hit in found.hits}
            if got != wanted or found.total != len(wanted):
                wrong[query] = sorted(wanted ^ got), found.total, len(wanted)
        assert wrong == {}

    def test_queries_made_at_random_find_what_they_mean(self, filled: Any) -> None:
        documents = {each.artifact.id: flat(each) for each in corpus()}
        chosen = random.Random(11)
        leaves = [query for query in QUERIES if query and " " not in query and "^" not in query]
        wrong = {}
        for _ in range(150):
            parts = [chosen.choice(["", "-"]) + chosen.choice(leaves) for _ in range(4)]
            first, second = chosen.choices(["", "OR"], k=2)
            query = f"({parts[0]} {first} {parts[1]}) {second} ({parts[2]} OR {parts[3]})"
            tree = parse(query)
            wanted = {key for key, document in documents.items() if matches(tree, document)}
            got = {
                hit.artifact_id for hit in filled.search_query(request=SearchRequest(query, size=1000)).hits
            }
            if got != wanted:
                wrong[query] = sorted(wanted ^ got)
        assert wrong == {}

    def test_a_filter_holds_for_hits_counts_and_facets_and_does_not_rank(self, filled: Any) -> None:
        plain = filled.search_query(request=SearchRequest("auth", size=1000))
        found = filled.search_query(
            request=SearchRequest("auth", "visibility=public", size=1000, facets=["visibility", "type"])
        )
        public = {each.artifact.id for each in corpus() if each.artifact.visibility is Visibility.PUBLIC}
        wanted = [hit for hit in plain.hits if hit.artifact_id in public]
        assert [hit.artifact_id for hit in found.hits] == [hit.artifact_id for hit in wanted]
        assert found.total == len(wanted) < plain.total
        assert [(value.value, value.count) for value in found.facets[0].values] == [("public", len(wanted))]
        assert sum(value.count for value in found.facets[1].values) == len(wanted)

    def test_facets_count_all_hits_the_most_frequent_value_first(self, filled: Any) -> None:
        names = ["tags", "license", "namespace", "author"]
        found = filled.search_query(request=SearchRequest("type:plugin", size=1, facets=names))
        own = [flat(each) for each in corpus() if each.artifact.type is ArtifactType.PLUGIN]
        assert [facet.name for facet in found.facets] == names
        for facet in found.facets:
            values = [value for document in own for value in document.facets[facet.name]]
            wanted = sorted({(-values.count(value), value) for value in values})
            assert [(-value.count, value.value) for value in facet.values] == wanted

    @pytest.mark.parametrize("descending", [True, False])
    def test_several_sort_keys_decide_one_after_the_other_and_ids_at_last(
        self, filled: Any, descending: bool
    ) -> None:
        sort = [SearchSort("rating", descending), SearchSort("downloads", not descending)]
        found = filled.search_query(request=SearchRequest("", sort=sort, size=1000))
        sign = -1 if descending else 1
        wanted = sorted(
            (
                sign * each.artifact.activity.rating,
                -sign * each.artifact.activity.download_count,
                each.artifact.id,
            )
            for each in corpus()
        )
        assert [hit.artifact_id for hit in found.hits] == [artifact_id for _, _, artifact_id in wanted]

    @pytest.mark.parametrize(
        "sort", [[], [SearchSort("downloads")], [SearchSort("created", descending=False)]]
    )
    @pytest.mark.parametrize("query", ["auth OR login OR cache", "type:plugin"])
    def test_pages_together_are_the_whole_answer(
        self, filled: Any, query: str, sort: list[SearchSort]
    ) -> None:
        whole = filled.search_query(request=SearchRequest(query, sort=sort, size=1000))
        assert len(whole.hits) == whole.total > 20
        ids: list[str] = []
        token = ""
        while True:
            page = filled.search_query(request=SearchRequest(query, sort=sort, size=7, token=token))
            assert page.total == whole.total
            ids += [hit.artifact_id for hit in page.hits]
            token = page.next_token
            if not token:
                break
        assert ids == [hit.artifact_id for hit in whole.hits]

    def test_a_token_stays_good_while_documents_come_and_go(self, filled: Any) -> None:
        sort = [SearchSort("created", descending=False)]
        first = filled.search_query(request=SearchRequest("", sort=sort, size=10))
        seen = [hit.artifact_id for hit in first.hits]
        late = SearchDocument(artifact(500, "late"))
        filled.search_remove(artifact_ids=[seen[3], corpus()[12].artifact.id])
        filled.search_index(documents=[late])
        filled.search_commit(after=80, sequence=81, mark="more")
        rest = filled.search_query(request=SearchRequest("", sort=sort, size=1000, token=first.next_token))
        wanted = [each.artifact.id for each in corpus()[10:] if each.artifact.id != corpus()[12].artifact.id]
        assert [hit.artifact_id for hit in rest.hits] == [*wanted, late.artifact.id]

    def test_names_rank_before_tags_and_tags_before_descriptions(self, search: Any) -> None:
        filler = [SearchDocument(artifact(10 + n, f"other-{n}", "something else again")) for n in range(20)]
        search.search_index(
            documents=[
                SearchDocument(artifact(1, "x", "a description that speaks of parser once")),
                SearchDocument(artifact(2, "y", "a description", tags=["parser"])),
                SearchDocument(artifact(3, "parser", "a description")),
                *filler,
            ]
        )
        search.search_commit(after=0, sequence=1, mark="m")
        found = search.search_query(request=SearchRequest("parser"))
        assert [int(hit.artifact_id[-2:]) for hit in found.hits] == [3, 2, 1]
        assert found.hits[0].score > found.hits[1].score > found.hits[2].score > 0

    def test_a_boost_moves_what_it_stands_behind_up(self, filled: Any) -> None:
        def best(query: str) -> str:
            return filled.search_query(request=SearchRequest(query, size=1)).hits[0].artifact_id

        documents = {each.artifact.id: flat(each) for each in corpus()}
        assert matches(parse("redis"), documents[best("redis^50 OR billing")])
        assert matches(parse("billing"), documents[best("redis OR billing^50")])

    def test_highlights_and_explanations_come_when_asked_for(self, filled: Any) -> None:
        request = SearchRequest("description:oauth2 login^2", highlight=True, explain=True, size=1)
        hit = filled.search_query(request=request).hits[0]
        marked = {each.text[each.start : each.end].lower() for each in hit.highlights}
        assert marked == {"oauth2", "login"}
        assert "description:oauth2" in hit.explanation
        assert "login" in hit.explanation
        plain = filled.search_query(
            request=dataclasses.replace(request, highlight=False, explain=False)
        ).hits[0]
        assert (plain.highlights, plain.explanation, plain.artifact_id) == ([], "", hit.artifact_id)
        assert plain.score == pytest.approx(hit.score)

    def test_a_document_is_replaced_and_removed(self, filled: Any) -> None:
        first = corpus()[0].artifact
        other = dataclasses.replace(first, metadata=ArtifactMetadata("wholly different zebra"))
        assert filled.search_index(documents=[SearchDocument(first), SearchDocument(other)]) == 1
        assert filled.search_commit(after=80, sequence=81, mark="b").documents == 80
        assert [hit.artifact_id for hit in filled.search_query(request=SearchRequest("zebra")).hits] == [
            first.id
        ]
        assert filled.search_remove(artifact_ids=[first.id, first.id, "unknown"]) == 1
        assert filled.search_commit(after=81, sequence=82, mark="c").documents == 79
        assert filled.search_query(request=SearchRequest("zebra")).total == 0
        assert filled.search_remove(artifact_ids=[first.id]) == 0

    def test_the_index_remembers_how_far_it_is_and_refuses_to_jump(self, filled: Any) -> None:
        state = filled.search_status()
        assert (state.documents, state.sequence, state.mark, state.rebuilding) == (80, 80, "last", False)
        assert state.updated_at_us > _US
        filled.search_index(documents=[SearchDocument(artifact(900, "jumper"))])
        with pytest.raises(RefusalError, match="at change 80, not at 79") as caught:
            filled.search_commit(after=79, sequence=81, mark="x")
        assert caught.value.rule == "search.moved"
        filled.search_commit(after=80, sequence=81, mark="y")
        assert filled.search_query(request=SearchRequest("jumper")).total == 0

    def test_a_rebuild_answers_as_a_whole_or_not_at_all(self, filled: Any) -> None:
        name = filled.search_rebuild_begin()
        assert filled.search_status().rebuilding
        with pytest.raises(RefusalError) as caught:
            filled.search_rebuild_begin()
        assert caught.value.rule == "search.busy"
        assert filled.search_rebuild_add(rebuild=name, documents=corpus()[:30]) == 30
        assert filled.search_query(request=SearchRequest("")).total == 80
        state = filled.search_rebuild_end(rebuild=name, keep=True, sequence=7, mark="new")
        assert (state.documents, state.sequence, state.mark, state.rebuilding) == (30, 7, "new", False)
        assert filled.search_query(request=SearchRequest("")).total == 30
        second = filled.search_rebuild_begin()
        filled.search_rebuild_add(rebuild=second, documents=corpus()[:1])
        assert filled.search_rebuild_end(rebuild=second, keep=False, sequence=9, mark="no").sequence == 7
        assert filled.search_query(request=SearchRequest("")).total == 30

    def test_an_empty_index_answers(self, search: Any) -> None:
        found = search.search_query(request=SearchRequest("auth", facets=["type"]))
        assert (found.hits, found.total, found.next_token) == ([], 0, "")
        assert [(facet.name, facet.values) for facet in found.facets] == [("type", [])]
        assert search.search_status().mark == ""

    @pytest.mark.parametrize(
        ("request_", "rule", "words"),
        [
            (SearchRequest("(auth"), "search.syntax", "character 6: a '\\(' is never closed"),
            (SearchRequest("", "type:"), "search.syntax", "ends too early"),
            (SearchRequest("nmae:auth"), "search.field", "no field 'nmae'"),
            (SearchRequest("", sort=[SearchSort("nmae")]), "search.field", "cannot be sorted by 'nmae'"),
            (SearchRequest("", facets=["downloads"]), "search.field", "'downloads' cannot be counted"),
            (SearchRequest("", token="??"), "search.page", "page token"),
            (SearchRequest("", size=0), "search.page", "a page of 0 hits"),
        ],
    )
    def test_what_is_no_search_is_refused(
        self, filled: Any, request_: SearchRequest, rule: str, words: str
    ) -> None:
        with pytest.raises(RefusalError, match=words) as caught:
            filled.search_query(request=request_)
        assert caught.value.rule == rule
