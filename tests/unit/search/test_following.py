"""The index follows the store: what was acknowledged is found, after crashes and restores, too."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from search_hosts import Searchable, searchable

from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from hyperhost.errors import OperationError, RefusalError, WrongStateError
from hyperhost.hookspecs import hookimpl

ENGINES = pytest.mark.parametrize("engine", [SearchWhoosh, SearchSql])


@pytest.fixture(params=["whoosh-memory", "whoosh-disk", "sql-memory", "sql-disk"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searchable]:
    engine, _, place = request.param.partition("-")
    made_by = SearchSql() if engine == "sql" else SearchWhoosh()
    with searchable(tmp_path if place == "disk" else None, made_by) as made:
        yield made


def test_what_is_created_changed_published_and_deleted_is_found_at_once(registry: Searchable) -> None:
    assert registry.found("auth") == []
    first = registry.create("auth", "logs people in")
    registry.create("billing")
    assert registry.found("auth") == ["auth"]
    assert registry.found("", filter="published=true") == []
    registry.run("publish", artifact=first)
    assert registry.found("", filter="published=true") == ["auth"]
    registry.run("update", artifact=first, edit={"metadata": {"description": "signs in"}})
    assert (registry.found("people"), registry.found("signs")) == ([], ["auth"])
    registry.run("deprecate", artifact=first)
    assert registry.found("deprecated=true") == ["auth"]
    registry.run("archive", artifact=first)
    registry.run("delete", artifact=first)
    assert registry.found("") == ["billing"]
    status = registry.run("index_status")
    assert (status["documents"], status["behind"], status["rebuilding"]) == (1, 0, False)


def test_downloads_and_ratings_are_sorted_by_though_they_are_no_changes(registry: Searchable) -> None:
    names = ["one", "two", "three"]
    ids = {name: registry.create(name) for name in names}
    for artifact_id in ids.values():
        registry.run("publish", artifact=artifact_id)
    registry.found("")
    registry.run("rate", artifact=ids["two"], stars=5)
    assert registry.found("", sort=[{"key": "rating"}])[0] == "two"
    assert registry.found("rating>=5") == ["two"]


@ENGINES
def test_a_process_that_died_before_it_indexed_is_caught_up_with(tmp_path: Path, engine: Any) -> None:
    with searchable(tmp_path, engine()) as first:
        first.create("auth")
        assert first.found("auth") == ["auth"]
        first.create("oauth")
        first.create("openid")
    with searchable(tmp_path, engine()) as second:
        # An index in the store's own database was never behind.
        assert second.run("index_status")["behind"] == (0 if engine is SearchSql else 2)
        assert sorted(second.found("name:o*")) == ["oauth", "openid"]
        assert second.run("index_status")["behind"] == 0


@ENGINES
def test_two_processes_with_one_index_see_what_either_writes(tmp_path: Path, engine: Any) -> None:
    with searchable(tmp_path, engine()) as one, searchable(tmp_path, engine()) as other:
        for number in range(5):
            one.create(f"a{number}")
            other.create(f"b{number}")
            assert f"b{number}" in other.found("", size=100)
            assert f"a{number}" in one.found("", size=100)
        assert len(one.found("", size=100)) == 10
        one.run("index_rebuild")
        other.create("last")
        assert other.found("last") == ["last"]
        assert len(other.found("", size=100)) == 11


@ENGINES
def test_a_restored_backup_is_what_is_searched(tmp_path: Path, engine: Any) -> None:
    with searchable(tmp_path / "home", engine()) as registry:
        registry.create("before")
        registry.run("backup", directory=str(tmp_path / "backups"))
        [backup] = registry.run("backup_list", directory=str(tmp_path / "backups"))
        registry.create("after")
        assert sorted(registry.found("")) == ["after", "before"]
        registry.run("backup_restore", path=backup["path"], force=True)
        assert registry.found("") == ["before"]
        assert registry.found("after") == []


# Whoosh leaves a file that it cannot read to the collector.
@pytest.mark.filterwarnings(
    "ignore:.*unclosed file.*:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("damage", ["position", "toc", "cut", "all", "junk"])
def test_a_damaged_index_is_built_anew_by_itself(tmp_path: Path, damage: str) -> None:
    with searchable(tmp_path) as registry:
        for number in range(5):
            registry.create(f"auth-{number}")
        assert len(registry.found("auth")) == 5
    place = tmp_path / "data" / "engine"
    files = [
        file
        for file in place.rglob("*")
        if file.is_file() and file.suffix in (".seg", ".toc", ".json", ".pst")
    ]
    assert len(files) > 2
    for file in files:
        if damage == "all":
            file.unlink()
        elif damage == "junk" and file.name != "position.json":
            file.write_bytes(b"\x80junk" * 50)
        elif damage == "cut" and file.suffix == ".seg":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        elif (damage == "toc" and file.suffix == ".toc") or (
            damage == "position" and file.name == "position.json"
        ):
            file.write_bytes(b"")
    with searchable(tmp_path) as registry:
        assert len(registry.found("auth")) == 5
        registry.create("auth-last")
        assert len(registry.found("auth")) == 6
    gc.collect()


def test_searches_and_changes_at_once_lose_nothing(registry: Searchable) -> None:
    failures: list[BaseException] = []

    def write(prefix: str) -> None:
        try:
            for number in range(10):
                name = f"{prefix}-{number}"
                registry.create(name)
                assert registry.found(f"name={name}") == [name]
        except BaseException as error:  # shown below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(each,)) for each in ("left", "right")]
    for thread in threads:
        thread.start()
    for _ in range(2):
        registry.run("index_rebuild")
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(registry.found("", size=100)) == 20


def test_an_engine_that_fails_stops_searches_and_nothing_else() -> None:
    class Broken(SearchWhoosh):
        @hookimpl
        def search_commit(self, after: int, sequence: int, mark: str) -> Any:
            raise OSError("no space left")

        @hookimpl
        def search_rebuild_begin(self) -> str:
            raise OSError("no space left")

    with searchable(engine=Broken()) as registry:
        registry.create("auth")
        for _ in range(2):
            with pytest.raises(OperationError, match="no space left") as caught:
                registry.run("search", query="auth")
            assert caught.value.rule == "fault"
        registry.create("oauth")
        assert [item["name"] for item in registry.run("list")["items"]] == ["auth", "oauth"]
        assert {fault.plugin for fault in registry.host.faults} == {"engine"}


def test_without_an_engine_a_search_says_what_to_do() -> None:
    class NoEngine:
        pass

    with searchable(engine=NoEngine()) as registry:
        registry.create("auth")
        for operation in ("search", "query", "index_status", "index_rebuild"):
            with pytest.raises(WrongStateError, match=r"there is no search engine.*search-whoosh") as caught:
                registry.run(operation)
            assert caught.value.rule == "engine"


def test_secrets_of_configs_are_not_found(registry: Searchable) -> None:
    registry.create(
        "settings",
        type="config",
        manifest={
            "format": "yaml",
            "values": {"port": "portvalue", "password": "hunter2"},
            "sensitive": ["password"],
        },
    )
    assert registry.found("portvalue") == ["settings"]
    assert registry.found("hunter2") == []


def test_a_plugins_text_is_searched_and_its_code_is_not(registry: Searchable) -> None:
    def upload(data: bytes) -> str:
        hook = registry.host.hook
        name = hook.content_open(algorithm="sha256")
        hook.content_append(upload=name, data=data)
        return str(hook.content_commit(upload=name, expected_hash="").hash)

    manifest = {"runtime": "wasm", "entry_point": "plugin.wasm", "commands": ["convert-money"]}
    registry.create("readable", type="plugin", manifest=manifest, content_hash=upload("Café readme".encode()))
    registry.create("coded", type="plugin", manifest=manifest, content_hash=upload(b"\0asm readme"))
    assert registry.found("readme") == ["readable"]
    assert registry.found("body:cafe") == ["readable"]
    assert sorted(registry.found("convert-money")) == ["coded", "readable"]


def test_refusals_of_the_engine_keep_their_words(registry: Searchable) -> None:
    with pytest.raises(RefusalError, match="no index"):
        registry.host.hook.search_rebuild_add(rebuild="none", documents=[])
