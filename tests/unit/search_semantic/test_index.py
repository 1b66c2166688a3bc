"""The index of vectors: it follows the store, keeps what was embedded, and is made again when damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from embedding_parts import CONCEPTS, Concepts
from search_hosts import Searchable, searchable

from builtin_plugins.search_semantic.plugin import SearchSemantic
from hyperhost.contracts import SearchHit
from hyperhost.errors import ConfigError, RefusalError

pytest.importorskip("usearch", reason="the extra 'semantic' is not installed")


@contextmanager
def registry(home: Path | None, concepts: Concepts | None = None) -> Iterator[tuple[Searchable, Concepts]]:
    embeds = concepts or Concepts()
    with searchable(home) as made:
        made.host.register(embeds, "concepts")
        made.host.register(SearchSemantic(), "search-semantic")
        yield made, embeds


def near(made: Searchable, text: str, among: list[str] | None = None) -> list[SearchHit]:
    hits: list[SearchHit] = made.host.hook.semantic_search(text=text, size=10, among=among or [])
    return hits


def place(home: Path) -> Path:
    return home / "data" / "search-semantic"


def test_what_is_created_changed_and_deleted_is_found_so(tmp_path: Path) -> None:
    with registry(tmp_path) as (made, _):
        first = made.create("gate", "authenticate people")
        second = made.create("ledger", "sends invoices")
        assert [hit.artifact_id for hit in near(made, "login")] == [first]
        made.run("update", artifact=second, edit={"metadata": {"description": "a login page"}})
        assert {hit.artifact_id for hit in near(made, "login")} == {first, second}
        assert near(made, "money") == []
        made.run("delete", artifact=first)
        assert [hit.artifact_id for hit in near(made, "login")] == [second]
        state = made.host.hook.semantic_status()
        assert (state.documents, state.behind, state.model) == (1, 0, "concepts-1")


def test_a_text_is_embedded_once_whatever_else_changes(tmp_path: Path) -> None:
    with registry(tmp_path) as (made, embeds):
        made.create("gate", "authenticate people")
        near(made, "login")
        made.run("publish", artifact="org.acme/gate")
        near(made, "login")
        assert [text for text in embeds.texts if text != "login"] == ["gate: authenticate people"]
    with registry(tmp_path) as (made, embeds):
        assert len(near(made, "login")) == 1
        assert embeds.texts == ["login"]


def test_hits_are_chosen_among_ids(tmp_path: Path) -> None:
    with registry(tmp_path) as (made, _):
        ids = [made.create(f"gate-{number}", "login " * number) for number in range(1, 5)]
        assert {hit.artifact_id for hit in near(made, "login", ids[1:3])} == set(ids[1:3])
        assert near(made, "login", ["unknown", ""]) == []
        assert near(made, "") == []
        assert near(made, "words of no concept") == []


def test_another_model_has_everything_embedded_again(tmp_path: Path) -> None:
    with registry(tmp_path) as (made, _):
        made.create("gate", "authenticate people")
        near(made, "login")
    other = Concepts("concepts-2", (*CONCEPTS, "more things"))
    with registry(tmp_path, other) as (made, embeds):
        assert len(near(made, "login")) == 1
        assert "gate: authenticate people" in embeds.texts
        assert made.host.hook.semantic_status().model == "concepts-2"


def garbage(file: Path) -> None:
    file.write_bytes(b"\xff" * 4096 + file.read_bytes()[4096:])


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def removed(file: Path) -> None:
    file.unlink()


def other_format(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def no_table(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE vectors")
    connection.close()


@pytest.mark.parametrize("damage", [garbage, cut_off, emptied, removed, other_format])
def test_a_damaged_file_of_vectors_is_made_again_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    with registry(tmp_path) as (made, _):
        for number in range(50):
            made.create(f"gate-{number}", "authenticate people")
        near(made, "login")
        made.host.hook.semantic_catch_up()
    for rest in ("vectors.db-wal", "vectors.db-shm"):
        (place(tmp_path) / rest).unlink(missing_ok=True)
    damage(place(tmp_path) / "vectors.db")
    said: list[str] = []
    monkeypatch.setattr(SearchSemantic, "_log", lambda _, text: said.append(text))
    with registry(tmp_path) as (made, _):
        assert len(near(made, "login")) == 10
        assert made.host.hook.semantic_status().documents == 50
    if damage in (garbage, other_format):
        assert "the index of vectors is damaged" in said[0]


@pytest.mark.parametrize("damage", [garbage, cut_off, emptied, removed])
def test_a_damaged_graph_is_made_of_the_vectors_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with registry(tmp_path) as (made, _):
        for number in range(20):
            made.create(f"gate-{number}", "authenticate people")
        made.host.hook.semantic_catch_up()
    [graph] = place(tmp_path).glob("graph-*")
    damage(graph)
    with registry(tmp_path) as (made, embeds):
        assert len(near(made, "login")) == 10
        assert embeds.texts == ["login"]  # nothing is embedded again


def test_the_graph_on_disk_is_used_and_what_came_later_is_added(tmp_path: Path) -> None:
    with registry(tmp_path) as (made, _):
        first = made.create("gate", "authenticate people")
        made.host.hook.semantic_catch_up()
        made.run("delete", artifact=first)
        made.create("door", "login by a door")
        [hit] = near(made, "login")
        assert len(list(place(tmp_path).glob("graph-*"))) == 1
    with registry(tmp_path) as (made, _):
        assert near(made, "login") == [hit]


def test_another_store_in_the_same_home_is_noticed(tmp_path: Path) -> None:
    with registry(tmp_path) as (made, _):
        made.create("gate", "authenticate people")
        near(made, "login")
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file() and "search" not in str(file.relative_to(tmp_path)):
            file.unlink()
    with registry(tmp_path) as (made, _):
        made.create("ledger", "sends invoices")
        assert near(made, "login") == []
        assert len(near(made, "invoice")) == 1


def test_two_processes_share_what_was_embedded(tmp_path: Path) -> None:
    with registry(tmp_path) as (one, first), registry(tmp_path) as (two, second):
        one.create("gate", "authenticate people")
        assert len(near(one, "login")) == len(near(two, "login")) == 1
        two.create("door", "login by a door")
        assert len(near(one, "login")) == len(near(two, "login")) == 2
        embedded = [text for text in (*first.texts, *second.texts) if text != "login"]
        assert sorted(embedded) == ["door: login by a door", "gate: authenticate people"]


def test_while_another_process_embeds_a_search_says_what_is_missing(tmp_path: Path) -> None:
    from hyperhost.query.keeping import Lock

    with registry(tmp_path) as (made, _):
        place(tmp_path).mkdir(parents=True)
        with Lock(place(tmp_path) / "embedding.lock", "").held():
            for number in range(3):
                made.create(f"gate-{number}", "authenticate people")
            found = made.run("search", query="signin", mode="semantic")
            assert (found["hits"], found["behind"]) == ([], 3)
            with pytest.raises(RefusalError) as caught:
                made.host.hook.semantic_catch_up()
            assert caught.value.rule == "semantic.busy"
            report = made.run("index_rebuild")
            assert (report["documents"], report["semantic"]["behind"]) == (3, 3)
        report = made.run("index_rebuild")
        assert (report["semantic"]["documents"], report["semantic"]["behind"]) == (3, 0)
        found = made.run("search", query="signin", mode="semantic")
        assert (len(found["hits"]), found["behind"]) == (3, 0)


def test_a_search_embeds_little_and_leaves_the_rest_to_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from builtin_plugins.search_semantic import following

    monkeypatch.setattr(following.Background, "tell", lambda _: None)  # nothing happens there
    with registry(tmp_path) as (made, embeds):
        for number in range(150):
            made.create(f"gate-{number}", "authenticate people")
        found = made.run("search", query="signin", mode="semantic", size=1000)
        assert 0 < len([text for text in embeds.texts if text != "signin"]) <= following.FEW
        assert found["behind"] == 150
        assert made.run("index_rebuild")["semantic"]["documents"] == 150
        assert len([text for text in embeds.texts if text != "signin"]) == 150


@pytest.mark.parametrize("config", [{"least": "much"}, {"least": 7}, {"least": True}, {"lest": 0.1}])
def test_a_setting_that_is_none_is_named(config: dict[str, Any]) -> None:
    class Context:
        pass

    context: Any = Context()
    context.config = config
    with pytest.raises(ConfigError, match=r"plugins.search-semantic.config"):
        SearchSemantic().plugin_start(context)


def test_nothing_is_left_open(tmp_path: Path) -> None:
    import threading

    before = {thread.name for thread in threading.enumerate()}
    with registry(tmp_path) as (made, _):
        made.create("gate", "authenticate people")
        near(made, "login")
    assert {thread.name for thread in threading.enumerate()} <= before
    (place(tmp_path) / "vectors.db").unlink()
    (place(tmp_path) / "embedding.lock").unlink()
