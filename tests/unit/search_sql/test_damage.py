"""An index that is damaged, half built or of another version is built anew by itself; nothing is left."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from search_hosts import searchable

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import Artifact, ArtifactType, SearchDocument, SearchRequest
from hyperhost.errors import RefusalError

_STATEMENTS = {
    "version": "PRAGMA user_version = 999",
    "table": "DROP TABLE words",
    "shown": "DELETE FROM shown WHERE doc = 3",
    "docs": "DELETE FROM docs WHERE doc = 3",
    "words": "DELETE FROM words_docsize WHERE id = 3",
    "state": "DELETE FROM state",
}


def index_of(place: Path) -> Path:
    """The file that answers."""
    return place / (place / "current").read_text()


def damage(place: Path, how: str) -> None:
    """Damage an index that nobody has open."""
    file = index_of(place)
    if how == "pointer":
        (place / "current").write_text("")
    elif how == "gone":
        file.unlink()
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "junk":
        file.write_bytes(b"\x80junk" * 5000)
    elif how == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif how == "pages":
        data = bytearray(file.read_bytes())
        for page in range(4096 * 2, len(data), 4096):
            data[page : page + 200] = b"\xff" * 200
        file.write_bytes(data)
    else:
        with sqlite3.connect(file) as connection:
            connection.execute(_STATEMENTS[how])
        connection.close()


@pytest.mark.parametrize("how", ["pointer", "gone", "empty", "junk", "cut", "pages", *_STATEMENTS])
def test_a_damaged_index_is_built_anew_by_itself(tmp_path: Path, how: str) -> None:
    storage = StorageMemory()  # it has no database that the index could lie in
    with searchable(tmp_path, SearchSql(), storage) as registry:
        for number in range(5):
            registry.create(f"auth-{number}")
        assert len(registry.found("auth")) == 5
    damage(tmp_path / "data" / "engine", how)
    with searchable(tmp_path, SearchSql(), storage) as registry:
        assert len(registry.found("auth", facets=["type"], highlight=True)) == 5
        registry.create("auth-last")
        assert len(registry.found("auth")) == 6
        assert registry.run("index_status")["documents"] == 6
    files = {file.name for file in (tmp_path / "data" / "engine").iterdir()}
    assert files == {"current", "rebuild.lock", index_of(tmp_path / "data" / "engine").name}


@pytest.fixture
def hook(tmp_path: Path) -> Any:
    with hyperhost.Host("damaged", home=tmp_path) as host:
        host.register(SearchSql(), "search-sql")
        yield host.hook


def document(number: int) -> SearchDocument:
    return SearchDocument(Artifact(f"id-{number}", "org.acme", "auth", ArtifactType.PLUGIN, "1.0.0"))


def test_the_index_is_for_its_owner_alone_and_what_a_dead_rebuild_left_is_removed(
    hook: Any, tmp_path: Path
) -> None:
    hook.search_index(documents=[document(1)])
    hook.search_commit(after=0, sequence=1, mark="m")
    place = tmp_path / "data" / "search-sql"
    left = place / "index-7.db"
    left.write_bytes(b"half")
    (place / "index-7.db-wal").write_bytes(b"half")
    name = hook.search_rebuild_begin()
    hook.search_rebuild_add(rebuild=name, documents=[document(2)])
    hook.search_rebuild_end(rebuild=name, keep=True, sequence=2, mark="n")
    assert index_of(place).name == name
    assert {file.name.partition("-wal")[0].partition("-shm")[0] for file in place.glob("index-*")} == {name}
    assert {file.stat().st_mode & 0o077 for file in place.iterdir()} == {0}


def test_a_rebuild_of_another_process_is_seen_and_excludes_ones_own(hook: Any, tmp_path: Path) -> None:
    with hyperhost.Host("damaged", home=tmp_path) as host:
        host.register(SearchSql(), "search-sql")
        name = host.hook.search_rebuild_begin()
        assert hook.search_status().rebuilding
        with pytest.raises(RefusalError, match="built already") as caught:
            hook.search_rebuild_begin()
        assert caught.value.rule == "search.busy"
        host.hook.search_rebuild_add(rebuild=name, documents=[document(1)])
        assert hook.search_query(request=SearchRequest("auth")).total == 0
        host.hook.search_rebuild_end(rebuild=name, keep=True, sequence=5, mark="m")
    state = hook.search_status()
    assert (state.sequence, state.rebuilding) == (5, False)
    assert hook.search_query(request=SearchRequest("auth")).total == 1


def test_a_commit_that_fails_changes_nothing_and_is_told_again(hook: Any, tmp_path: Path) -> None:
    hook.search_index(documents=[document(1)])
    hook.search_commit(after=0, sequence=1, mark="m")
    blocker = sqlite3.connect(index_of(tmp_path / "data" / "search-sql"), isolation_level=None)
    blocker.execute("CREATE TRIGGER no BEFORE INSERT ON shown BEGIN SELECT raise(ABORT, 'no room'); END")
    hook.search_index(documents=[document(2)])
    with pytest.raises(sqlite3.IntegrityError, match="no room"):
        hook.search_commit(after=1, sequence=2, mark="n")
    assert hook.search_status().sequence == 1
    assert hook.search_query(request=SearchRequest("auth")).total == 1
    blocker.execute("DROP TRIGGER no")
    blocker.close()
    assert hook.search_commit(after=1, sequence=2, mark="n").documents == 2
    assert hook.search_query(request=SearchRequest("auth")).total == 2


def test_what_is_written_to_an_index_that_was_replaced_meanwhile_is_told_again(
    hook: Any, tmp_path: Path
) -> None:
    """Between the moment in which the index is looked up and the end of the transaction."""
    hook.search_index(documents=[document(1)])
    hook.search_commit(after=0, sequence=1, mark="m")
    place = tmp_path / "data" / "search-sql"
    blocker = sqlite3.connect(index_of(place), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    hook.search_index(documents=[document(2)])
    refused: list[BaseException] = []

    def commit() -> None:
        try:
            hook.search_commit(after=1, sequence=2, mark="n")
        except RefusalError as refusal:
            refused.append(refusal)

    late = threading.Thread(target=commit)
    late.start()
    time.sleep(0.2)  # it waits for the blocker, or comes after all of this, which is refused as well
    name = hook.search_rebuild_begin()
    hook.search_rebuild_add(rebuild=name, documents=[document(1)])
    hook.search_rebuild_end(rebuild=name, keep=True, sequence=0, mark="o")
    blocker.execute("ROLLBACK")
    blocker.close()
    late.join()
    assert [str(getattr(each, "rule", each)) for each in refused] == ["search.moved"]
    assert hook.search_status().sequence == 0
