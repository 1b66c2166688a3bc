"""Queries and documents that try to be SQL, or an expression of FTS5."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from hyperhost.contracts import (
    Artifact,
    ArtifactMetadata,
    ArtifactType,
    SearchDocument,
    SearchRequest,
    SearchSort,
    Visibility,
)
from hyperhost.errors import QuerySyntaxError, RefusalError
from hyperhost.query import flat, matches, parse

HOSTILE = (
    "plain auth login",
    'auth" OR "login',
    "'); DROP TABLE docs; --",
    "x' OR '1'='1",
    "%",
    "a_b",
    "NEAR(auth login)",
    "name : auth",
    "null\0byte auth",
    "half \ud800 character",
    "\u202eright to left",
    "\U0001fae0 auth \U0001f9ff",
    "private \ue000use",
    "a\u0301uth ⅷ ½ ß ﬁne",
    "\U00031350 newer than the Unicode of SQLite \U0001e030",
)


def documents() -> list[SearchDocument]:
    """One for each hostile text, private every other."""
    return [
        SearchDocument(
            Artifact(
                f"id-{number}",
                "org.acme",
                f"part-{number}",
                ArtifactType.PLUGIN,
                "1.0.0",
                Visibility.PRIVATE if number % 2 else Visibility.PUBLIC,
                metadata=ArtifactMetadata(text, tags=[text], author=text),
            )
        )
        for number, text in enumerate(HOSTILE)
    ]


@pytest.fixture
def hook() -> Iterator[Any]:
    with hyperhost.Host("attacked") as host:
        host.register(SearchSql(), "search-sql")
        assert host.hook.search_index(documents=documents()) == len(HOSTILE)
        host.hook.search_commit(after=0, sequence=1, mark="m")
        yield host.hook


ATTACKS = (
    r'"auth\" OR \"login"',
    r'"\" OR name : \"part"',
    'description:"auth OR login"',
    "near auth",
    '"NEAR(auth login)"',
    '"auth NOT login"',
    '"auth AND login"',
    "auth +login",
    '"auth" ^2',
    '"{name body} : auth"',
    '"auth *"',
    "tags:\"x' OR '1'='1\"",
    'author="\'); DROP TABLE docs; --"',
    'name="x\' UNION SELECT mark FROM state --"',
    "tags:%*",
    "tags:_*",
    "tags:a_*",
    "author:'*",
    "tags:x'*",
    "description:dro*",
    "rating>=0 tags:plain*",
    ":p0 OR ?1",
    '":p0"',
    "aut~2 OR dorp~2",
    "ⅷ",
    "fine",
    '"a\u0301uth"',
    "\U00031350",
    "\U0001e030",
    "\U0001fae0",
    "auth,login",
    "auth; DROP TABLE words",
    "[auth]",
    "\\auth",
)


@pytest.mark.parametrize("query", ATTACKS)
def test_what_looks_like_sql_or_fts5_means_what_the_language_says(hook: Any, query: str) -> None:
    try:
        tree = parse(query)
    except QuerySyntaxError:
        with pytest.raises(RefusalError) as caught:
            hook.search_query(request=SearchRequest(query))
        assert caught.value.rule in ("search.syntax", "search.field")
        return
    wanted = {each.artifact.id for each in documents() if matches(tree, flat(each))}
    request = SearchRequest(query, size=100, highlight=True, explain=True, facets=["tags", "author"])
    found = hook.search_query(request=request)
    assert {hit.artifact_id for hit in found.hits} == wanted
    assert found.total == len(wanted)
    assert hook.search_query(request=SearchRequest("")).total == len(HOSTILE), "something was dropped"


def test_enough_of_the_attacks_are_queries() -> None:
    def is_query(text: str) -> bool:
        try:
            parse(text)
        except QuerySyntaxError:
            return False
        return True

    assert sum(map(is_query, ATTACKS)) > 25


@pytest.mark.parametrize("query", [*ATTACKS, "auth OR -auth", "-(-auth)", "private OR public", ""])
def test_no_query_gets_behind_the_filter_not_by_hits_counts_or_facets(hook: Any, query: str) -> None:
    try:
        parse(query)
    except QuerySyntaxError:
        return
    found = hook.search_query(
        request=SearchRequest(query, "visibility=public", size=100, facets=["visibility"])
    )
    public = {each.artifact.id for each in documents() if each.artifact.visibility is Visibility.PUBLIC}
    assert {hit.artifact_id for hit in found.hits} <= public
    assert found.total == len(found.hits)
    assert {value.value for value in found.facets[0].values} <= {"public"}


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (SearchRequest("", facets=["type FROM docs; --"]), "search.field"),
        (SearchRequest("", sort=[SearchSort("id; DROP TABLE docs")]), "search.field"),
        (SearchRequest("docs.id:x"), "search.syntax"),
        (SearchRequest("rowid:1"), "search.field"),
        (SearchRequest("null\0byte"), "search.syntax"),
        (SearchRequest("half\ud800"), "search.syntax"),
    ],
)
def test_names_of_columns_are_only_those_of_the_language(
    hook: Any, request_: SearchRequest, rule: str
) -> None:
    with pytest.raises(RefusalError) as caught:
        hook.search_query(request=request_)
    assert caught.value.rule in (rule, "search.field")


def test_a_forged_token_is_a_place_and_no_sql(hook: Any) -> None:
    first = hook.search_query(request=SearchRequest("", size=2))
    mark, values, _ = json.loads(base64.urlsafe_b64decode(first.next_token + "=="))
    for last in ("x' OR '1'='1", "') UNION SELECT 1 --", "\0"):
        token = base64.urlsafe_b64encode(json.dumps([mark, values, last]).encode()).decode().rstrip("=")
        found = hook.search_query(request=SearchRequest("", size=100, token=token))
        assert {hit.artifact_id for hit in found.hits} == {
            each.artifact.id for each in documents() if each.artifact.id > last
        }


def test_words_of_every_script_are_found_again(hook: Any) -> None:
    """FTS5's tokenizer for Unicode knows that of 2012, and would cut newer letters out of words."""
    letters = [
        chr(code)
        for code in range(0x80, sys.maxunicode, 1499)
        if chr(code).isalnum() and not 0xD800 <= code < 0xE000
    ]
    assert len(letters) > 60
    more = [
        SearchDocument(
            Artifact(f"letter-{number}", "org.acme", "x", ArtifactType.PLUGIN, "1.0.0"), body=each * 3
        )
        for number, each in enumerate(letters)
    ]
    hook.search_index(documents=more)
    hook.search_commit(after=1, sequence=2, mark="n")
    missing = []
    for number, each in enumerate(letters):
        wanted = {one.artifact.id for one in more if matches(parse(each * 3), flat(one))}
        hits = hook.search_query(request=SearchRequest(each * 3, size=1000)).hits
        if {hit.artifact_id for hit in hits} != wanted or f"letter-{number}" not in wanted:
            missing.append(each)
    assert missing == []


@pytest.mark.parametrize(
    "name", ["../../other.db", "/etc/passwd", "index-1.db/../../other.db", "other.db", ""]
)
def test_a_pointer_that_leads_elsewhere_is_no_pointer(tmp_path: Path, name: str) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"precious")
    place = tmp_path / "data" / "search-sql"
    place.mkdir(parents=True)
    (place / "other.db").write_bytes(b"precious")
    (place / "current").write_text(name)
    with hyperhost.Host("attacked", home=tmp_path) as host:
        host.register(SearchSql(), "search-sql")
        assert host.hook.search_status().mark == ""
        built = host.hook.search_rebuild_begin()
        host.hook.search_rebuild_end(rebuild=built, keep=True, sequence=3, mark="m")
        assert host.hook.search_status().sequence == 3
    assert other.read_bytes() == (place / "other.db").read_bytes() == b"precious"
