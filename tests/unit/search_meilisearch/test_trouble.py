"""A Meilisearch server that is away, slow, talks nonsense, fails or forgets; and who gets to see the key."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from meilisearch_documents import document
from meilisearch_server import KEY, Meilisearch, Raw, meilisearch
from search_hosts import Searchable, searchable

import hyperhost
from builtin_plugins.search_meilisearch import client
from builtin_plugins.search_meilisearch.plugin import SearchMeilisearch
from builtin_plugins.search_meilisearch.settings import Settings
from hyperhost.contracts import SearchRequest
from hyperhost.errors import OperationError, RefusalError
from hyperhost.hookspecs import hookimpl

ARTIFACTS, POSITION = "hyperhost__artifacts", "hyperhost__position"

DOCUMENTS = [document(number, f"auth-{number}") for number in range(20)]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERHOST_MEILISEARCH_KEY", KEY)


@pytest.fixture
def server() -> Iterator[Meilisearch]:
    with meilisearch() as made:
        yield made


@pytest.fixture
def registry(server: Meilisearch) -> Iterator[Searchable]:
    settings = Settings(server.url, timeout_s=1, task_timeout_s=1)
    with searchable(engine=SearchMeilisearch(settings)) as made:
        made.create("auth", "logs people in")
        made.create("billing", "sends invoices to people")
        assert made.found("people") == ["auth", "billing"]
        yield made


@pytest.fixture
def hook(server: Meilisearch) -> Iterator[Any]:
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(Settings(server.url, timeout_s=1, task_timeout_s=1)), "engine")
        yield host.hook


def always(raw: Raw) -> Callable[[str, str], Raw | None]:
    return lambda method, path: raw


def slow(method: str, path: str) -> Raw | None:
    time.sleep(1.5)
    return 200, {}, b"{}"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (always((500, {}, b"oops")), "answers with status 500"),
        (always((503, {}, b'{"code":"too_many_search_requests"}')), "answers with status 503"),
        (always((429, {}, b"")), "answers with status 429"),
        (always((200, {}, b"<html>")), "is no JSON"),
        (always((200, {}, b"\xff\xfe")), "is no JSON"),
        (always((200, {}, b"[" * 100_000)), "is no JSON"),
        (always((200, {}, b"[]")), "the answer of the search server"),
        (always((200, {}, b"")), "the answer of the search server"),
        (
            always((200, {}, b'{"results": [{"hits": 7}], "taskUid": "one"}')),
            "the answer of the search server",
        ),
        (always((404, {}, b'{"message": "nothing"}')), "no error code"),
        (
            always((400, {}, b'{"code": "invalid_search_q", "message": "no\\u0007"}')),
            r"no  \(invalid_search_q\)",
        ),
        (always((401, {}, b'{"code": "missing_authorization_header"}')), "does not take the key"),
        (slow, r"does not answer \(ReadTimeoutError\)"),
    ],
)
def test_while_the_server_is_in_trouble_the_search_says_so_and_the_registry_goes_on(
    registry: Searchable, server: Meilisearch, answer: Callable[[str, str], Raw | None], words: str
) -> None:
    server.answer = answer
    registry.create("late", "people who come late")
    with pytest.raises(OperationError, match=words) as caught:
        registry.found("people")
    assert KEY not in str(caught.value)
    server.answer = lambda method, path: None
    assert sorted(registry.found("people")) == ["auth", "billing", "late"]


def test_a_server_that_is_away_is_named(registry: Searchable) -> None:
    with meilisearch() as gone:
        url = gone.url
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(Settings(url)), "engine")
        with pytest.raises(RefusalError, match=f"{url[7:]} does not answer") as caught:
            host.hook.search_query(request=SearchRequest("auth"))
    assert (caught.value.rule, caught.value.hint != "") == ("search.unavailable", True)


def test_an_answer_that_is_too_long_is_not_read(
    registry: Searchable, server: Meilisearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_MOST", 1_000_000)
    server.answer = always((200, {}, b" " * 1_100_000))
    with pytest.raises(OperationError, match="is longer than 1,000,000 bytes"):
        registry.found("people")


def test_what_is_compressed_is_not_unpacked(registry: Searchable, server: Meilisearch) -> None:
    server.answer = always((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08"))
    with pytest.raises(OperationError, match="is no JSON"):
        registry.found("people")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_nobody_else_gets_the_key(
    registry: Searchable, server: Meilisearch, status: int
) -> None:
    with meilisearch() as other:
        server.answer = always((status, {"Location": f"{other.url}/multi-search"}, b""))
        with pytest.raises(OperationError, match="redirect, which is not followed"):
            registry.found("people")
        assert other.requests == []
        assert other.headers == {}


def test_a_wrong_key_is_said_to_be_one_and_a_right_one_is_taken_without_a_new_start(
    server: Meilisearch, caplog: pytest.LogCaptureFixture
) -> None:
    class Secrets:
        def __init__(self) -> None:
            self.keys = {"search/key": "another-key-0815"}

        @hookimpl
        def secrets_read(self, provider: str, name: str, namespace: str) -> str | None:
            return self.keys.get(name) if (provider, namespace) == ("builtin", "") else None

    secrets = Secrets()
    with caplog.at_level(logging.DEBUG), hyperhost.Host("search") as host:
        host.register(secrets, "secrets")
        host.register(SearchMeilisearch(Settings(server.url, key_secret="search/key")), "engine")
        with pytest.raises(RefusalError, match="does not take the key") as caught:
            host.hook.search_query(request=SearchRequest("auth"))
        assert caught.value.rule == "search.key"
        assert "0815" not in f"{caught.value!r} {caught.value} {caught.value.hint}"
        secrets.keys["search/key"] = KEY
        assert host.hook.search_query(request=SearchRequest("auth")).total == 0
        del secrets.keys["search/key"]
        assert host.hook.search_query(request=SearchRequest("auth")).total == 0
    assert server.headers["authorization"] == f"Bearer {KEY}"
    assert "0815" not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["a b", "a\r\nX-Evil: 1", "ключ", "x" * 513])
def test_what_cannot_be_a_key_is_not_sent(
    server: Meilisearch, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("HYPERHOST_MEILISEARCH_KEY", key)
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(Settings(server.url)), "engine")
        with pytest.raises(RefusalError, match="is none") as caught:
            host.hook.search_query(request=SearchRequest("auth"))
    assert key not in str(caught.value)
    assert server.requests == []


def test_a_secret_that_is_not_there_is_named(server: Meilisearch) -> None:
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(Settings(server.url, key_secret="search/key")), "engine")
        with pytest.raises(RefusalError, match="the secret 'search/key'") as caught:
            host.hook.search_query(request=SearchRequest("auth"))
    assert caught.value.rule == "search.key"


def test_a_server_that_repeats_the_key_does_not_get_it_printed(hook: Any, server: Meilisearch) -> None:
    body = {"code": "invalid_search_filter", "message": f"you sent {KEY}, \x1b[31m{'x' * 5_000}"}
    hook.search_query(request=SearchRequest("auth"))
    server.answer = always((400, {}, json.dumps(body).encode()))
    with pytest.raises(RefusalError, match="you sent …") as caught:
        hook.search_query(request=SearchRequest("auth"))
    assert KEY not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_task_that_fails_leaves_the_index_where_it_says_it_is(
    registry: Searchable, server: Meilisearch
) -> None:
    before = registry.run("index_status")["sequence"]
    server.fails = lambda kind, index: kind == "documentAdditionOrUpdate" and index == ARTIFACTS
    registry.create("late", "people who come late")
    with pytest.raises(OperationError, match="failed, no space left; the key is …") as caught:
        registry.found("people")
    assert KEY not in str(caught.value)
    server.fails = lambda kind, index: False
    assert server.indexes[POSITION].documents["position"]["sequence"] == before
    assert sorted(registry.found("people")) == ["auth", "billing", "late"]


def test_a_crash_before_the_position_is_written_loses_nothing(
    registry: Searchable, server: Meilisearch
) -> None:
    server.fails = lambda kind, index: index == POSITION
    registry.create("late", "people who come late")
    with pytest.raises(OperationError, match="failed"):
        registry.found("people")
    server.fails = lambda kind, index: False
    assert len(server.indexes[ARTIFACTS].documents) == 3
    assert sorted(registry.found("people")) == ["auth", "billing", "late"]
    assert registry.run("index_status")["documents"] == 3


def test_a_task_that_never_ends_is_not_waited_for_for_ever(registry: Searchable, server: Meilisearch) -> None:
    server.held.clear()
    registry.create("late", "people who come late")
    with pytest.raises(OperationError, match="has not carried out what it was told within 1 seconds"):
        registry.found("people")
    server.held.set()
    assert sorted(registry.found("people")) == ["auth", "billing", "late"]


@pytest.mark.parametrize("lost", ["artifacts", "position", "both", "settings", "format"])
def test_what_the_server_has_lost_is_built_anew(registry: Searchable, server: Meilisearch, lost: str) -> None:
    registry.create("late", "people who come late")
    if lost in ("artifacts", "both"):
        del server.indexes[ARTIFACTS]
    if lost in ("position", "both"):
        del server.indexes[POSITION]
    if lost == "settings":
        server.indexes[ARTIFACTS].settings.clear()
    if lost == "format":
        server.indexes[POSITION].documents["position"]["format"] = 99
    assert sorted(registry.found("people")) == ["auth", "billing", "late"]
    assert sorted(server.indexes) == [ARTIFACTS, POSITION]
    assert registry.run("index_status")["documents"] == 3


def test_a_query_that_the_server_refuses_does_not_build_the_index_anew(
    registry: Searchable, server: Meilisearch
) -> None:
    refused = json.dumps({"code": "invalid_search_filter", "message": "the filter is too deep"}).encode()
    server.answer = lambda method, path: (400, {}, refused) if path == "/multi-search" else None
    server.requests.clear()
    with pytest.raises(OperationError, match="too deep"):
        registry.found("people")
    assert not any(method == "DELETE" or path == "/swap-indexes" for method, path, _ in server.requests)


def test_a_rebuild_that_fails_leaves_the_old_index_and_nothing_else(hook: Any, server: Meilisearch) -> None:
    hook.search_index(documents=DOCUMENTS)
    hook.search_commit(after=0, sequence=80, mark="last")
    for kind in ("documentAdditionOrUpdate", "indexSwap"):
        name = hook.search_rebuild_begin()
        server.fails = lambda each, index, kind=kind: each == kind
        hook.search_rebuild_add(rebuild=name, documents=DOCUMENTS[:5])
        with pytest.raises(RefusalError, match="failed"):
            hook.search_rebuild_end(rebuild=name, keep=True, sequence=90, mark="new")
        server.fails = lambda each, index: False
        assert sorted(server.indexes) == [ARTIFACTS, POSITION]
        state = hook.search_status()
        assert (state.documents, state.sequence, state.rebuilding) == (20, 80, False)
        assert hook.search_query(request=SearchRequest("")).total == 20
    with pytest.raises(RefusalError, match="being built"):
        hook.search_rebuild_add(rebuild=name, documents=[])


def test_what_a_dead_rebuild_left_is_swept_away_and_what_is_of_others_is_not(
    hook: Any, server: Meilisearch
) -> None:
    hook.search_commit(after=0, sequence=1, mark="m")
    own = ["hyperhost__build17_artifacts", "hyperhost__build17_position"]
    others = ["movies", "hyperhost2__artifacts", "hyperhost2__build17_artifacts", "hyperhost__buildings"]
    for name in own + others:
        server.indexes[name] = type(server.indexes[ARTIFACTS])("id")
    name = hook.search_rebuild_begin()
    hook.search_rebuild_end(rebuild=name, keep=True, sequence=2, mark="n")
    assert sorted(server.indexes) == sorted([ARTIFACTS, POSITION, *others])


def test_two_registries_on_one_server_do_not_see_each_other(server: Meilisearch) -> None:
    with (
        searchable(engine=SearchMeilisearch(Settings(server.url, prefix="acme"))) as one,
        searchable(engine=SearchMeilisearch(Settings(server.url, prefix="acme-two"))) as two,
    ):
        one.create("auth")
        two.create("billing")
        assert (one.found("auth OR billing"), two.found("auth OR billing")) == (["auth"], ["billing"])


def test_stopping_ends_a_rebuild_and_leaves_no_connection(server: Meilisearch) -> None:
    before = threading.active_count()
    with hyperhost.Host("search") as host:
        host.register(SearchMeilisearch(Settings(server.url)), "engine")
        host.hook.search_rebuild_begin()
        assert len(server.indexes) == 2
    assert server.indexes == {}
    latest = time.monotonic() + 10  # threads of the stub end when their connection is closed
    while threading.active_count() > before and time.monotonic() < latest:
        time.sleep(0.01)
    assert threading.active_count() <= before
